"""A worker whose job learns nothing: python -m tests.runs.fake_worker FOLDER MODE."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

from ia3_studio.errors import DataError, ModelError, TrainingError
from ia3_studio.models.progress import ProgressCallback
from ia3_studio.runs.run import Run
from ia3_studio.training.config import Step
from ia3_studio.training.objective import Measuring
from ia3_studio.training.report import Progress
from ia3_studio.worker.worker import work

STEPS = 6
MANY_STEPS = 60


class FakeJob:
    def __init__(self, folder: Path, mode: str) -> None:
        self.folder = folder
        self.mode = mode
        self.learned = "learned"
        self.measuring: Measuring | None = None

    def prepare(self, say: ProgressCallback) -> None:
        say(0.5, "Halfway prepared")
        if self.mode == "bad data":
            raise DataError("rows.csv is empty; give a file with at least two rows.")
        if self.mode == "defect":
            raise KeyError("secret detail")
        if self.mode == "model gone":
            raise ModelError("The model is not there at the moment.")
        if self.mode == "no memory":
            raise MemoryError
        if self.mode == "no memory for a tensor":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")
        while self.mode == "endless preparation":
            say(None, "Still preparing")
            time.sleep(0.02)

    def steps(self, is_stopping: Callable[[], bool]) -> Generator[Step, None, None]:
        kept = self.folder / "checkpoint.safetensors"
        first = int(kept.read_text()) + 1 if kept.exists() else 0
        self.measuring = Measuring(0.4, 2.5) if self.mode == "endless base" else None
        while self.mode == "endless base" and not is_stopping():
            time.sleep(0.02)
        if self.mode == "steady":  # many steps of some milliseconds, with a kill at any moment
            yield from self.steadily(first)
            return
        for number in range(first, STEPS + 1):
            self.number = number
            if self.mode == "full" and number == 3 and not first:
                raise OSError(errno.ENOSPC, "No space left on device")
            if self.mode == "killed" and number == 3 and not first:
                os.kill(os.getpid(), 9)
            if self.mode == "diverging" and number == 3:
                self.learned = "the last good vectors"
                raise TrainingError("At step 3 the loss was no longer a number.")
            yield Step(number, STEPS, number / STEPS, 1.0, 1.0 if number % 2 == 0 else None, 0.1, 0.1, number, 0.1, 1.0)
            if self.mode == "endless end" and number == STEPS - 1:
                (
                    self.folder / "in the last step"
                ).touch()  # the stop that was looked for behind the step before is past
            while self.mode == "endless end" and number == STEPS - 1 and not is_stopping():
                time.sleep(0.02)
            self.measuring = Measuring(0.25, 2.5) if self.mode == "endless" and number == 3 else None
            while self.mode == "endless" and number == 3 and not first and not is_stopping():
                time.sleep(0.02)
            time.sleep(0.02)

    def steadily(self, first: int) -> Generator[Step, None, None]:
        for number in range(first, MANY_STEPS + 1):
            self.number = number
            measured = 1.0 if number % 3 == 0 else None
            yield Step(number, MANY_STEPS, number / MANY_STEPS, 1.0, measured, 0.1, 0.1, number, 0.1, 1.0)
            time.sleep(0.004)

    def checkpoint(self, path: Path) -> None:
        unfinished = path.with_suffix(".part")
        unfinished.write_text(str(self.number))
        unfinished.replace(path)  # as the real one: whole or not at all

    def evaluate(self, folder: Path) -> Generator[Progress, None, None]:
        if self.mode == "no memory to evaluate":
            raise MemoryError
        for done in range(1, 3):
            yield Progress(done, 2)
            if self.mode == "killed while measuring" and not (self.folder / "again").exists():
                (self.folder / "again").touch()
                os.kill(os.getpid(), 9)
            while self.mode == "endless measuring":
                time.sleep(0.02)
                yield Progress(done, 2)
        (folder / "evaluation.json").write_text("{}")

    def save(self, folder: Path) -> None:
        (folder / "adapter.txt").write_text(self.learned)
        if self.mode == "full while saving":
            raise RuntimeError("I/O error: No space left on device (os error 28)")


def main() -> int:
    folder = Path(sys.argv[1])
    work(Run(folder), FakeJob(folder, sys.argv[2]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
