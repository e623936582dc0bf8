"""How does a worker show that it lives, and what it uses? By a heartbeat from a thread of its own."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from ia3_studio.models.gpu_load import used_gpus
from ia3_studio.runs.folder import ResourceUsage
from ia3_studio.worker.beside import working_beside

HEARTBEAT_SECONDS = 2.0


@contextmanager
def beating(beat: Callable[[ResourceUsage], None]) -> Iterator[None]:
    """Call ``beat`` with this process's resource usage every :data:`HEARTBEAT_SECONDS`."""

    def go_on(done: threading.Event) -> None:
        process, reported = psutil.Process(), set[str]()
        with suppress(psutil.Error):
            process.cpu_percent()  # the first call begins to count
        while not done.wait(HEARTBEAT_SECONDS):
            try:
                beat(usage_of(process))
            except OSError:  # a full disk: the work itself will tell
                continue
            except Exception as error:  # whatever happens, the next beat comes: without it the run looks dead
                if (kind := repr(error)) not in reported:
                    reported.add(kind)
                    traceback.print_exception(error)

    with working_beside(go_on, "heartbeat"):
        yield


def usage_of(process: psutil.Process) -> ResourceUsage:
    """Return the resource usage; unreadable values are 0."""
    memory, cpu = 0, 0.0
    with suppress(psutil.Error):
        memory, cpu = process.memory_info().rss, process.cpu_percent() / 100
    return ResourceUsage(memory, cpu, *used_gpus())
