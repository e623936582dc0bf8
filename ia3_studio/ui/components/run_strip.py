"""What is the selected run doing, on every tab?

A narrow bar: state, sentence, progress, the choice of run and a Stop button. Python sends one JSON string; the script
updates only what changed, so that the focus and an open list of runs survive every poll.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.ui import text

_HERE = Path(__file__).parent
_TEMPLATE = f"""
<div class="strip" hidden>
  <span class="dot" aria-hidden="true"></span>
  <div class="words"><p class="sentence"></p><p class="announced" role="status"></p>
    <progress max="1" value="0" aria-label="{text.PROGRESS}"></progress></div>
  <label class="pick"><span>{text.CURRENT_RUN}</span><select aria-label="{text.CURRENT_RUN_ARIA}"></select></label>
  <span class="links" hidden>
    <button type="button" data-tab="scales">{text.OPEN_SCALES}</button>
    <button type="button" data-tab="chat">{text.OPEN_CHAT}</button>
  </span>
  <button type="button" class="notify" hidden>{text.NOTIFY}</button>
  <button type="button" class="stop" data-stop="{text.STOP_RUN}"
    data-stopping="{text.STOPPING_RUN}">{text.STOP_RUN}</button>
</div>
"""


@dataclass(frozen=True)
class Choice:
    """One run or imported adapter that can be selected."""

    key: str
    label: str
    group: str


@dataclass(frozen=True)
class StripView:
    """What the strip shows."""

    state: str
    """A run's state, or "import"; empty hides the strip."""
    sentence: str
    fraction: float | None
    """Progress from 0 to 1; None if it is unknown or nothing runs."""
    stoppable: bool
    selected: str
    """The key of the selected run; empty for none."""
    choices: Sequence[Choice]
    has_adapter: bool = False
    """Whether an ended run, or an import, has scales to see and can respond."""

    def to_json(self) -> str:
        """Return the value of the component."""
        return json.dumps(asdict(self))


class RunStrip(gr.HTML):
    """The bar above the tabs.

    Events: ``choose`` (with the ``key`` of a run), ``follow`` (with the id of the ``tab`` of a link), ``halt``, and
    ``visibility`` (with whether the browser tab is ``hidden``).
    """

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(
            value=value,
            html_template=_TEMPLATE,
            css_template=(_HERE / "run_strip.css").read_text(encoding="utf-8"),
            js_on_load=(_HERE / "run_strip.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )
