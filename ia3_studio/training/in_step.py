"""How do processes that share the weights of one model stay in step? All of them run as many passes as the busiest.

A layer is gathered from all processes, so that a pass on one of them needs a pass on each. Who has fewer micro-batches
runs the shortest row again with weight 0. Losses whose passes cannot be counted are computed on all rows by everyone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from torch import Tensor

from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.objective import MeanLoss, Objective, Rewarding, RewardSums
from ia3_studio.training.processes import Processes

Row = TypeVar("Row")


def in_step(objective: Objective[Row], processes: Processes) -> Objective[Row]:
    """Return an objective that runs equally many passes on all processes."""
    if isinstance(objective, MeanLoss):
        return EvenPasses(objective, processes)
    return (SameRewardedRows if isinstance(objective, Rewarding) else SameRows)(objective, processes)


class Wrapped(Objective[Row], Generic[Row]):
    """An objective with another's rows and sizes."""

    def __init__(self, inner: Objective[Row], processes: Processes) -> None:
        self._inner = inner
        self._processes = processes

    @property
    def fast_paths(self) -> Sequence[FastPath]:
        """Return the fast paths that were tested, and why one is off."""
        return self._inner.fast_paths

    def check(self, rows: Sequence[Row]) -> None:
        """Reject rows without trained tokens.

        Raises:
            TrainingError: there are no rows, or a row has nothing to train on.
        """
        self._inner.check(rows)

    def lengths(self, rows: Sequence[Row]) -> Sequence[int] | None:
        """Return the rows' lengths where similar ones should share a batch; None where any may."""
        return self._inner.lengths(rows)

    def size(self, row: Row) -> int:
        """Return how many tokens a row has, padding excluded."""
        return self._inner.size(row)


class EvenPasses(Wrapped[Row]):
    """A mean loss with passes of weight 0 where another process has more micro-batches."""

    def __init__(self, inner: MeanLoss[Row], processes: Processes) -> None:
        super().__init__(inner, processes)
        self._loss = inner

    def backward(self, rows: Sequence[Row], batch: Sequence[Row], budget: int, scale: float = 1.0) -> float:
        """Add the gradient of some rows' share of the batch's mean loss; return that share."""
        share = self._loss.backward(rows, batch, budget, scale)
        for idle in self._idle(batch, budget):
            self._loss.group_backward(idle, math.inf)
        return share

    def measure(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> Iterator[float]:
        """Yield shares of the batch's mean loss, as many on every process; no gradient is taken."""
        yield from self._loss.measure(rows, batch, budget)
        for idle in self._idle(batch, budget):
            self._loss.group_loss(idle)
            yield 0.0

    def parts(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> list[float]:
        """Return the part of the batch behind each share; passes of weight 0 have none."""
        return [*self._loss.parts(rows, batch, budget), *(0.0 for _idle in self._idle(batch, budget))]

    def _idle(self, batch: Sequence[Row], budget: int) -> Iterator[list[Row]]:
        """Yield the rows of a pass for each micro-batch that another process has more; all have the same batch."""
        shares = [self._processes.share_of(rank, batch) for rank in range(self._processes.count)]
        passes = [sum(1 for _group in self._loss.micro_batches(share, budget)) for share in shares]
        shortest = min(batch, key=self.size)
        for _pass in range(max(passes) - passes[self._processes.rank]):
            yield [shortest]


class SameRows(Wrapped[Row]):
    """A loss that every process computes on all rows, each of them counting for its part."""

    def backward(self, rows: Sequence[Row], batch: Sequence[Row], budget: int, scale: float = 1.0) -> float:
        """Add a process's part of the gradient of the batch's loss; return that part of the loss."""
        count = self._processes.count
        return self._inner.backward(batch, batch, budget, scale / count) / count

    def measure(self, rows: Sequence[Row], batch: Sequence[Row], budget: int) -> Iterator[float]:
        """Yield a process's parts of shares of the batch's loss; no gradient is taken."""
        yield from (share / self._processes.count for share in self._inner.measure(batch, batch, budget))


class SameRewardedRows(SameRows[Row]):
    """The same for a loss that compares answers with the base model."""

    @property
    def _rewarding(self) -> Rewarding:
        assert isinstance(self._inner, Rewarding)
        return self._inner

    def rewards(self) -> RewardSums:
        """Return the rewards of the rows that were used last, which every process has computed."""
        return self._rewarding.rewards()

    def kept(self) -> Mapping[str, Tensor]:
        """Return what a checkpoint has to hold of it."""
        return self._rewarding.kept()

    def restore(self, kept: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`kept` returned."""
        self._rewarding.restore(kept)
