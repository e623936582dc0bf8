"""Which runs are there, and how does a new one come to be? A folder of run folders."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
from pathlib import Path

from filelock import FileLock

from ia3_studio.errors import RunError
from ia3_studio.places import runs_folder
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.folder import RunFolder
from ia3_studio.runs.process import start_worker
from ia3_studio.runs.run import Run

NEEDED_BYTES = 50 * 2**20
"""Free disk a run is given room in: log, metrics and adapters of a model of a few billion weights."""

_RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
_STARTS = ".starts"


class RunStore:
    """The runs under one folder; several processes may use it at the same time."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or runs_folder()

    def create(self, config: RunConfig, start_id: str) -> Run:
        """Create a run, or return the one that was created with the same ``start_id``.

        Raises:
            RunError: there is too little free disk, or the folder cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / ".create.lock"):
                mark = self.root / _STARTS / hashlib.sha256(start_id.encode()).hexdigest()
                if mark.is_file():
                    return self.open(mark.read_text())
                self._require_room()
                run = self._make(config)
                mark.parent.mkdir(exist_ok=True)
                mark.write_text(run.id)
                return run
        except OSError as error:
            raise RunError(
                f"The run cannot be written to {self.root} ({error.strerror}); choose another folder."
            ) from error

    def open(self, run_id: str) -> Run:
        """Return a run by its id.

        Raises:
            RunError: there is no such run.
        """
        if not _RUN_ID.fullmatch(run_id) or not (self.root / run_id).is_dir():
            raise RunError(f"There is no run {run_id[:40]!r} in {self.root}; choose one from the list.")
        return Run(self.root / run_id)

    def list(self) -> tuple[Run, ...]:
        """Return all runs, newest first; a damaged one is listed too."""
        if not self.root.is_dir():
            return ()
        names = sorted((path.name for path in self.root.iterdir() if _RUN_ID.fullmatch(path.name)), reverse=True)
        return tuple(Run(self.root / name) for name in names)

    def _make(self, config: RunConfig) -> Run:
        """Write a run's folder under another name first, so that it appears as a whole."""
        run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        unfinished = self.root / f".{run_id}"
        unfinished.mkdir()
        files = RunFolder(unfinished)
        files.config.write_text(config.to_json(), encoding="utf-8")
        source = Path(config.data)
        if source.is_file():
            files.data.mkdir()
            shutil.copyfile(source, files.data / source.name)
        unfinished.rename(self.root / run_id)
        return Run(self.root / run_id)

    def _require_room(self) -> None:
        free = shutil.disk_usage(self.root).free
        if free < NEEDED_BYTES:
            raise RunError(
                f"The disk that holds {self.root} has {free / 2**20:,.0f} MB free and a run needs"
                f" {NEEDED_BYTES / 2**20:,.0f} MB; free some space and start again."
            )


def start(run: Run) -> None:
    """Start a run's worker, once: a run that has or had one is left alone."""
    with FileLock(run.files.path / ".start.lock"):
        if not run.files.worker.exists():
            start_worker(run.files)
