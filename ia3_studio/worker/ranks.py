"""How does a run train on several processes? Its worker launches them with torch elastic and watches over them.

The worker keeps the run's lock and its turn. The first process (:mod:`ia3_studio.worker.rank`) writes steps, adapters
and status; the worker writes the status again when the processes have ended without saying how. Where that was for
want of memory, and smaller forward passes may fit, it starts them again.

Processes of several machines meet at an address that one of them has (elastic's c10d rendezvous,
:mod:`ia3_studio.worker.meeting`). That machine has the run's folder and process 0; the others work in a temporary
folder.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.errors import FailedAloneError, FullMemoryError, LostProcessError, RunError
from ia3_studio.runs.config import MOST_PROCESSES, RunConfig
from ia3_studio.runs.folder import Launch
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore
from ia3_studio.settings import collective_seconds, on_zero_gpu
from ia3_studio.worker.cut_off import leaving_when_cut_off
from ia3_studio.worker.full_memory import NOTES, BegunAgain, Loss, hand_on_why, noted
from ia3_studio.worker.meeting import CONNECTING_SECONDS, MEETING_SECONDS, Meeting, host_and_port
from ia3_studio.worker.planning import hand_on, plan_of_run
from ia3_studio.worker.rank import CUT_OFF, work_as_rank
from ia3_studio.worker.worker import Worker

if TYPE_CHECKING:
    from torch.distributed.launcher.api import LaunchConfig

    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.models.sharding_plan import ShardingPlan

START_METHOD = "spawn"
"""How processes start: anew, as a fork copies threads and locks of libraries in any state."""
MONITOR_SECONDS = 0.1
SHUTDOWN_SECONDS = 10
"""Time for a process to end when another is lost, before it is killed."""
MOST_NODES = 64


class Supervisor(Worker):
    """A worker that launches the processes of its run where there are to be several."""

    def _train(self) -> None:
        launch = self.run.files.read_launch()
        count = process_count(self.run.config.processes if launch.processes is None else launch.processes)
        if count == 1 and launch.nodes == 1:
            super()._train()
        else:
            self._supervise(launch, count)

    def _supervise(self, launch: Launch, count: int) -> None:
        others, starting = launch.nodes - 1, f"Starting {count} process{'es' if count > 1 else ''}"
        met = f", waiting for {others} other machine{'s' if others > 1 else ''} at {launch.rdzv}" if others else ""
        self.status.write_status("preparing", starting + met)
        meeting = Meeting(launch)
        of_all = meeting.wait(self._check_stop, count)
        meeting.require_same_device(_device())
        self.status.forget_time()
        self.status.write_status("preparing", starting)
        plan = _plan_together(self.run, meeting, of_all, self._write_preparing, count)
        if plan.sentence:
            print(plan.sentence)
        lost, start, again = self._launched(launch, count, meeting, 0), 0, BegunAgain("")
        while lost.may_start_again and not self.run.has_ended:
            again = self._go_back(lost, again)
            start += 1
            lost = self._launched(launch, count, meeting, start)
        if self.run.has_ended:  # process 0 has said how
            return
        said = lost.sentence or "The processes ended without a result; see the log."
        way_on = "Resume it." if self.run.files.checkpoint.exists() else "Start the run again."
        raise LostProcessError(f"{said} {way_on}")

    def _launched(self, launch: Launch, count: int, meeting: Meeting, start: int) -> Loss:
        self.status.hand_over()
        try:
            lost, _said = launch_ranks(self.run, launch, count, meeting, start)
        finally:
            self.status.take_back()
        self._require_ours()
        return lost

    def _go_back(self, lost: Loss, before: BegunAgain) -> BegunAgain:
        """Take the run back to its checkpoint, or to its beginning, to start its processes with smaller passes."""
        from ia3_studio.training.checkpoint import load_checkpoint

        kept = self.run.files.checkpoint
        step = load_checkpoint(kept).counters.step if kept.exists() else -1
        since = f"after step {step}" if step > 0 else "from the beginning"
        note = f"{lost.sentence}; all processes start again {since}, {lost.smaller}."
        print(note)
        self.status.write_status("preparing", note)
        self.run.files.go_back_to(step)
        again = before.after(lost, note)
        hand_on_why(again)
        return again


def process_count(wanted: int) -> int:
    """Return how many processes are to be launched on this machine.

    Args:
        wanted: the number in the settings; 0 for one per GPU.

    Raises:
        RunError: the machine has fewer GPUs.
    """
    if wanted == 1 or on_zero_gpu():
        return 1
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == 0:
        return min(max(gpus, 1), MOST_PROCESSES)
    if torch.backends.mps.is_available():
        raise RunError(f"This run asks for {wanted} processes, and an Apple GPU serves one; set processes to 1 or 0.")
    if gpus and wanted > gpus:
        raise RunError(
            f"This run asks for {wanted} processes with a GPU each, and this machine has {gpus}; set processes to at "
            f"most {gpus}, or to 0 for all of them."
        )
    return wanted


def require_launch(launch: Launch) -> None:
    """Reject what cannot be launched.

    Raises:
        RunError: a number is out of its range, or the address is not HOST:PORT.
    """
    if not 1 <= launch.nodes <= MOST_NODES:
        raise RunError(f"--nodes is {launch.nodes}; use 1 to {MOST_NODES}.")
    if (launch.nodes > 1) != bool(launch.rdzv):
        raise RunError("--nodes and --rdzv belong together: 2 machines or more meet at HOST:PORT of one of them.")
    if launch.rdzv:
        host_and_port(launch.rdzv)


def join(config: RunConfig, launch: Launch, abandon: Callable[[str], None]) -> str:
    """Take part in the run of another machine until it ends; return what went wrong, empty if nothing did.

    Args:
        config: the settings of the run.
        launch: how many machines meet, and where.
        abandon: ends this process with a sentence, from a thread, when the other machine is lost for good.

    Raises:
        RunError: the other machine cannot be reached, or it is stopped before all have come.
    """
    count = process_count(config.processes if launch.processes is None else launch.processes)
    meeting = Meeting(launch, joins=True)
    with tempfile.TemporaryDirectory(prefix="ia3-studio-") as folder:
        run = RunStore(Path(folder)).create(config, "joined")
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: run.files.stop.touch())

        def check() -> None:
            if run.files.stop.exists():
                raise RunError(f"Stopped before all machines had come to {launch.rdzv}.")

        def leave() -> None:
            shutil.rmtree(folder, ignore_errors=True)
            abandon(
                f"The connection to {launch.rdzv} was lost. Start this command again when the run is resumed there."
            )

        of_all = meeting.wait(check, count)
        meeting.require_same_device(_device())
        _plan_together(run, meeting, of_all, lambda _share, _message: check(), count)
        (lost, said), start, again = launch_ranks(run, launch, count, meeting, leave=leave), 0, BegunAgain("")
        while lost.may_start_again:
            print(lost.sentence)
            again = again.after(lost, lost.sentence)
            hand_on_why(again)
            start += 1
            lost, said = launch_ranks(run, launch, count, meeting, start, leave)
    return lost.sentence or next(filter(None, said), "")


def _plan_together(run: Run, meeting: Meeting, of_all: int, say: ProgressCallback, count: int) -> ShardingPlan:
    """Return where the weights go, and hand it on, when all machines have the model and room for it.

    Raises:
        StudioError: one of them has not.
    """

    def going_on(share: float | None, message: str) -> None:
        meeting.show_life()
        say(share, message)

    with meeting.together(lambda: say(None, "Waiting for the other machines")):
        plan = plan_of_run(run, of_all, going_on, count)
        hand_on(plan)
    return plan


def launch_ranks(
    run: Run, launch: Launch, count: int, meeting: Meeting, start: int = 0, leave: Callable[[], None] | None = None
) -> tuple[Loss, Sequence[str]]:
    """Launch the processes of a run on this machine and wait for their end.

    **Changes the environment of this process**, which those processes inherit.

    Args:
        run: the run.
        launch: how many machines meet, and where.
        count: processes on this machine.
        meeting: of the supervisors.
        start: how often they have been launched before.
        leave: ends this process, where the machine with the run is lost for good; None on that machine.

    Returns:
        How a process was lost, empty if none was; and what each process returned.

    Raises:
        RunError: the processes of all machines do not find each other.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous.api import RendezvousConnectionError, RendezvousError
    from torch.distributed.launcher.api import elastic_launch

    _allot_threads(count)
    with (
        tempfile.TemporaryDirectory(prefix="ia3-studio-") as logs,
        leaving_when_cut_off(Path(logs), leave) if leave else nullcontext(),
    ):
        os.environ[NOTES] = logs
        config = _launch_config(run, launch, count, meeting, logs, start)
        try:
            said = elastic_launch(config, work_as_rank)(str(run.folder))
        except ChildFailedError as error:
            rank, failure = min(error.failures.items(), key=lambda each: each[1].timestamp)
            ended = _said_alone(failure.message) or _how_it_ended(run, rank, failure.exitcode)
            return meeting.lost(noted(Path(logs)) or Loss(ended), _lost_by(rank), start), ()
        except RendezvousConnectionError as error:  # they had met: the supervisors are connected before
            raise RunError(
                f"The connection to {launch.rdzv or 'the processes'} was lost ({_root_of(error)}); start the run again."
            ) from error
        except RendezvousError as error:
            raise RunError(
                f"The {launch.nodes} machines did not meet at {launch.rdzv or 'this machine'} ({_root_of(error)}); "
                "start the same command on all of them within ten minutes."
            ) from error
    return Loss(), [str(said[rank]) for rank in sorted(said)]


