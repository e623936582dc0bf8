"""What is the current state of a run? Computed on read."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from ia3_studio.errors import RunError
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.folder import ProcessUsage, ResourceUsage, RunFolder, WorkerStatus, read_json, read_steps
from ia3_studio.runs.hosts import LOST_SECONDS, host_of, silence
from ia3_studio.runs.notes import RunNotes, read_notes
from ia3_studio.runs.process import restarted_since, started_process_lives, worker_lives
from ia3_studio.training.config import Step

State = Literal["queued", "running", "stopping", "finished", "stopped", "failed", "interrupted"]
ACTIVE: frozenset[State] = frozenset({"queued", "running", "stopping"})

ENDED_EARLY: frozenset[State] = frozenset({"stopped", "failed", "interrupted"})

STARTING_SECONDS = 5.0
"""Seconds after which a new run without a worker counts as interrupted."""
SILENT_SECONDS = 30.0
"""Seconds without a heartbeat after which the run is shown as not responding."""
_FULL_DISK = 2**20
"""Free disk space in bytes below which a dead worker most likely ran out of disk."""


_TAIL_BYTES = 4096
"""Bytes at the end of the metrics file that are searched for the newest step; a line has about 300 bytes."""
_LONGEST_QUOTE = 160
"""Maximum characters of the log quoted in a message."""


@dataclass(frozen=True)
class RunStatus:
    """The state of a run, with a message."""

    state: State
    message: str
    """For the user."""
    phase: str
    progress: float | None
    """Progress of the current phase, if known."""
    step: int
    total_steps: int
    seconds: float
    """Training time so far, excluding waiting."""
    created_at: float
    """Seconds since the epoch."""
    resumable: bool = False
    """Whether it ended early and can be resumed from its last checkpoint."""
    usage: ResourceUsage = field(default_factory=ResourceUsage)
    """Resource usage of its worker, at its last heartbeat."""
    host: str = ""
    """The machine or node that it runs on, or was lost on, if that is not this machine."""
    processes: tuple[ProcessUsage, ...] = ()
    """What each process uses, by rank, where several share the batches."""
    base_so_far: float | None = None
    """The base model's mean loss over the held-out rows measured so far, while it is being evaluated."""

    @property
    def active(self) -> bool:
        """Return whether the run is queued or running."""
        return self.state in ACTIVE

    @property
    def is_trained(self) -> bool:
        """Return whether the last step is done, so that the vectors are final."""
        return self.state == "finished" or self.phase in ("saving", "evaluating")


