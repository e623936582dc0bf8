"""What is in a run's folder? Every file is written atomically.

config.json      the settings, never changed
data/            the training file, when it was not a starter
split.json       how the data were parsed, and which rows are held out
environment.json            versions, machine, fingerprint of the base model, for reproduction
original_environment.json   the same for the original run of a re-run
notes.json       name, notes and tags, editable at any time
owner.json       owner, in public mode
queue_position.json   position in the queue, if it was moved
launch.json      how the worker is launched where the settings leave that open: number of processes, other hosts
worker.json      process id and start time of the worker
status.json      last status of the worker; replaced atomically
metrics.jsonl    one line per step; append-only
adapters/        one complete adapter folder per snapshot, named by its step
checkpoint.safetensors   training state to resume from, until the run has finished
evaluation.json  evaluation of a finished run
ablation.json    ablation of its adapter, if there was one
log.txt          everything the worker printed
stop             exists if a stop was requested
lock             held by the worker while it is alive
ranks.lock       held by the process that writes the steps, where several share the batches

A folder that version 0.1 made keeps its file names: made_with.json, repeats.json, about.json and place.json.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ia3_studio.atomic import replace_text
from ia3_studio.old_names import STATUS
from ia3_studio.training.config import Step
from ia3_studio.typed import typed_or_none

Phase = Literal["resuming", "queued", "preparing", "training", "saving", "evaluating", "ended"]
Result = Literal["finished", "stopped", "failed"]

KEPT_ADAPTERS = 20
"""Maximum snapshots on disk; a new one replaces the one with the closest neighbors, so that they stay spread out."""


@dataclass(frozen=True)
class WorkerStatus:
    """The last status of a worker."""

    phase: Phase
    message: str
    """For the user."""
    progress: float | None = None
    """Progress of the phase, if known."""
    result: Result | None = None
    """How the run ended; None until it has."""
    heartbeat_at: float = 0.0
    """Time of the worker's last heartbeat, in seconds since the epoch."""
    started_at: float | None = None
    ended_at: float | None = None
    earlier_seconds: float = 0.0
    """Training time in seconds before the run was last resumed."""
    memory: int = 0
    """Memory of the worker in bytes at its last heartbeat."""
    cpu: float = 0.0
    """CPU cores in use since the previous heartbeat."""
    gpu_memory: int = 0
    """GPU memory in bytes."""
    gpus: float = 0.0
    """GPUs in use at the last heartbeat: 0.5 is half of the time of one."""
    processes: tuple[ProcessUsage, ...] = ()
    """What each process uses, by rank, where several share the batches; the numbers above are their sums."""
    base_so_far: float | None = None
    """The base model's mean loss over the held-out rows measured so far, while it is being evaluated."""


@dataclass(frozen=True)
class ResourceUsage:
    """Resource usage of a worker."""

    memory: int = 0
    cpu: float = 0.0
    gpu_memory: int = 0
    gpus: float = 0.0


@dataclass(frozen=True)
class ProcessUsage(ResourceUsage):
    """Resource usage of one of several processes."""

    host: str = ""
    pid: int = 0


@dataclass(frozen=True)
class Launch:
    """How a worker is launched, where that differs from the run's settings."""

    processes: int | None = None
    """Processes on each machine; None for the number in the settings."""
    nodes: int = 1
    """Machines that train together."""
    rdzv: str = ""
    """HOST:PORT at which they meet."""


