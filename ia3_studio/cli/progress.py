"""How is a run's progress printed, a line whenever it changes?"""

from __future__ import annotations

import json
import time

from ia3_studio.cli.codes import DONE, ENDED_BADLY
from ia3_studio.runs import Run, RunStatus
from ia3_studio.training.config import Step

LOOK_SECONDS = 1.0


def watch(run: Run, *, as_json: bool) -> int:
    """Print a run's progress until it ends; return the exit code."""
    said, offset = "", 0
    last: Step | None = None
    while True:
        status = run.status()
        steps, offset = run.metrics(offset)
        last = steps[-1] if steps else last
        line = json.dumps(_document(run, status, last)) if as_json else _line(run, status, last)
        if line != said:
            print(line, flush=True)
            said = line
        if not status.active:
            return ENDED_BADLY if status.state in ("failed", "interrupted") else DONE
        time.sleep(LOOK_SECONDS)


def _document(run: Run, status: RunStatus, last: Step | None) -> dict[str, object]:
    return {
        "run": run.id, "name": run.name, "state": status.state, "message": status.message, "step": status.step,
        "total_steps": status.total_steps, "loss": last.loss if last else None,
        "tokens_per_second": last.tokens_per_second if last else None, "seconds": round(status.seconds),
        "seconds_left": seconds_left(status, last), "memory": status.usage.memory, "cpu": round(status.usage.cpu, 2),
        "gpu_memory": status.usage.gpu_memory,
    }  # fmt: skip


def _line(run: Run, status: RunStatus, last: Step | None) -> str:
    parts = [f"{run.name}: {status.message}"]
    if last and last.loss is not None:
        parts.append(f"loss {last.loss:.3f}")
    if status.active and last and last.step:
        parts.append(f"{last.tokens_per_second:.0f} tokens/s")
        left = seconds_left(status, last)
        parts += [f"{left // 60:.0f}:{left % 60:02.0f} left"] if left is not None else []
        parts.append(f"{status.usage.memory / 1e9:.1f} GB, {status.usage.cpu:.1f} cores")
    return ", ".join(parts)


def seconds_left(status: RunStatus, last: Step | None) -> int | None:
    """Return the estimated seconds for the remaining steps; None before step 2."""
    if not status.active or not last or last.step < 2:
        return None
    return round(last.seconds / last.step * (last.total_steps - last.step))
