"""Is a worker on another machine alive? Several machines share a folder of runs, as those of a cluster do.

Process ids mean nothing on another machine. What all machines see is the folder: where its file system has locks that
other machines respect, the run's lock decides; anywhere else the worker's heartbeat does, measured on the folder's own
clock, since the clocks of two machines differ.
"""

from __future__ import annotations

import secrets
import socket
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

LOST_SECONDS = 120.0
"""Seconds without a heartbeat after which a worker on another machine counts as lost."""
CLOCK_TOLERANCE = 600.0
"""Additional seconds where the folder cannot be written to, so that its clock is unknown."""
_CLOCK_SECONDS = 60.0
"""The difference of two clocks is measured this often."""
_BOOT_ID, _PROCESSES = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")


@lru_cache(maxsize=1)
def this_host() -> dict[str, str]:
    """Return what identifies this machine: its name, and the run of its system, of which each container has its own."""
    try:
        boot = f"{_BOOT_ID.read_text(encoding='ascii').strip()} {_PROCESSES.readlink()}"
    except OSError:  # not Linux
        boot = ""
    return {"host": socket.gethostname(), "boot": boot}


def host_of(record: dict[str, Any] | None) -> str:
    """Return the name of the machine that a worker was started on, if that is another one; empty if it is this one.

    A machine that was renamed since is the same until it restarts.

    Args:
        record: what ``worker.json`` holds; runs of older versions name no machine.
    """
    named, here = str((record or {}).get("host") or ""), this_host()
    if not named or named == here["host"]:
        return ""
    return "" if here["boot"] and (record or {}).get("boot") == here["boot"] else named


def silence(path: Path) -> float:
    """Return the seconds since a file in a shared folder was written, by the clock that dates its files.

    The file is gone or cannot be read: infinity. Where the folder's clock cannot be read, up to
    :data:`CLOCK_TOLERANCE` seconds are taken for a difference of the clocks.
    """
    try:
        written = path.stat().st_mtime
    except OSError:
        return float("inf")
    ahead = _ahead(path.parent, int(time.monotonic() / _CLOCK_SECONDS))
    age = time.time() - written
    return max(0.0, age + ahead if ahead is not None else abs(age) - CLOCK_TOLERANCE)


@lru_cache(maxsize=256)
def _ahead(folder: Path, _minute: int) -> float | None:
    """Return by how many seconds the clock that dates a folder's files is ahead of this machine's; None if unknown."""
    probe = folder / f".clock-{secrets.token_hex(4)}"
    try:
        probe.write_bytes(b".")
        return probe.stat().st_mtime - time.time()  # once it is closed: until then a network's client dates it itself
    except OSError:
        return None
    finally:
        with suppress(OSError):
            probe.unlink()
