"""Where are temporary files stored, and when are they removed? In a folder of this process.

Its name contains the process id and start time, so that the next app removes what a killed one left, and never what
another one is using.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PREFIX = "ia3-studio-"
KEPT_SECONDS = 3600.0
"""How long a file is kept that was offered as a download: Gradio copies it to its own folder at once."""
_OWNER = re.compile(rf"{PREFIX}(?P<pid>\d+)-(?P<start>\d+)-\w+", re.ASCII)
_START_TOLERANCE = 2.0
"""Seconds; start times are known to a hundredth, and rounded in a name."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder of this process for the block; folders of killed apps, and at the end this one, are removed."""
    sweep()
    folder = make_scratch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_scratch() -> Path:
    """Make a folder with the id and start time of this process in its name."""
    start = int(psutil.Process().create_time())
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{start}-"))


def sweep() -> tuple[Path, ...]:
    """Remove the folders of apps that no longer run; return them. Those of other accounts are kept."""
    abandoned = [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _is_abandoned(path)]
    for path in abandoned:
        shutil.rmtree(path, ignore_errors=True)
    return tuple(abandoned)


def _is_abandoned(path: Path) -> bool:
    named = _OWNER.fullmatch(path.name)
    if not named:
        return False
    try:
        found = path.lstat()
    except OSError:
        return False  # another app has removed it
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        return False
    return not _is_running(int(named["pid"]), int(named["start"]))


def _is_running(pid: int, start: int) -> bool:
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - start) <= _START_TOLERANCE
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OverflowError):
        return True  # unknown, so its folder is kept


def fresh_folder(scratch: Path, prefix: str) -> Path:
    """Make a folder for one download; folders older than an hour are removed.

    Args:
        scratch: the parent folder, which is created if it does not exist.
        prefix: the beginning of its name.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    remove_older(scratch, KEPT_SECONDS)
    return Path(tempfile.mkdtemp(dir=scratch, prefix=prefix))


def remove_older(folder: Path, seconds: float) -> None:
    """Remove the entries of a folder in which nothing was written for some seconds."""
    limit = time.time() - seconds
    for entry in list(folder.iterdir()):
        if entry.name != GRADIO and _last_write(entry) < limit:
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


GRADIO = "gradio"
"""Gradio's folder of uploads and offered downloads, which Gradio clears after a day."""


def _last_write(entry: Path) -> float:
    """Return when a path, or anything below it, was last written."""
    try:
        own = entry.lstat().st_mtime
        below = entry.rglob("*") if entry.is_dir() and not entry.is_symlink() else ()
        return max([own, *(each.lstat().st_mtime for each in below)])
    except OSError:
        return time.time()  # it is being removed or written
