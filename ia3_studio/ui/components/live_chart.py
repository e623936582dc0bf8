"""How does training progress? The curves of a run as a component of the page.

Python sends only the points that are new (:func:`chart_delta`); the script keeps the others, draws them, and requests
all of them again (``resync``) when a message does not continue what it has. Zoom, smoothing and scale belong to the
page and stay as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from ia3_studio.training.config import Step

_HERE = Path(__file__).parent
_TEMPLATE = """
<div class="live-chart" data-words="WORDS" data-points="0" data-drawn="0" data-run="">
  <div class="empty">EMPTY</div>
  <div class="body" hidden>
    <dl class="figures"></dl>
    <p class="announced" role="status" aria-live="polite"></p>
    <div class="tools">
      <label><input type="checkbox" class="smooth" /><span></span></label>
      <label><input type="checkbox" class="log" /><span></span></label>
      <label><input type="checkbox" class="tabular" /><span></span></label>
      <button type="button" class="csv"></button>
    </div>
    <div class="main plot" role="group"></div>
    <div class="small">
      <div class="plot" role="group"></div><div class="plot" role="group"></div><div class="plot" role="group"></div>
    </div>
    <div class="rewards plot" role="group" hidden></div>
    <div class="table" role="region" tabindex="0" hidden></div>
  </div>
</div>
"""

WORDS: Mapping[str, Any] = {
    "empty": "No run yet. Start one to see its curves here.",
    "waiting": "Waiting for the first point, the held-out loss of the base model.",
    "nothing": "This run has no points: it ended before its first evaluation.",
    "loss": "training loss",
    "smoothed": "smoothed",
    "held_out": "held-out loss",
    "base": "base model",
    "base_so_far": "held-out loss of the base model so far",
    "loss_axis": "loss (nats per token)",
    "preference_axis": "preference loss",
    "rewards": "rewards of chosen and rejected answers (held-out rows with markers)",
    "rewards_axis": "reward",
    "reward_names": ["chosen", "rejected", "chosen, held out", "rejected, held out"],
    "step_axis": "optimizer step",
    "charts": [
        "Loss chart",
        "Learning rate chart",
        "Gradient norm chart",
        "Tokens per second chart",
        "Rewards chart",
    ],
    "small": ["learning rate", "gradient norm", "tokens per second"],
    "smooth": "Smooth",
    "log": "Log scale",
    "tabular": "Table",
    "csv": "Download CSV",
    "table": "Latest steps of this run",
    "columns": [
        "step",
        "training loss",
        "held-out loss",
        "learning rate",
        "gradient norm",
        "tokens/s",
        "seconds",
        "epoch",
        "chosen reward",
        "rejected reward",
        "reward accuracy",
        "held-out chosen reward",
        "held-out rejected reward",
        "held-out reward accuracy",
    ],
    "figures": ["step", "epoch", "training loss", "held-out loss", "tokens/s", "elapsed", "remaining"],
    "from_base": "base {base}",
    "so_far": "so far",
    "announced": "Step {step} of {total}. Training loss {loss}, held-out loss {held_out}. Remaining time {left}.",
    "announced_last": "The run has ended at step {step} of {total}. Training loss {loss}, held-out loss {held_out}.",
}
"""The strings of the component."""


COLUMNS = (
    "step", "loss", "held_out", "learning_rate", "grad_norm", "tokens_per_second", "seconds", "epoch", "chosen_reward",
    "rejected_reward", "reward_accuracy", "held_out_chosen_reward", "held_out_rejected_reward",
    "held_out_reward_accuracy",
)  # fmt: skip
"""The fields of a step in the order of a point, which the script relies on."""
ALWAYS = 8
"""How many of them every point has; those after them, of preferences, are sent up to the last that is known."""


class LiveChart(gr.HTML):
    """Curves of one run: losses, learning rate, gradient norm, speed.

    ``value`` is the newest message of :func:`chart_delta`. Listen to ``resync`` and respond with all points.
    """

    def __init__(self, words: Mapping[str, Any] = WORDS, **settings: Any) -> None:
        strings = {**WORDS, **words}
        super().__init__(
            value="",
            # In the markup, not a property: an update of a chart in a tab never opened may replace all properties.
            html_template=_TEMPLATE.replace("WORDS", escape(json.dumps(strings))).replace(
                "EMPTY", escape(strings["empty"])
            ),
            css_template=(_HERE / "live_chart.css").read_text(encoding="utf-8"),
            js_on_load=(_HERE / "live_chart.js").read_text(encoding="utf-8"),
            head=plotly_head(),
            apply_default_css=False,
            **settings,
        )


def plotly_head() -> str:
    """Return the script tag of the installed package's plotly.js; **the file is made public**.

    The address is relative, so that it works behind a proxy that adds a prefix.
    """
    import plotly

    script = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").resolve()
    gr.set_static_paths([script])
    return f'<script src="gradio_api/file={quote(script.as_posix())}"></script>'


def chart_delta(
    run_id: str,
    steps: Sequence[Step],
    start: int,
    total_steps: int,
    active: bool,
    elapsed: float | None = None,
    base_so_far: float | None = None,
) -> str:
    """Return the message that updates a chart with ``start`` points; empty for no run.

    Numbers that are not finite become null, which the chart does not draw.

    Args:
        run_id: the run's.
        steps: the new ones.
        start: how many points the chart has.
        total_steps: of the run.
        active: whether it is trained.
        elapsed: its training time in seconds, also of what was lost and repeated; by default that of the newest step.
        base_so_far: the base model's mean loss over the held-out rows measured so far, drawn until there is a point.
    """
    if not run_id:
        return ""
    points = [_point(step) for step in steps]
    message = {
        "run": run_id, "from": start, "points": points, "total_steps": total_steps, "active": active,
        "elapsed": None if elapsed is None else round(elapsed), "base_so_far": _finite(base_so_far),
    }  # fmt: skip
    return json.dumps(message, allow_nan=False, separators=(",", ":"))


def _point(step: Step) -> list[float | None]:
    values = [_finite(getattr(step, name)) for name in COLUMNS]
    known = max((place for place, value in enumerate(values) if value is not None), default=0)
    return values[: max(ALWAYS, known + 1)]


def _finite(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")
