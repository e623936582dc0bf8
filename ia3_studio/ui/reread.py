"""How are data that came in read anew? As the form says, in another way that was offered, or with a column not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.listed_images import find_images
from ia3_studio.data.load import DataChoice, look_at, split_images, split_table
from ia3_studio.data.other_readings import other_readings
from ia3_studio.data.paths import split_path
from ia3_studio.data.row_places import places_in
from ia3_studio.data.sampled import sample_rows
from ia3_studio.data.table import Table
from ia3_studio.errors import OneFileError, StudioError
from ia3_studio.ui import chosen_parts, parsing_form, readings_card, text
from ia3_studio.ui.kept_files import is_fleeting, keep, touch, uploads_folder
from ia3_studio.ui.markup import note
from ia3_studio.ui.rows_card import data_overview
from ia3_studio.ui.session import Studio


def apply_parsing(
    studio: Studio, given: str | None, held_out: float, *fields: Any, new_task: bool = False, before: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Read what came in as the form says; yield (data, facts, first rows, problems, form).

    The fields are those of the new reading afterwards, also where its columns cannot be used as chosen.

    Args:
        new_task: whether the task was chosen last, which brings its own columns.
        before: the data in use, whose columns change places with one that is chosen in the place of another.
    """
    if not given:
        yield "", note(text.CHOOSE_FILE), "", "", *_unchanged()
        return
    path = Path(given)
    columns, cells = fields[: -parsing_form.CELL_FIELDS], fields[-parsing_form.CELL_FIELDS :]
    found: Table | None = None
    try:
        touch(path)
        if pictures := find_images(path):
            split = split_images(path.name, pictures, held_out=held_out)
            yield given, *data_overview(split), *parsing_form.offered(None, split.mapping)
            return
        parsing = parsing_form.chosen_parsing(*cells)
        found = look_at(path, parsing)
        wanted = chosen_parts.of_new_task(found, columns) if new_task else columns
        if before and (choice := DataChoice.from_text(before)).source == given:
            wanted = chosen_parts.exchanged(found, choice.mapping, wanted)
        *chosen, system = _still_there(found, wanted)
        mapping = chosen_parts.with_system(found, chosen_parts.chosen_mapping(found, *chosen), system)
        split = split_table(path.name, found, mapping, held_out=held_out)
        kept = str(keep(path, uploads_folder(studio))) if is_fleeting(path) else given
    except StudioError as error:
        yield "", note(str(error), "bad"), "", "", *parsing_form.offered_again(found, fields, str(error))
        raise
    form = parsing_form.offered(found, split.mapping, cells, split.mapping.split)
    yield DataChoice(kept, mapping, parsing).to_text(), *data_overview(split), *form


def use_reading(studio: Studio, given: str | None, held_out: float, way: str | None) -> Iterator[tuple[Any, ...]]:
    """Read the data in another way that was offered; yield as :func:`apply_parsing`."""
    if not given:
        yield "", note(text.CHOOSE_FILE), "", "", *_unchanged()
        return
    try:
        chosen, path = readings_card.chosen(way), Path(given)
        touch(path)
        found = look_at(path, chosen.parsing)
        split = split_table(path.name, found, chosen.mapping, held_out=held_out)
        kept = str(keep(path, uploads_folder(studio))) if is_fleeting(path) else given
    except StudioError as error:
        yield "", note(str(error), "bad"), "", "", *_unchanged()
        raise
    form = parsing_form.offered(found, split.mapping, parsing_form.cells_of(chosen.parsing), split.mapping.split)
    yield replace(chosen, source=kept).to_text(), *data_overview(split), *form


def offer_readings(studio: Studio, given: str | None, data: str, *cells: str) -> tuple[Any, ...]:
    """Return (shape, what holds the list, list) that offer what came in to be read in other ways.

    Args:
        given: the path of what came in.
        data: the data in use; empty where what came in is refused.
        cells: the fields on how cells are read.
    """
    choice = DataChoice.from_text(data or "")
    if not given or (data and choice.source != given):
        return gr.skip(), *readings_card.hidden()
    path, parsing = Path(given), choice.parsing if data else parsing_form.chosen_parsing(*cells)
    table: Table | None = None
    files: tuple[str, ...] = ()
    try:
        table = look_at(path, parsing)
    except StudioError as error:  # its sentence is on the page already
        files, parsing = error.files if isinstance(error, OneFileError) else (), None
    used = choice.mapping or (infer_columns(sample_rows(table)) if data and table else None)
    known = places_in(path)
    can_be = path.exists() and not find_images(path)
    readings = other_readings(path, table, used, parsing, files, known) if can_be else ()
    places = parsing_form.offered_places(known, parsing.rows or "" if parsing else "")
    return places, *readings_card.offered(readings, needed=used is None)


def apply_choices(
    studio: Studio, given: str | None, held_out: float, *fields: Any, new_task: bool = False, before: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Read what came in as the form says; yield as :func:`apply_parsing`, without fields that it leaves as they are.

    What was chosen in them meanwhile stays, and is read next.
    """
    steps = apply_parsing(studio, given, held_out, *fields, new_task=new_task, before=before)
    for data, said, rows, faults, *form in steps:
        yield data, said, rows, faults, *parsing_form.only_changes(form, fields)


def apply_column(
    studio: Studio, data: str, given: str | None, held_out: float, *fields: Any
) -> Iterator[tuple[Any, ...]]:
    """Read what came in with another column; yield as :func:`apply_choices`.

    Where another field had the column, that field gets the one that it replaces.
    """
    yield from apply_choices(studio, given, held_out, *fields, before=data)


def apply_task(studio: Studio, given: str | None, held_out: float, *fields: Any) -> Iterator[tuple[Any, ...]]:
    """Read what came in as rows of the task that was chosen, by its likeliest columns; yield as :func:`apply_choices`.

    Columns that stay from the reading before are not those of another task.
    """
    yield from apply_choices(studio, given, held_out, *fields, new_task=True)


def use_unused(
    studio: Studio, given: str | None, held_out: float, choice: str | None, *fields: Any
) -> Iterator[tuple[Any, ...]]:
    """Read the data anew with a column that was not used; yield as :func:`apply_parsing`."""
    yield from apply_parsing(studio, given, held_out, *chosen_parts.chosen_unused(choice, fields))


def _unchanged() -> Iterator[Any]:
    """Return no update for any field of the form."""
    return (gr.skip() for _each in range(parsing_form.OFFERED))


def _still_there(table: Table, columns: Sequence[Any]) -> Sequence[Any]:
    """Return the fields on columns; empty ones where another reading of the file has other columns."""
    _kind, first, second, answer, rejected, choices, template, split, system = columns
    chosen = [each for each in (first, second, answer, rejected, system, *(choices or ())) if each]
    names = {str(name) for name in table.frame.columns}
    gone = [name for name in chosen if name not in names and split_path(name, names) is None]
    if not gone:
        return columns
    return ("", "", "", "", "", [], template, split if split in names else "", "")
