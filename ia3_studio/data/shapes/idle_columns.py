"""Which columns does a reader of a shape not use? Those without which it reads a sample of the rows in the same way."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ia3_studio.data.shapes.idle_keys import idle_keys
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, is_blank

if TYPE_CHECKING:
    import pandas as pd

_SAMPLE = 40
"""Rows that are read again without each column."""
_MOST_COLUMNS = 60
_FEW = 8
"""Different values of a column that may mark rows; all that the table has must be in the sample."""
_TRUTHS = frozenset(("True", "False", "true", "false", "1", "0"))


def with_idle_columns(shape: Shape, rows: Rows, found: Recognized) -> Recognized:
    """Return what rows of a shape are read as, with the columns counted as not used that change nothing."""
    known = {*found.unused, *map(str, found.frame.columns), "split"}
    said = set(re.findall(r"\w+", " ".join((*found.notes, found.form))))
    columns = [name for name in rows.columns if name not in known and name not in said and name in rows.frame.columns]
    if not columns or len(rows.columns) > _MOST_COLUMNS or not rows.frame.columns.is_unique:
        return found
    sample = rows.frame.iloc[:_SAMPLE]
    back = sample.iloc[::-1].set_axis(sample.index, axis=0)  # in which a column that puts rows in order does so
    before = [_read(shape, rows, each) for each in (sample, back)]
    if not all(before):
        return found
    unused = Counter(found.unused)
    for name in columns:
        without = (_read(shape, rows, each.assign(**{name: None})) for each in (sample, back))
        is_same = all(one == other for one, other in zip(before, without, strict=True))
        if is_same and _shows_all(rows.frame[name], sample[name]):
            unused[name] = sum(not is_blank(cell) for cell in rows.frame[name].tolist())
    return replace(found, unused=unused)


def with_idle_keys(shape: Shape, rows: Rows, found: Recognized) -> Recognized:
    """Return what rows of a shape are read as, with the keys inside objects counted as not used that change nothing."""
    known = {*found.unused, *map(str, found.frame.columns)}
    columns = [name for name in rows.structured if name not in known and name in rows.frame.columns]
    if not columns or len(columns) > _MOST_STRUCTURED or not rows.frame.columns.is_unique:
        return found
    sample = rows.frame.iloc[:_SAMPLE]
    unused = Counter(found.unused)
    for name in columns:
        read = partial(_read_with, shape, rows, sample, name)
        unused.update(dict.fromkeys(idle_keys(sample[name].tolist(), name, read), len(sample)))
    return replace(found, unused=unused)


_MOST_STRUCTURED = 4
"""Columns of lists and objects that are looked into."""


def _read_with(shape: Shape, rows: Rows, sample: pd.DataFrame, name: str, cells: list[Any]) -> str:
    """Return what is read where a column has other cells."""
    import pandas as pd

    return _read(shape, rows, sample.assign(**{name: pd.Series(cells, index=sample.index, dtype=object)}))


def _read(shape: Shape, rows: Rows, frame: pd.DataFrame) -> str:
    """Return all that a reader makes of rows as text; empty where it cannot read them."""
    try:
        found = shape.read(replace(rows, frame=frame, first=None))
    except Exception:  # without a column that it needs, a reader may fail in any way
        return ""
    cells = found.frame.to_numpy(dtype=object).tolist()
    told: tuple[Any, ...] = (found.form, found.problems, found.notes, dict(found.unused), found.mapping)
    return repr((found.frame.columns.tolist(), found.frame.index.tolist(), cells, told))


def _shows_all(cells: pd.Series, sample: pd.Series) -> bool:
    """Say whether a sample has cells that are filled and, if its values may be marks, each that the table has."""
    shown = {str(cell) for cell in sample if not is_blank(cell)}
    if len(shown) == 1 and shown <= _TRUTHS:  # such as deleted, which changes something where it is true
        return False
    return bool(shown) and (len(shown) > _FEW or {str(cell) for cell in cells if not is_blank(cell)} == shown)
