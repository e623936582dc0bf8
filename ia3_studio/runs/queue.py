"""Which queued run is next? Runs wait in queue order; a configurable number of runs trains at the same time.

Every waiting worker decides for itself from the run folders, so the queue works without any other process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import BaseFileLock, FileLock, Timeout

from ia3_studio.errors import RunError
from ia3_studio.old_names import QUEUE
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.runs.hosts import this_host
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore
from ia3_studio.typed import typed_or_none

AT_ONCE = "IA3_STUDIO_RUNS_AT_ONCE"
"""Environment variable for the number of runs that train at the same time; 1 by default."""
MOST_AT_ONCE = 16
Way = Literal["first", "earlier", "later", "last"]


@dataclass(frozen=True)
class _Position:
    """Position of a run in the queue."""

    position: float = 0.0


def runs_at_once() -> int:
    """Return how many runs may train at the same time."""
    given = os.environ.get(AT_ONCE, "")
    return min(max(int(given), 1), MOST_AT_ONCE) if given.isdecimal() and len(given) < 10 else 1


def position_of(run: Run) -> tuple[float, str]:
    """Return the sort key of the queue: position, then start time."""
    document = read_json(run.files.queue_position) or {}
    found = typed_or_none(_Position, QUEUE.replaced(document)) or _Position()
    return (found.position, run.id)


def waiting(store: RunStore) -> list[Run]:
    """Return the queued runs, in order."""
    found = [run for run in store.list() if not run.has_ended and run.status().state == "queued"]
    return sorted(found, key=position_of)


def move(store: RunStore, run: Run, way: Way) -> None:
    """Move a queued run up or down.

    Raises:
        RunError: it is not queued, or its folder is not writable.
    """
    if not store.may_order:
        raise RunError("The queue is shared by several visitors; its order cannot be changed.")
    others = waiting(store)
    here = next((number for number, each in enumerate(others) if each.id == run.id), None)
    if here is None:
        raise RunError(f"Run {run.id} is not queued, so it cannot be moved in the queue.")
    del others[here]
    there = {"first": 0, "earlier": max(here - 1, 0), "later": min(here + 1, len(others)), "last": len(others)}[way]
    try:
        write_json(run.files.queue_position, {"position": _between(others, there)})
    except OSError as error:
        raise RunError(f"Run {run.id} cannot be moved in the queue ({error.strerror}).") from error


def _between(others: Sequence[Run], there: int) -> float:
    """Return a position before the run ``there`` and after the previous one."""
    places = [position_of(run)[0] for run in others]
    if not places:
        return 0.0
    if there == 0:
        return places[0] - 1
    if there == len(places):
        return places[-1] + 1
    if places[there - 1] < places[there]:
        return (places[there - 1] + places[there]) / 2
    for number, run in enumerate(others):  # equal places, told apart by the time of their start: spread them out
        write_json(run.files.queue_position, {"position": float(number)})
    return there - 0.5


class Queue:
    """The other queued runs, polled repeatedly.

    Ended runs are not polled any more. A run that is resumed meanwhile and is older than the newest known run is not
    seen:
    only the slots decide between the two.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._store = RunStore(run.folder.parent)
        self._newest = ""
        self._others: list[Run] = []

    def ahead(self) -> list[Run]:
        """Return the runs at an earlier position."""
        runs = self._store.newer(self._newest)
        self._others += [each for each in runs if each.id != self._run.id]
        self._newest = runs[0].id if runs else self._newest
        self._others = [each for each in self._others if not each.has_ended]
        mine = position_of(self._run)
        return [each for each in self._others if position_of(each) < mine and _waits_here(each)]


def _waits_here(run: Run) -> bool:
    status = run.status()
    return status.state == "queued" and not status.host  # machines that share the folder have queues of their own


def free_slot(root: Path) -> BaseFileLock | None:
    """Acquire one of this machine's slots for running runs and return its lock; None if all are in use."""
    host = re.sub(r"[^\w.-]", "-", this_host()["host"], flags=re.ASCII)
    for number in range(runs_at_once()):
        lock = FileLock(root / f".turn-{host}-{number}.lock")
        with suppress(Timeout):
            lock.acquire(timeout=0)
            return lock
    return None
