"""Which held-out losses count for a run? Those of its base model, and of the kept vectors."""

from __future__ import annotations

from typing import NamedTuple

from ia3_studio.errors import RunError
from ia3_studio.runs.run import Run


class HeldOutLoss(NamedTuple):
    """The held-out losses of a run, in nats per token; None if not yet known."""

    base: float | None
    kept: float | None
    """Of the kept vectors, or the newest one before the run has ended."""
    step: int | None
    """The step of that loss."""


def held_out_loss(run: Run, is_trained: bool) -> HeldOutLoss:
    """Return the held-out losses of a run's base model and of the kept vectors.

    Args:
        run: a run that keeps the vectors with the lowest loss at its end, unless its settings disable that.
        is_trained: whether its last step is done.
    """
    measured = [(step.held_out, step.step) for step in run.metrics(0)[0] if step.held_out is not None]
    base = next((loss for loss, step in measured if not step), None)
    trained = [(loss, step) for loss, step in measured if step]
    newest = measured[-1] if measured else None
    kept = min(trained, default=None) if is_trained and keeps_best(run) else newest
    return HeldOutLoss(base, *(kept or (None, None)))


def keeps_best(run: Run) -> bool:
    """Return whether a run keeps the vectors with the lowest held-out loss; None for a damaged run."""
    try:
        return run.config.train.keep_best
    except RunError:
        return False
