"""Where are deleted runs? In the trash, from which they can be restored until they are permanently deleted."""

from __future__ import annotations

import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from ia3_studio.errors import RunError
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RUN_ID, RunStore

TRASH_FOLDER = ".bin"
LOCK_SECONDS = 5.0


def delete(store: RunStore, run: Run) -> None:
    """Move a run to the trash.

    Raises:
        RunError: it is queued or running, or cannot be moved.
    """
    if not run.folder.is_dir():  # a lock would make the folder again
        raise RunError(f"Run {run.id} no longer exists; it may have been deleted in another tab.")
    try:
        with FileLock(run.files.path / ".start.lock", timeout=LOCK_SECONDS):
            if run.status().active:
                raise RunError(f"Run {run.id} is queued or running; stop it before you delete it.")
            _move(run.folder, store.root / TRASH_FOLDER / run.id)
    except Timeout as error:
        raise RunError(f"Run {run.id} is in use by another program; try again in a moment.") from error


def deleted(store: RunStore) -> tuple[Run, ...]:
    """Return the runs in the trash, newest first."""
    folder = store.root / TRASH_FOLDER
    names = [path.name for path in folder.iterdir() if RUN_ID.fullmatch(path.name)] if folder.is_dir() else []
    runs = (Run(folder / name) for name in sorted(names, reverse=True))
    return tuple(run for run in runs if store.owns(run))


def restore(store: RunStore, run_id: str) -> Run:
    """Restore a run from the trash.

    Raises:
        RunError: it is not in the trash, or cannot be moved.
    """
    folder = _in_bin(store, run_id)
    _move(folder, store.root / run_id)
    return Run(store.root / run_id)


def delete_for_good(store: RunStore, run_id: str) -> None:
    """Permanently delete a run in the trash; **this cannot be undone**.

    Raises:
        RunError: it is not in the trash, or cannot be deleted.
    """
    try:
        shutil.rmtree(_in_bin(store, run_id))
    except OSError as error:
        raise RunError(
            f"Run {run_id} cannot be deleted ({error.strerror}); check the permissions of its folder."
        ) from error


def _in_bin(store: RunStore, run_id: str) -> Path:
    folder = store.root / TRASH_FOLDER / run_id
    if not RUN_ID.fullmatch(run_id) or not folder.is_dir() or not store.owns(Run(folder)):
        raise RunError(f"Run {run_id[:40]!r} is not in the trash; choose one from the list.")
    return folder


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(exist_ok=True)
        source.rename(target)
    except OSError as error:
        raise RunError(
            f"Run {source.name} cannot be moved ({error.strerror}); check the permissions of its folder."
        ) from error
