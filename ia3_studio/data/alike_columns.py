"""Have several tables the same columns, whatever their case and their order, or some of them a few more?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ia3_studio.data.column_names import UNNAMED, bare_name
from ia3_studio.data.parsing import Found, shown_names
from ia3_studio.errors import DataError


def spelled_alike(found: Mapping[str, Found]) -> dict[str, Found]:
    """Return tables whose columns are called as in the first that has them, whatever their case, blanks and signs.

    So is the only column that a table lacks of the first one where one more stands in its place, under a name that is
    a longer or a shorter form of it: "comments" for "comment".
    """
    found = _with_header(found)
    spelled: dict[str, str] = {}
    renamed: dict[str, Found] = {}
    first: list[str] = []
    for path, each in found.items():
        columns = [str(name) for name in each.frame.columns]
        known = [spelled.get(bare_name(name), name) for name in columns]
        is_clear = len(set(known)) == len(columns)
        for name in columns:
            spelled.setdefault(bare_name(name), name)
        named = known if is_clear else columns
        first = first or named
        if other := _in_another_form(first, named):
            old, new = other
            named = [new if name == old else name for name in named]
            note = f"The column {old} of {PurePosixPath(path).name} is read as {new}."
            each = replace(each, notes=(*each.notes, note))
        renamed[path] = replace(each, frame=each.frame.set_axis(named, axis=1))
    return renamed


def _with_header(found: Mapping[str, Found]) -> dict[str, Found]:
    """Return tables of which those without a header have the names of the first one that has as many columns."""
    named = {path: [*map(str, each.frame.columns)] for path, each in found.items()}
    headed = {path: names for path, names in named.items() if not all(map(UNNAMED.fullmatch, names))}
    known: dict[str, Found] = {}
    for path, each in found.items():
        like = next((other for other, names in headed.items() if len(names) == len(named[path])), "")
        if path in headed or not like:
            known[path] = each
            continue
        note = f"{PurePosixPath(path).name} has no header; its columns have the names of those of {like}."
        known[path] = replace(each, frame=each.frame.set_axis(headed[like], axis=1), notes=(*each.notes, note))
    return known


def _in_another_form(first: Sequence[str], columns: Sequence[str]) -> tuple[str, str] | None:
    """Return the column that stands in the place of one of the first table, and that one; None if there is none."""
    if len(first) != len(columns) or len(first) < _FEWEST:
        return None
    differ = [(one, other) for one, other in zip(columns, first, strict=True) if one != other]
    if len(differ) != 1:
        return None
    short, long = sorted(map(bare_name, differ[0]), key=len)
    rest = long.removeprefix(short)
    is_form = long.startswith(short) and len(short) >= _SHORTEST and (rest in _NOUNS or len(rest) <= _LONGEST_ENDING)
    return differ[0] if is_form and rest.isalpha() else None


_FEWEST, _SHORTEST, _LONGEST_ENDING = 2, 4, 2
"""Columns of a table of which one may have another form, and the letters of a name and of its ending."""
_NOUNS = frozenset(("text", "texts", "body", "content"))


def are_alike(names: Sequence[frozenset[str]]) -> bool:
    """Say whether tables have the same columns, or some of them a few more, as exports of later years have."""
    shared, every = frozenset.intersection(*names), frozenset.union(*names)
    if shared != every and all(map(UNNAMED.fullmatch, shared)):  # cells without names may be anything
        return False
    enough = (len(shared) > 1 and 2 * len(shared) >= len(every)) or {*map(bare_name, shared)} <= _TALKS
    return shared == every or (shared in names and bool(shared) and enough)


_TALKS = frozenset(("messages", "conversations", "conversation"))
"""Columns that are enough for themselves, whatever stands beside them."""


def more_columns(names: Mapping[str, frozenset[str]], what: str) -> tuple[str, ...]:
    """Return a note on the columns that only some of several tables have; nothing where all have the same.

    Args:
        names: table → columns.
        what: what the tables are, such as "files".
    """
    shared = frozenset.intersection(*names.values())
    more = {PurePosixPath(path).name: each - shared for path, each in names.items() if each - shared}
    said = "; ".join(f"{table} ({shown_names(sorted(each))})" for table, each in more.items())
    return (f"Not all of the {what} have all columns: {said}.",) if more else ()


def different_columns(names: Mapping[str, frozenset[str]]) -> None:
    """Refuse tables that share columns, but each have others as well.

    Raises:
        DataError: they do; it names the columns.
    """
    shared = frozenset.intersection(*names.values()) if names else frozenset()
    if not 1 < len(names) <= _MOST_NAMED or not shared:
        return
    own = "; ".join(f"{path} has {shown_names(sorted(each - shared)) or 'no others'}" for path, each in names.items())
    raise DataError(
        f"These files do not form a table: they share the columns {shown_names(sorted(shared))}, but {own}; "
        "name the columns alike, or give the files that belong together."
    )


_MOST_NAMED = 12
