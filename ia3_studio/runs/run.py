"""What is true of a run at this moment? Computed on read."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from ia3_studio.errors import RunError
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.folder import RunFolder, Said, read_steps
from ia3_studio.runs.process import worker_lives
from ia3_studio.training.config import Step

State = Literal["queued", "running", "stopping", "finished", "stopped", "failed", "interrupted"]
ACTIVE: frozenset[State] = frozenset({"queued", "running", "stopping"})

STARTING_SECONDS = 5.0
"""How long a new run may be without a worker before it counts as interrupted."""
SILENT_SECONDS = 30.0
"""After how long without a sign of life the page says so."""
_FULL_DISK = 2**20
"""Bytes free below which a dead worker most likely died of the disk."""


@dataclass(frozen=True)
class RunStatus:
    """The state of a run, and the sentence that explains it."""

    state: State
    sentence: str
    phase: str
    progress: float | None
    """Share of the current phase that is done, where that is known."""
    step: int
    total_steps: int
    seconds: float
    """Time at work so far, waiting excluded."""
    created_at: float
    """Seconds since the epoch."""

    @property
    def active(self) -> bool:
        """Say whether the run waits or works."""
        return self.state in ACTIVE


class Run:
    """One training job, found by its id."""

    def __init__(self, path: Path) -> None:
        self.id = path.name
        self.files = RunFolder(path)

    @property
    def folder(self) -> Path:
        """Return the run's folder."""
        return self.files.path

    @cached_property
    def config(self) -> RunConfig:
        """Return the settings.

        Raises:
            RunError: they are missing or damaged.
        """
        try:
            return RunConfig.from_json(self.files.config.read_text(encoding="utf-8"))
        except OSError as error:
            raise RunError(f"The run {self.id} has no settings that can be read ({error}); start it anew.") from error

    @property
    def data_source(self) -> str:
        """Return the starter's name, or the path of the file that was copied into the run."""
        copied = self.files.data / Path(self.config.data).name
        return str(copied) if copied.is_file() else self.config.data

    def status(self) -> RunStatus:
        """Return what is true now, as far as files and the operating system tell."""
        said = self.files.said()
        last = self._last_step()
        state, sentence = self._state(said, last)
        seconds = 0.0
        if said and said.began_at is not None:
            seconds = (said.ended_at or (time.time() if state in ACTIVE else said.seen_at)) - said.began_at
        return RunStatus(
            state,
            sentence,
            said.phase if said else "starting",
            said.progress if said else None,
            last.step if last else 0,
            last.total_steps if last else 0,
            max(0.0, seconds),
            self.created_at,
        )

    @property
    def created_at(self) -> float:
        """Return when the run was created, in seconds since the epoch."""
        try:
            return self.files.config.stat().st_mtime
        except OSError:
            return 0.0

    def metrics(self, offset: int = 0) -> tuple[tuple[Step, ...], int]:
        """Return the steps written behind a byte offset, and the offset to go on from."""
        return read_steps(self.files.metrics, offset)

    def request_stop(self) -> None:
        """Ask the worker to stop after the step it is in; what is learned by then is kept."""
        self.files.stop.touch()

    def adapter_folder(self) -> Path | None:
        """Return the newest complete adapter, also of a run that still works or was interrupted."""
        return self.files.newest_adapter()

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines the worker printed."""
        try:
            with self.files.log.open("rb") as file:
                file.seek(max(0, self.files.log.stat().st_size - 400 * lines))
                return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _state(self, said: Said | None, last: Step | None) -> tuple[State, str]:
        if said and said.result:
            return said.result, said.sentence
        if worker_lives(self.files):
            return self._living_state(said)
        if said is None and not self.files.worker.exists() and time.time() - self.created_at < STARTING_SECONDS:
            return "queued", "Starting"
        return "interrupted", self._cause_of_death(last)

    def _living_state(self, said: Said | None) -> tuple[State, str]:
        if said is None:
            return "running", "Starting the worker"
        silent = time.time() - said.seen_at
        suffix = f" (no sign of life for {silent:.0f} s)" if silent > SILENT_SECONDS else ""
        if self.files.stop.exists():
            return "stopping", f"Stopping after this step{suffix}"
        return ("queued" if said.phase == "waiting" else "running"), said.sentence + suffix

    def _cause_of_death(self, last: Step | None) -> str:
        reached = f"at step {last.step} of {last.total_steps}" if last and last.step else "before its first step"
        kept = "The newest adapter is kept." if self.adapter_folder() else "There was no adapter to keep yet."
        if shutil.disk_usage(self.folder).free < _FULL_DISK:
            return f"The run ended {reached} because the disk is full. {kept} Free some space and start it again."
        return (
            f"The worker process ended {reached} without a word: it was killed, the machine restarted, or memory ran"
            f" out. {kept} Start the run again."
        )

    def _last_step(self) -> Step | None:
        """Return the newest step, read from the end of the file."""
        try:
            size = self.files.metrics.stat().st_size
        except OSError:
            return None
        with self.files.metrics.open("rb") as file:
            file.seek(max(0, size - 4096))
            tail = file.read(4096)
        start = 0 if size <= 4096 else tail.find(b"\n") + 1
        steps, _offset = read_steps(self.files.metrics, max(0, size - 4096) + start)
        return steps[-1] if steps else None
