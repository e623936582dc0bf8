"""Where do the weights of a run's model go? Decided once, before its processes start, and handed on to them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from ia3_studio.errors import RunError
from ia3_studio.models.sharding_plan import ShardingPlan
from ia3_studio.runs.run import Run
from ia3_studio.typed import FieldError, typed

if TYPE_CHECKING:
    from ia3_studio.models.progress import ProgressCallback

PLAN = "IA3_STUDIO_SHARDING_PLAN"
"""The environment variable by which a supervisor hands the plan to its processes, which must all have the same."""
GIVES_BACK = ("MALLOC_MMAP_THRESHOLD_", str(2**20))
"""The environment variable that lets glibc give back the memory of gathered layers at once, on the CPU: it would keep
them for later, as much as the whole model."""


def plan_of_run(run: Run, processes: int, say: ProgressCallback, here: int = 0) -> ShardingPlan:
    """Return where the weights go, fetching the model first if need be.

    Args:
        run: the run.
        processes: that it trains on, on all machines.
        say: called with what is being done.
        here: processes on this machine; 0 for all of them.

    Raises:
        ModelError: the model cannot be fetched or read.
        RunError: it fits nowhere, or the setting does not go with the processes.
    """
    from ia3_studio.models import prepare
    from ia3_studio.models.placement import plan_for

    setting = run.config.sharding
    if processes == 1 and setting == "full" and run.files.read_launch().processes == 1:
        setting = "auto"  # it was started on several processes and is resumed on one, by the user's wish
    return plan_for(prepare(run.config.model, say), setting, processes, here)


def hand_on(plan: ShardingPlan) -> None:
    """Hand a plan to the processes that this one starts. **Changes the environment.**"""
    os.environ[PLAN] = json.dumps(asdict(plan))
    if plan.kind == "sharded":
        os.environ.setdefault(*GIVES_BACK)


def handed_plan() -> ShardingPlan:
    """Return the plan that the supervisor has handed on.

    Raises:
        RunError: there is none.
    """
    try:
        return typed(ShardingPlan, json.loads(os.environ.get(PLAN, "")))
    except (ValueError, FieldError) as error:
        raise RunError("This process was not told where the weights go; start the run again.") from error
