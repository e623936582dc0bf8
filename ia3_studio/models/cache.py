"""Where are prepared models kept, and how does none ever appear there half-done?

Layout of the cache folder::

    models/<key>/            a prepared model: config, tokenizer, safetensors, prepared.json
    models/<key>.lock        held by the process that prepares it
    unfinished/<key>/...     work of that process; whatever a dead one left is swept by the next
    summaries/               what is known of a starter without its weights (:mod:`ia3_studio.models.summary`)
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ia3_studio.models.folders import writing_failed
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.settings import cache_folder

SEAL = "prepared.json"
WAIT_POLL = 0.2
"""Seconds between two tries to get the lock of another process."""


def place_of(key: str) -> Path:
    """Return the folder where the prepared model of that key is or will be."""
    return cache_folder() / "models" / key


def is_whole(folder: Path) -> bool:
    """Tell whether a prepared model is there with every file in its full length."""
    try:
        sizes = json.loads((folder / SEAL).read_text(encoding="utf-8"))["sizes"]
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


@contextmanager
def held(key: str, progress: ProgressCallback) -> Iterator[None]:
    """Be the only one in any process who prepares this model; wait, saying so, for another who does.

    Raises:
        ModelError: the cache folder cannot be written.
    """
    from filelock import FileLock, Timeout

    path = place_of(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{path}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress(None, f"Waiting for another process to prepare {key}")
            lock.acquire(poll_interval=WAIT_POLL)
    except OSError as error:
        raise writing_failed(path.parent, error) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def built(key: str) -> Iterator[Path]:
    """Give a folder to build in; when all went well, **its files become the prepared model at once**.

    Downloads may be stored next to it, in its parent. Both are removed if the body raises.
    Call it only while the model is ``held``.

    Raises:
        ModelError: the cache folder cannot be written or is full.
    """
    workplace = cache_folder() / "unfinished" / key
    shutil.rmtree(workplace, ignore_errors=True)
    try:
        folder = workplace / "model"
        folder.mkdir(parents=True)
        yield folder
        _seal(folder)
        _put(folder, place_of(key))
    except OSError as error:
        raise writing_failed(workplace, error) from error
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _seal(folder: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    (folder / SEAL).write_text(json.dumps({"sizes": sizes}, indent=2), encoding="utf-8")


def _put(folder: Path, target: Path) -> None:
    if target.exists():  # a damaged copy: moved into the working folder, it goes with it
        os.replace(target, folder.parent / "replaced")
    os.replace(folder, target)
