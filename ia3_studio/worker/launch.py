"""How is the worker of a run launched, for a new run or for one that is resumed from its last checkpoint?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict

from filelock import FileLock, Timeout

from ia3_studio.atomic import write_advice
from ia3_studio.errors import RunError
from ia3_studio.places import on_zero_gpu
from ia3_studio.runs import process
from ia3_studio.runs.folder import RunFolder, Said, write_json
from ia3_studio.runs.run import Run

LOCK_SECONDS = 5.0
"""How long a click waits for a reader of the run's status, or for another click."""


def start(run: Run) -> None:
    """Start a run's worker, once: a run that has or had one is left alone.

    Raises:
        RunError: the system starts no process, or the run's folder cannot be written.
    """
    try:
        with FileLock(run.files.path / ".start.lock"):
            if not run.files.worker.exists():
                start_worker(run.files)
    except OSError as error:
        raise RunError(
            f"The worker of run {run.id} could not be started ({error.strerror}); start a new run."
        ) from error


def start_worker(folder: RunFolder, command: Sequence[str] = ()) -> None:
    """Start a worker that outlives this process: own session, no pipe, output into the run's log.

    Where a GPU is only lent, the app itself works on the run, in turns.
    """
    if on_zero_gpu():
        from ia3_studio.worker import zero_gpu

        zero_gpu.start(folder)
        return
    command = command or (sys.executable, "-m", "ia3_studio.worker", str(folder.path))
    process.record_worker(folder, process.spawn(command, folder.log, folder.path))


def resume(run: Run, command: Sequence[str] = ()) -> None:
    """Start a worker that goes on behind the run's checkpoint; a run that works already is left alone.

    **What was written after the checkpoint is removed**: metrics, newer adapters, and how the run ended.

    Args:
        command: starts the worker; by default the one for training.

    Raises:
        RunError: the run has finished or keeps no checkpoint, or its folder cannot be written.
        TrainingError: the checkpoint is damaged.
    """
    try:
        with FileLock(run.files.path / ".start.lock", timeout=LOCK_SECONDS):
            status = run.status()
            if status.active:  # somebody else was faster
                return
            if not status.resumable:
                raise RunError(_why_not(status.state, run))
            with FileLock(run.files.lock, timeout=LOCK_SECONDS):
                _take_back_the_end(run, status.seconds)
                start_worker(run.files, command)
    except Timeout as error:
        raise RunError(f"Run {run.id} is in use by another program; try again in a moment.") from error
    except OSError as error:
        raise RunError(
            f"Run {run.id} cannot be resumed ({error.strerror} at {run.folder}); {write_advice(error)}."
        ) from error


def _take_back_the_end(run: Run, seconds: float) -> None:
    """Make the folder what it was when the checkpoint was written."""
    from ia3_studio.training.checkpoint import load_checkpoint

    files = run.files
    files.go_back_to(load_checkpoint(files.checkpoint).counters.step)
    files.stop.unlink(missing_ok=True)
    files.worker.unlink(missing_ok=True)
    write_json(files.status, asdict(Said("resuming", "Starting the worker", before=seconds)))


def _why_not(state: str, run: Run) -> str:
    if state == "finished":
        return "The run has finished and cannot be resumed; start a new run."
    return f"Run {run.id} has no checkpoint: it ended before the first one; start it again."
