"""What does a training job need from a loss? Shares of a batch's mean, for any type of row.

A batch's loss is one mean. Any part of the batch (a micro-batch, the rows of one process) adds its share of that mean,
so that how a batch is cut changes the gradient by rounding only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from torch import Tensor

from ia3_studio.errors import TrainingError
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.batches import micro_batches, token_count

Row_contra = TypeVar("Row_contra", contravariant=True)
Row = TypeVar("Row")


class Objective(Protocol[Row_contra]):
    """A loss that is the mean of a batch, taken share by share."""

    @property
    def fast_paths(self) -> Sequence[FastPath]:
        """Return the fast paths that were tested, and why one is off."""

    def check(self, rows: Sequence[Row_contra]) -> None:
        """Reject rows without trained tokens.

        Raises:
            TrainingError: there are no rows, or a row has nothing to train on.
        """

    def lengths(self, rows: Sequence[Row_contra]) -> Sequence[int] | None:
        """Return the rows' lengths where similar ones should share a batch; None where any may."""

    def size(self, row: Row_contra) -> int:
        """Return how many tokens a row has, padding excluded."""

    def backward(
        self, rows: Sequence[Row_contra], batch: Sequence[Row_contra], budget: int, scale: float = 1.0
    ) -> float:
        """Add the gradient of some rows' share of the batch's mean loss; return that share.

        Args:
            rows: a part of the batch, or all of it.
            batch: all rows that the mean is taken over.
            budget: tokens per forward pass at most, padding included; a longer row stands alone.
            scale: what the gradient is multiplied by, in all formats on its way (:mod:`training.loss_scale`).
        """

    def measure(self, rows: Sequence[Row_contra], batch: Sequence[Row_contra], budget: int) -> Iterator[float]:
        """Yield shares of the batch's mean loss that together are the rows' share; no gradient is taken."""


@runtime_checkable
class MeasuresParts(Protocol[Row_contra]):
    """An objective that can say how far a measurement is."""

    def parts(self, rows: Sequence[Row_contra], batch: Sequence[Row_contra], budget: int) -> list[float]:
        """Return the part of the batch behind each share that :meth:`Objective.measure` yields for these rows.

        The shares up to one of them, divided by their parts, are the mean loss of the rows so far.
        """


@dataclass(frozen=True)
class Measuring:
    """How far a measurement is."""

    done: float
    """The share that is done."""
    loss: float
    """The mean loss of the rows measured so far."""


@dataclass(frozen=True)
class RewardSums:
    """Rewards of answers compared with the base model, as sums and counts that add up over processes."""

    chosen: float = 0.0
    chosen_count: float = 0.0
    rejected: float = 0.0
    rejected_count: float = 0.0
    won: float = 0.0
    """Pairs whose chosen answer has the higher reward."""
    pairs: float = 0.0

    def __add__(self, other: RewardSums) -> RewardSums:
        return RewardSums(*(one + another for one, another in zip(astuple(self), astuple(other), strict=True)))

    @property
    def means(self) -> tuple[float | None, float | None, float | None]:
        """Return the mean reward of chosen answers, that of rejected ones, and the share of pairs won."""
        parts = ((self.chosen, self.chosen_count), (self.rejected, self.rejected_count), (self.won, self.pairs))
        one, other, won = (summed / count if count else None for summed, count in parts)
        return one, other, won


@runtime_checkable
class Rewarding(Protocol):
    """An objective that compares answers with the base model, and keeps the base model's numbers."""

    def rewards(self) -> RewardSums:
        """Return the rewards of the rows that were used last."""

    def kept(self) -> Mapping[str, Tensor]:
        """Return what a checkpoint has to hold of it."""

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`kept` returned."""


class MeanLoss(ABC, Generic[Row]):
    """An objective that is a sum over trained things (label tokens, labeled rows), divided by their number.

    A subclass computes the sum over one micro-batch.
    """

    fast_paths: Sequence[FastPath] = ()
    """The fast paths that were tested, and why one is off."""

    @property
    def is_padded(self) -> bool:
        """Say whether every row of a micro-batch takes as many tokens as the longest."""
        return True

    @abstractmethod
    def count(self, rows: Sequence[Row]) -> int:
        """Return how many things of the rows are trained."""

    @abstractmethod
    def group_backward(self, rows: Sequence[Row], total: float) -> float:
        """Add the gradient of (summed loss / total) for one micro-batch; return the summed loss."""

    @abstractmethod
    def group_loss(self, rows: Sequence[Row]) -> float:
        """Return the summed loss of one micro-batch; no gradient is taken."""

    def size(self, row: Row) -> int:
        """Return how many tokens a row has, padding excluded."""
        return token_count(row)

    def lengths(self, rows: Sequence[Row]) -> Sequence[int] | None:
        """Return the rows' lengths if they are padded, so that similar ones share a batch; None if they are not."""
        return [self.size(row) for row in rows] if self.is_padded else None

    def micro_batches(self, rows: Sequence[Row], budget: int) -> Iterator[list[Row]]:
        """Yield the rows in groups of at most ``budget`` tokens (a longer row stands alone), padding included."""
        return micro_batches(rows, budget, self.is_padded, self.size)

    def parts(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> list[float]:
        """Return each micro-batch's part of the things that the batch's mean is taken over."""
        total = self.count(batch)
        return [self.count(group) / total for group in self.micro_batches(rows, budget)]

    def check(self, rows: Sequence[Row]) -> None:
        """Reject rows without trained tokens.

        Raises:
            TrainingError: there are no rows, or a row has nothing to train on.
        """
        if not rows:
            raise TrainingError("There are no training rows; give at least one with an answer.")
        empty = next((row for row in rows if not self.count([row])), None)
        if empty is not None:
            number = getattr(empty, "row", "?")
            raise TrainingError(f"Row {number} has no trained token; remove it or give it an answer.")

    def backward(self, rows: Sequence[Row], batch: Sequence[Row], budget: int, scale: float = 1.0) -> float:
        """Add the gradient of some rows' share of the batch's mean loss, times a scale; return that share."""
        total, summed = self.count(batch), 0.0
        for group in self.micro_batches(rows, budget):
            summed += self.group_backward(group, total / scale)
        return summed / total

    def measure(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> Iterator[float]:
        """Yield shares of the batch's mean loss that together are the rows' share; no gradient is taken."""
        total = self.count(batch)
        for group in self.micro_batches(rows, budget):
            yield self.group_loss(group) / total
