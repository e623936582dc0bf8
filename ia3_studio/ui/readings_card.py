"""In which other ways can the data be read? A list to choose from, each way with its first example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.blocks import Block

from ia3_studio.data.load import DataChoice
from ia3_studio.errors import DataError
from ia3_studio.ui import text
from ia3_studio.ui.data_words import reading_words

if TYPE_CHECKING:
    from ia3_studio.data.other_readings import Reading


@dataclass(frozen=True)
class ReadingsCard:
    """The list, and what holds it."""

    box: gr.Accordion
    ways: gr.Radio

    @property
    def shown(self) -> list[Block]:
        """Return what :func:`offered` and :func:`hidden` update."""
        return [self.box, self.ways]


def build() -> ReadingsCard:
    """Draw the list, hidden until there are data that can be read in several ways."""
    with gr.Accordion(text.OTHER_READINGS, open=False, visible=False, elem_id="other-readings") as box:
        ways = gr.Radio(
            [], value=None, label=text.OTHER_READINGS, info=text.OTHER_READINGS_INFO, show_label=False,
            elem_id="readings",
        )  # fmt: skip
    return ReadingsCard(box, ways)


def hidden() -> tuple[Any, Any]:
    """Return the updates where the data can be read in one way, or none."""
    return gr.update(visible=False), gr.update(choices=[], value=None)


def offered(readings: Sequence[Reading], *, needed: bool) -> tuple[Any, Any]:
    """Return the updates that list the ways.

    Args:
        readings: the ways; the list is hidden without any.
        needed: whether the data are refused otherwise, so that the list is open.
    """
    if not readings:
        return hidden()
    choices = [(reading_words(each), DataChoice("", each.mapping, each.parsing).to_text()) for each in readings]
    return gr.update(visible=True, open=needed), gr.update(choices=choices, value=None)


def chosen(way: str | None) -> DataChoice:
    """Return the way that was chosen, without the source.

    Raises:
        DataError: it is none that can be read.
    """
    found = DataChoice.from_text(way or "")
    if found.mapping is None:
        raise DataError(text.CHOOSE_READING)
    return found
