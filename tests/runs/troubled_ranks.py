"""A worker with trouble on one of its processes: python -m tests.runs.troubled_ranks FOLDER MODE [HOST:PORT].

With an address it is another machine, which joins the run there with the settings in the folder. The environment
variable NETWORK names the file of a network namespace that it enters first.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from ia3_studio.atomic import replace_text
from ia3_studio.errors import DataError, StudioError
from ia3_studio.models import sharding, weights
from ia3_studio.runs.folder import Launch, RunFolder
from ia3_studio.runs.run import Run
from ia3_studio.training import evaluation, job, packing
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.objective import MeanLoss
from ia3_studio.worker import cut_off, heartbeat, meeting, rank, ranks, worker
from ia3_studio.worker.ranks import Supervisor
from ia3_studio.worker.training_job import TrainingJob

NETWORK = "IA3_TEST_NETWORK"
TROUBLED = "IA3_TEST_TROUBLED"
"""The environment variable that names the process with trouble; 1 without it."""
CLONE_NEWNET = 0x40000000
STEP_SECONDS = 0.01
STEPS_BEFORE = 3
"""Steps that go well."""

SMALL_MEMORY = 40
"""Tokens per forward pass that fit a small memory."""

STAGES = {
    "data": "_read_data",
    "model": "_load",
    "first pass": "_try_shared",
    "rows": "_read_rows",
    "vectors": "_place_vectors",
    "liveness": "_require_live",
    "checkpoint": "_load_checkpoint",
}
"""What fails on process 1 alone, and the method that does it."""

FULL: dict[str, tuple[Any, str]] = {
    "no room for weights": (weights, "options_for"),
    "no room for a pass": (sharding, "try_shared"),
    "no room for the optimizer": (job, "take_step"),
    "no room between passes": (job.Training, "_remember"),
    "no room for a trial": (packing, "_is_right"),
}
"""Where process 1 runs out of memory."""

Backward = Callable[[CausalLoss, Any, Any, int, float], float]


def main() -> int:
    folder, mode, *address = sys.argv[1:]
    if network := os.environ.get(NETWORK):
        enter(network)
    ranks.START_METHOD = "fork"  # what is changed here stays changed
    heartbeat.HEARTBEAT_SECONDS = rank.HEARTBEAT_SECONDS = 0.05
    TrainingJob.steps = slowly(TrainingJob.steps)  # type: ignore[method-assign]
    CausalLoss.backward = troubled(CausalLoss.backward, mode)  # type: ignore[method-assign]
    if mode == "hung":
        rank.LOST_SECONDS, ranks.SHUTDOWN_SECONDS, cut_off.GRACE_SECONDS = 0.1, 1, 20
        os.environ["IA3_STUDIO_COLLECTIVE_SECONDS"] = "2"
    if mode == "full disk":
        RunFolder.keep_adapter = full_disk  # type: ignore[method-assign]
    if mode in FULL:
        place, name = FULL[mode]
        setattr(place, name, full(getattr(place, name)))
    if mode == "no evaluation" or mode.startswith("small evaluation"):
        CausalLoss.measure = MeanLoss.measure  # type: ignore[method-assign]  # training measures no single rows then
    if mode.startswith("small evaluation"):
        CausalLoss.row_losses = one_row_at_a_time(CausalLoss.row_losses, 1)  # type: ignore[method-assign]
        evaluation.answer_both = one_row_at_a_time(evaluation.answer_both, 3)
    if mode == "small base":
        CausalLoss.measure = measuring_little(CausalLoss.measure)  # type: ignore[method-assign]
    if mode == "no evaluation":
        CausalLoss.row_losses = full(CausalLoss.row_losses)  # type: ignore[method-assign]
    if mode.startswith("snapshots"):
        RunFolder.keep_adapter = full(  # type: ignore[method-assign]
            RunFolder.keep_adapter, everywhere=True, times=1 if mode == "snapshots once" else 1000
        )
    if mode in STAGES:
        name = STAGES[mode]
        setattr(TrainingJob, name, refusing(getattr(TrainingJob, name)))
    if mode == "passes fail":
        sharding.try_shared = refusing(sharding.try_shared, everywhere=True)
    if mode == "other versions":
        versions = rank.library_versions
        rank.library_versions = lambda: versions() | ({"tokenizers": "0.1"} if is_troubled() else {})
    if mode == "other device" and address:  # of the second machine
        ranks._device = lambda: "cuda"
    if mode == "nobody comes":
        meeting.MEETING_SECONDS = 2
    run = Run(Path(folder))
    if address:

        def abandon(problem: str) -> None:
            replace_text(run.folder / "joined", problem)
            os._exit(0)

        try:
            said = ranks.join(run.config, Launch(1, 2, address[0]), abandon)
        except StudioError as error:  # as the command tells it
            said = str(error)
        replace_text(run.folder / "joined", said)  # whole or not there: a test that waits for the file reads it at once
        return 0
    worker.work(run, TrainingJob(run), worker=Supervisor)
    return 0


def enter(network: str) -> None:
    """Continue in another network, as "ip netns exec" does."""
    with open(network) as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def is_troubled() -> bool:
    return os.environ.get("RANK") == os.environ.get(TROUBLED, "1")


def refusing(stage: Callable[..., Any], everywhere: bool = False) -> Callable[..., Any]:
    """Return a stage that fails on process 1, or on all."""

    def refuses(*given: Any) -> Any:
        if everywhere or is_troubled():
            raise DataError("This stage fails.")
        return stage(*given)

    return refuses


def full(work: Callable[..., Any], everywhere: bool = False, times: int = 1000) -> Callable[..., Any]:
    """Return work for which there is no memory on process 1, or on all."""
    left = times

    def fails(*given: Any, **named: Any) -> Any:
        nonlocal left
        if everywhere or is_troubled():
            left -= 1
            if left >= 0:
                raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")
        return work(*given, **named)

    return fails


def one_row_at_a_time(measure: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Return what measures the rows given at a place of its arguments; process 1 has memory for one of them."""

    def measures(*given: Any) -> Any:
        if is_troubled() and len(given[place]) > 1:
            raise MemoryError
        return measure(*given)

    return measures


def measuring_little(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Return what measures held-out rows; process 1 has memory for few tokens."""

    def measures(loss: CausalLoss, rows: Any, batch: Any, budget: int) -> Any:
        if is_troubled() and budget > SMALL_MEMORY:
            raise MemoryError
        yield from measure(loss, rows, batch, budget)

    return measures


def slowly(steps: Any) -> Any:
    def slow(job: Any, is_stopping: Callable[[], bool]) -> Generator[Any, None, None]:
        for step in steps(job, is_stopping):
            yield step
            time.sleep(STEP_SECONDS)

    return slow


def troubled(backward: Backward, mode: str) -> Backward:
    """Return a backward pass that fails on process 1, after a few good steps."""
    good = STEPS_BEFORE

    def bad(loss: CausalLoss, rows: Any, batch: Any, budget: int, scale: float = 1.0) -> float:
        nonlocal good
        good -= is_troubled()
        if good >= 0 and mode != "small memory at once":
            return backward(loss, rows, batch, budget, scale)
        if mode.startswith("small memory") and is_troubled() and budget > SMALL_MEMORY:
            raise MemoryError
        if mode == "memory" or (mode == "memory once" and good == -1):
            raise MemoryError
        if mode == "defect":
            raise KeyError("secret detail")
        share = backward(loss, rows, batch, budget, scale)
        return float("nan") if mode == "nan" else share

    return bad


def full_disk(*_asked: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


if __name__ == "__main__":
    sys.exit(main())
