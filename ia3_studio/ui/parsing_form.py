"""How is a file read, where the guess is wrong? The fields in which a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import gradio as gr
from gradio.blocks import Block

from ia3_studio.data.chosen_columns import Kind, columns_for, mapping_of, task_of
from ia3_studio.data.column_profile import profile
from ia3_studio.data.column_use import proposals
from ia3_studio.data.decode import Encoding
from ia3_studio.data.fitting_task import fitting_task
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.paths import paths_in
from ia3_studio.data.table import ParsingOptions, Table
from ia3_studio.errors import DataError
from ia3_studio.ui import readings_card, text
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


def chosen_mapping(
    table: Table,
    kind: str,
    first: str,
    second: str,
    answer: str,
    rejected: str,
    choices: Sequence[str] | None,
    template: str,
    split: str,
) -> Mapping | None:
    """Return which columns play which part, but for the system prompt; None where all of that is guessed.

    Raises:
        DataError: a column that is needed is not chosen.
    """
    if not kind and not (kind := _kind_chosen(table, first or template or "", answer or "", choices or ())):
        return replace(infer_columns(table), split=split) if split else None
    if not (first or second or answer or rejected or choices or template) and (
        found := columns_for(table, cast(Kind, kind))
    ):
        return replace(found, split=split or "")
    task = fitting_task(table, cast(Kind, kind), answer or "", choices or (), (second, template))
    kind, answer = task, "" if task == "multi" != kind else answer
    if kind == "preferences":
        asked, good, bad = _completed_preferences(table, first or "", answer or "", rejected or "")
        chosen = mapping_of(table, "preferences", asked, good, second or "", rejected=bad)
        return replace(chosen, split=split or "")
    columns = _completed(
        table, cast(Kind, kind), first or "", answer or "", second or "", template or "", choices or ()
    )
    return replace(mapping_of(table, cast(Kind, kind), *columns), split=split or "")


def of_new_task(table: Table, columns: Sequence[Any]) -> Sequence[Any]:
    """Return the fields on columns after another task was chosen: empty, for its likeliest columns to be found.

    What was chosen stays where the table has no such columns.
    """
    kind, *_columns, split, system = columns
    if kind and columns_for(table, kind) is None:
        return columns
    return (kind, "", "", "", "", [], "", split, system)


def exchanged(table: Table, before: Mapping | None, columns: Sequence[Any]) -> Sequence[Any]:
    """Return the fields on columns after one was chosen that another field had: that one gets what it replaces.

    Args:
        table: the rows.
        before: the mapping in use; None if it was guessed.
        columns: the fields as they are now.
    """
    kind, *places, choices, template, split, system = columns
    if len(set(filter(None, places))) == len(list(filter(None, places))):
        return columns
    before = before or infer_columns(table)
    first, second, answer, _choices = _columns_of(before) if _kind_of(before) else ("", "", "", ())
    used = (first, second, answer, (before.rejected or before.flag) if before.kind == "preferences" else "")
    changed = [place for place, name in enumerate(places) if (name or "") != used[place]]
    if len(changed) != 1 or places[changed[0]] not in used:
        return columns
    taken = used.index(places[changed[0]])
    return (kind, *(used[changed[0]] if place == taken else name for place, name in enumerate(places)), choices,
            template, split, system)  # fmt: skip


def with_system(table: Table, chosen: Mapping | None, system: str) -> Mapping | None:
    """Return the chosen parts with a column of system prompts, which only rows of conversations have.

    A column that plays another part stays there.
    """
    if not system:
        return chosen
    found = chosen or infer_columns(table)
    taken = system in (found.prompt, found.context, found.answer, found.rejected, found.column)
    spoken = found.kind in ("pairs", "messages", "preferences") and not taken
    return replace(found, system=system) if spoken and system != found.system else chosen


def _kind_chosen(table: Table, first: str, answer: str, choices: Sequence[str]) -> Kind | Literal[""]:
    """Return what the chosen columns are where nothing can be guessed, or the form cannot say it; else nothing.

    Columns that stay from a guess say nothing: choosing auto-detect again asks for a new one.
    """
    if not (first or answer or choices):
        return ""
    with suppress(DataError):  # its sentence asked for the choice of columns
        if _kind_of(infer_columns(table)):
            return ""
    if choices:
        return "choices"
    is_label = answer in table.frame.columns and profile(table.frame, answer).is_label
    return "labels" if is_label else "pairs"


def _completed(
    table: Table, kind: Kind, first: str, answer: str, second: str, template: str, choices: Sequence[str]
) -> tuple[str, str, str, str, Sequence[str]]:
    """Return the chosen columns, and the likeliest ones for those that the task needs and that are not chosen."""
    needs_answer = kind not in ("messages", "text") and not answer and not (kind == "multi" and choices)
    needs_choices = kind == "choices" and not choices
    if (first or template) and not needs_answer and not needs_choices:
        return first, answer, second, template, choices
    likeliest = columns_for(table, kind)
    if likeliest is None:
        return first, answer, second, template, choices
    first_found, second_found, answer_found, choices_found = _columns_of(likeliest)
    second = second or (second_found if not first and second_found != answer else "")
    return (
        first or (first_found if not template else ""), answer or (answer_found if needs_answer else ""), second,
        template, choices or choices_found,
    )  # fmt: skip


def _completed_preferences(table: Table, first: str, answer: str, rejected: str) -> tuple[str, str, str]:
    """Return (input, chosen, rejected) column of preferences, the likeliest ones if the answers are not chosen."""
    likeliest = columns_for(table, "preferences") if not (answer and rejected) else None
    if likeliest is None:
        return first, answer, rejected
    first = "" if first in (likeliest.answer, likeliest.rejected or likeliest.flag) else first
    return first or likeliest.prompt, likeliest.answer, likeliest.rejected or likeliest.flag


def chosen_unused(choice: str | None, fields: Sequence[Any]) -> tuple[Any, ...]:
    """Return the fields after one of the columns that are not used was given a part; unchanged for another choice."""
    part, _, name = (choice or "").partition(":")
    kind, first, second, answer, *rest = fields
    kinds = {"context": kind, "label": "labels", "several": "multi", "number": "number", "answer": "pairs"}
    if not name or part not in kinds:
        return tuple(fields)
    if part == "context":
        return (kind, first, name, answer, *rest)
    return (kinds[part], first, second, name, *rest)


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
    kind = _kind_of(mapping) if mapping else ""
    first, second, answer, choices = _columns_of(mapping) if mapping and kind else ("", "", "", ())
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
    if mapping and _kind_of(mapping):
        *columns, choices = _columns_of(mapping)
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
    found = proposals(table, mapping)[:MOST_PROPOSALS] if table and mapping and _kind_of(mapping) else ()
    choices = [(text.unused_as(each.column, each.part), f"{each.part}:{each.column}") for each in found]
    return gr.update(choices=choices, value=None, visible=bool(choices))


def _kind_of(mapping: Mapping) -> str:
    """Return what the form calls rows of a mapping; nothing where the form cannot say it."""
    if mapping.nested or mapping.others or mapping.lists or mapping.kind == "pictures":
        return ""
    return task_of(mapping)


def _columns_of(mapping: Mapping) -> tuple[str, str, str, tuple[str, ...]]:
    """Return first, second and answer column, and those of choices."""
    if mapping.kind == "choices":
        first, *rest = mapping.parts[: mapping.asked]
        return first, rest[0] if rest else "", mapping.answer, mapping.parts[mapping.asked :]
    return mapping.prompt or mapping.column, mapping.context, mapping.answer, mapping.parts
