"""How is a file read, where the guess is wrong? The fields in which a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
from gradio.blocks import Block

from ia3_studio.data.column_use import proposals
from ia3_studio.data.decode import Encoding
from ia3_studio.data.paths import paths_in
from ia3_studio.data.table import ParsingOptions, Table
from ia3_studio.ui import readings_card, text
from ia3_studio.ui.chosen_parts import columns_of, kind_of
from ia3_studio.ui.parsing_words import DELIMITERS, ENCODINGS, asks_for_choice
from ia3_studio.ui.readings_card import ReadingsCard

if TYPE_CHECKING:
    from ia3_studio.data.mapping import Mapping

FIELDS, CELL_FIELDS = 15, 6
"""How many fields there are, and how many of them, the last, say how cells are read."""
PLACES = 4
"""How many fields, after that of the task, hold a column that plays a part: input, context, target, rejected."""
SHEET = 12
"""The place of the field of the sheet among all fields; that of the speaker follows."""
OFFERED = FIELDS + 2
"""How many updates :func:`offered` returns: the fields, the columns that are not used, and what holds the fields."""
MOST_PROPOSALS = 12
MOST_COLUMNS = 500
"""Columns that are offered; a wider table is told which to use by their names."""


@dataclass(frozen=True)
class ParsingForm:
    """What the page wires to the tab."""

    fields: list[gr.components.Component]
    """Kind, first, second, answer and rejected column, choices, template, split and system column; delimiter, encoding,
    header, sheet, speaker, shape."""
    unused: gr.Radio
    """The columns that are not used, each with a part that it could play."""
    apply: gr.Button
    options: gr.Accordion
    """What holds the fields; closed until one of them is needed."""
    readings: ReadingsCard
    """The other ways to read the data."""

    @property
    def shown(self) -> list[Block]:
        """Return what :func:`offered` updates."""
        return [*self.fields, self.unused, self.options]


def build() -> ParsingForm:
    """Draw the fields."""
    readings = readings_card.build()
    unused = gr.Radio([], value=None, label=text.UNUSED, info=text.UNUSED_INFO, visible=False, elem_id="unused-columns")
    with gr.Accordion(text.PARSING_OPTIONS, open=False, elem_id="data-parsing") as options:
        kind = gr.Dropdown(list(text.ROW_KINDS), value="", label=text.ROWS_ARE, info=text.ROWS_INFO, elem_id="rows-are")
        with gr.Row():
            first = _column(text.FIRST_COLUMN, text.FIRST_INFO, "first-column")
            second = _column(text.SECOND_COLUMN, text.SECOND_INFO, "second-column")
        with gr.Row():
            answer = _column(text.ANSWER_COLUMN, text.ANSWER_INFO, "answer-column")
            rejected = _column(text.REJECTED_COLUMN, text.REJECTED_INFO, "rejected-column", visible=False)
        choices = gr.Dropdown(
            [], value=[], multiselect=True, label=text.CHOICE_COLUMNS, info=text.CHOICE_INFO, elem_id="choice-columns"
        )
        template = gr.Textbox(
            label=text.TEMPLATE, info=text.TEMPLATE_INFO, placeholder=text.TEMPLATE_EXAMPLE, elem_id="template"
        )
        with gr.Row():
            split = _column(text.SPLIT_COLUMN, text.SPLIT_INFO, "split-column")
            system = _column(text.SYSTEM_COLUMN, text.SYSTEM_INFO, "system-column")
        with gr.Row():
            delimiter = gr.Dropdown(
                list(DELIMITERS), value="", label=text.DELIMITER, min_width=140, elem_id="delimiter"
            )
            header = gr.Dropdown(list(text.HEADERS), value="", label=text.HEADER, min_width=140, elem_id="header-row")
        encoding = gr.Dropdown(list(ENCODINGS), value="", label=text.ENCODING, elem_id="encoding")
        sheet = gr.Dropdown(
            [text.AUTO_DETECT], value="", label=text.SHEET, info=text.SHEET_INFO, visible=False, elem_id="sheet"
        )
        speaker = gr.Dropdown(
            [text.NO_SPEAKER], value="", label=text.SPEAKER, info=text.SPEAKER_INFO, visible=False, elem_id="speaker"
        )
        shape = gr.Dropdown(list(text.SHAPES), value="", label=text.SHAPE, info=text.SHAPE_INFO, elem_id="shape")
        apply = gr.Button(text.APPLY_PARSING, elem_id="apply-parsing")
    columns = [kind, first, second, answer, rejected, choices, template, split, system]
    return ParsingForm([*columns, delimiter, encoding, header, sheet, speaker, shape], unused, apply, options, readings)


def _column(label: str, info: str, elem_id: str, *, visible: bool = True) -> gr.Dropdown:
    return gr.Dropdown(
        [text.NO_COLUMN], value="", label=label, info=info, elem_id=elem_id, min_width=140, visible=visible
    )


def chosen_parsing(
    delimiter: str, encoding: str, header: str, sheet: str, speaker: str, shape: str
) -> ParsingOptions | None:
    """Return how a file is to be read; None where all is guessed. :func:`cells_of` is the inverse."""
    if not (delimiter or encoding or header or sheet or speaker or shape):
        return None
    row = int(header) if header.isdecimal() and len(header) < 4 else None
    plain = shape == text.PLAIN_ROWS
    return ParsingOptions(
        delimiter or None, cast(Encoding, encoding) or None, row, sheet or None, speaker or None, plain,
        None if plain else shape or None,
    )  # fmt: skip


def cells_of(parsing: ParsingOptions | None) -> tuple[str, ...]:
    """Return the values of the fields on how cells are read, for a file that is read so."""
    if parsing is None:
        return ("",) * CELL_FIELDS
    header = "" if parsing.header is None else str(parsing.header)
    shape = text.PLAIN_ROWS if parsing.plain else parsing.rows or ""
    return parsing.delimiter or "", parsing.encoding or "", header, parsing.sheet or "", parsing.speaker or "", shape


def offered_places(places: Sequence[str], chosen: str) -> Any:
    """Return the update of the field of the shape: the places in the file that can be chosen, and the chosen one."""
    known = {value for _label, value in text.SHAPES}
    others = dict.fromkeys((*places, *((chosen,) if chosen not in known else ())))
    return gr.update(choices=[*text.SHAPES, *((name, name) for name in others)])


def offered(
    table: Table | None,
    mapping: Mapping | None,
    cells: Sequence[str] = ("",) * CELL_FIELDS,
    split: str = "",
    *,
    files: Sequence[str] = (),
    refused: str = "",
) -> tuple[Any, ...]:
    """Return what all fields offer and say for a file that has been read: the mapping in use, and unused columns.

    Args:
        cells: the values of the fields on how cells are read, which stay as they are.
        split: the chosen split column.
        files: those of which one can be chosen, where they were not read.
        refused: the sentence with which the file is refused.
    """
    names = _names(table, mapping)
    kind = kind_of(mapping) if mapping else ""
    first, second, answer, choices = columns_of(mapping) if mapping and kind else ("", "", "", ())
    rejected = (mapping.rejected or mapping.flag) if mapping and kind == "preferences" else ""
    columns = [text.NO_COLUMN, *((name, name) for name in names)]
    speakers = [(name, name) for name in (table.speakers if table else ())]
    sheets = _sheets(table.sheets if table else files)
    return (
        kind,
        *(gr.update(choices=columns, value=each if each in names else "") for each in (first, second, answer)),
        _rejected(columns, rejected if rejected in names else "", kind),
        gr.update(choices=names, value=[each for each in choices if each in names]),
        mapping.template if mapping and kind else "",
        gr.update(choices=[(text.BY_SHARE, ""), *columns[1:]], value=split if split in names else ""),
        gr.update(choices=columns, value=mapping.system if mapping and mapping.system in names else ""),
        *cells[:3],
        gr.update(choices=sheets, value=cells[3], visible=len(sheets) > 1),
        gr.update(choices=[text.NO_SPEAKER, *speakers], value=cells[4], visible=bool(speakers)),
        {**offered_places((), cells[5]), "value": cells[5]},
        _unused(table, mapping),
        gr.update(open=True) if asks_for_choice(refused) else gr.skip(),
    )


def _sheets(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what is offered of several sheets or files; auto-detection alone where there is one."""
    several = [*((name, name) for name in names), text.ALL_SHEETS] if len(names) > 1 else []
    return [text.AUTO_DETECT, *several]


