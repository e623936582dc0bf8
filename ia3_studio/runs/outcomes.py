"""Which held-out losses count for a run? Those of its base model, and of the numbers that are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ia3_studio.errors import RunError
from ia3_studio.runs.run import Run
from ia3_studio.training.config import Step


class Outcome(NamedTuple):
    """The held-out losses that count for a run, in nats a token; None where there is none yet."""

    base: float | None
    kept: float | None
    """Of the numbers that are kept, or the newest one while none are for good."""
    step: int | None
    """The step at which that was taken."""


@dataclass(frozen=True)
class Measured:
    """What the held-out losses of a run came to so far."""

    base: float | None = None
    newest: tuple[float, int] | None = None
    """With its step."""
    lowest: tuple[float, int] | None = None
    """Of the steps that learned something; the earliest of several."""

    def with_step(self, step: Step) -> Measured:
        """Return the same after one more step."""
        loss = step.held_out
        if loss is None:
            return self
        if not step.step:
            return Measured(loss, (loss, 0))
        found = loss, step.step
        return Measured(self.base, found, found if self.lowest is None else min(self.lowest, found))


@dataclass
class Outcomes:
    """The held-out losses of runs; each metrics file is read on from where the last reading ended."""

    _seen: dict[tuple[str, int], tuple[int, Measured]] = field(default_factory=dict)

    def of(self, run: Run, learned_all: bool) -> Outcome:
        """Return the held-out loss of a run's base model, and of the numbers that are kept.

        A run that has learned all keeps those of its lowest loss, unless its settings say otherwise.
        """
        key = run.id, run.metrics_mark
        offset, known = self._seen.get(key, (0, Measured()))
        steps, offset = run.metrics(offset)
        for step in steps:
            known = known.with_step(step)
        self._seen[key] = offset, known
        kept = known.lowest if learned_all and keeps_best(run) else known.newest
        return Outcome(known.base, *(kept or (None, None)))


def outcome_of(run: Run) -> Outcome:
    """Return the held-out losses that count for a run now."""
    return Outcomes().of(run, run.status().learned_all)


def keeps_best(run: Run) -> bool:
    """Say whether a run keeps the numbers of its lowest held-out loss; of a damaged one nothing is known."""
    try:
        return run.config.train.keep_best
    except RunError:
        return False
