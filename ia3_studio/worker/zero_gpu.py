"""How does a run train on ZeroGPU? In GPU turns, each of which ends with a checkpoint.

On a ZeroGPU Space no process has a GPU of its own: a function that is marked for it runs in a fork that has one for a
given time. So a run is worked on by a thread of the app, which asks for one turn after another until the run has ended;
a turn does what a worker does, with a time limit. All who read the run's folder see one worker.
Chat and everything else stay on the CPU: torch must not touch CUDA in the app's own process.

**Not tried on the real thing**: the tests lend turns without a GPU. Import this module before torch is imported.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.settings import GPU_TURN, on_zero_gpu

if TYPE_CHECKING:
    from ia3_studio.runs.folder import RunFolder

TURN_SECONDS = 60.0
"""Training seconds per turn, from its first step."""
LENT_SECONDS = 120
"""Requested GPU seconds, including loading the model and evaluation."""
_in_turn = threading.Lock()
"""Held by the run that is using GPU turns; others wait without a GPU."""


def take_turn(folder: str, seconds: float) -> None:
    """Train a run for so many seconds, or until it ends.

    Args:
        folder: of the run.
        seconds: from the turn's first step; at least one step is taken.
    """
    from ia3_studio.runs.run import Run
    from ia3_studio.worker.training_job import TrainingJob
    from ia3_studio.worker.worker import work

    os.environ[GPU_TURN] = "1"  # in the fork alone
    run = Run(Path(folder))
    work(run, TrainingJob(run), seconds=seconds)


def _lend() -> Callable[[str, float], None]:
    """Return the turn function with the ZeroGPU decorator."""
    import spaces

    lent: Callable[[str, float], None] = spaces.GPU(duration=LENT_SECONDS)(take_turn)
    return lent


turn: Callable[[str, float], None] = _lend() if on_zero_gpu() else take_turn


def start(folder: RunFolder) -> None:
    """Train a run in turns, in a background thread. The visitor's context is copied, so that their quota is used."""
    from ia3_studio.runs.process import record_worker

    record_worker(folder, os.getpid())
    threading.Thread(target=copy_context().run, args=(drive, folder), name=f"GPU turns of {folder.path.name}",
                     daemon=True).start()  # fmt: skip


def drive(folder: RunFolder, seconds: float = TURN_SECONDS) -> None:
    """Take GPU turns until a run has ended; one run at a time."""
    from ia3_studio.runs.process import record_worker

    with _in_turn:
        while not _has_ended(folder):
            try:
                turn(str(folder.path), seconds)
            except Exception as error:  # the boundary of the run: a GPU that is not lent is told, and the run can go on
                traceback.print_exc()
                _end(folder, f"The GPU is no longer available ({_in_short(error)}). Resume the run later.")
            record_worker(folder, os.getpid())


def _has_ended(folder: RunFolder) -> bool:
    status = folder.read_status()
    return bool(status and status.result)


def _end(folder: RunFolder, message: str) -> None:
    from dataclasses import asdict

    from ia3_studio.runs.folder import WorkerStatus, write_json
    from ia3_studio.runs.run import Run

    spent = Run(folder.path).status().seconds
    write_json(folder.status, asdict(WorkerStatus("ended", message, result="stopped", earlier_seconds=spent)))


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
