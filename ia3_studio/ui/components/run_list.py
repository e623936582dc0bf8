"""Which runs are there, and what are their results?

A table of buttons: a click selects that run on every tab. Python sends one JSON string of formatted rows; the script
rebuilds the body only if the rows changed and keeps the focus.
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
_HEAD = "".join(
    f"<th scope='col'{' class=num' if column > 2 else ''}>{name}</th>"
    for column, name in enumerate(text.RUN_LIST_COLUMNS)
)
_TEMPLATE = f"""
<div class="frame">
<table><caption class="visually-hidden">{text.RUN_LIST_CAPTION}</caption><thead><tr>{_HEAD}</tr></thead>
<tbody></tbody></table><p class="empty" hidden></p></div>
"""


@dataclass(frozen=True)
class RunRow:
    """One formatted run."""

    key: str
    state: str
    sentence: str
    name: str
    model: str
    steps: str
    held_out: str
    """Mean loss before and after training, in nats per token."""
    time: str
    started: str


class RunList(gr.HTML):
    """The run list. Event: ``choose`` (with the key chosen)."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        super().__init__(
            value=value,
            html_template=_TEMPLATE,
            css_template=(_HERE / "run_list.css").read_text(encoding="utf-8"),
            js_on_load=(_HERE / "run_list.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )


def list_json(rows: Sequence[RunRow], selected: str, empty: str) -> str:
    """Return the value of the component; ``empty`` is shown if there is no row."""
    return json.dumps({"rows": [asdict(row) for row in rows], "selected": selected, "empty": empty})
