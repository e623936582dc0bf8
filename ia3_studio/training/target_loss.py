"""What is the loss of an encoder-decoder? The mean of −log p over the target tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ia3_studio.data.targets import TargetRow
from ia3_studio.data.tokens import IGNORED
from ia3_studio.errors import TrainingError
from ia3_studio.training.causal_probe import before
from ia3_studio.training.choice_model import padded
from ia3_studio.training.config import BackwardDtype
from ia3_studio.training.known_losses import MeasuresRows
from ia3_studio.training.padded_loss import PaddedLoss


class TargetLoss(MeasuresRows[TargetRow], PaddedLoss[TargetRow]):
    """The loss of an encoder-decoder, its logits at the answers' tokens only.

    Raises:
        TrainingError: the model has no language-model head, or no decoder start token.
    """

    def __init__(self, model: Any, backward_dtype: BackwardDtype = "float32") -> None:
        super().__init__(model, backward_dtype)
        head = model.get_output_embeddings()
        if head is None or not hasattr(model, "prepare_decoder_input_ids_from_labels"):
            raise TrainingError(
                f"{type(model).__name__} is an encoder-decoder without a language-model head, so it cannot "
                "generate text; choose a text-to-text model such as T5 or BART."
            )
        self.head: nn.Module = head

    def count(self, rows: Sequence[TargetRow]) -> int:
        """Return the number of trained tokens of the rows."""
        return sum(len(row.labels) for row in rows)

    def size(self, row: TargetRow) -> int:
        """Return how many tokens a row has, read and written."""
        return len(row.input_ids) + len(row.labels)

    def summed(self, rows: Sequence[TargetRow]) -> Tensor:
        """Return the summed loss of one micro-batch."""
        return F.cross_entropy(*self._at_labels(rows), reduction="sum")

    @torch.no_grad()
    def row_losses(self, rows: Sequence[TargetRow]) -> list[float]:
        """Return each row's summed loss over its label tokens, in nats."""
        each = F.cross_entropy(*self._at_labels(rows), reduction="none")
        return [part.sum().item() for part in each.split([len(row.labels) for row in rows])]

    def _at_labels(self, rows: Sequence[TargetRow]) -> tuple[Tensor, Tensor]:
        """Return the logits at label tokens, (labels, vocabulary), and the labels, (labels,)."""
        device = self.model.device
        ids, mask = padded([row.input_ids for row in rows], device)
        targets, chosen = padded([row.labels for row in rows], device)
        labels = targets.masked_fill(~chosen, IGNORED)
        taken: list[bool] = []

        def take(_head: nn.Module, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            taken.append(True)
            return (args[0][chosen.to(args[0].device)][None],)

        with before(self.head, take):
            logits = self.model(
                input_ids=ids,
                attention_mask=mask.long(),
                decoder_input_ids=self.model.prepare_decoder_input_ids_from_labels(labels=labels),
                use_cache=False,
            ).logits
        return (logits[0] if taken else logits[chosen]).float(), targets[chosen]
