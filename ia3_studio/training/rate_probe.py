"""Which learning rate suits this model and these rows? A learning rate finder with a few steps per rate.

Every trial starts from the same vectors and sees the same batches; afterwards the vectors are what they were, bit for
bit. (IA)³ needs rates 10 to 100 times those of LoRA, depending on the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from ia3_studio.errors import RowMemoryError, TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.training.trainable_parameters import TrainableParameters

RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""From below the paper's 3e-3 to above what small models need."""

ENOUGH = 0.9
"""Share of the largest fall that makes a smaller rate the better choice: a short trial favors large rates.

Six steps of batch 4 with SmolLM2-135M-Instruct on the lighthouse rows suggest 3e-2 this way, and its whole runs use
1e-2: take the suggestion as the upper end of what is worth a run.
"""

Trainer = Callable[[TrainConfig], Iterator[Step]]
"""Trains the attached vectors by settings, with some rows held out."""


@dataclass(frozen=True)
class Trial:
    """A few steps at one rate."""

    learning_rate: float
    before: float
    """Held-out loss at the start, in nats."""
    after: float | None
    """Held-out loss at the end, in nats; None if the loss was NaN or infinite."""

    @property
    def fall(self) -> float:
        """Return by how much the loss fell, in nats; below 0 when it rose or was lost."""
        return self.before - self.after if self.after is not None else float("-inf")


def rate_trials(
    attachment: Attachment, trainer: Trainer, config: TrainConfig, rates: Sequence[float] = RATES, steps: int = 8
) -> Generator[Trial, None, None]:
    """Train a few steps at each rate and yield each trial; the vectors are restored after each.

    Args:
        attachment: the vectors that ``trainer`` trains.
        trainer: starts training by settings; it has to hold rows out, even if the training rows themselves.
        config: all settings but the rate and the number of steps.
        rates: the peak rates to try.
        steps: optimizer steps per rate.

    Raises:
        TrainingError: no rows are held out, so there is nothing to compare.

    Example:
        >>> trainer = partial(train, model, attachment, rows, held_out)             # doctest: +SKIP
        >>> trials = list(rate_trials(attachment, trainer, TrainConfig()))          # doctest: +SKIP
        >>> suggest_rate(trials)                                                    # doctest: +SKIP
        0.01
    """
    for rate in rates:
        # Warm-up, decay and batches are those of a whole run of so many steps; enough epochs for any number of rows.
        trial = replace(config, learning_rate=rate, max_steps=steps, epochs=float(steps), eval_steps=steps)
        with TrainableParameters(attachment).kept():
            found = _trial(trainer(trial), rate)
        yield found


def suggest_rate(trials: Sequence[Trial]) -> float:
    """Return the smallest rate whose loss decreased nearly as much as the best one's (:data:`ENOUGH`).

    Raises:
        TrainingError: the loss did not decrease at any rate.
    """
    best = max((trial.fall for trial in trials), default=0.0)
    if not best > 0:
        tried = ", ".join(f"{trial.learning_rate:g}" for trial in trials) or "none"
        raise TrainingError(
            f"The loss did not decrease at any of the rates tried ({tried}); try smaller rates, more "
            "steps or more rows."
        )
    return min(trial.learning_rate for trial in trials if trial.fall >= ENOUGH * best)


def _trial(steps: Iterator[Step], rate: float) -> Trial:
    first = next(steps)
    if first.held_out is None:
        raise TrainingError("Finding a learning rate needs held-out rows and there are none; hold out some rows.")
    last: float | None = None
    try:
        for step in steps:
            last = step.held_out
    except RowMemoryError:  # at any rate
        raise
    except TrainingError:  # no longer a number: that is this rate's result
        last = None
    return Trial(rate, first.held_out, last if last is not None and math.isfinite(last) else None)
