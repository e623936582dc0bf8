"""How is a table read whose columns come again to the right, as Text, Rating, Text, Rating? Each time is a row."""

from __future__ import annotations

import re

from ia3_studio.data.parsing import shown_names
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_blank

_AGAIN = re.compile(r"(.+?)(?: \(column \d+\)|\.\d{1,3})")
"""A name that came again: with its place, as a reader of tables writes it, or counted, as pandas does."""
_UNNAMED = re.compile(r"column \d+")
_FORM = "tables side by side"


def _blocks(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return the columns before the first one that comes again, and those of each time; nothing where none does.

    Two or more columns come again, all of them in the same order. Columns between them without a name are empty.
    """
    columns = [
        name for name in rows.columns if not (_UNNAMED.fullmatch(name) and all(map(is_blank, rows.sample(name))))
    ]
    again = [found[1] if (found := _AGAIN.fullmatch(name)) and found[1] in columns else "" for name in columns]
    if not any(again):
        return [], []
    first = columns.index(next(filter(None, again)))
    width = next(place for place, name in enumerate(again) if name) - first
    names = columns[first : first + width]
    blocks = [columns[at : at + width] for at in range(first, len(columns), width)]
    are_same = all(again[at] == names[(at - first) % width] for at in range(first + width, len(columns)))
    is_whole = width >= _FEWEST and len(blocks[-1]) == width and not any(again[: first + width])
    return (columns[:first], blocks) if is_whole and are_same else ([], [])


_FEWEST = 2
"""Columns that come again together; one that does so alone is another answer, or another text, of the same row."""


def _read(rows: Rows) -> Recognized:
    before, blocks = _blocks(rows)
    found = Collector()
    for row, record in rows.records():
        shared = {name: record[name] for name in before if name in record}
        for block in blocks:
            cells = {name: record[each] for name, each in zip(blocks[0], block, strict=True) if each in record}
            if not all(map(is_blank, cells.values())):
                found.use(row, {**shared, **cells})
    note = (
        f"The columns {shown_names(blocks[0])} stand side by side {len(blocks)} times; each time is a row. To read the "
        "first of them alone, choose plain rows."
    )
    return found.recognized(_FORM, notes=(note,))


SHAPES = (Shape(_FORM, lambda rows: bool(_blocks(rows)[1]), _read),)
