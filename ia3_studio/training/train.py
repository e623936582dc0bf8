"""How are the vectors trained? With one iterator: rows in, steps out.

No threads, files or prints: a notebook iterates it, a worker process records what it yields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ia3_studio.method.scaling import Attachment
from ia3_studio.training.checkpoint import Checkpoint
from ia3_studio.training.config import TrainConfig
from ia3_studio.training.fitting import require_fitting
from ia3_studio.training.job import Training
from ia3_studio.training.objective import Objective
from ia3_studio.training.objectives import objective_for
from ia3_studio.training.processes import Processes, launched

Row = TypeVar("Row")


def train(
    model: Any,
    attachment: Attachment,
    rows: Sequence[Row],
    held_out: Sequence[Row],
    config: TrainConfig,
    *,
    objective: Objective[Row] | None = None,
    since: Checkpoint | None = None,
    is_stopping: Callable[[], bool] | None = None,
    processes: Processes | None = None,
    most_tokens: int | None = None,
) -> Training[Row]:
    """Train the attached vectors; yield step 0 before training, then one step per optimizer step.

    **Changes the attachment's vectors, and its new heads, in place**; the model's own weights are unchanged, and
    dropout is disabled, so that a seed gives the same run again. Closing the iterator stops training and keeps the
    trained vectors. At the end the vectors with the lowest held-out loss are kept (``config.keep_best``).

    Args:
        model: the model with ``attachment``.
        rows: the training rows.
        held_out: the held-out rows; may be empty.
        objective: the loss; by default what fits the model and the kind of rows.
        since: a checkpoint from :meth:`Training.checkpoint` to resume from, as if there had been no interruption.
        is_stopping: called during evaluation; if it returns True, evaluation is aborted. With several processes, one
            that returns True ends the job for all of them after the same step.
        processes: the processes of this job; by default those started by ``accelerate launch``.
        most_tokens: per forward pass at most, where more than that is known not to fit into memory.

    Raises:
        TrainingError: the model cannot be trained, a row is longer than its positions or contains an unknown token,
            there is nothing to train on, the checkpoint belongs to another job, or the loss is NaN or infinite.

    Example:
        >>> for step in train(model, attachment, rows, held_out, TrainConfig(epochs=2)):   # doctest: +SKIP
        ...     print(step.step, step.loss)
    """
    for part in (rows, held_out):
        require_fitting(model, part)
    chosen = objective or objective_for(model, attachment, rows, config)
    chosen.check(rows)
    model.eval()
    return Training(
        chosen, attachment, rows, held_out, config, since, is_stopping or _never, processes or launched(), most_tokens
    )


def _never() -> bool:
    return False
