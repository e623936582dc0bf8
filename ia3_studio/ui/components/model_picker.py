"""Which model, or which data set? A text field with a list of suggestions, as the ARIA pattern of a combobox has it.

Python answers a ``search`` with groups of entries as one JSON string; the script drops answers to earlier texts, draws
the list and keeps the focus in the field. What is typed is the value at once, whether or not it is in the list.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from ia3_studio.ui import model_words

Tone = Literal["good", "warn", "bad", "plain"]

LONGEST_VALUE = 4096
"""Characters that the field takes: paths are long."""
_HERE = Path(__file__).parent
_TEMPLATE = """
<div class="picker" data-words="WORDS">
  <label class="title" for="KEY-input">LABEL</label>
  <p class="info" id="KEY-info">INFO</p>
  <div class="anchor">
    <input id="KEY-input" type="text" role="combobox" autocomplete="off" autocapitalize="off" spellcheck="false"
      maxlength="LONGEST" aria-autocomplete="list" aria-expanded="false" aria-haspopup="listbox"
      aria-controls="KEY-list" aria-describedby="KEY-info KEY-about" />
    <button type="button" class="toggle" tabindex="-1" aria-hidden="true"></button>
    <div class="popup" hidden>
      <div class="list" id="KEY-list" role="listbox" aria-label="LABEL"></div>
      <p class="detail" id="KEY-detail" hidden></p>
      <p class="foot"></p>
    </div>
  </div>
  <p class="about" id="KEY-about"></p>
  <p class="announced" role="status"></p>
</div>
"""


@dataclass(frozen=True)
class Badge:
    """A short judgement on an entry, with its reason."""

    label: str
    tone: Tone
    title: str


@dataclass(frozen=True)
class PickerEntry:
    """One suggestion."""

    value: str
    """What the field has when it is chosen."""
    name: str
    facts: str
    detail: str = ""
    """Shown below the list while it is active, and below the field once it is chosen."""
    badges: Sequence[Badge] = ()
    link: str = ""
    """An https address that follows the detail."""
    link_text: str = ""
    disabled: bool = False
    """Whether it is listed with a reason and cannot be chosen."""


@dataclass(frozen=True)
class PickerGroup:
    """Suggestions of one origin."""

    label: str
    entries: Sequence[PickerEntry]


@dataclass(frozen=True)
class PickerView:
    """What the list shows."""

    request: int
    """The number of the search that it answers."""
    groups: Sequence[PickerGroup]
    notes: Sequence[str] = ()
    busy: bool = False
    """Whether more is to come."""

    def to_json(self) -> str:
        """Return the ``options`` of the component; empty groups are left out."""
        return json.dumps(asdict(self) | {"groups": [asdict(group) for group in self.groups if group.entries]})


class ModelPicker(gr.HTML):
    """A combobox of models, or of data sets.

    Events: ``search`` (with ``query`` and ``request``), ``submit`` (Enter, or an entry was chosen). A handler answers a
    search by returning :func:`show_options`.
    """

    # The parameters have the names of the properties: at an update, Gradio builds the session's copy from them.
    def __init__(
        self, value: str = "", options: str = "", key: str = "picker", label: str = "", info: str = "", **kwargs: Any
    ) -> None:
        words = {"WORDS": json.dumps(model_words.PICKER), "KEY": key, "LABEL": label, "INFO": info,
                 "LONGEST": str(LONGEST_VALUE)}  # fmt: skip
        template = _TEMPLATE
        for name, text in words.items():
            template = template.replace(name, escape(text))
        super().__init__(
            value=value,
            options=options,
            label=label,
            html_template=template,
            css_template=(_HERE / "model_picker.css").read_text(encoding="utf-8"),
            js_on_load=(_HERE / "model_picker.js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **{"show_label": False} | kwargs,
        )
        # The script names it: without a value, Gradio takes it for an event, and copies all that the event leads to
        # into the page.
        self.options = options


def show_options(view: PickerView) -> dict[str, Any]:
    """Return the update that shows a list; what is typed stays."""
    update: dict[str, Any] = gr.update(options=view.to_json())
    return update
