"""How are runs listed and created? A folder of run folders."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice, takewhile
from pathlib import Path

from filelock import FileLock, Timeout

from ia3_studio.atomic import write_advice
from ia3_studio.data.large import is_large
from ia3_studio.data.load import STARTERS
from ia3_studio.errors import RunError
from ia3_studio.models.sources import parse_source
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.folder import RunFolder
from ia3_studio.runs.run import Run
from ia3_studio.settings import runs_folder

NEEDED_BYTES = 50 * 2**20
"""Free disk space a run needs: log, metrics and adapters of a model of a few billion parameters."""

LOCK_SECONDS = 30.0
"""Seconds to wait for another process that creates a run in the same folder."""

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}", re.ASCII)
_STARTS = ".starts"


class RunStore:
    """The runs under one folder; several processes may use it at the same time."""

    may_order = True
    """Whether users may reorder the queue."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = Path(os.path.abspath(root or runs_folder()))  # a worker has a working folder of its own

    def create(self, config: RunConfig, start_id: str) -> Run:
        """Create a run, or return the run with the same ``start_id``.

        Raises:
            RunError: there is too little free disk space, or the folder is not writable.
            ModelError: the model's name is malformed.
        """
        config = replace(config, model=parse_source(config.model).value)  # a worker has a working folder of its own
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / ".create.lock", timeout=LOCK_SECONDS):
                mark = self._mark_of(start_id)
                return self._marked(mark) or self._make(config, mark)
        except Timeout as error:
            raise RunError(
                f"Another program has been creating a run in {self.root} for {LOCK_SECONDS:.0f} s; try again."
            ) from error
        except OSError as error:
            raise RunError(
                f"The run cannot be saved in {self.root} ({error.strerror}); {write_advice(error)}."
            ) from error

    def open(self, run_id: str) -> Run:
        """Return a run by its id.

        Raises:
            RunError: there is no such run.
        """
        if not RUN_ID.fullmatch(run_id) or not (self.root / run_id).is_dir():
            raise RunError(self._unknown(run_id))
        return Run(self.root / run_id)

    def list(self) -> tuple[Run, ...]:
        """Return all runs, newest first; a damaged one is listed too."""
        return tuple(self._newest_first())

    def newer(self, run_id: str) -> tuple[Run, ...]:
        """Return the runs that were created after one, newest first; all if its id is empty."""
        return tuple(takewhile(lambda run: run.id > run_id, self._newest_first()))

    def newest(self, count: int) -> tuple[Run, ...]:
        """Return the newest runs, at most ``count``, in a time that hardly depends on how many there are."""
        return tuple(islice(self._newest_first(), count))

    def _newest_first(self) -> Iterator[Run]:
        if not self.root.is_dir():
            return
        with os.scandir(self.root) as entries:
            names = [entry.name for entry in entries if RUN_ID.fullmatch(entry.name) and entry.is_dir()]
        yield from (Run(self.root / name) for name in sorted(names, reverse=True))

    def require_room(self) -> None:
        """Reject further files if a limit is reached: here only the disk space."""

    def owns(self, run: Run) -> bool:
        """Return whether a run belongs to the current user: here always."""
        return run.folder.is_dir()

    def _unknown(self, run_id: str) -> str:
        return f"Run {run_id[:40]!r} not found; choose one from the list."

    def _mark_of(self, start_id: str) -> Path:
        return self.root / _STARTS / hashlib.sha256(start_id.encode()).hexdigest()

    def _complete(self, files: RunFolder) -> None:
        """Write extra files into a run's folder before it becomes visible."""

    def _marked(self, mark: Path) -> Run | None:
        """Return the run of an earlier start with this id; None if there is none or it is incomplete."""
        try:
            return self.open(mark.read_text(encoding="utf-8"))
        except (FileNotFoundError, UnicodeDecodeError, RunError):
            return None

    def _make(self, config: RunConfig, mark: Path) -> Run:
        """Write a run's folder under a temporary name first, so that it appears atomically."""
        source = Path(config.data).expanduser()
        copied = config.data not in {starter.name for starter in STARTERS} and source.is_file()
        self._require_room(NEEDED_BYTES + (source.stat().st_size if copied else 0))
        run_id = _new_id()
        unfinished = self.root / f".{run_id}"
        try:
            unfinished.mkdir()
            files = RunFolder(unfinished)
            files.config.write_text(config.to_json(), encoding="utf-8")
            self._complete(files)
            if copied:
                files.data.mkdir()
                _copy(source, files.data / source.name)
            mark.parent.mkdir(exist_ok=True)
            mark.write_text(run_id, encoding="utf-8")  # before the run appears: it is never there without its mark
            unfinished.rename(self.root / run_id)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return Run(self.root / run_id)

    def _require_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.root).free
        if free < needed:
            raise RunError(
                f"The disk of {self.root} has {free / 2**20:,.0f} MB free and a run needs "
                f"{needed / 2**20:,.0f} MB; free some disk space and try again."
            )


def _copy(source: Path, target: Path) -> None:
    """Copy a file; large files are hard-linked if possible."""
    if is_large(source):
        with suppress(OSError):  # another disk, or one without links
            os.link(source, target)
            return
    shutil.copyfile(source, target)


def _new_id() -> str:
    """Return an id that sorts by time, to some 20 µs: runs started in the same second keep their order."""
    now = time.time()
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{int(now % 1 * 2**16):04x}{secrets.token_hex(1)}"
