"""How is a run executed? In its own process, which communicates through the run's folder.

python -m ia3_studio.worker [--now] FOLDER
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from filelock import BaseFileLock, FileLock, Timeout

from ia3_studio.atomic import remove_abandoned
from ia3_studio.errors import RowMemoryError, StudioError, TrainingError
from ia3_studio.models.out_of_memory import give_memory_back, is_out_of_memory
from ia3_studio.runs.folder import ResourceUsage, StatusFile, step_line
from ia3_studio.runs.process import record_worker
from ia3_studio.runs.queue import Queue, free_slot
from ia3_studio.runs.run import Run
from ia3_studio.training.config import Step
from ia3_studio.worker.endings import explain
from ia3_studio.worker.heartbeat import beating

if TYPE_CHECKING:
    from ia3_studio.training.report import Progress
    from ia3_studio.worker.job import Job

QUEUE_SECONDS = 0.5
"""Polling interval of a queued worker in seconds."""
LOCK_SECONDS = 1.0
"""Seconds a worker tries to acquire its run's lock, which status readers hold briefly."""
CHECKPOINT_SECONDS = 60.0
"""Maximum seconds of work lost by a kill. A checkpoint of 57,600 parameters takes about 3 ms to write, rarely 7."""
TELLING_SECONDS = 0.5
"""Between two words on how far a measurement is."""
NOW = "--now"
"""Tells a worker not to wait for other runs: whoever started it has given it its turn."""
ATTACHED = "--attached"
"""Tells a worker to end with the process that started it, wherever that dies."""


EVALUATING_BASE = "Evaluating the base model"
EVALUATING = "Evaluating the base and the tuned model"


class Stopped(BaseException):
    """The run was asked to stop. Not an Exception, so that it is not handled as a failure."""


class Superseded(BaseException):
    """Another worker has taken over the run, whose folder is its own now."""


class _Paused(BaseException):
    """The time limit is reached: the run resumes later from its checkpoint."""


def work(
    run: Run, job: Job, *, seconds: float | None = None, waits: bool = True, worker: type[Worker] | None = None
) -> None:
    """Execute a run until it ends.

    Returns immediately if another process executes or has executed it.

    Args:
        run: the run.
        job: the job.
        seconds: training time after which to pause with a checkpoint; None for no limit.
        waits: for runs that are ahead in the queue, and for one of the slots.
        worker: another kind of worker.
    """
    try:
        held = FileLock(run.files.lock).acquire(timeout=LOCK_SECONDS, poll_interval=0.02)
    except Timeout:
        return
    with held:
        status = run.files.read_status()
        if status is None or status.phase == "resuming":
            record_worker(run.files, os.getpid())
            remove_abandoned(run.folder)
            kind, earlier = worker or Worker, status.earlier_seconds if status else 0.0
            kind(run, job, earlier, seconds, waits).work()


