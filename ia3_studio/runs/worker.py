"""How is a run worked on? In a process of its own, which tells everything through the run's folder.

python -m ia3_studio.runs.worker FOLDER
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from ia3_studio.errors import StudioError
from ia3_studio.runs.folder import StatusFile, step_line
from ia3_studio.runs.process import record_worker
from ia3_studio.runs.run import Run
from ia3_studio.runs.store import RunStore
from ia3_studio.training.config import Step

HEARTBEAT_SECONDS = 2.0
QUEUE_SECONDS = 0.5
"""How often a waiting worker looks whether it is its turn."""

Say = Callable[[float | None, str], None]
"""Tells how far a preparation is: share done where known, and a sentence."""


class Job(Protocol):
    """What a worker works on."""

    def prepare(self, say: Say) -> None:
        """Load model and data; tell how far it is."""

    def steps(self) -> Iterator[Step]:
        """Train, yielding each step."""

    def save(self, folder: Path) -> None:
        """Write what has been learned so far as an adapter folder."""


class _Stopped(Exception):
    """Somebody asked the run to stop."""


def work(run: Run, job: Job) -> None:
    """Work on a run until it ends, however it ends. Returns at once when another process works on it."""
    try:
        with FileLock(run.files.lock, timeout=0):
            record_worker(run.files, os.getpid())
            _Worker(run, job).work()
    except Timeout:
        return


class _Worker:
    """One run being worked on."""

    def __init__(self, run: Run, job: Job) -> None:
        self.run = run
        self.job = job
        self.status = StatusFile(run.files, time.time)
        self.step = 0

    def work(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.run.request_stop())
        with self._heartbeat():
            try:
                with self._turn():
                    self._train()
            except _Stopped:
                self._end_stopped()
            except Exception as error:  # the boundary of the run: every end is written down
                traceback.print_exc()
                self.status.say("ended", _explain(error), result="failed")

    def _train(self) -> None:
        self.status.say("preparing", "Preparing")
        self.job.prepare(self._say_preparing)
        self._check_stop()
        self.status.say("training", "Measuring the base model")
        with self.run.files.metrics.open("a", encoding="utf-8") as metrics:
            for step in self.job.steps():
                metrics.write(step_line(step))
                metrics.flush()
                self._after(step)
                self._check_stop()
        self.status.say("saving", "Saving the adapter")
        self._keep_adapter()
        self.status.say("ended", f"Finished after {self.step} steps", result="finished")

    def _after(self, step: Step) -> None:
        self.step = step.step
        if step.step and step.held_out is not None:
            self._keep_adapter()
        share = step.step / step.total_steps
        self.status.say("training", f"Training: step {step.step} of {step.total_steps}", share)

    def _end_stopped(self) -> None:
        if self.step:
            self._keep_adapter()
            sentence = f"Stopped after step {self.step}; the adapter learned so far is kept"
        else:
            sentence = "Stopped before the first step; nothing was learned yet"
        self.status.say("ended", sentence, result="stopped")

    def _keep_adapter(self) -> None:
        self.run.files.keep_adapter(self.step, self.job.save)

    def _say_preparing(self, share: float | None, sentence: str) -> None:
        self._check_stop()
        self.status.say("preparing", sentence, share)

    def _check_stop(self) -> None:
        if self.run.files.stop.exists():
            raise _Stopped

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until no other run of this folder trains; older runs go first."""
        store = RunStore(self.run.folder.parent)
        turn = FileLock(store.root / ".turn.lock")
        self.status.say("waiting", "Waiting for its turn")
        while True:
            self._check_stop()
            ahead = _ahead_of(self.run, store)
            if not ahead:
                try:
                    turn.acquire(timeout=0)
                    break
                except Timeout:
                    pass
            self.status.say(
                "waiting", f"Waiting for {ahead} other run{'s' if ahead != 1 else ''}" if ahead else "Waiting"
            )
            time.sleep(QUEUE_SECONDS)
        try:
            yield
        finally:
            turn.release()

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        done = threading.Event()

        def beat() -> None:
            while not done.wait(HEARTBEAT_SECONDS):
                try:
                    self.status.beat()
                except OSError:
                    traceback.print_exc()  # a full disk: the work itself will tell

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _ahead_of(run: Run, store: RunStore) -> int:
    """Return how many older runs wait or work."""
    return sum(other.status().active for other in store.list() if other.id < run.id)


def _explain(error: Exception) -> str:
    """Return the sentence for the person at the screen."""
    if isinstance(error, StudioError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full; free some space and start the run again. What was saved before is kept."
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return "Memory ran out; lower the batch size, the row length or the micro-batch tokens and start the run again."
    return f"The run ended with an unexpected {type(error).__name__}; the log shows where."


def main(arguments: list[str] | None = None) -> int:
    """Work on the run in the folder given as the only argument."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("usage: python -m ia3_studio.runs.worker FOLDER", file=sys.stderr)
        return 2
    from ia3_studio.runs.job import TrainingJob

    run = Run(Path(given[0]).resolve())
    work(run, TrainingJob(run))
    return 0


if __name__ == "__main__":
    sys.exit(main())