def _launch_config(run: Run, launch: Launch, count: int, meeting: Meeting, logs: str, start: int) -> LaunchConfig:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.launcher.api import LaunchConfig

    return LaunchConfig(
        min_nodes=launch.nodes,
        max_nodes=launch.nodes,
        nproc_per_node=count,
        logs_specs=DefaultLogsSpecs(log_dir=logs),
        run_id=run.id if launch.nodes == 1 else f"ia3-studio-{start}",  # all machines must name the same
        rdzv_backend="c10d",
        # On one machine a file of this user: two runs never meet, and other users of the machine do not join.
        rdzv_endpoint=launch.rdzv or str(Path(logs) / "meeting"),
        rdzv_configs={
            "store_type": "tcp" if launch.rdzv else "file",
            "is_host": not meeting.joins,
            "join_timeout": MEETING_SECONDS,
            "timeout": MEETING_SECONDS,
            "read_timeout": CONNECTING_SECONDS,
        },
        max_restarts=0,
        monitor_interval=MONITOR_SECONDS,
        start_method=START_METHOD,
        # elastic numbers machines by the order of their addresses, and only that of the first is connected to: the
        # machine that has the run must come first.
        local_addr=f"~{meeting.address}" if meeting.joins else meeting.address,
        signals_to_handle="SIGQUIT",  # SIGTERM and SIGINT are a request to stop, here as for one process
        shutdown_timeout=SHUTDOWN_SECONDS,
    )


