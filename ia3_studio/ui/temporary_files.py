"""Where do files for the moment lie, and when do they go? In a folder of this process, cleared in its life and after.

Its name tells which process it belongs to, by number and birth, so that the next app clears away what a killed one
left, and never what another one is using.
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
"""A download is copied into Gradio's own folder when it is offered; the file it was copied from is kept that long."""
_OWNER = re.compile(rf"{PREFIX}(?P<pid>\d+)-(?P<born>\d+)-\w+", re.ASCII)
_BIRTH_TOLERANCE = 2.0
"""Seconds; birth times are told to a hundredth, and rounded in a name."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder of this process for the block; what killed apps left is removed first, and it at the end."""
    sweep()
    folder = make_scratch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_scratch() -> Path:
    """Make a folder whose name says whose it is."""
    born = int(psutil.Process().create_time())
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{born}-"))


def sweep() -> tuple[Path, ...]:
    """Remove the folders of apps that are gone; return them. Those of another account are left alone."""
    gone = [path for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*") if _is_left_behind(path)]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return tuple(gone)


def _is_left_behind(path: Path) -> bool:
    named = _OWNER.fullmatch(path.name)
    if not named:
        return False
    try:
        about = path.lstat()
    except OSError:
        return False  # another app was faster
    if not stat.S_ISDIR(about.st_mode) or (hasattr(os, "getuid") and about.st_uid != os.getuid()):
        return False
    return not _lives(int(named["pid"]), int(named["born"]))


def _lives(pid: int, born: int) -> bool:
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - born) <= _BIRTH_TOLERANCE
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, OverflowError):
        return True  # it cannot be asked, so nothing of it is touched


def fresh_folder(scratch: Path, prefix: str) -> Path:
    """Make a folder for one download; those of an hour ago are removed.

    Args:
        scratch: where it is made; made itself when missing.
        prefix: what it is for.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    remove_older(scratch, KEPT_SECONDS)
    return Path(tempfile.mkdtemp(dir=scratch, prefix=prefix))


def remove_older(folder: Path, seconds: float) -> None:
    """Remove what lies in a folder and was not touched for some seconds, at any depth."""
    limit = time.time() - seconds
    for entry in list(folder.iterdir()):
        if entry.name != GRADIO and _touched(entry) < limit:
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


GRADIO = "gradio"
"""Gradio's folder of uploads and offered downloads, which it clears by itself after a day."""


def _touched(entry: Path) -> float:
    """Return when something at or below a path was last written."""
    try:
        own = entry.lstat().st_mtime
        below = entry.rglob("*") if entry.is_dir() and not entry.is_symlink() else ()
        return max([own, *(each.lstat().st_mtime for each in below)])
    except OSError:
        return time.time()  # it is being removed or written just now
