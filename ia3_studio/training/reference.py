"""How likely is an answer to the base model? Computed once for each row, at strength 0, and kept.

The base model is the trained one at strength 0, so that no second model is loaded. What is kept goes into checkpoints:
a resumed run compares with the same numbers, to the last bit.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import torch
from torch import Tensor

from ia3_studio.data.tokens import TokenRow
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.loss import CausalLoss

KEYS, VALUES = "reference_rows", "reference_log_probabilities"


class ReferenceScores:
    """Summed log probabilities of rows under the base model.

    Args:
        loss: of the model that carries the vectors.
        attachment: the vectors.
    """

    def __init__(self, loss: CausalLoss, attachment: Attachment) -> None:
        self._loss = loss
        self._attachment = attachment
        self._known: dict[int, float] = {}

    def of(self, rows: Sequence[TokenRow]) -> Tensor:
        """Return the summed log probability of each row's label tokens, (rows,), in nats.

        Rows that were not asked for before run through the model, in one forward pass.
        """
        keys = list(map(_key, rows))
        fresh = {key: row for key, row in zip(keys, rows, strict=True) if key not in self._known}
        if fresh:
            with self._attachment.strengths(0):
                losses = self._loss.row_losses(list(fresh.values()))
            self._known.update(zip(fresh, (-loss for loss in losses), strict=True))
        return torch.tensor([self._known[key] for key in keys], device=self._loss.model.device)

    def kept(self) -> dict[str, Tensor]:
        """Return what is known as tensors, for a checkpoint."""
        keys, values = list(self._known), list(self._known.values())
        return {KEYS: torch.tensor(keys, dtype=torch.int64), VALUES: torch.tensor(values, dtype=torch.float64)}

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`kept` returned; rows that are missing there are computed when they are asked for."""
        if KEYS in kept and VALUES in kept:
            self._known.update(zip(kept[KEYS].tolist(), kept[VALUES].tolist(), strict=True))


def _key(row: TokenRow) -> int:
    """Return a number that tells rows apart by their tokens and labels."""
    content = array("q", (*row.input_ids, *row.labels)).tobytes()
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)
