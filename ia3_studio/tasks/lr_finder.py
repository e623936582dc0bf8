"""Which learning rate suits a run? The learning rate finder: a few steps at several rates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ia3_studio.tasks.task import attach_selection, task_for

if TYPE_CHECKING:
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.runs.config import RunConfig
    from ia3_studio.training.rate_probe import Trial

STEPS = 5
BATCH = 4
MEASURED_ROWS = 12
"""Maximum held-out rows per trial: enough to distinguish rates that differ by a factor of three."""


def probe_rates(config: RunConfig, say: ProgressCallback) -> Iterator[Trial]:
    """Load model and data of a run and try learning rates; yield each trial. Nothing is written.

    Raises:
        StudioError: the data or the model cannot be used, with the message for the user.
    """
    from ia3_studio.models.load import head_of_source
    from ia3_studio.training.rate_probe import rate_trials
    from ia3_studio.training.train import train

    config = replace(config, train=replace(config.train, max_steps=STEPS, batch_size=BATCH))  # a large file: no more
    split = config.choice().load(config.held_out, config.train.seed)
    task = task_for(split, head_of_source(config.model, progress=say), config)
    loaded = task.load(say)
    say(None, "Tokenizing the rows")
    rows, held_out = task.rows(loaded)
    attachment = attach_selection(loaded, config.selection)
    trainer = partial(train, loaded.model, attachment, rows[: STEPS * BATCH], held_out[:MEASURED_ROWS])
    yield from rate_trials(attachment, trainer, replace(config.train, early_stopping_patience=None), steps=STEPS)