class Worker:
    """One run in execution.

    Args:
        run: the run.
        job: what is to be done.
        earlier_seconds: training time before the run was last resumed.
        seconds: training time after which to pause.
        waits: for its turn.
    """

    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM, signal.SIGINT)
    """Signals that ask the run to stop."""

    def __init__(
        self, run: Run, job: Job, earlier_seconds: float, seconds: float | None = None, waits: bool = True
    ) -> None:
        self.run = run
        self.job = job
        self.waits = waits
        self.status = StatusFile(run.files, time.time, earlier_seconds)
        self.since = self.step = run.status().step
        """The step it resumes from; 0 for a new run."""
        self.share: float | None = None
        """The share of the steps that is done; None before the first is told."""
        self.kept = 0
        """The step of the last saved adapter; 0 if there is none."""
        self.is_saving = False
        """Whether an adapter or a checkpoint is being written, or could not be."""
        self.gave_up = False
        """Whether evaluation of the newest step was skipped because of a stop."""
        self.told_at = float("-inf")
        """Time at which it was last told how far a measurement is, by the monotonic clock."""
        self.checked_at = time.monotonic()
        """Time of the newest checkpoint."""
        self.terminated = threading.Event()
        self.seconds = seconds
        """Training seconds after which to pause."""
        self.until = float("inf")
        """That deadline, by the monotonic clock."""

    def work(self) -> None:
        """Execute the run until it ends, and write down how it ended."""
        if threading.current_thread() is threading.main_thread():
            for number in self.stop_signals:
                signal.signal(number, lambda *_: self._terminate())
        with beating(self._beat_if_ours):
            try:
                try:
                    with self._turn():
                        self._train()
                except Stopped:
                    self._end_stopped()
                except _Paused:
                    self._pause()
                except Superseded:
                    print("Another worker has taken over this run; nothing more is written here.")
            except Exception as error:  # the boundary of the run: every end is written down, also a failed stop
                self._end_failed(error)

    def _train(self) -> None:
        self.status.write_status("preparing", "Preparing")
        self._prepare()
        self.status.write_status("training", EVALUATING_BASE)
        with (
            self.run.files.metrics.open("a", encoding="utf-8") as metrics,
            closing(self.job.steps(self._gives_up)) as steps,
        ):
            for step in steps:
                self._require_ours()
                metrics.write(step_line(step))
                metrics.flush()
                self._after(step)
                if step.step < step.total_steps:  # behind the last one everything is learned: the run has finished
                    self._between_steps()
        self._after_steps()
        self.status.write_status("saving", "Saving the adapter")
        self._keep_adapter()
        self.status.write_status("evaluating", EVALUATING, 0.0)
        self._measure()
        self.run.files.checkpoint.unlink(missing_ok=True)  # nothing is left to go on with
        self.status.write_status("ended", f"Finished after {self.step} steps", result="finished")

    def _prepare(self) -> None:
        self.job.prepare(self._write_preparing)
        self._check_stop()

    def _between_steps(self) -> None:
        self._check_stop()
        self._check_time()

    def _after_steps(self) -> None:
        """Do what is to be done when training has ended, before anything is saved."""

    def _measure(self) -> None:
        """Evaluate the adapter; skipped after a stop, as training is complete and saved."""
        with closing(self.job.evaluate(self.run.folder)) as work:
            for progress in work:
                self._tell_progress(progress)
                if self._is_stopping():
                    return

    def _tell_progress(self, progress: Progress) -> None:
        share = progress.done / progress.total
        self.status.write_status("evaluating", EVALUATING, share)

    def _tell_measuring(self) -> None:
        """Write how far a measurement of the held-out rows is, which takes long where they are many."""
        measuring = self.job.measuring
        if measuring is None or time.monotonic() - self.told_at < TELLING_SECONDS:
            return
        self.told_at = time.monotonic()
        if self.share is None and not self.since:
            self.status.write_status("training", EVALUATING_BASE, measuring.done, base_so_far=measuring.loss)
        else:
            said = f"Evaluating the held-out rows after step {self.step + 1}: {measuring.done:.0%}"
            self.status.write_status("training", said, self.share)

    def _after(self, step: Step) -> None:
        self.step = step.step
        if step.note:
            print(f"step {step.step}: {step.note}")
        if step.step and step.held_out is not None:
            self._keep_adapter()
        if step.step and (step.held_out is not None or time.monotonic() - self.checked_at > CHECKPOINT_SECONDS):
            self._keep_checkpoint()
        self.share = step.step / step.total_steps
        self.status.write_status("training", f"Training: step {step.step} of {step.total_steps}", self.share)

    def _end_stopped(self) -> None:
        if self.step > self.since:
            self._keep_adapter()
            self._keep_checkpoint()
        if self.step:
            message = f"Stopped after step {self.step}; the adapter trained so far is kept"
        else:
            message = "Stopped before the first step; nothing was trained"
        self.status.write_status("ended", message, result="stopped")

    def _end_failed(self, error: Exception) -> None:
        with suppress(OSError):  # on a full disk the log cannot be written either
            traceback.print_exception(error)
        try:
            if isinstance(error, TrainingError) and not isinstance(error, RowMemoryError):
                self.run.files.checkpoint.unlink(missing_ok=True)  # the same settings and rows would fail again
            if self.step > self.since and isinstance(error, StudioError):
                self.kept = 0  # training took back its last good vectors: they replace those of this step
                self._keep_adapter()
        finally:
            way_on = "resume it" if self.run.files.checkpoint.exists() else "start the run again"
            phase = "saving" if self.is_saving else self.status.phase
            self.status.write_status("ended", explain(error, way_on, phase), result="failed")

    def _keep_adapter(self) -> None:
        if self.kept != self.step:
            self._save(partial(self.run.files.keep_adapter, self.step, self.job.save))
            self.kept = self.step

    def _keep_checkpoint(self) -> None:
        if self.gave_up and self.run.files.checkpoint.exists():
            return  # behind a step that was not measured, the lowest held-out loss could be another
        self._save(partial(self.job.checkpoint, self.run.files.checkpoint))
        self.checked_at = time.monotonic()

    def _save(self, save: Callable[[], None]) -> None:
        """Save something; where memory runs out, once more without what earlier passes have left in it."""
        self.is_saving, is_full = True, False
        try:
            save()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            is_full = True
        if is_full:  # outside of the except block: the error holds on to what it had
            give_memory_back()
            save()
        self.is_saving = False

    def _write_preparing(self, share: float | None, message: str) -> None:
        self._check_stop()
        self.status.write_status("preparing", message, share)

    def _check_time(self) -> None:
        if self.seconds is not None and self.until == float("inf"):
            self.until = time.monotonic() + self.seconds
        elif self.step > self.since and time.monotonic() > self.until:
            raise _Paused

    def _pause(self) -> None:
        """Write a checkpoint, and the waiting status."""
        self.gave_up = False
        self._keep_adapter()
        self._keep_checkpoint()
        self.status.pause(f"Waiting for the GPU after step {self.step}")

    def _check_stop(self) -> None:
        self._require_ours()
        if self._is_stopping():
            raise Stopped

    def _is_ours(self) -> bool:
        """Return whether no worker on another machine has taken over while this one was cut off from the folder."""
        return not self.run.host

    def _require_ours(self) -> None:
        if not self._is_ours():
            raise Superseded

    def _is_stopping(self) -> bool:
        return self.terminated.is_set() or self.run.files.stop.exists()

    def _gives_up(self) -> bool:
        self._tell_measuring()
        self.gave_up = self._is_stopping()
        return self.gave_up

    def _terminate(self) -> None:
        self.terminated.set()
        with suppress(OSError):
            self.run.files.stop.touch()  # for those who read the status

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until this run is next in the queue and a slot is free."""
        self.status.write_status("queued", "Queued")
        if not self.waits:
            yield
            return
        slot = self._wait_for_slot(Queue(self.run))
        try:
            yield
        finally:
            slot.release()

    def _wait_for_slot(self, queue: Queue) -> BaseFileLock:
        while True:
            self._check_stop()
            ahead = queue.ahead()
            if not ahead and (slot := free_slot(self.run.folder.parent)):
                return slot
            self.status.write_status("queued", _waiting_for(len(ahead)))
            time.sleep(QUEUE_SECONDS)

    def _beat(self, usage: ResourceUsage) -> None:
        self.status.beat(usage)

    def _beat_if_ours(self, usage: ResourceUsage) -> None:
        if self._is_ours():
            self._beat(usage)


def _waiting_for(others: int) -> str:
    if not others:
        return "Queued"
    return f"Queued: waiting for {others} other run{'s' if others > 1 else ''}"
