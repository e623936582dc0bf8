"""What is in a run's folder? Every file is written atomically.

config.json      the settings, never changed
data/            the training file, when it was not a starter
split.json       how the data were parsed, and which rows are held out
made_with.json   versions, machine, fingerprint of the base model, for reproduction
repeats.json     the same for the original run of a re-run
about.json       name, notes and tags, editable at any time
owner.json       owner, in public mode
place.json       position in the queue, if it was moved
worker.json      process id and start time of the worker
status.json      last status of the worker; replaced atomically
metrics.jsonl    one line per step; append-only
adapters/        one complete adapter folder per snapshot, named by its step
checkpoint.safetensors   training state to resume from, until the run has finished
evaluation.json  evaluation of a finished run
log.txt          everything the worker printed
stop             exists if a stop was requested
lock             held by the worker while it is alive
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ia3_studio.atomic import replace_text
from ia3_studio.training.config import Step
from ia3_studio.typed import typed_or_none

Phase = Literal["resuming", "waiting", "preparing", "training", "saving", "measuring", "ended"]
Result = Literal["finished", "stopped", "failed"]

KEPT_ADAPTERS = 20
"""Maximum snapshots on disk; a new one replaces the one with the closest neighbors, so that they stay spread out."""


@dataclass(frozen=True)
class Said:
    """The last status of a worker."""

    phase: Phase
    sentence: str
    """Message for the user."""
    progress: float | None = None
    """Progress of the phase, if known."""
    result: Result | None = None
    """How the run ended; None until it has."""
    seen_at: float = 0.0
    """Time of the worker's last heartbeat, in seconds since the epoch."""
    began_at: float | None = None
    ended_at: float | None = None
    before: float = 0.0
    """Training time in seconds before the run was resumed."""
    memory: int = 0
    """Memory of the worker in bytes at its last heartbeat."""
    cpu: float = 0.0
    """CPU cores in use since the previous heartbeat."""
    gpu_memory: int = 0
    """GPU memory in bytes."""


@dataclass(frozen=True)
class Use:
    """Resource usage of a worker."""

    memory: int = 0
    cpu: float = 0.0
    gpu_memory: int = 0


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        path = Path(os.path.abspath(path))
        self.path = path
        self.config = path / "config.json"
        self.data = path / "data"
        self.split = path / "split.json"
        self.made_with = path / "made_with.json"
        self.repeats = path / "repeats.json"
        self.about = path / "about.json"
        self.owner = path / "owner.json"
        self.place = path / "place.json"
        self.worker = path / "worker.json"
        self.status = path / "status.json"
        self.metrics = path / "metrics.jsonl"
        self.adapters = path / "adapters"
        self.log = path / "log.txt"
        self.checkpoint = path / "checkpoint.safetensors"
        self.stop = path / "stop"
        self.lock = path / "lock"

    def said(self) -> Said | None:
        """Return the last status of the worker; None if there is none or it cannot be read."""
        return typed_or_none(Said, read_json(self.status))

    def newest_adapter(self) -> Path | None:
        """Return the newest complete adapter folder."""
        found = self._adapters()
        return found[-1] if found else None

    def keep_adapter(self, step: int, save: Callable[[Path], None]) -> None:
        """Let ``save`` fill a folder and make it the newest adapter, atomically."""
        unfinished, replaced = self.adapters / ".unfinished", self.adapters / ".replaced"
        target = self.adapters / f"step-{step:08d}"
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            unfinished.mkdir(parents=True)
            save(unfinished)
            if target.exists():
                target.rename(replaced)
            unfinished.rename(target)
        finally:  # on a full disk the half-written folder takes the room that the last words need
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)
        while len(self._adapters()) > KEPT_ADAPTERS:
            shutil.rmtree(self._least_missed(), ignore_errors=True)

    def moments(self) -> dict[int, Path]:
        """Return the stored adapters by step, in order."""
        return {int(path.name.rpartition("-")[2]): path for path in self._adapters()}

    def _least_missed(self) -> Path:
        """Return the snapshot, neither first nor last, with the fewest steps between its neighbors."""
        moments = list(self.moments().items())
        inner = zip(moments, moments[1:-1], moments[2:], strict=False)
        gaps = {after - before: path for (before, _first), (_step, path), (after, _last) in inner}
        return gaps[min(gaps)]

    def go_back_to(self, step: int) -> None:
        """Remove what was written after a step: later metrics and adapters."""
        with suppress(FileNotFoundError):
            steps, _offset = read_steps(self.metrics, 0)
            kept = "".join(step_line(each) for each in steps if each.step <= step)
            replace_text(self.metrics, kept)
        for adapter in self._adapters():
            if int(adapter.name.rpartition("-")[2]) > step:
                shutil.rmtree(adapter)

    def _adapters(self) -> list[Path]:
        return sorted(self.adapters.glob("step-*")) if self.adapters.is_dir() else []


class StatusFile:
    """The worker's side of ``status.json``: written by the job and by the heartbeat, atomically."""

    def __init__(self, folder: RunFolder, clock: Callable[[], float], before: float = 0.0) -> None:
        self._folder = folder
        self._before = before
        self._clock = clock
        self._mutex = threading.Lock()
        self._began_at: float | None = None
        self._said = Said("waiting", "")
        self._use = Use()

    def say(self, phase: Phase, sentence: str, progress: float | None = None, result: Result | None = None) -> None:
        """Write the current status, or the result."""
        with self._mutex:
            now = self._clock()
            if phase != "waiting" and self._began_at is None:
                self._began_at = now
            ended = now if phase == "ended" else None
            use = asdict(self._use)
            self._said = Said(phase, sentence, progress, result, now, self._began_at, ended, self._before, **use)
            write_json(self._folder.status, asdict(self._said))

    def pause(self, sentence: str) -> None:
        """Write that the run waits to resume from its checkpoint, and its training time so far."""
        with self._mutex:
            now = self._clock()
            spent = now - self._began_at if self._began_at is not None else 0.0
            self._said = Said("resuming", sentence, seen_at=now, before=self._before + spent)
            write_json(self._folder.status, asdict(self._said))

    def beat(self, use: Use) -> None:
        """Write a heartbeat with the resource usage."""
        with self._mutex:
            self._use = use
            if self._said.phase not in ("ended", "resuming"):
                self._said = replace(self._said, seen_at=self._clock(), **asdict(use))
                write_json(self._folder.status, asdict(self._said))


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace a file as a whole."""
    replace_text(path, json.dumps(document))


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object; None if it does not exist or cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # none there, damaged, or nested deeper than anything of ours
        return None
    return document if isinstance(document, dict) else None


def step_line(step: Step) -> str:
    """Return a step as one line."""
    return json.dumps(asdict(step)) + "\n"


def read_steps(path: Path, offset: int) -> tuple[tuple[Step, ...], int]:
    """Return the steps after a byte offset, and the next offset.

    An incomplete last line is left for the next call; damaged lines are skipped.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read(max(0, os.fstat(file.fileno()).st_size - offset))
    except OSError:
        return (), offset
    whole = data[: data.rfind(b"\n") + 1]
    steps = (_read_step(line) for line in whole.splitlines())
    return tuple(step for step in steps if step), offset + len(whole)


def _read_step(line: bytes) -> Step | None:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return typed_or_none(Step, document) if isinstance(document, dict) else None
