"""How are very many rows looked at? By a sample from all over them, in which a sorted file shows every label, too."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ia3_studio.data.archives import read_file
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import decode
from ia3_studio.data.delimited import lines_of
from ia3_studio.data.json_rows import is_json_lines, read_json
from ia3_studio.data.reading import Found, Reading, shown_names
from ia3_studio.data.shapes.recognize import shape_of
from ia3_studio.data.shapes.shape import Rows
from ia3_studio.data.table import JSON_LINES, Table, read_table, recognized_parts

MOST_LOOKED_AT = 20_000
"""Rows that are looked at before a run; a run reads all of them."""
_FIRST_ROWS = 500
"""Rows by which lines that belong together are known, such as the turns of one conversation."""


def read_sample(path: Path, reading: Reading | None = None) -> Table:
    """Return the rows of a file as :func:`read_table` does, ``MOST_LOOKED_AT`` of them if there are more.

    Of JSON lines only these are parsed.

    Raises:
        DataError: as :func:`read_table`.
    """
    if path.suffix.lower() in JSON_LINES and path.is_file() and (table := _sample_of_lines(path, reading or Reading())):
        return table
    return sample_rows(read_table(path, reading))


def sample_rows(table: Table) -> Table:
    """Return a table with ``MOST_LOOKED_AT`` rows, always the same ones; a table of fewer rows as it is."""
    rows = len(table.frame)
    if rows <= MOST_LOOKED_AT:
        return table
    return replace(table, frame=table.frame.iloc[_places(rows)], share=table.share * MOST_LOOKED_AT / rows)


def _places(rows: int) -> list[int]:
    return sorted(random.Random(0).sample(range(rows), MOST_LOOKED_AT))


def _sample_of_lines(path: Path, reading: Reading) -> Table | None:
    """Return a sample of JSON lines; None for other text, for too few lines, and where lines belong together."""
    data = read_file(path)
    decoded = decode(path.name, data, reading.encoding)
    lines = lines_of(decoded.text)
    filled = [place for place, line in enumerate(lines) if line and not line.isspace()]
    if len(filled) <= MOST_LOOKED_AT or reading.speaker is not None or not is_json_lines(decoded.text):
        return None

    def table_of(rows: Sequence[int]) -> Table:
        text = "\n".join(lines[filled[row]] for row in rows)
        frame, form, damaged = read_json(path.name, text, named_lines=True)
        frame = frame.set_axis([rows[number - 1] + 1 for number in frame.index], axis=0)
        placed = tuple(
            replace(each, row=rows[each.row - 1] + 1, line=filled[rows[each.row - 1]] + 1) for each in damaged
        )
        found = with_encoding_facts(path.name, Found(frame, form, placed), [decoded])
        problems = tuple(each.problem for each in found.damaged)
        return Table(found.frame, f"{form}, {decoded.encoding}", "", problems, notes=found.notes)

    first = table_of(range(min(_FIRST_ROWS, len(filled))))
    shape = None if reading.plain else shape_of(Rows(path.name, first.frame))
    if shape and not shape.by_row:
        return None
    _first, table = recognized_parts(path.name, iter((first, table_of(_places(len(filled))))), reading)
    return replace(
        table,
        description=f"{table.description}, {len(filled):,} rows: {shown_names(table.frame.columns)}",
        fingerprint=hashlib.sha256(data).hexdigest(),
        share=MOST_LOOKED_AT / len(filled),
    )
