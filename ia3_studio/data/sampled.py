"""How are very many rows looked at? By a sample from all over them, in which a sorted file shows every label, too."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path

from ia3_studio.data.archives import read_file
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import decode
from ia3_studio.data.delimited import lines_of
from ia3_studio.data.json_rows import is_json_lines, read_json
from ia3_studio.data.problem import Damage
from ia3_studio.data.reading import Found, Reading, shown_names
from ia3_studio.data.table import JSON_LINES, Table, read_table

MOST_LOOKED_AT = 20_000
"""Rows that are looked at before a run; a run reads all of them."""


def read_sample(path: Path, reading: Reading | None = None) -> Table:
    """Return the rows of a file as :func:`read_table` does, ``MOST_LOOKED_AT`` of them if there are more.

    Of JSON lines only these are parsed.

    Raises:
        DataError: as :func:`read_table`.
    """
    if path.suffix.lower() in JSON_LINES and path.is_file() and (table := _sample_of_lines(path, reading)):
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


def _sample_of_lines(path: Path, reading: Reading | None) -> Table | None:
    """Return a sample of JSON lines; None for other text, and where there are too few of them."""
    data = read_file(path)
    decoded = decode(path.name, data, reading.encoding if reading else None)
    lines = lines_of(decoded.text)
    filled = [place for place, line in enumerate(lines) if line and not line.isspace()]
    if len(filled) <= MOST_LOOKED_AT or not is_json_lines(decoded.text):
        return None
    rows = _places(len(filled))
    frame, form, damaged = read_json(path.name, "\n".join(lines[filled[row]] for row in rows), named_lines=True)

    def placed(damage: Damage) -> Damage:
        row = rows[damage.row - 1]
        return replace(damage, row=row + 1, line=filled[row] + 1)

    frame = frame.set_axis([rows[number - 1] + 1 for number in frame.index], axis=0)
    found = with_encoding_facts(path.name, Found(frame, form, tuple(map(placed, damaged))), [decoded])
    names = shown_names(found.frame.columns)
    return Table(
        found.frame,
        f"{form}, {decoded.encoding}, {len(filled):,} rows: {names}",
        hashlib.sha256(data).hexdigest(),
        tuple(each.problem for each in found.damaged),
        share=MOST_LOOKED_AT / len(filled),
        notes=found.notes,
    )