def _names(table: Table | None, mapping: Mapping | None = None) -> list[str]:
    """Return the columns and paths that are offered, those among them that are in use."""
    if table is None:
        return []
    names = [str(column) for column in table.frame.columns[:MOST_COLUMNS]]
    used: tuple[str, ...] = ()
    if mapping and kind_of(mapping):
        *columns, choices = columns_of(mapping)
        used = (*columns, *choices, mapping.rejected, mapping.flag, mapping.system)
    return [*dict.fromkeys((*names, *paths_in(table.frame), *filter(None, used)))]


def offered_again(table: Table | None, fields: Sequence[Any], refused: str = "") -> tuple[Any, ...]:
    """Return what all fields offer for a file whose columns cannot be used as chosen; what was chosen stays.

    Where it cannot be read as chosen, its sheets and speakers are those of the reading before.

    Args:
        refused: the sentence with which it is refused.
    """
    kind, first, second, answer, rejected, choices, template, split, system, *cells = fields
    again = list(offered(table, None, cells, split or "", refused=refused))
    names = _names(table)
    columns = [text.NO_COLUMN, *((name, name) for name in names)]
    chosen = (each if each in names else "" for each in (first, second, answer))
    again[:9] = [
        kind, *(gr.update(choices=columns, value=each) for each in chosen),
        _rejected(columns, rejected if rejected in names else "", kind),
        gr.update(choices=names, value=[each for each in choices or () if each in names]), template, again[7],
        gr.update(choices=columns, value=system if system in names else ""),
    ]  # fmt: skip
    if table is None:
        again[SHEET : SHEET + 2] = gr.update(value=cells[3]), gr.update(value=cells[4])
    return tuple(again)


def _rejected(columns: Sequence[tuple[str, str]], value: str, kind: str) -> Any:
    """Return the update of the field of rejected answers, which preferences alone have."""
    return gr.update(choices=columns, value=value, visible=kind == "preferences")


def only_changes(form: Sequence[Any], fields: Sequence[Any]) -> tuple[Any, ...]:
    """Return the updates of all fields without the values that the fields have.

    Args:
        form: what :func:`offered` returns.
        fields: the values of the fields.
    """
    updates = (_only_change(update, value) for update, value in zip(form, fields, strict=False))
    return (*updates, *form[len(fields) :])


def _only_change(update: Any, value: Any) -> Any:
    if isinstance(update, dict) and "value" in update and update["value"] == value:
        return {name: part for name, part in update.items() if name != "value"}
    return gr.skip() if update == value else update


def _unused(table: Table | None, mapping: Mapping | None) -> Any:
    """Return the update of the columns that are not used; hidden where none could be."""
    found = proposals(table, mapping)[:MOST_PROPOSALS] if table and mapping and kind_of(mapping) else ()
    choices = [(text.unused_as(each.column, each.part), f"{each.part}:{each.column}") for each in found]
    return gr.update(choices=choices, value=None, visible=bool(choices))
