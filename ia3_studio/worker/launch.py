"""How is the worker of a run launched, for a new run or for one that is resumed from its last checkpoint?"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from ia3_studio.atomic import write_advice
from ia3_studio.errors import RunError
from ia3_studio.runs import process
from ia3_studio.runs.cluster import LOG, address_of, lock_name, require_reachable
from ia3_studio.runs.config import require_processes
from ia3_studio.runs.folder import Launch, RunFolder, WorkerStatus, write_json
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore
from ia3_studio.settings import on_zero_gpu
from ia3_studio.worker.ready import ReadyWorker
from ia3_studio.worker.worker import NOW

LOCK_SECONDS = 5.0
"""Seconds to wait for the run's lock."""


def start(run: Run, ready: ReadyWorker | None = None, *, launch: Launch | None = None, here: bool = False) -> None:
    """Start a run's worker, once: a run that has or had one is left alone.

    Args:
        run: the run.
        ready: may hold a process that has been started ahead, which then is the worker.
        launch: the machines that train together; by default this one.
        here: keep the worker in this process's session, and let it not wait for other runs: for a scheduler's job,
            which ends with its last process and has been given its turn.

    Raises:
        RunError: the system starts no process, or the run's folder cannot be written.
    """
    try:
        with FileLock(run.files.path / ".start.lock"):
            if not run.files.worker.exists():
                if launch is not None:
                    write_json(run.files.launch, asdict(launch))
                start_worker(run.files, ready=ready, here=here)
    except OSError as error:
        raise RunError(
            f"The worker of run {run.id} could not be started ({error.strerror}); start a new run."
        ) from error


def start_worker(
    folder: RunFolder, command: Sequence[str] = (), ready: ReadyWorker | None = None, *, here: bool = False
) -> None:
    """Start a worker that outlives this process: own session, no pipe, output into the run's log.

    Where a GPU is only lent, the app itself works on the run, in turns. Runs for a cluster are taken there by one
    process for all of them.

    Args:
        folder: the run's.
        command: command line of the worker; by default the training worker.
        ready: may hold a process that has been started ahead, which then is the worker.
        here: as in :func:`start`: the worker does not outlive the session.
    """
    if on_zero_gpu():
        from ia3_studio.worker import zero_gpu

        zero_gpu.start(folder)
        return
    if address := address_of(Run(folder.path)):
        process.record_worker(folder, _connect(folder.path.parent, address))
        return
    pid = ready.take(folder) if ready and not command else None
    if pid is None:
        pid = process.spawn(
            command or (sys.executable, "-m", "ia3_studio.worker", *([NOW] if here else []), str(folder.path)),
            folder.log,
            folder.path,
            detached=not here,
        )
    process.record_worker(folder, pid)


def resume(
    run: Run,
    command: Sequence[str] = (),
    ready: ReadyWorker | None = None,
    *,
    processes: int | None = None,
    launch: Launch | None = None,
    here: bool = False,
) -> None:
    """Start a worker that resumes from the run's checkpoint; a running run is left alone.

    **Everything written after the checkpoint is removed**: metrics, newer adapters, and the result.

    Args:
        command: command line of the worker; by default the training worker.
        ready: may hold a process that has been started ahead, which then is the worker.
        processes: how many share the batches from here on; by default as many as in the settings.
        launch: the machines that train together from here on; by default this one.
        here: as in :func:`start`.

    Raises:
        RunError: the run has finished or has no checkpoint, its folder is not writable, or its cluster does not answer.
        TrainingError: the checkpoint is damaged.
    """
    if processes is not None:
        require_processes(processes)
        launch = replace(launch or Launch(), processes=processes)
    try:
        with FileLock(run.files.path / ".start.lock", timeout=LOCK_SECONDS):
            status = run.status()
            if status.active:  # somebody else was faster
                return
            if not status.resumable:
                raise RunError(_why_not(status.state, run))
            if status.state == "interrupted" and (address := address_of(run)):  # it may be at work there
                require_reachable(address)
                start_worker(run.files)
                return
            with FileLock(run.files.lock, timeout=LOCK_SECONDS), FileLock(run.files.ranks_lock, timeout=LOCK_SECONDS):
                write_json(run.files.launch, asdict(launch or Launch()))
                take_back_the_end(run, status.seconds)
                start_worker(run.files, command, ready, here=here)
    except Timeout as error:
        raise RunError(f"Run {run.id} is in use by another program; try again in a moment.") from error
    except OSError as error:
        raise RunError(
            f"Run {run.id} cannot be resumed ({error.strerror} at {run.folder}); {write_advice(error)}."
        ) from error


def take_back_the_end(run: Run, seconds: float, message: str = "Starting the worker") -> None:
    """Restore the folder's state at the checkpoint; without one, at the start.

    Args:
        run: the run; **everything written after the checkpoint is removed**.
        seconds: training time so far.
        message: what its status says until a worker is at work.

    Raises:
        TrainingError: the checkpoint is damaged.
    """
    from ia3_studio.training.checkpoint import load_checkpoint

    files = run.files
    files.go_back_to(load_checkpoint(files.checkpoint).counters.step if files.checkpoint.exists() else -1)
    files.stop.unlink(missing_ok=True)
    files.worker.unlink(missing_ok=True)
    write_json(
        files.status, asdict(WorkerStatus("resuming", message, earlier_seconds=seconds, heartbeat_at=time.time()))
    )


def reconnect(store: RunStore) -> None:
    """Connect to the clusters that runs of a store are on, if no process does."""
    runs = [run for run in store.list() if not run.has_ended and run.files.worker.exists()]
    for address in sorted({address for run in runs if (address := address_of(run))}):
        _connect(store.root, address)


def _connect(root: Path, address: str) -> int:
    """Start the process that is connected to a cluster, if there is none; return its id, or this one's if there is."""
    if process.lock_held(root / lock_name(address)):
        return os.getpid()
    return process.spawn((sys.executable, "-m", "ia3_studio.worker.cluster", str(root), address), root / LOG, root)


def _why_not(state: str, run: Run) -> str:
    if state == "finished":
        return "The run has finished and cannot be resumed; start a new run."
    return f"Run {run.id} has no checkpoint: it ended before the first one; start it again."
