"""How are very many rows looked at? By a sample from all over them, in which a sorted file shows every label, too."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.data.archives import read_file
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import decode
from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.json_rows import JSON_LINES, is_json_lines, read_json
from ia3_studio.data.parsing import Found, ParsingOptions, shown_names
from ia3_studio.data.problem import Damage
from ia3_studio.data.shapes.recognize import shape_of
from ia3_studio.data.shapes.shape import SAMPLE, Rows
from ia3_studio.data.sheets import read_sheets
from ia3_studio.data.table import Table, read_table, recognized
from ia3_studio.data.workbook_sample import sample_workbook

if TYPE_CHECKING:
    import pandas as pd

MOST_LOOKED_AT = 20_000
"""Rows that are looked at before a run; a run reads all of them."""
MOST_PROFILED = 4_000
"""Rows by which columns are told apart."""


def read_sample(path: Path, parsing: ParsingOptions | None = None) -> Table:
    """Return the rows of a file as :func:`read_table` does, ``MOST_LOOKED_AT`` of them if there are more.

    Of JSON lines and of a workbook only these are parsed, unless their rows belong together.

    Raises:
        DataError: as :func:`read_table`.
    """
    if path.suffix.lower() in JSON_LINES and path.is_file() and (table := _sample_of_lines(path, parsing)):
        return table
    if (
        path.suffix.lower() == ".xlsx"
        and path.is_file()
        and (table := _sample_of_workbook(path, parsing or ParsingOptions()))
    ):
        return table
    return sample_rows(read_table(path, parsing))


def _sample_of_workbook(path: Path, parsing: ParsingOptions) -> Table | None:
    """Return a sample of the rows of a workbook with one sheet; None where there are too few of them."""
    data = read_file(path)
    sample = sample_workbook(path.name, data, MOST_LOOKED_AT)
    if sample is None:
        return None
    found = read_sheets(path.name, sample.data, parsing)
    above = len(sample.rows) - int(found.frame.index[-1])  # titles and header; the last row is always among them
    numbers = [sample.rows[number - 1 + above] - above for number in found.frame.index]
    frame = found.frame.set_axis(numbers, axis=0)
    table = Table(
        frame,
        found.form,
        hashlib.sha256(data).hexdigest(),
        sheets=found.sheets,
        share=len(frame) / (sample.total - above),
        notes=found.notes,
    )
    first = frame.iloc[:SAMPLE]
    shape = None if parsing.plain else shape_of(Rows(path.name, first))
    if shape and not shape.by_row:
        return None
    table = recognized(path.name, table, parsing, first)
    names = shown_names(table.frame.columns)
    return replace(table, description=f"{table.description}, {sample.total - above:,} rows: {names}")


def sample_rows(table: Table) -> Table:
    """Return a table with ``MOST_LOOKED_AT`` rows, always the same ones; a table of fewer rows as it is."""
    rows = len(table.frame)
    if rows <= MOST_LOOKED_AT:
        return table
    return replace(table, frame=table.frame.iloc[_places(rows)], share=table.share * MOST_LOOKED_AT / rows)


def _places(rows: int) -> list[int]:
    return sorted(random.Random(0).sample(range(rows), MOST_LOOKED_AT))


def _sample_of_lines(path: Path, parsing: ParsingOptions | None) -> Table | None:
    """Return a sample of JSON lines; None for other text, and where there are too few of them."""
    data = read_file(path)
    decoded = decode(path.name, data, parsing.encoding if parsing else None)
    lines = lines_of(decoded.text)
    filled = [place for place, line in enumerate(lines) if line and not line.isspace()]
    if len(filled) <= MOST_LOOKED_AT or not is_json_lines(decoded.text):
        return None
    rows = _places(len(filled))
    parsing = parsing or ParsingOptions()
    first = _rows_of(path.name, lines, filled[:SAMPLE])[0]
    shape = None if parsing.plain else shape_of(Rows(path.name, first))
    if shape and not shape.by_row:
        return None
    frame, form, damaged = _rows_of(path.name, lines, [filled[row] for row in rows])

    def placed(damage: Damage) -> Damage:
        row = rows[damage.row - 1]
        return replace(damage, row=row + 1, line=filled[row] + 1)

    frame = frame.set_axis([rows[number - 1] + 1 for number in frame.index], axis=0)
    found = with_encoding_facts(path.name, Found(frame, form, tuple(map(placed, damaged))), [decoded])
    table = Table(
        found.frame,
        f"{form}, {decoded.encoding}",
        hashlib.sha256(data).hexdigest(),
        tuple(each.problem for each in found.damaged),
        share=MOST_LOOKED_AT / len(filled),
        notes=found.notes,
    )
    table = recognized(path.name, table, parsing, first)
    names = shown_names(table.frame.columns)
    return replace(table, description=f"{table.description}, {len(filled):,} rows: {names}")


def _rows_of(name: str, lines: Sequence[str], places: Sequence[int]) -> tuple[pd.DataFrame, str, tuple[Damage, ...]]:
    """Return (rows, their form, damaged rows) of some lines."""
    return read_json(name, "\n".join(lines[place] for place in places), named_lines=True)[:3]


def thinned(table: Table) -> Table:
    """Return a table with so many rows as are needed to tell what its columns hold, always the same ones."""
    rows = len(table.frame)
    if rows <= MOST_PROFILED:
        return table
    places = sorted(random.Random(0).sample(range(rows), MOST_PROFILED))
    return replace(table, frame=table.frame.iloc[places])
