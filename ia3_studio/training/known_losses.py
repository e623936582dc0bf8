"""Which losses of held-out rows need not be computed again? Those that were measured while the vectors were the same.

Training measures the base model before its first step and the vectors that it keeps when they were new. The evaluation
after it asks for the losses of the same rows with the same vectors.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor

from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.objective import MeanLoss

Row = TypeVar("Row")


class MeasuresRows(MeanLoss[Row]):
    """A mean loss that notes the loss of each row that it measures."""

    measured: Mapping[Row, float] = {}
    """The summed loss of each row over its label tokens, in nats, of the newest measurement."""

    @abstractmethod
    def row_losses(self, rows: Sequence[Row]) -> list[float]:
        """Return each row's summed loss over its label tokens, in nats."""

    def measure(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> Iterator[float]:
        """Yield shares of the batch's mean loss that together are the rows' share; no gradient is taken."""
        total, found = self.count(batch), dict[Row, float]()
        self.measured = found
        for group in self.micro_batches(rows, budget):
            losses = self.row_losses(group)
            found.update(zip(group, losses, strict=True))
            yield sum(losses) / total


@dataclass(frozen=True, eq=False)
class MeasuredRows:
    """The losses of rows with one state of the vectors."""

    vectors: Tensor
    """A copy of all vectors, (values,)."""
    losses: Mapping[Any, float]
    """The summed loss of each row over its label tokens, in nats."""


class RowLog:
    """What a job has measured: with its first vectors, with the best ones, and with those of the last measurement.

    Args:
        objective: the loss; nothing is noted of one that has no losses of single rows.
        vectors: the parameter that is trained.
    """

    def __init__(self, objective: object, vectors: Tensor) -> None:
        self._objective = objective if isinstance(objective, MeasuresRows) else None
        self._vectors = vectors
        self._first: MeasuredRows | None = None
        self._best: MeasuredRows | None = None
        self._newest: MeasuredRows | None = None

    @property
    def kept(self) -> tuple[MeasuredRows, ...]:
        """Return what is kept of it."""
        return tuple(each for each in (self._first, self._best, self._newest) if each)

    def note(self) -> None:
        """Note what the objective has just measured."""
        if self._objective:
            self._newest = MeasuredRows(self._vectors.detach().clone(), self._objective.measured)
            self._first = self._first or self._newest

    def keep_newest(self) -> None:
        """Keep the newest measurement, as its vectors are the best so far."""
        self._best = self._newest


def known_losses(
    attachment: Attachment, strength: int, rows: Sequence[Any], measured: Sequence[MeasuredRows]
) -> list[float] | None:
    """Return each row's loss, if it was measured with the vectors that an attachment has at a strength; else None.

    Args:
        attachment: the vectors. With new heads, which change the model as well, nothing is known.
        strength: 0 for the base model, 1 for the vectors as they are.
        rows: the rows that are asked for.
        measured: what was measured before.
    """
    if isinstance(attachment, HeadedAttachment):
        return None
    vectors = attachment.parameter.detach()
    wanted = vectors if strength else torch.ones_like(vectors)
    for each in measured:
        if torch.equal(each.vectors, wanted) and all(row in each.losses for row in rows):
            return [each.losses[row] for row in rows]
    return None
