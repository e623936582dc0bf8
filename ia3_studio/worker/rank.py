"""What does one of several processes of a run do? Its share of each batch; the first one also writes the run's folder.

Nothing that one process decides alone changes what it does next: a stop, an error or full memory is put to a vote
(:mod:`ia3_studio.training.processes`), so that none waits for another that has left.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from filelock import FileLock, Timeout

from ia3_studio import __version__
from ia3_studio.errors import FailedAloneError, FullMemoryError, LostProcessError, RunError, StudioError
from ia3_studio.runs.environment import library_versions
from ia3_studio.runs.folder import ResourceUsage, StatusFile, WorkerStatus
from ia3_studio.runs.run import Run
from ia3_studio.settings import collective_seconds
from ia3_studio.worker.board import STORE_SECONDS, Board, telling_usage
from ia3_studio.worker.cut_off import leave_cut_off
from ia3_studio.worker.full_memory import leave_note
from ia3_studio.worker.heartbeat import HEARTBEAT_SECONDS
from ia3_studio.worker.planning import handed_plan
from ia3_studio.worker.worker import Stopped, Worker

if TYPE_CHECKING:
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.training.config import Step
    from ia3_studio.training.processes import Processes
    from ia3_studio.worker.training_job import TrainingJob

CUT_OFF = 75
"""Exit code of a process that lost the others."""
LOST_SECONDS = 5.0
"""Time in which the supervisor sees which process was lost, before those that lost it end as well."""
PARENT_SECONDS = 0.5
"""Between two looks at whether the supervisor lives."""
NOT_COMPARED = ("name", "data", "model", "report_to", "processes")
"""Settings that may differ between machines; data and model are compared by their contents."""


def work_as_rank(folder: str) -> str:
    """Take part in a run until it ends; return what went wrong, for a supervisor that has no status file to read.

    Raises:
        SystemExit: the other processes are lost.
    """
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches every process of a terminal; the supervisor stops them
    threading.Thread(target=_end_with_supervisor, args=(os.getppid(),), name="supervisor", daemon=True).start()
    from ia3_studio.training.processes import launched

    _share_threads()
    try:
        processes = launched(collective_seconds())
        run = Run(Path(folder))
        if processes.rank:
            return _follow(run, processes, stop)
        _lead(run, processes, stop)
    except FailedAloneError as error:  # elastic keeps its sentence for the supervisor
        print(error, file=sys.stderr)
        if isinstance(error, FullMemoryError):
            leave_note(error, processes.rank)
        raise
    except LostProcessError as error:
        print(error, file=sys.stderr)
        leave_cut_off(int(os.environ.get("RANK", "0")))
        stop.wait(LOST_SECONDS)
        raise SystemExit(CUT_OFF) from error
    return ""


def _end_with_supervisor(supervisor: int) -> None:
    """End this process as soon as its supervisor has ended, wherever it waits: nobody would see what it does."""
    while os.getppid() == supervisor and psutil.pid_exists(supervisor):
        time.sleep(PARENT_SECONDS)
    os._exit(CUT_OFF)


def _share_threads() -> None:
    """Compute in the threads that the supervisor allots to each process."""
    import torch

    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))


def _lead(run: Run, processes: Processes, stop: threading.Event) -> None:
    """Be the process that writes the run's folder."""
    from ia3_studio.worker.training_job import TrainingJob

    lock = FileLock(run.files.ranks_lock)
    try:
        lock.acquire(timeout=STORE_SECONDS)
    except Timeout as error:
        raise RunError(f"Run {run.id} is still being written by another process; resume it in a moment.") from error
    with lock:
        _FirstRank(run, TrainingJob(run, processes), processes, stop).work()


def _follow(run: Run, processes: Processes, stop: threading.Event) -> str:
    """Do the same work without writing anything; return what went wrong."""
    from ia3_studio.worker.together import measure_together, prepare_together
    from ia3_studio.worker.training_job import TrainingJob

    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (process 0 says the same)
    job = TrainingJob(run, processes)

    def is_stopping() -> bool:
        return stop.is_set() or run.files.stop.exists()

    try:
        board = Board(processes)
        with telling_usage(board, HEARTBEAT_SECONDS):
            _require_same_studio(run, processes)
            prepare_together(job, _checking(is_stopping), processes, board)
            with closing(job.steps(is_stopping)) as steps:
                for _step in steps:
                    pass
            if job.was_stopped:
                processes.finish()
            else:
                measure_together(
                    job.evaluate(run.folder), processes, is_stopping, in_step=job.is_sharded, parts=job.evaluation_parts
                )
    except Stopped:
        return ""
    except Exception as error:  # the boundary of this process: the others learn what went wrong
        if not isinstance(error, StudioError):
            print(f"process {processes.rank}:", file=sys.stderr)
            traceback.print_exception(error)
        _tell(processes, error)
        return str(error) if isinstance(error, StudioError) else type(error).__name__
    return ""


