"""How is a run's adapter loaded for evaluation? Its model with the adapter attached, and its held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import RunError

if TYPE_CHECKING:
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models.loaded import LoadedModel
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.models.sharding_plan import ShardingPlan
    from ia3_studio.runs.run import Run
    from ia3_studio.tasks.task import Task


@dataclass(frozen=True)
class Prepared:
    """A run's adapter, ready for evaluation."""

    loaded: LoadedModel
    attachment: Attachment
    task: Task
    held_out: Sequence[Any]
    """Held-out rows as model inputs."""


def prepare_measuring(run: Run, say: ProgressCallback, adapter: Path | None = None) -> Prepared:
    """Load a run's model with its adapter, and its held-out rows.

    Args:
        run: it may still be training.
        say: called with what is being done.
        adapter: another adapter folder of the run; by default the newest.

    Raises:
        RunError: the run has no adapter.
        StudioError: its data or its model no longer exist.
    """
    from ia3_studio.method.loading import load_adapter

    folder = adapter or run.adapter_folder()
    if folder is None:
        raise RunError("This run has no adapter to evaluate yet; wait for its first held-out loss.")
    task = _task_of(run, say, folder)
    loaded = task.load(say)
    held_out = task.rows(loaded)[1]
    return Prepared(loaded, load_adapter(loaded.model, folder), task, held_out)


def load_for(run: Run, say: ProgressCallback, plan: ShardingPlan | None = None) -> LoadedModel:
    """Load a run's model for its adapter: with a new head if the adapter has one.

    Args:
        run: with an adapter.
        say: called with what is being done.
        plan: where the weights go, if not all to one device.

    Raises:
        StudioError: its data or its model no longer exist.
    """
    task = _task_of(run, say, run.adapter_folder())
    task.plan = plan
    return task.load(say)


def _task_of(run: Run, say: ProgressCallback, adapter: Path | None) -> Task:
    from ia3_studio.models.load import head_of_source
    from ia3_studio.runs.split_record import labels_of_run, split_of
    from ia3_studio.tasks.task import task_for

    model_head = head_of_source(run.config.model, progress=say)
    return task_for(split_of(run), model_head, run.config, labels_of_run(run, adapter))
