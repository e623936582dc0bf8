"""How does a run train on several processes? Its worker launches them with torch elastic and watches over them.

The worker keeps the run's lock and its turn. The first process (:mod:`ia3_studio.worker.rank`) writes steps, adapters
and status; the worker writes the status again when the processes have ended without saying how.

Processes of several machines meet at an address that one of them has (elastic's c10d rendezvous). That machine has the
run's folder and process 0; the others work in a temporary folder.
"""

from __future__ import annotations

import math
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ia3_studio.errors import FailedAloneError, LostProcessError, RunError
from ia3_studio.runs.config import MOST_PROCESSES, RunConfig
from ia3_studio.runs.folder import Launch
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore
from ia3_studio.settings import collective_seconds, on_zero_gpu
from ia3_studio.worker.planning import hand_on, plan_of_run
from ia3_studio.worker.rank import ALL_THREADS, CUT_OFF, work_as_rank
from ia3_studio.worker.worker import Worker

if TYPE_CHECKING:
    from torch.distributed.launcher.api import LaunchConfig

START_METHOD = "spawn"
"""How processes start: anew, as a fork copies threads and locks of libraries in any state."""
LOOPBACK = "127.0.0.1"
MONITOR_SECONDS = 0.1
SHUTDOWN_SECONDS = 10
"""Time for a process to end when another is lost, before it is killed."""
MEETING_SECONDS = 600
"""Time within which all machines must have come to the address where they meet."""
CONNECTING_SECONDS = 60
MOST_NODES = 64
WAITING_SECONDS = 0.2
"""Between two looks at how many machines have come."""
COME = "come"
"""Under which supervisors count themselves."""
LOST = "lost"
"""Under which a supervisor tells those of other machines which process it lost."""


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
        others = launch.nodes - 1
        met = f", waiting for {others} other machine{'s' if others > 1 else ''} at {launch.rdzv}" if others else ""
        self.status.write_status("preparing", f"Starting {count} process{'es' if count > 1 else ''}{met}")
        meeting = Meeting(launch)
        meeting.wait(self._check_stop)
        plan = plan_of_run(self.run, count * launch.nodes, self._write_preparing)
        if plan.sentence:
            print(plan.sentence)
        hand_on(plan)
        self.status.hand_over()
        try:
            lost, _said = launch_ranks(self.run, launch, count, meeting)
        finally:
            self.status.take_back()
        self._require_ours()
        if self.run.has_ended:  # process 0 has said how
            return
        way_on = "Resume it." if self.run.files.checkpoint.exists() else "Start the run again."
        raise LostProcessError(f"{lost or 'The processes ended without a result; see the log.'} {way_on}")


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


def host_and_port(address: str) -> tuple[str, int]:
    """Return the two parts of HOST:PORT.

    Raises:
        RunError: it is not of that form.
    """
    host, _colon, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise RunError(f"--rdzv is {address[:80]!r}; give HOST:PORT, such as 192.168.0.10:29400.")
    return host, int(port)