def _file(name: str) -> cached_property[Path]:
    """Return the path of a file in a run's folder, made when it is first asked for: of most runs, few are."""
    return cached_property(lambda folder: folder.path / name)


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))

    config = _file("config.json")
    data = _file("data")
    split = _file("split.json")
    owner = _file("owner.json")
    launch = _file("launch.json")
    worker = _file("worker.json")
    status = _file("status.json")
    metrics = _file("metrics.jsonl")
    adapters = _file("adapters")
    log = _file("log.txt")
    checkpoint = _file("checkpoint.safetensors")
    stop = _file("stop")
    lock = _file("lock")
    ranks_lock = _file("ranks.lock")

    @cached_property
    def environment(self) -> Path:
        """Return the file with versions, machine and fingerprint."""
        return _existing(self.path / "environment.json", self.path / "made_with.json")

    @cached_property
    def original_environment(self) -> Path:
        """Return that of the original run of a re-run."""
        return _existing(self.path / "original_environment.json", self.path / "repeats.json")

    @cached_property
    def notes(self) -> Path:
        """Return the file with name, notes and tags."""
        return _existing(self.path / "notes.json", self.path / "about.json")

    @cached_property
    def queue_position(self) -> Path:
        """Return the file with the position in the queue."""
        return _existing(self.path / "queue_position.json", self.path / "place.json")

    def read_status(self) -> WorkerStatus | None:
        """Return the last status of the worker; None if there is none or it cannot be read."""
        document = read_json(self.status)
        return typed_or_none(WorkerStatus, STATUS.replaced(document)) if document else None

    def read_launch(self) -> Launch:
        """Return how the worker is to be launched."""
        return typed_or_none(Launch, read_json(self.launch)) or Launch()

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

    def snapshots(self) -> dict[int, Path]:
        """Return the stored adapters by step, in order."""
        return {int(path.name.rpartition("-")[2]): path for path in self._adapters()}

    def _least_missed(self) -> Path:
        """Return the snapshot, neither first nor last, with the fewest steps between its neighbors."""
        snapshots = list(self.snapshots().items())
        inner = zip(snapshots, snapshots[1:-1], snapshots[2:], strict=False)
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


def _existing(path: Path, old: Path) -> Path:
    """Return a file's path, or that of version 0.1 where only that exists."""
    return old if old.exists() and not path.exists() else path


class StatusFile:
    """The worker's side of ``status.json``: written by the job and by the heartbeat, atomically."""

    def __init__(
        self,
        folder: RunFolder,
        clock: Callable[[], float],
        earlier_seconds: float = 0.0,
        started_at: float | None = None,
    ) -> None:
        """Begin with nothing written.

        Args:
            folder: the run's.
            clock: tells seconds since the epoch.
            earlier_seconds: training time before the run was last resumed.
            started_at: when the work began, if another process began it.
        """
        self._folder = folder
        self._earlier_seconds = earlier_seconds
        self._clock = clock
        self._mutex = threading.Lock()
        self._started_at = started_at
        self._last = WorkerStatus("queued", "")
        self._usage = ResourceUsage()
        self._processes: tuple[ProcessUsage, ...] = ()
        self._is_handed_over = False

    @property
    def phase(self) -> Phase:
        """Return the phase that was written last."""
        return self._last.phase

    def forget_time(self) -> None:
        """Let the training time begin with the next status: what was done until now was waiting."""
        with self._mutex:
            self._started_at = None

    def hand_over(self) -> None:
        """Leave the file to another process until :meth:`take_back`."""
        with self._mutex:
            self._is_handed_over = True

    def take_back(self) -> None:
        """Write the file again, from what the other process left in it."""
        with self._mutex:
            self._is_handed_over = False
            self._last = self._folder.read_status() or self._last

    def write_status(
        self,
        phase: Phase,
        message: str,
        progress: float | None = None,
        result: Result | None = None,
        base_so_far: float | None = None,
    ) -> None:
        """Write the current status, or the result."""
        with self._mutex:
            now = self._clock()
            if phase != "queued" and self._started_at is None:
                self._started_at = now
            ended = now if phase == "ended" else None
            usage, earlier = asdict(self._usage), self._earlier_seconds
            self._last = WorkerStatus(
                phase, message, progress, result, now, self._started_at, ended, earlier, **usage,
                processes=self._processes, base_so_far=base_so_far,
            )  # fmt: skip
            write_json(self._folder.status, asdict(self._last))

    def pause(self, message: str) -> None:
        """Write that the run waits to resume from its checkpoint, and its training time so far."""
        with self._mutex:
            now = self._clock()
            spent = now - self._started_at if self._started_at is not None else 0.0
            earlier = self._earlier_seconds + spent
            self._last = WorkerStatus("resuming", message, heartbeat_at=now, earlier_seconds=earlier)
            write_json(self._folder.status, asdict(self._last))

    def beat(self, usage: ResourceUsage, processes: tuple[ProcessUsage, ...] = ()) -> None:
        """Write a heartbeat with the resource usage, and that of each process where there are several."""
        with self._mutex:
            self._usage, self._processes = usage, processes
            if self._last.phase not in ("ended", "resuming") and not self._is_handed_over:
                self._last = replace(self._last, heartbeat_at=self._clock(), processes=processes, **asdict(usage))
                write_json(self._folder.status, asdict(self._last))


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
