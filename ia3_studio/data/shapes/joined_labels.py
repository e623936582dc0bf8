"""How are the labels of a table read that "#" stands between, as Doccano writes them? As a list for each text."""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text

_BETWEEN = re.compile(r"(?<=\w)#(?=\w)")
"""What stands between two labels; "C#" is one."""


def _column(rows: Rows) -> str:
    """Return the column of labels some of which stand alone in other cells; empty where there is none.

    The two sides of a category such as "FOOD#PRICES" do not.
    """
    label = rows.find(("label", "labels"))
    cells = [cell.strip() for cell in rows.sample(label) if isinstance(cell, str)]
    parts = {part for cell in cells if _BETWEEN.search(cell) for part in _BETWEEN.split(cell)}
    alone = parts & {*cells}
    return label if rows.find(("text",)) and parts and 2 * len(alone) >= len(parts) else ""


def _read(rows: Rows) -> Recognized:
    label, found = _column(rows), Collector()
    for row, record in rows.records():
        cell: Any = record.get(label)
        found.use(row, {**record, label: _BETWEEN.split(cell.strip()) if is_text(cell) else []})
    return found.recognized("several labels with # between them")


SHAPES = (Shape("several labels with # between them", lambda rows: bool(_column(rows)), _read),)