def is_here(address: str) -> bool:
    """Return whether an address belongs to this machine, and nobody listens there: then this machine has the run.

    Raises:
        RunError: its host is unknown.
    """
    host, port = host_and_port(address)
    with socket.socket(*_socket_kind(host, port)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def join(config: RunConfig, launch: Launch) -> str:
    """Take part in the run of another machine until it ends; return what went wrong, empty if nothing did.

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

        meeting.wait(check)
        hand_on(plan_of_run(run, count * launch.nodes, lambda _share, _message: check()))
        lost, said = launch_ranks(run, launch, count, meeting)
    return lost or next(filter(None, said), "")


def launch_ranks(run: Run, launch: Launch, count: int, meeting: Meeting) -> tuple[str, Sequence[str]]:
    """Launch the processes of a run on this machine and wait for their end.

    **Changes the environment of this process**, which those processes inherit.

    Args:
        run: the run.
        launch: how many machines meet, and where.
        count: processes on this machine.
        meeting: of the supervisors.

    Returns:
        A sentence on the process that was lost, empty if none was; and what each process returned.

    Raises:
        RunError: the processes of all machines do not find each other.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.elastic.rendezvous.api import RendezvousError
    from torch.distributed.launcher.api import elastic_launch

    _allot_threads(count)
    with tempfile.TemporaryDirectory(prefix="ia3-studio-") as logs:
        config = _launch_config(run, launch, count, meeting, logs)
        try:
            said = elastic_launch(config, work_as_rank)(str(run.folder))
        except ChildFailedError as error:
            rank, failure = min(error.failures.items(), key=lambda each: each[1].timestamp)
            ended = _said_alone(failure.message) or _how_it_ended(run, rank, failure.exitcode)
            return meeting.lost(ended, _lost_by(rank)), ()
        except RendezvousError as error:
            raise RunError(
                f"The {launch.nodes} machines did not meet at {launch.rdzv or 'this machine'} ({_root_of(error)}); "
                "start the same command on all of them within ten minutes."
            ) from error
    return "", [str(said[rank]) for rank in sorted(said)]


def _launch_config(run: Run, launch: Launch, count: int, meeting: Meeting, logs: str) -> LaunchConfig:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
    from torch.distributed.launcher.api import LaunchConfig

    return LaunchConfig(
        min_nodes=launch.nodes,
        max_nodes=launch.nodes,
        nproc_per_node=count,
        logs_specs=DefaultLogsSpecs(log_dir=logs),
        run_id=run.id if launch.nodes == 1 else "ia3-studio",  # all machines must name the same
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


class Meeting:
    """Where supervisors of several machines meet, and tell each other which process was lost.

    Args:
        launch: how many machines meet, and where.
        joins: whether another machine has the run.

    Raises:
        RunError: the address cannot be used, or does not answer.
    """

    def __init__(self, launch: Launch, *, joins: bool = False) -> None:
        self.joins = joins
        self._launch = launch
        self.address = LOOPBACK
        self._several = launch.nodes > 1
        if self._several:
            self._host, self._port = host_and_port(launch.rdzv)
            self.address = _own_address(self._host, self._port)
            self._store = self._opened(launch.rdzv)
        _use_interface_of(self.address)

    def wait(self, check: Callable[[], None]) -> None:
        """Wait until all machines have come.

        Args:
            check: called again and again; what it raises ends the waiting.

        Raises:
            RunError: they have not come in time, or the machine with the run has left.
        """
        if not self._several:
            return
        until = time.monotonic() + MEETING_SECONDS
        try:
            come = self._store.add(COME, 1)
            while come < self._launch.nodes:
                self._check_all(check, until)
                time.sleep(WAITING_SECONDS)
                come = self._store.add(COME, 0)
        except RuntimeError as error:
            raise RunError(f"{self._launch.rdzv} does not answer any more; start the run again.") from error

    def _check_all(self, check: Callable[[], None], until: float) -> None:
        try:
            check()
            if time.monotonic() > until:
                raise RunError(
                    f"The {self._launch.nodes} machines did not meet at {self._launch.rdzv} within "
                    f"{MEETING_SECONDS / 60:.0f} minutes; start the same command on all of them."
                )
        except BaseException:
            self._store.add(COME, -1)
            raise

    def lost(self, mine: str, unknown: str) -> str:
        """Return which process was lost first, on whichever machine; tell the others of this one.

        Args:
            mine: what ended on this machine; empty where a process only lost the others.
            unknown: what to say if no machine knows.
        """
        if not self._several:
            return mine or unknown
        with suppress(RuntimeError):  # the machine that has the store is the one that was lost
            if mine:
                self._store.set(LOST, f"{mine} (on {socket.gethostname()})")
            elif self._store.check([LOST]):
                return str(self._store.get(LOST).decode())
        return mine or unknown

    def _opened(self, address: str) -> Any:
        from torch.distributed import TCPStore  # type: ignore[attr-defined]

        try:
            return TCPStore(
                self._host, self._port, is_master=not self.joins, multi_tenant=True, wait_for_workers=False,
                timeout=timedelta(seconds=CONNECTING_SECONDS),
            )  # fmt: skip
        except (RuntimeError, ValueError) as error:
            what = "does not answer" if self.joins else "cannot be used on this machine"
            raise RunError(
                f"{address} {what}; start the run on the machine that has this address, and check the firewall."
            ) from error


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
    return sentence if kind == FailedAloneError.__name__ else ""


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


def _allot_threads(count: int) -> None:
    """Divide the threads that one process would compute in; models run on NVIDIA's GPUs or on the CPU."""
    import torch

    if not torch.cuda.is_available():
        os.environ["ACCELERATE_USE_CPU"] = "true"

    threads = torch.get_num_threads()
    os.environ |= {ALL_THREADS: str(threads), "OMP_NUM_THREADS": str(max(1, threads // count))}


def _own_address(host: str, port: int) -> str:
    """Return the address of this machine that another one sees.

    Raises:
        RunError: the other one is unknown, or there is no way to it.
    """
    family, kind = _socket_kind(host, port, socket.SOCK_DGRAM)
    try:
        with socket.socket(family, kind) as probe:
            probe.connect((host, port))  # sends nothing
            return str(probe.getsockname()[0])
    except OSError as error:
        raise RunError(f"{host} cannot be reached from this machine ({error.strerror}); check --rdzv.") from error


def _socket_kind(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> tuple[int, int]:
    try:
        family, found, *_rest = socket.getaddrinfo(host, port, type=kind)[0]
    except (OSError, UnicodeError) as error:
        raise RunError(f"The host {host[:80]!r} of --rdzv is unknown; give a name or an address.") from error
    return family, found


def _use_interface_of(address: str) -> None:
    """Let the processes connect through the network that has an address: a machine's name often means another one."""
    for name, addresses in psutil.net_if_addrs().items():
        if address in {each.address for each in addresses} or (
            address.startswith("127.") and LOOPBACK in {each.address for each in addresses}
        ):
            for variable in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
                os.environ.setdefault(variable, name)


def _root_of(error: BaseException) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {' '.join(str(cause).split())[:160]}"
