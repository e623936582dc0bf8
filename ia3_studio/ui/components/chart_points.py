"""Which points does a page's chart not have yet? One message of new steps."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from ia3_studio.training.config import Step

COLUMNS = ("step", "loss", "held_out", "learning_rate", "grad_norm", "tokens_per_second", "seconds", "epoch")
"""The fields of a step in the order of a point; the script counts on it."""


def chart_delta(run_id: str, steps: Sequence[Step], start: int, total_steps: int, active: bool) -> str:
    """Return the message that brings a chart from ``start`` points up to date; "" for no run.

    Numbers that are not finite become null, which the chart leaves out.
    """
    if not run_id:
        return ""
    points = [[_plain(getattr(step, name)) for name in COLUMNS] for step in steps]
    message = {"run": run_id, "from": start, "points": points, "total_steps": total_steps, "active": active}
    return json.dumps(message, allow_nan=False, separators=(",", ":"))


def _plain(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")
