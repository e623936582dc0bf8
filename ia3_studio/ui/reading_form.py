"""How is a file read, where the guess is wrong? The fields in which a person says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast, get_args

import gradio as gr

from ia3_studio.data.decode import Encoding
from ia3_studio.data.guess import Kind, guess_mapping, mapping_of
from ia3_studio.data.table import Reading, Table
from ia3_studio.ui import text

if TYPE_CHECKING:
    from ia3_studio.data.examples import Mapping

SHOWN_KINDS = ("pairs", "labels", "messages", "text")
FIELDS, CELL_FIELDS = 9, 3
"""How many fields there are, and how many of them, the last, say how cells are read."""
MOST_COLUMNS = 500
"""Columns that are offered; a wider table is told which to use by their names."""


@dataclass(frozen=True)
class ReadingForm:
    """What the page wires to the tab."""

    fields: list[gr.components.Component]
    """Kind, first column, second column, answer column, template, split column; delimiter, encoding, header."""
    apply: gr.Button


def build() -> ReadingForm:
    """Draw the fields."""
    with gr.Accordion(text.HOW_READ, open=False, elem_id="data-reading"):
        kind = gr.Dropdown(list(text.ROW_KINDS), value="", label=text.ROWS_ARE, info=text.ROWS_INFO, elem_id="rows-are")
        with gr.Row():
            first = _column(text.FIRST_COLUMN, text.FIRST_INFO, "first-column")
            second = _column(text.SECOND_COLUMN, text.SECOND_INFO, "second-column")
        answer = _column(text.ANSWER_COLUMN, text.ANSWER_INFO, "answer-column")
        template = gr.Textbox(
            label=text.TEMPLATE, info=text.TEMPLATE_INFO, placeholder=text.TEMPLATE_EXAMPLE, elem_id="template"
        )
        split = _column(text.SPLIT_COLUMN, text.SPLIT_INFO, "split-column")
        encodings = [text.AS_GUESSED, *((name, name) for name in get_args(Encoding))]
        with gr.Row():
            delimiter = gr.Dropdown(list(text.DELIMITERS), value="", label=text.DELIMITER, min_width=120)
            encoding = gr.Dropdown(encodings, value="", label=text.ENCODING, min_width=120)
            header = gr.Dropdown(list(text.HEADERS), value="", label=text.HEADER, min_width=120)
        apply = gr.Button(text.READ_SO, elem_id="read-so")
    return ReadingForm([kind, first, second, answer, template, split, delimiter, encoding, header], apply)


def _column(label: str, info: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown([("none", "")], value="", label=label, info=info, elem_id=elem_id, min_width=140)


def chosen_mapping(
    table: Table, kind: str, first: str, second: str, answer: str, template: str, split: str
) -> Mapping | None:
    """Return which columns play which part; None where all of that is guessed.

    Raises:
        DataError: a column that is needed is not chosen.
    """
    if not kind:
        return replace(guess_mapping(table), split=split) if split else None
    mapping = mapping_of(table, cast(Kind, kind), first or "", answer or "", second or "", template or "")
    return replace(mapping, split=split or "")


def chosen_reading(delimiter: str, encoding: str, header: str) -> Reading | None:
    """Return how a file is to be read; None where all is guessed."""
    if not (delimiter or encoding or header):
        return None
    return Reading(delimiter or None, cast(Encoding, encoding) or None, header == "yes" if header else None)


def offered(table: Table | None, mapping: Mapping | None) -> tuple[Any, ...]:
    """Return what all fields offer and say for a file that has been read as guessed: the mapping in use."""
    names = [str(column) for column in table.frame.columns[:MOST_COLUMNS]] if table else []
    kind = mapping.kind if mapping and mapping.kind in SHOWN_KINDS and not mapping.nested else ""
    shown = (mapping.prompt or mapping.column, mapping.context, mapping.answer) if mapping and kind else ("", "", "")
    choices = [("none", ""), *((name, name) for name in names)]
    template = mapping.template if mapping and kind else ""
    return (
        kind,
        *(gr.update(choices=choices, value=each if each in names else "") for each in shown),
        template,
        gr.update(choices=[(text.BY_SHARE, ""), *choices[1:]], value=""),
        "",
        "",
        "",
    )
