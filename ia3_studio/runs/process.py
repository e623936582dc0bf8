"""Is the worker of a run alive? Checked with the operating system, never with a flag.

On another machine, which this one's system knows nothing of, :mod:`ia3_studio.runs.hosts` decides.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ia3_studio.runs.folder import RunFolder, read_json, write_json
from ia3_studio.runs.hosts import LOST_SECONDS, host_of, silence, this_host
from ia3_studio.settings import for_other_folders

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_BIRTH_TOLERANCE = 1.0
"""Tolerance in seconds for process start times."""


def spawn(command: Sequence[str], log: Path, folder: Path, *, detached: bool = True) -> int:
    """Start a process in a folder; append its output to a log, return its process id.

    Args:
        command: the command line.
        log: of its output and errors.
        folder: its working folder.
        detached: let it outlive what started it; otherwise it stays in that one's session, and gets its signals.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=worker_environment(),
            start_new_session=detached,
        )
    collect(process)
    return process.pid


def worker_environment() -> dict[str, str]:
    """Return the environment of a process that works in another folder, whose output is read while it works."""
    found = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([str(PACKAGE_PARENT), *map(os.path.abspath, found.split(os.pathsep) if found else ())])
    return {**os.environ, **for_other_folders(), "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}


def collect(process: subprocess.Popen[bytes]) -> None:
    """Take a detached process's exit status when it ends, if this process is still there; it does not need it to be."""
    threading.Thread(target=process.wait, name=f"process {process.pid}", daemon=True).start()


def record_worker(folder: RunFolder, pid: int, node: str = "") -> None:
    """Write the machine, process id and start time of a run's worker; the start time detects reused ids.

    Args:
        folder: the run's.
        pid: of the process that holds or will hold the run's lock.
        node: name of the cluster's node that the run is trained on, if that process only tells of it.
    """
    try:
        born = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        born = 0.0  # it has ended already: no process matches
    write_json(folder.worker, {"pid": pid, "born": born, **this_host(), **({"node": node} if node else {})})


def worker_lives(folder: RunFolder) -> bool:
    """Return whether a worker holds the run's lock, which the system releases when the worker dies."""
    held = lock_held(folder.lock)
    # Locks may not reach from one machine to another: there, one that is not held says nothing.
    says_nothing = held is None or (not held and host_of(read_json(folder.worker)))
    return started_process_lives(folder) if says_nothing else bool(held)


def started_process_lives(folder: RunFolder) -> bool:
    """Return whether the started worker process exists, before it holds the lock; elsewhere, whether it was heard of.

    Not used once a worker has written a status: start times depend on the system clock, and a clock change would make a
    live worker look like another process.
    """
    record = read_json(folder.worker)
    if not record:
        return False
    if host_of(record):
        return min(map(silence, (folder.status, folder.worker))) < LOST_SECONDS
    try:
        process = psutil.Process(int(record["pid"]))
        same = abs(process.create_time() - float(record["born"])) < _BIRTH_TOLERANCE
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def restarted_since(moment: float) -> bool:
    """Return whether the machine was restarted after a time, in seconds since the epoch."""
    return bool(psutil.boot_time() > moment)


def lock_held(path: Path) -> bool | None:
    """Return whether a process holds a lock file; None if the file system or platform cannot tell."""
    if sys.platform == "win32":
        return None
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two readers never see each other
    except FileNotFoundError:
        return False
    except OSError as error:
        return True if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES) else None
    return False
