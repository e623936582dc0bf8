"""Which cell of a map was clicked? gr.Plot has no click event; this component listens to the chart."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent


class MapPicks(gr.HTML):
    """A hint below a map with the element id ``chart``. Event: ``choose`` (with the ``name`` of the cell's site).

    Every cell's custom data is its name. Each update makes a new chart, so the script starts to listen when the pointer
    is over one.
    """

    def __init__(self, hint: str = "", chart: str = "", **kwargs: Any) -> None:
        super().__init__(
            value="",
            html_template=f"<p class='note plain' data-chart='{escape(chart, quote=True)}'>{escape(hint)}</p>",
            js_on_load=(_HERE / "map_picks.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )
