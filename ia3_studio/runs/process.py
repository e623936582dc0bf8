"""Is the process that works on a run alive? Asked of the operating system, never of a flag."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ia3_studio.runs.folder import RunFolder, read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE_PARENT = Path(__file__).resolve().parents[2]
_BIRTH_TOLERANCE = 1.0
"""Seconds by which a process's birth time may be read differently."""


def start_worker(folder: RunFolder, command: Sequence[str] = ()) -> None:
    """Start a worker that outlives this process: own session, no pipe, output into the run's log."""
    command = command or (sys.executable, "-m", "ia3_studio.runs.worker", str(folder.path))
    found = os.environ.get("PYTHONPATH")
    paths = os.pathsep.join([str(PACKAGE_PARENT), *([found] if found else [])])
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder.path,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    record_worker(folder, process.pid)
    # Collects the exit status if this process is still there; the worker does not need it to be.
    threading.Thread(target=process.wait, name=f"worker {process.pid}", daemon=True).start()


def record_worker(folder: RunFolder, pid: int) -> None:
    """Write down which process works on a run; its birth time tells it from a later process of that number."""
    try:
        born = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        born = 0.0  # it has ended already: no process matches
    write_json(folder.worker, {"pid": pid, "born": born})


def worker_lives(folder: RunFolder) -> bool:
    """Say whether the recorded process exists, is the same one and has not ended."""
    record = read_json(folder.worker)
    if not record:
        return False
    try:
        process = psutil.Process(int(record["pid"]))
        same = abs(process.create_time() - float(record["born"])) < _BIRTH_TOLERANCE
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
