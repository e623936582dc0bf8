"""Which held-out losses count for a run? Those of its base model, and of the kept vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ia3_studio.errors import RunError
from ia3_studio.runs.run import Run
from ia3_studio.training.config import Step


class HeldOutLoss(NamedTuple):
    """The held-out losses of a run, in nats per token; None if not yet known."""

    base: float | None
    kept: float | None
    """Of the kept vectors, or the newest one before the run has ended."""
    step: int | None
    """The step of that loss."""


@dataclass(frozen=True)
class LossSummary:
    """Summary of a run's held-out losses so far."""

    base: float | None = None
    newest: tuple[float, int] | None = None
    """With its step."""
    lowest: tuple[float, int] | None = None
    """The lowest after step 0; the earliest of several."""

    def with_step(self, step: Step) -> LossSummary:
        """Return the same after one more step."""
        loss = step.held_out
        if loss is None:
            return self
        if not step.step:
            return LossSummary(loss, (loss, 0))
        found = loss, step.step
        return LossSummary(self.base, found, found if self.lowest is None else min(self.lowest, found))


def held_out_loss(run: Run, is_trained: bool) -> HeldOutLoss:
    """Return the held-out losses of a run's base model and of the kept vectors.

    Args:
        run: a run that keeps the vectors with the lowest loss at its end, unless its settings disable that.
        is_trained: whether its last step is done.
    """
    known = LossSummary()
    for step in run.metrics(0)[0]:
        known = known.with_step(step)
    kept = known.lowest if is_trained and keeps_best(run) else known.newest
    return HeldOutLoss(known.base, *(kept or (None, None)))


def keeps_best(run: Run) -> bool:
    """Return whether a run keeps the vectors with the lowest held-out loss; None for a damaged run."""
    try:
        return run.config.train.keep_best
    except RunError:
        return False
