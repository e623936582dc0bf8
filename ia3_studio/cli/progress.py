"""How is a run's progress printed, a line whenever it changes?"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from statistics import median

from ia3_studio.cli.codes import DONE, ENDED_BADLY
from ia3_studio.runs import Run, RunStatus
from ia3_studio.training.config import Step

LOOK_SECONDS = 1.0
RECENT = 30
"""Steps whose times estimate the remaining time, as the chart of the page does."""


def watch(run: Run, *, as_json: bool) -> int:
    """Print a run's progress until it ends; return the exit code."""
    said, offset = "", 0
    recent: Sequence[Step] = ()
    mark = run.metrics_mark
    while True:
        status = run.status()
        if mark != run.metrics_mark:  # taken back to a checkpoint
            recent, offset, mark = (), 0, run.metrics_mark
        steps, offset = run.metrics(offset)
        recent = (*recent, *steps)[-RECENT - 1 :]
        line = json.dumps(_document(run, status, recent)) if as_json else _line(run, status, recent)
        if line != said:
            print(line, flush=True)
            said = line
        if not status.active:
            return ENDED_BADLY if status.state in ("failed", "interrupted") else DONE
        time.sleep(LOOK_SECONDS)


def _document(run: Run, status: RunStatus, recent: Sequence[Step]) -> dict[str, object]:
    last = recent[-1] if recent else None
    return {
        "run": run.id, "name": run.name, "state": status.state, "message": status.message, "step": status.step,
        "total_steps": status.total_steps, "loss": last.loss if last else None,
        "tokens_per_second": last.tokens_per_second if last else None, "seconds": round(status.seconds),
        "seconds_left": seconds_left(status, recent), "memory": status.usage.memory, "cpu": round(status.usage.cpu, 2),
        "gpu_memory": status.usage.gpu_memory, "gpus": round(status.usage.gpus, 2),
        "processes": [asdict(each) for each in status.processes],
    }  # fmt: skip


def _line(run: Run, status: RunStatus, recent: Sequence[Step]) -> str:
    last = recent[-1] if recent else None
    parts = [f"{run.name}: {status.message}"]
    if last and last.loss is not None:
        parts.append(f"loss {last.loss:.3f}")
    if status.active and last and last.step:
        parts.append(f"{last.tokens_per_second:.0f} tokens/s")
        left = seconds_left(status, recent)
        parts += [f"{left // 60:.0f}:{left % 60:02.0f} left"] if left is not None else []
        use = status.usage
        parts.append(f"{use.memory / 1e9:.1f} GB, {use.cpu:.1f} cores")
        parts += [f"{use.gpu_memory / 1e9:.1f} GB of GPU memory, {use.gpus:.1f} GPUs"] if use.gpu_memory else []
    return ", ".join(parts)


def seconds_left(status: RunStatus, recent: Sequence[Step]) -> int | None:
    """Return the estimated seconds for the remaining steps; None before step 2.

    Steps before the newest ones do not count: the run may have been resumed on another machine since.

    Args:
        status: of the run.
        recent: its newest steps.
    """
    if not status.active or len(recent) < 2 or recent[-1].step < 2:
        return None
    last, times = recent[-1], [after.seconds - before.seconds for before, after in pairwise(recent)]
    evaluated = [took for took, step in zip(times, recent[1:], strict=True) if step.held_out is not None]
    plain = [took for took, step in zip(times, recent[1:], strict=True) if step.held_out is None]
    typical = median(plain or evaluated)
    # A held-out loss takes its time as often as among the newest steps.
    extra = (median(evaluated) - typical) * len(evaluated) / len(times) if evaluated else 0.0
    return round((typical + max(0.0, extra)) * (last.total_steps - last.step))
