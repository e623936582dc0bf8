"""How does a machine end that has lost the one with the run, where the library that it waits in does not notice?

When the network between two machines is lost, torch elastic waits in its store for answers that never come, without a
time limit. The processes themselves notice, after their own time limit, and leave a note.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ia3_studio.worker.beside import working_beside
from ia3_studio.worker.full_memory import NOTES

LOOKING_SECONDS = 1.0
GRACE_SECONDS = 90.0
"""Time in which the library ends after a process of this machine has lost the others; usually it takes seconds."""


def leave_cut_off(rank: int) -> None:
    """Let the supervisor of this process know that it lost the others."""
    with suppress(OSError):  # a full disk, or the supervisor has gone
        (Path(os.environ[NOTES]) / f"cut-off-{rank}").touch()


@contextmanager
def leaving_when_cut_off(folder: Path, leave: Callable[[], None]) -> Iterator[None]:
    """Leave if the work inside this block does not end though a process of it has lost the others.

    Args:
        folder: for the notes of the processes.
        leave: ends this process.
    """

    def watch(done: threading.Event) -> None:
        while not done.wait(LOOKING_SECONDS):
            if any(folder.glob("cut-off-*")):
                if not done.wait(GRACE_SECONDS):
                    leave()
                return

    with working_beside(watch, "cut off"):
        yield