def _tell(processes: Processes, error: Exception) -> None:
    """Let the other processes learn of an error.

    Raises:
        LostProcessError: they do not answer.
    """
    processes.tell(error)
    if processes.is_cut_off:
        raise error


def _checking(is_stopping: Callable[[], bool]) -> ProgressCallback:
    def say(_share: float | None, _message: str) -> None:
        if is_stopping():
            raise Stopped

    return say


def _require_same_studio(run: Run, processes: Processes) -> None:
    """Compare settings and versions, which may differ where the processes are on several machines.

    Raises:
        RunError: they differ.
    """
    settings = json.loads(run.config.to_json())
    mine = {name: str(value) for name, value in settings.items() if name not in NOT_COMPARED and name != "train"}
    mine |= {name: str(value) for name, value in settings["train"].items()} | library_versions()
    mine |= {"Python": ".".join(platform.python_version_tuple()[:2]), "ia3-studio": __version__}
    mine["sharding plan"] = handed_plan().kind
    said = processes.all_said(json.dumps({"host": socket.gethostname(), "settings": mine}))
    host, first = _place_and_settings(said[0])
    for other, theirs in map(_place_and_settings, said):
        different = [name for name in first if first[name] != theirs.get(name)]
        if different:
            processes.has_ended = True
            name = different[0]
            raise RunError(
                f"{name} is {first[name][:80]} on {host} and {theirs.get(name, 'absent')[:80]} on {other}; use the "
                "same settings and versions on all machines."
            )


def _place_and_settings(said: str) -> tuple[str, dict[str, str]]:
    document = json.loads(said)
    return document["host"], document["settings"]


class _FirstRank(Worker):
    """The process that writes the run's folder, while all share the work."""

    job: TrainingJob
    # SIGINT tells a process of torch's that its supervisor is dead, and reaches all processes of a terminal.
    stop_signals = (signal.SIGTERM,)

    def __init__(self, run: Run, job: TrainingJob, processes: Processes, stop: threading.Event) -> None:
        before = run.files.read_status() or WorkerStatus("preparing", "")
        super().__init__(run, job, before.earlier_seconds)
        # The supervisor's clock goes on: it has begun the work, perhaps not for the first time.
        self.status = StatusFile(run.files, time.time, before.earlier_seconds, before.started_at)
        self.terminated = stop
        self.processes = processes
        self._board = Board(processes)

    def _terminate(self) -> None:
        """Stop after this step: the stop file is the supervisor's business."""
        self.terminated.set()

    def _require_ours(self) -> None:
        """End together where a worker of another machine has taken over the run."""
        if not self._is_ours():
            self.processes.tell(LostProcessError("another worker has taken over this run."))
        super()._require_ours()

    def _turn(self) -> Any:
        return nullcontext()  # the supervisor has it

    def _prepare(self) -> None:
        from ia3_studio.worker.together import prepare_together

        _require_same_studio(self.run, self.processes)
        prepare_together(self.job, self._write_preparing, self.processes, self._board)

    def _after(self, step: Step) -> None:
        self.gave_up = self.job.gave_up
        super()._after(step)

    def _between_steps(self) -> None:
        """Go on: before each step, training itself asks all processes whether to stop."""

    def _after_steps(self) -> None:
        if self.job.was_stopped:
            self.processes.finish()
            raise Stopped

    def _gives_up(self) -> bool:
        return self._is_stopping()

    def _measure(self) -> None:
        """Evaluate the adapter together with the other processes."""
        from ia3_studio.worker.together import measure_together

        measure_together(
            self.job.evaluate(self.run.folder), self.processes, self._is_stopping, in_step=self.job.is_sharded,
            parts=self.job.evaluation_parts, tell=self._tell_progress,
        )  # fmt: skip

    def _end_failed(self, error: Exception) -> None:
        if self.processes.is_cut_off:
            raise error
        _tell(self.processes, error)
        super()._end_failed(error)

    def _beat(self, usage: ResourceUsage) -> None:
        try:
            self._board.tell(usage)
            told = self._board.read()
        except RuntimeError:  # the store has gone with its process: the work itself will tell
            told = ()
        whole = ResourceUsage(
            sum(each.memory for each in told), sum(each.cpu for each in told), sum(each.gpu_memory for each in told),
            sum(each.gpus for each in told),
        )  # fmt: skip
        self.status.beat(whole if told else usage, told)
