"""Which rows around the names of a table's columns are no data, and what do they add to these names?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.header_words import says_what

_TYPES = frozenset((
    "string", "str", "text", "varchar", "int", "integer", "long", "bigint", "float", "double", "number", "numeric",
    "boolean", "bool", "date", "datetime", "timestamp", "object", "category", "categorical", "nominal", "factor",
    "class", "classlabel", "enum", "list", "array", "json", "int64", "float64", "continuous", "discrete", "time",
    "meta", "ignore",
))  # fmt: skip
"""Words by which a row below the names says what type each column has, as databases and Orange write them."""
_KINDS_OF_ANSWERS = frozenset(("Response", "Open-Ended Response", "Other (please specify)"))
"""What SurveyMonkey writes below its questions."""
_BRACKETS = " ()[]<>{}"
_MOST_BELOW = 2
_LONGEST_NAME = 60
"""Characters of a name that stands below another one."""


@dataclass(frozen=True)
class HeaderRows:
    """The names of a table's columns and the rows around them."""

    names: list[Any]
    """One for each column; empty where it has none."""
    below: int = 0
    """Rows below the names that are no data."""
    notes: tuple[str, ...] = ()
    """What is not read, and what was added to the names."""


def header_rows(rows: Sequence[Sequence[Any]], place: int | None) -> HeaderRows:
    """Return the names in a row, completed by those of the row above or below.

    A name that several columns have gets that of its group before it, which stands above the first column of the group.

    Args:
        rows: the first rows of a table; a cell that is missing is None or empty.
        place: the row that names the columns; None where none does.
    """
    if place is None:
        return HeaderRows([])
    names = [cell_text(cell) for cell in rows[place]]
    titles = [" ".join(filter(None, map(cell_text, row))) for row in rows[:place]]
    below = rows_below(rows, place)
    if below and _are_names_of_parts(rows, place):
        parts = [cell_text(cell) for cell in rows[place + 1]]
        names = [_within(group, part) if part else name for name, group, part in _columns(names, parts)]
        return HeaderRows(names, below, (*title_notes(titles), _completed("below", names, parts)))
    if place and (grouped := _grouped(names, [cell_text(cell) for cell in rows[place - 1]])):
        notes = (*title_notes(titles[:-1]), _completed("above", grouped, grouped, names))
        return HeaderRows(grouped, below, (*notes, *_below_notes(below)))
    return HeaderRows(list(rows[place]), below, (*title_notes(titles), *_below_notes(below)))


def rows_below(rows: Sequence[Sequence[Any]], place: int) -> int:
    """Return how many rows below the names of columns say more of these, and are no data.

    They hold the type of each column, the names of the parts of a group, or what tools for surveys write: Qualtrics has
    the questions and then ids in JSON there; SurveyMonkey has the kind of each answer.
    """
    below = [[text for cell in row if (text := cell_text(cell))] for row in rows[place + 1 : place + 1 + _MOST_BELOW]]
    if len(below) == _MOST_BELOW and any(cell.startswith('{"ImportId"') for cell in below[1]):
        return _MOST_BELOW
    if not below or not below[0]:
        return 0
    kinds = _KINDS_OF_ANSWERS.intersection(below[0])
    nothing_else = set(below[0]) <= _KINDS_OF_ANSWERS
    choices = len(kinds) > 1 and not cell_text(rows[place + 1][0]) and any(not cell_text(cell) for cell in rows[place])
    if nothing_else or choices or _are_names_of_parts(rows, place):
        return 1
    types = [_are_types([text for cell in row if (text := cell_text(cell))]) for row in rows[place + 1 : place + 4]]
    return types.index(False) if False in types else 0  # where all rows are such words, they are data


def title_notes(titles: Sequence[str]) -> list[str]:
    """Return the note on title rows above a header; nothing where there are none."""
    titles = [title for title in titles if title]
    if not titles:
        return []
    rows = "The row" if len(titles) == 1 else f"The {len(titles)} rows"
    shown = "; ".join(repr(title[:60]) for title in titles[:3])
    return [f"{rows} above the header {'is' if len(titles) == 1 else 'are'} not read as data: {shown}."]


def cell_text(cell: Any) -> str:
    """Return a cell as text without blanks around it; an empty one where it is missing."""
    return "" if cell is None or cell != cell else str(cell).strip()  # NaN differs from itself


def _below_notes(rows: int) -> list[str]:
    if not rows:
        return []
    words = "The row below the header is" if rows == 1 else f"The {rows} rows below the header are"
    return [f"{words} not read as data: the columns are described there."]


def _completed(where: str, names: Sequence[str], parts: Sequence[str], before: Sequence[str] = ()) -> str:
    changed = [name for at, name in enumerate(names) if parts[at] and (not before or name != before[at])]
    shown = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
    return f"The names of columns are completed by the row {where} the header: {shown}."


def _are_types(row: Sequence[str]) -> bool:
    """Say whether all cells name types of columns, some of them different ones."""
    words = {cell.strip(_BRACKETS).lower() for cell in row}
    return len(row) > 1 and words <= _TYPES and (len(words) > 1 or all(cell[0] in _BRACKETS for cell in row))


def _are_names_of_parts(rows: Sequence[Sequence[Any]], place: int) -> bool:
    """Say whether the row below names has others in just the columns of groups: those without a name, and their first.

    The columns that have a name of their own are empty there.
    """
    names = [cell_text(cell) for cell in rows[place]]
    if place + 2 >= len(rows) or all(names) or not names[0]:
        return False
    parts = [cell_text(cell) for cell in rows[place + 1]]
    if len(parts) != len(names) or any(len(part) > _LONGEST_NAME for part in parts) or all(parts):
        return False
    in_group = [not name or not after for name, after in zip(names, [*names[1:], "-"], strict=True)]
    rest = [cell_text(cell) for cell in rows[place + 2]]
    return in_group == [bool(part) for part in parts] and [bool(cell) for cell in rest] != in_group


def _is_part_of(group: str, name: str) -> bool:
    """Say whether a group is called by what a column may hold and the column itself is not, such as Answer: short."""
    return bool(name) and name != group and says_what(group) and not says_what(name)


def _columns(names: Sequence[str], parts: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return the name of each column, that of its group, and its name there."""
    return list(zip(names, _groups(names), parts, strict=True))


def _grouped(names: Sequence[str], above: Sequence[str]) -> list[str]:
    """Return names of which those that several columns have stand behind that of their group.

    So does one that says nothing of what it holds, where its group does. A column without a name gets what stands right
    above it. Return nothing where none changes, or columns of one name stand in one group.
    """
    above = [*above, *[""] * len(names)][: len(names)]
    counts = Counter(name for name in names if name)
    grouped = [
        _within(group, name) if counts[name] > 1 or _is_part_of(group, name) else name or cell
        for name, group, cell in zip(names, _groups(above), above, strict=True)
    ]
    filled = [name for name in grouped if name]
    return grouped if _are_groups(above, names) and grouped != names and len(filled) == len(set(filled)) else []


def _are_groups(above: Sequence[str], names: Sequence[str]) -> bool:
    """Say whether cells above names are several groups of columns, not a title."""
    different = {cell for cell in above if cell}
    return 1 < len(different) < len(names) and all(len(cell) <= _LONGEST_NAME for cell in different)


def _groups(cells: Sequence[str]) -> list[str]:
    """Return for each cell the text of it, or of the last one before it that has any."""
    groups: list[str] = []
    for cell in cells:
        groups.append(cell or (groups[-1] if groups else ""))
    return groups


def _within(group: str, name: str) -> str:
    return f"{group} {name}".strip()
