"""Which roles do values inside objects play, where the columns themselves say nothing?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Record
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.column_profile import cells_of, structures_of
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import is_listed, value_at
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def with_inner_columns(
    frame: pd.DataFrame, columns: Sequence[str], infer: Callable[[pd.DataFrame], Mapping], deepest: int = 3
) -> Mapping | None:
    """Return the roles of the values inside the objects of a table, as paths; None where these say nothing either.

    Args:
        frame: the table.
        columns: those that are looked at.
        infer: finds the roles of columns; it raises DataError where there are none.
        deepest: objects inside each other that are looked into.
    """
    paths = _paths_by_name(frame, columns)
    if not paths:
        return None
    import pandas as pd

    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    cells = {name: [value_at(record, path) for record in records] for name, path in paths.items()}
    inner = pd.DataFrame(cells, index=frame.index, dtype=object)
    found: Mapping | None
    try:
        found = infer(inner)
    except DataError:
        found = None
    if deepest > 1 and (found is None or found.kind == "text"):
        found = with_inner_columns(inner, inner.columns.tolist(), infer, deepest - 1) or found
    return _translated(found, paths) if found else None


def _paths_by_name(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, str]:
    """Return a path for each name: columns by their own, values inside objects by their keys.

    Where objects of several columns have one key, it is the column that tells them apart.
    """
    inner: list[tuple[str, str]] = []
    columns = [column for column in columns if bare_name(column) not in _DEFINITIONS]
    starts = {column: f"{column}[0]" if _are_single(frame, column) else column for column in columns}
    for column in columns:
        values = structures_of(frame, column)
        values = values if starts[column] == column else [value[0] for value in values]
        objects = [value for value in values if isinstance(value, Record) and value]
        if 2 * len(objects) > len(cells_of(frame, column)[:50]):
            inner += [(column, key) for key in dict.fromkeys(str(key) for each in objects for key in each)]
    if not inner:
        return {}
    objects_in = {column for column, _key in inner}
    alone = Counter(column for column, _key in inner)
    keys = Counter(key for _column, key in inner)
    taken = set(columns) - objects_in
    found: dict[str, str] = {}
    for column in columns:
        found |= {} if column in objects_in else {column: column}
        for key in (key for each, key in inner if each == column):
            name = key if keys[key] == 1 else column if alone[column] == 1 else f"{column}.{key}"
            found[name if name not in taken else f"{column}.{key}"] = f"{starts[column]}.{key}"
            taken.add(name)
    if alone.total() == len(objects_in) and not found.keys() - {key for _column, key in inner}:
        return {column: f"{starts[column]}.{key}" for column, key in inner} if max(keys.values()) > 1 else found
    return found


_DEFINITIONS = frozenset(("tools", "functions", "function", "toolcalls", "apis"))
"""Columns of what a model may call, which is no text of a row."""


def _are_single(frame: pd.DataFrame, column: str) -> bool:
    """Say whether each cell of a column is a list of one object, which stands for the object."""
    values = structures_of(frame, column, len(frame))
    return bool(values) and all(
        is_listed(value) and len(value) == 1 and isinstance(value[0], Record) for value in values
    )


def _translated(mapping: Mapping, paths: Record[str, str]) -> Mapping:
    """Return a mapping with the paths in place of names."""

    def path(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(path, value))
        if not isinstance(value, str) or not value:
            return value
        first = max(
            (name for name in paths if value == name or value.startswith((f"{name}.", f"{name}["))), key=len, default=""
        )
        return f"{paths[first]}{value[len(first) :]}" if first else value

    roles = ("prompt", "answer", "context", "column", "parts", "nested", "tools", "system", "history", "others")
    return replace(
        mapping, **{each.name: path(getattr(mapping, each.name)) for each in fields(mapping) if each.name in roles}
    )
