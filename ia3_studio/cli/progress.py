"""How is a run's progress printed, a line whenever it changes?"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from dataclasses import asdict
from statistics import median

from ia3_studio.cli.codes import DONE, ENDED_BADLY
from ia3_studio.runs import Run, RunStatus
from ia3_studio.training.config import Step

LOOK_SECONDS = 1.0
RECENT, FEW = 10, 5
"""Steps, and held-out losses, whose times estimate the remaining time: a resumed run may be faster than it was."""


class Pace:
    """How long the newest steps of a run took, as the chart of the page has it."""

    def __init__(self) -> None:
        self.last: Step | None = None
        """The newest step."""
        self._plain: deque[float] = deque(maxlen=RECENT)
        self._evaluated: deque[float] = deque(maxlen=FEW)
        self._base = 0.0
        """Seconds of the base model's held-out loss."""

    def add(self, step: Step) -> None:
        """Take the next step of the run."""
        if self.last is not None:
            (self._plain if step.held_out is None else self._evaluated).append(step.seconds - self.last.seconds)
        elif step.step == 0 and step.held_out is not None:
            self._base = step.seconds
        self.last = step

    def seconds_left(self, eval_steps: int) -> int | None:
        """Return the estimated seconds for the remaining steps; None before step 2.

        Args:
            eval_steps: steps from one held-out loss to the next.
        """
        if self.last is None or self.last.step < 2 or not (self._plain or self._evaluated):
            return None
        step, total = self.last.step, self.last.total_steps
        typical = median(self._plain or self._evaluated)
        extra = max(0.0, median(self._evaluated) - typical) if self._evaluated and self._plain else self._base
        due = math.ceil(total / eval_steps) - step // eval_steps if step < total and self._plain else 0
        return round((total - step) * typical + due * extra)


def watch(run: Run, *, as_json: bool) -> int:
    """Print a run's progress until it ends; return the exit code."""
    said, offset = "", 0
    pace, mark = Pace(), run.metrics_mark
    while True:
        status = run.status()
        if mark != run.metrics_mark:  # taken back to a checkpoint
            pace, offset, mark = Pace(), 0, run.metrics_mark
        steps, offset = run.metrics(offset)
        for step in steps:
            pace.add(step)
        left = pace.seconds_left(run.config.train.eval_steps) if status.active else None
        line = json.dumps(_document(run, status, pace.last, left)) if as_json else _line(run, status, pace.last, left)
        if line != said:
            print(line, flush=True)
            said = line
        if not status.active:
            return ENDED_BADLY if status.state in ("failed", "interrupted") else DONE
        time.sleep(LOOK_SECONDS)


def _document(run: Run, status: RunStatus, last: Step | None, left: int | None) -> dict[str, object]:
    return {
        "run": run.id, "name": run.name, "state": status.state, "message": status.message, "step": status.step,
        "total_steps": status.total_steps, "loss": last.loss if last else None,
        "tokens_per_second": last.tokens_per_second if last else None, "seconds": round(status.seconds),
        "seconds_left": left, "memory": status.usage.memory, "cpu": round(status.usage.cpu, 2),
        "gpu_memory": status.usage.gpu_memory, "gpus": round(status.usage.gpus, 2),
        "processes": [asdict(each) for each in status.processes],
    }  # fmt: skip


def _line(run: Run, status: RunStatus, last: Step | None, left: int | None) -> str:
    parts = [f"{run.name}: {status.message}"]
    if last and last.loss is not None:
        parts.append(f"loss {last.loss:.3f}")
    if status.active and last and last.step:
        parts.append(f"{last.tokens_per_second:.0f} tokens/s")
        parts += [f"{left // 60:.0f}:{left % 60:02.0f} left"] if left is not None else []
        use = status.usage
        parts.append(f"{use.memory / 1e9:.1f} GB, {use.cpu:.1f} cores")
        parts += [f"{use.gpu_memory / 1e9:.1f} GB of GPU memory, {use.gpus:.1f} GPUs"] if use.gpu_memory else []
    return ", ".join(parts)
