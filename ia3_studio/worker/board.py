"""What do the processes of a run tell each other while some of them are busy, or wait inside a pass?"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psutil

from ia3_studio.runs.folder import ProcessUsage, ResourceUsage
from ia3_studio.typed import typed_or_none
from ia3_studio.worker.beside import working_beside
from ia3_studio.worker.heartbeat import usage_of

if TYPE_CHECKING:
    from ia3_studio.training.processes import Processes

STORE_SECONDS = 10.0
FAILED = "failed"
"""Under which processes count themselves that failed where the others may be inside a pass."""
FAILING_SECONDS = 3.0
"""Time in which processes that fail for one reason all fail."""
LOOKING_SECONDS = 0.02


class Board:
    """What processes tell through the store by which they found each other: what they use, and that they failed."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._open: Any = None

    def tell(self, usage: ResourceUsage) -> None:
        """Let the others see what this process uses."""
        document = asdict(usage) | {"host": socket.gethostname(), "pid": os.getpid()}
        self._store.set(str(self._processes.rank), json.dumps(document))

    def read(self) -> tuple[ProcessUsage, ...]:
        """Return what each process uses, by rank; one that has told nothing yet uses nothing."""
        ranks = map(str, range(self._processes.count))
        told = [self._store.get(rank) if self._store.check([rank]) else b"{}" for rank in ranks]
        return tuple(typed_or_none(ProcessUsage, json.loads(each)) or ProcessUsage() for each in told)

    def all_failed(self) -> bool:
        """Say whether all processes have failed, within a short time: each of them asks as soon as it has."""
        until = time.monotonic() + FAILING_SECONDS
        with suppress(RuntimeError):  # the store has gone with its process
            failed = self._store.add(FAILED, 1)
            while failed < self._processes.count and time.monotonic() < until:
                time.sleep(LOOKING_SECONDS)
                failed = self._store.add(FAILED, 0)
            return bool(failed >= self._processes.count)
        return False

    @property
    def _store(self) -> Any:
        """Return a connection of our own: that of the group is busy while a process waits for another."""
        from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

        if self._open is None:
            host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
            store = TCPStore(host, port, is_master=False, timeout=timedelta(seconds=STORE_SECONDS))
            self._open = PrefixStore("board", store)
        return self._open


@contextmanager
def telling_usage(board: Board, seconds: float) -> Iterator[None]:
    """Tell every so many seconds what this process uses, inside this block."""

    def tell(done: threading.Event) -> None:
        process = psutil.Process()
        process.cpu_percent()  # the first call begins to count
        while True:
            with suppress(RuntimeError):  # the store has gone with its process: the work itself will tell
                board.tell(usage_of(process))
            if done.wait(seconds):
                return

    with working_beside(tell, "usage", STORE_SECONDS):
        yield
