"""How are rows read that stand in an object of their own in each row, such as {"set": {…}}? As what is inside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, bare

if TYPE_CHECKING:
    import pandas as pd

ABOUT = (
    "id",
    "idx",
    "index",
    "type",
    "score",
    "split",
    "rowidx",
    "truncatedcells",
    "version",
    "source",
    "key",
    "ignored",
)
"""Columns beside the object that say nothing of what is inside it, as search engines and databases export them."""


def _column(rows: Rows) -> str:
    """Return the only column that holds objects, where no other one says more than where a row is from."""
    held = [name for name in rows.columns if rows.mostly(name, lambda cell: isinstance(cell, dict) and len(cell) > 1)]
    others = [name for name in rows.columns if name not in held]
    return held[0] if len(held) == 1 and all(bare(name) in ABOUT for name in others) else ""


def _inside(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    import pandas as pd

    cells: list[Any] = [cell if isinstance(cell, dict) else {} for cell in frame[column].tolist()]
    return pd.DataFrame(cells, index=frame.index, dtype=object)


def unwrapped(rows: Rows) -> Rows | None:
    """Return rows as what stands in their only column of objects; None where there is none."""
    column = _column(rows)
    if not column:
        return None
    first = None if rows.first is None else _inside(rows.first, column)
    return replace(rows, frame=_inside(rows.frame, column), first=first)


def wrapped_shape(rows: Rows, shape_of: Callable[[Rows], Shape | None]) -> Shape | None:
    """Return the shape of what stands in the only column of objects, which reads the rows as they are."""
    inner = unwrapped(rows)
    shape = shape_of(inner) if inner else None
    if shape is None:
        return None

    def read(other: Rows) -> Recognized:
        within = unwrapped(other)
        assert within is not None
        return shape.read(within)

    return replace(shape, read=read)
