"""Where do the machines of one run meet? At an address of the first one, under which their supervisors keep a store.

Through it they wait for each other, and tell each other which process was lost.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psutil

from ia3_studio.errors import RunError, StudioError
from ia3_studio.runs.folder import Launch
from ia3_studio.worker.full_memory import Loss

LOOPBACK = "127.0.0.1"
MEETING_SECONDS = 600
"""Time within which all machines must have come to the address where they meet."""
CONNECTING_SECONDS = 60
WAITING_SECONDS = 0.2
"""Between two looks at how many machines have come."""
TELLING_SECONDS = 10
"""Time in which another supervisor says which process it lost, once its processes have ended."""
COME, PROCESSES = "come", "processes"
"""Under which supervisors count themselves, and the processes that they launch."""
DEVICE, SAYING, HEARD = "device", "saying", "heard"
"""Under which supervisors say what they compute on, count themselves, and count that they have heard all."""
READY, ALIVE, FAILED = "ready", "alive", "failed"
"""Under which supervisors count those that can start, count signs of life until they can, and say that one cannot."""
LOST = "lost"
"""Under which a supervisor tells those of other machines which process it lost, with the number of the start."""


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

    def wait(self, check: Callable[[], None], count: int) -> int:
        """Wait until all machines have come; return how many processes they launch together.

        Args:
            check: called again and again; what it raises ends the waiting.
            count: processes of this machine.

        Raises:
            RunError: they have not come in time, or the machine with the run has left.
        """
        if not self._several:
            return count
        until = time.monotonic() + MEETING_SECONDS
        with self._answering():
            self._store.add(PROCESSES, count)
            come = self._store.add(COME, 1)
            while come < self._launch.nodes:
                self._check_all(check, until, count)
                time.sleep(WAITING_SECONDS)
                come = self._store.add(COME, 0)
            return int(self._store.add(PROCESSES, 0))

    def require_same_device(self, device: str) -> None:
        """Reject machines of which some compute on GPUs and some do not: their processes could not connect.

        Args:
            device: what this machine computes on, such as "cuda" or "cpu".

        Raises:
            RunError: the machines differ, or one of them has left; all of them raise it.
        """
        if not self._several:
            return
        with self._answering():
            self._store.set(f"{DEVICE} {self._store.add(SAYING, 1)}", f"{device} {socket.gethostname()}")
            said = [self._store.get(f"{DEVICE} {place + 1}").decode() for place in range(self._launch.nodes)]
            heard = self._store.add(HEARD, 1)
            until = time.monotonic() + TELLING_SECONDS
            # The store goes with its machine, which therefore ends last.
            while not self.joins and heard < self._launch.nodes and time.monotonic() < until:
                time.sleep(WAITING_SECONDS)
                heard = self._store.add(HEARD, 0)
        hosts = {kind: host for kind, _space, host in (each.partition(" ") for each in said)}
        if len(hosts) > 1:
            (one, first), (other, second) = list(hosts.items())[:2]
            raise RunError(
                f"{first[:80]} computes on {one[:20]} and {second[:80]} on {other[:20]}, so that they cannot train "
                "together; use machines of one kind, or set CUDA_VISIBLE_DEVICES to an empty text on all of them."
            )

    @contextmanager
    def together(self, check: Callable[[], None]) -> Iterator[None]:
        """Make ready inside this block; continue only if all machines are ready.

        One that left here unsaid would leave the others waiting in elastic's rendezvous, where nobody can stop them.

        Args:
            check: called again and again while this machine waits; what it raises ends the waiting.

        Raises:
            RunError: another machine cannot start, or gives no sign of life.
        """
        try:
            yield
            if self._several:
                self._wait_for_ready(check)
        except BaseException as error:
            if self._several:
                said = str(error) if isinstance(error, StudioError) else f"it ended with {type(error).__name__}."
                with suppress(RuntimeError):  # the machine that has the store has left
                    self._store.compare_set(FAILED, "", f"{socket.gethostname()[:80]} cannot take part: {said}")
            raise

    def show_life(self) -> None:
        """Let the others wait on for this machine, which is making ready.

        Raises:
            RunError: the machine with the run has left.
        """
        if self._several:
            with self._answering():
                self._store.add(ALIVE, 1)

    def _wait_for_ready(self, check: Callable[[], None]) -> None:
        alive, until = -1, 0.0
        with self._answering():
            ready = self._store.add(READY, 1)
            while ready < self._launch.nodes:
                check()
                self._require_none_failed()
                if alive != (alive := self._store.add(ALIVE, 0)):
                    until = time.monotonic() + MEETING_SECONDS
                if time.monotonic() > until:
                    raise RunError(
                        f"A machine that had come to {self._launch.rdzv} was not heard of for "
                        f"{MEETING_SECONDS / 60:.0f} minutes; start the same command on all of them."
                    )
                time.sleep(WAITING_SECONDS)
                ready = self._store.add(READY, 0)
            self._require_none_failed()  # one that was stopped while it waited had counted itself

    def _require_none_failed(self) -> None:
        if self._store.check([FAILED]):
            raise RunError(self._store.get(FAILED).decode())

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Ask the store inside this block: it goes with the machine that has the run."""
        try:
            yield
        except RuntimeError as error:
            raise RunError(f"{self._launch.rdzv} does not answer any more; start the run again.") from error

    def _check_all(self, check: Callable[[], None], until: float, count: int) -> None:
        try:
            check()
            if time.monotonic() > until:
                raise RunError(
                    f"The {self._launch.nodes} machines did not meet at {self._launch.rdzv} within "
                    f"{MEETING_SECONDS / 60:.0f} minutes; start the same command on all of them."
                )
        except BaseException:
            self._store.add(COME, -1)
            self._store.add(PROCESSES, -count)
            raise

    def lost(self, mine: Loss, unknown: str, start: int) -> Loss:
        """Return which process was lost first, on whichever machine; tell the others of this one.

        Args:
            mine: what ended on this machine; empty where a process only lost the others.
            unknown: what to say if no machine knows.
            start: how often the processes have been started before.
        """
        found = mine
        if self._several:
            with suppress(RuntimeError):  # the machine that has the store is the one that was lost
                found = self._first_loss(mine, f"{LOST} {start}")
        return found if found.sentence else Loss(unknown)

    def _first_loss(self, mine: Loss, key: str) -> Loss:
        """Exchange losses through the store: all supervisors come to the same one."""
        if mine.sentence:
            told = replace(mine, sentence=f"{mine.sentence} (on {socket.gethostname()})").to_json()
            return Loss.from_json(self._store.compare_set(key, "", told).decode())
        until = time.monotonic() + TELLING_SECONDS
        while not self._store.check([key]):
            if time.monotonic() > until:
                return mine
            time.sleep(WAITING_SECONDS)
        return Loss.from_json(self._store.get(key).decode())

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
