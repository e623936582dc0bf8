"""What is the loss of a classifier on labeled texts and words?

    single    −log softmax(z)_label                        z: one logit per class
    multi     mean over classes of the binary cross-entropy of σ(z)
    number    (z − value)²

Each is a mean over the rows (or words) of a batch, as transformers' own classes take it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ia3_studio.data.images import ImageRow
from ia3_studio.data.labels import LabelRow, TagRow
from ia3_studio.data.tokens import IGNORED
from ia3_studio.errors import TrainingError
from ia3_studio.models.classifier import PROBLEMS, Kind
from ia3_studio.training.batches import Tokens
from ia3_studio.training.batching import Row as Text
from ia3_studio.training.batching import batching_of, padded
from ia3_studio.training.classifier_positions import classifier_positions
from ia3_studio.training.config import BackwardDtype
from ia3_studio.training.padded_loss import PaddedLoss

__all__ = ["KINDS", "ClassLoss", "ImageLoss", "OutputLoss", "TagLoss", "padded"]
PATCH = 16
"""Edge of a patch in pixels, as most vision transformers cut images."""
KINDS: dict[str, Kind] = {problem: kind for kind, problem in PROBLEMS.items()}
"""transformers' ``problem_type`` by our word for it."""


class OutputLoss(PaddedLoss[Tokens]):
    """A loss with outputs per row; one output per row, unless a subclass overrides it."""

    @abstractmethod
    def outputs(self, rows: Sequence[Tokens]) -> Tensor:
        """Return what the model gives for one micro-batch, (trained things, outputs) in float32, row after row."""

    def count(self, rows: Sequence[Tokens]) -> int:
        """Return the number of rows: each is trained."""
        return len(rows)

    @torch.no_grad()
    def scores(self, rows: Sequence[Tokens], budget: int = 1024) -> Tensor:
        """Return the outputs of all rows on the CPU, in the order of the rows."""
        found: dict[int, Tensor] = {}
        for group in self.micro_batches(rows, budget):
            each = self.outputs(group).cpu().split([self.count([row]) for row in group])
            found |= {id(row): scores for row, scores in zip(group, each, strict=True)}
        return torch.cat([found[id(row)] for row in rows])


class TextOutputLoss(OutputLoss[Text]):
    """A loss of texts, whose micro-batches depend on what padding does to the model."""

    def __init__(self, model: Any, backward_dtype: BackwardDtype = "float32") -> None:
        super().__init__(model, backward_dtype)
        self.batching = batching_of(model)
        self.fast_paths = (*self.fast_paths, self.batching.path)

    def micro_batches(self, rows: Sequence[Text], budget: int) -> Iterator[list[Text]]:
        """Yield the rows in groups that the model reads as it reads each row alone."""
        for alike in self.batching.groups(rows):
            yield from super().micro_batches(alike, budget)


class ClassLoss(TextOutputLoss[LabelRow]):
    """The loss of a sequence classifier, by the problem type in the model's config.

    Raises:
        TrainingError: the model's config has no problem type.
    """

    def __init__(self, model: Any, backward_dtype: BackwardDtype = "float32") -> None:
        super().__init__(model, backward_dtype)
        self.kind = KINDS.get(getattr(model.config, "problem_type", None) or "")
        if self.kind is None:
            raise TrainingError(
                f"{type(model).__name__} does not define its problem type; load it with load_classifier, or "
                "set config.problem_type."
            )
        self._last_layer = classifier_positions(model) if self.batching.path.is_on else None
        if self._last_layer:
            self.fast_paths = (*self.fast_paths, self._last_layer.needed.path)

    def summed(self, rows: Sequence[LabelRow]) -> Tensor:
        """Return the summed loss of one micro-batch."""
        logits = self.outputs(rows)  # (rows, outputs)
        targets = torch.tensor([row.targets for row in rows], device=logits.device)
        if self.kind == "single":
            return F.cross_entropy(logits, targets[:, 0].long(), reduction="sum")
        if self.kind == "multi":
            return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1).sum()
        return F.mse_loss(logits, targets, reduction="sum")

    def outputs(self, rows: Sequence[LabelRow]) -> Tensor:
        """Return the classifier's outputs for one micro-batch, (rows, outputs)."""
        inputs = padded(rows, self.model)
        with self._last_layer.only(self.model, inputs) if self._last_layer else nullcontext():
            return self.model(**inputs).logits.float()  # type: ignore[no-any-return]


class ImageLoss(OutputLoss[ImageRow]):
    """The loss of an image classifier; images of one job have one size, so nothing is padded."""

    def size(self, row: ImageRow) -> int:
        """Return how many patches an image has: about as much work as so many tokens."""
        return max(1, row.pixels.shape[-2] * row.pixels.shape[-1] // PATCH**2)

    def summed(self, rows: Sequence[ImageRow]) -> Tensor:
        """Return the summed loss of one micro-batch."""
        logits = self.outputs(rows)  # (rows, classes)
        targets = torch.tensor([int(row.targets[0]) for row in rows], device=logits.device)
        return F.cross_entropy(logits, targets, reduction="sum")

    def outputs(self, rows: Sequence[ImageRow]) -> Tensor:
        """Return the classifier's outputs for one micro-batch, (rows, classes)."""
        pixels = torch.stack([row.pixels for row in rows]).to(self.model.device, self.model.dtype)
        return self.model(pixel_values=pixels).logits.float()  # type: ignore[no-any-return]


class TagLoss(TextOutputLoss[TagRow]):
    """The loss of a token classifier over the words that have a label."""

    def count(self, rows: Sequence[TagRow]) -> int:
        """Return how many words of the rows have a label."""
        return sum(label != IGNORED for row in rows for label in row.labels)

    def summed(self, rows: Sequence[TagRow]) -> Tensor:
        """Return the summed loss of one micro-batch."""
        return F.cross_entropy(*self._at_words(rows), reduction="sum")

    def outputs(self, rows: Sequence[TagRow]) -> Tensor:
        """Return the outputs at the labeled words of one micro-batch, (words, outputs)."""
        return self._at_words(rows)[0]

    def _at_words(self, rows: Sequence[TagRow]) -> tuple[Tensor, Tensor]:
        """Return the outputs at labeled words, (words, outputs), and their labels, (words,)."""
        logits = self.model(**padded(rows, self.model)).logits.float()  # (rows, longest, outputs)
        labels = torch.full(logits.shape[:2], IGNORED)
        for number, row in enumerate(rows):
            labels[number, : len(row.labels)] = torch.tensor(row.labels)
        chosen = labels != IGNORED
        return logits[chosen.to(logits.device)], labels[chosen].to(logits.device)