class Run:
    """One training job, identified by its id."""

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
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"The settings of run {self.id} cannot be read ({error}); start a new run.") from error

    @property
    def notes(self) -> RunNotes:
        """Return its name, notes and tags."""
        return read_notes(self.files.notes)

    @property
    def name(self) -> str:
        """Return its current name; the id if it is damaged."""
        try:
            return self.notes.name or self.config.name
        except RunError:
            return self.id

    @property
    def has_ended(self) -> bool:
        """Return whether its worker has written a result."""
        worker = self.files.read_status()
        return bool(worker and worker.result)

    @property
    def data_source(self) -> str:
        """Return the starter's name, or the path of the file that was copied into the run."""
        copied = self.files.data / Path(self.config.data).name
        return str(copied) if copied.is_file() else self.config.data

    def status(self) -> RunStatus:
        """Return the current status, from files and the operating system."""
        worker, lives = self._look()
        last = self._last_step()
        state, message = self._state(worker, lives, last)
        seconds = worker.earlier_seconds if worker else 0.0
        if worker and worker.started_at is not None:
            since = self._silence(worker) if state in ACTIVE else 0.0
            seconds += (worker.ended_at or worker.heartbeat_at + since) - worker.started_at
        return RunStatus(
            state,
            message,
            worker.phase if worker else "starting",
            worker.progress if worker else None,
            last.step if last else 0,
            last.total_steps if last else 0,
            max(0.0, seconds),
            self.created_at,
            state in ENDED_EARLY and (self.files.checkpoint.exists() or self._is_on_cluster(state)),
            ResourceUsage(worker.memory, worker.cpu, worker.gpu_memory, worker.gpus) if worker else ResourceUsage(),
            "" if worker and worker.result else self.place,
            worker.processes if worker else (),
            worker.base_so_far if worker else None,
        )

    @property
    def host(self) -> str:
        """Return the name of the machine that its worker was started on; empty if it is this one."""
        return host_of(read_json(self.files.worker))

    @property
    def created_at(self) -> float:
        """Return when the run was created, in seconds since the epoch."""
        try:
            return self.files.config.stat().st_mtime
        except OSError:
            return 0.0

    @property
    def place(self) -> str:
        """Return the name of the machine, or of the cluster's node, that it is trained on; empty if it is this one."""
        record = read_json(self.files.worker)
        return str((record or {}).get("node") or "") or host_of(record)

    def metrics(self, offset: int = 0) -> tuple[tuple[Step, ...], int]:
        """Return the steps after a byte offset, and the next offset."""
        return read_steps(self.files.metrics, offset)

    @property
    def metrics_mark(self) -> int:
        """Return an id of the metrics file, which changes when the run is resumed."""
        try:
            return self.files.metrics.stat().st_ino
        except OSError:
            return 0

    def request_stop(self) -> None:
        """Ask the worker to stop after the current step; the adapter trained so far is kept.

        Raises:
            RunError: the run's folder is not writable.
        """
        try:
            self.files.stop.touch()
        except OSError as error:
            raise RunError(f"Run {self.id} cannot be stopped: {error.strerror} at {self.folder}.") from error

    def adapter_folder(self) -> Path | None:
        """Return the newest complete adapter folder, also for running or interrupted runs."""
        return self.files.newest_adapter()

    def log_tail(self, lines: int = 40) -> str:
        """Return the last lines of the log."""
        try:
            with self.files.log.open("rb") as file:
                file.seek(max(0, self.files.log.stat().st_size - 400 * lines))
                return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _look(self) -> tuple[WorkerStatus | None, bool]:
        """Return the last status of the worker, and whether it is alive."""
        worker = self.files.read_status()
        if worker and worker.result:
            return worker, False
        if worker and worker.phase == "resuming" and started_process_lives(self.files):
            return worker, True
        lives = worker_lives(self.files)
        # Read after the lock: a worker that ended in between has left its last status.
        worker = self.files.read_status()
        if worker and not worker.result and not lives:
            lives = worker_lives(self.files)  # and one that began meanwhile holds it now
        return worker, lives

    def _state(self, worker: WorkerStatus | None, lives: bool, last: Step | None) -> tuple[State, str]:
        if worker and worker.result:
            return worker.result, worker.message
        if worker and lives:
            return self._living_state(worker)
        if worker is None and (lives or self._is_new() or started_process_lives(self.files)):
            return ("stopping", "Stopping") if self.files.stop.exists() else ("queued", "Starting the worker")
        return "interrupted", self._cause_of_death(worker, last)

    def _is_new(self) -> bool:
        """Return whether the worker may not have been started yet; checked first, as it can start at any time."""
        age = time.time() - self.created_at
        return not self.files.worker.exists() and abs(age) < STARTING_SECONDS  # abs: the clock may have been set back

    def _living_state(self, worker: WorkerStatus) -> tuple[State, str]:
        silent = self._silence(worker)
        suffix = f", on {place}" if (place := self.place) else ""
        suffix += f" (not responding for {silent:.0f} s)" if silent > SILENT_SECONDS else ""
        if self.files.stop.exists():
            return "stopping", ("Stopping after this step" if worker.phase == "training" else "Stopping") + suffix
        return ("queued" if worker.phase in ("queued", "resuming") else "running"), worker.message + suffix

    def _is_on_cluster(self, state: State) -> bool:
        """Return whether it may go on on a cluster while nobody here asks for it."""
        try:
            return state == "interrupted" and self.config.compute == "ray"
        except RunError:
            return False

    def _silence(self, worker: WorkerStatus) -> float:
        """Return the seconds since a worker's last heartbeat; another machine's clock is not compared with ours."""
        return silence(self.files.status) if self.host else time.time() - worker.heartbeat_at

    def _cause_of_death(self, worker: WorkerStatus | None, last: Step | None) -> str:
        try:
            _ = self.config
        except RunError as error:
            return str(error)
        kept = "The latest adapter is kept. " if self.adapter_folder() else ""
        if self._disk_is_full():
            way = f"Free some space and {self._way_on}."
            return f"The run ended {_reached(worker, last)}: the disk is full. {kept}{way}"
        way = f"{self._way_on[0].upper()}{self._way_on[1:]}."
        if self._is_on_cluster("interrupted"):
            return (
                f"The connection to the cluster ended {_reached(worker, last)}; the run may go on there. "
                "Resume it to connect again."
            )
        if host := self.host:
            return (
                f"The run was lost {_reached(worker, last)}: nothing was heard of its worker on {host} for "
                f"{LOST_SECONDS:.0f} s. {kept}{way}"
            )
        if worker and restarted_since(worker.heartbeat_at):
            return f"The run ended {_reached(worker, last)}: the machine restarted. {kept}{way}"
        if worker is None:
            return f"The worker process ended before it started the run.{self._last_words()} {way}"
        return (
            f"The worker process was killed {_reached(worker, last)}: out of memory, or ended by someone."
            f"{self._last_words()} {kept}{way}"
        )

    @property
    def _way_on(self) -> str:
        return "resume it" if self.files.checkpoint.exists() else "start it again"

    def _disk_is_full(self) -> bool:
        try:
            return shutil.disk_usage(self.folder).free < _FULL_DISK
        except OSError:
            return False

    def _last_words(self) -> str:
        lines = self.log_tail().strip().splitlines()
        return f" The log ends with “{lines[-1].strip()[:_LONGEST_QUOTE]}”." if lines else ""

    def _last_step(self) -> Step | None:
        """Return the newest step, read from the end of the metrics file."""
        try:
            size = self.files.metrics.stat().st_size
            with self.files.metrics.open("rb") as file:
                file.seek(max(0, size - _TAIL_BYTES))
                tail = file.read(min(size, _TAIL_BYTES))
        except OSError:
            return None
        start = 0 if size <= _TAIL_BYTES else size - _TAIL_BYTES + tail.find(b"\n") + 1
        steps, _offset = read_steps(self.files.metrics, start)
        return steps[-1] if steps else None


def _reached(worker: WorkerStatus | None, last: Step | None) -> str:
    """Return how far a run had progressed."""
    if last and last.step:
        return f"at step {last.step} of {last.total_steps}"
    return "while it was queued" if worker and worker.phase == "queued" else "before its first step"