def _lost_by(rank: int) -> str:
    minutes = math.ceil(collective_seconds() / 60)
    return (
        f"Process {rank} lost the others: one of them, or its machine, ended, or did not answer for {minutes} "
        f"minute{'s' if minutes > 1 else ''}."
    )


def _said_alone(message: object) -> str:
    """Return the sentence of a process that could only end, from what elastic has kept of it; empty without one."""
    text = message.get("message") if isinstance(message, dict) else message
    kind, _colon, sentence = str(text).partition(": ")
    return sentence if kind in (FailedAloneError.__name__, FullMemoryError.__name__) else ""


def _how_it_ended(run: Run, rank: int, code: int) -> str:
    """Return which process ended, when and how; empty if it only lost the others."""
    if code == CUT_OFF:
        return ""
    status = run.status()
    when = f" at step {status.step} of {status.total_steps}" if status.step else " before the first step"
    if code < 0:
        with suppress(ValueError):
            name = signal.Signals(-code).name
            return f"Process {rank} was killed{when} ({name}): out of memory, or ended by someone."
    return f"Process {rank} ended{when} with exit code {code}; see the log."


def _device() -> str:
    """Return what this machine computes on, without its number."""
    from ia3_studio.models.device import choose_device

    return choose_device().name.partition(":")[0]


def _allot_threads(count: int) -> None:
    """Divide the threads that one process would compute in; models run on NVIDIA's GPUs or on the CPU."""
    import torch

    if not torch.cuda.is_available():
        os.environ["ACCELERATE_USE_CPU"] = "true"

    os.environ["OMP_NUM_THREADS"] = str(max(1, torch.get_num_threads() // count))


def _root_of(error: BaseException) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:160]}"
