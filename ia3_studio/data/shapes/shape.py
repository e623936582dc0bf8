"""What does a recognizer of a shape get, and what does it return?"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ia3_studio.data.measurements import number_of
from ia3_studio.data.problem import Problem
from ia3_studio.data.turn_roles import known_role
from ia3_studio.data.turns import DIRECTION_KEYS, DIRECTIONS, SIDE_KEYS

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.mapping import Mapping

SAMPLE = 100
"""Rows at the beginning that decide whether a table has a shape."""
MOST = 0.9
"""Share of these rows that must have it."""
_LAST_SECOND = 1e11
"""Larger numbers of a time are milliseconds."""
_ABSENT_TYPES = ("NAType", "NaTType")


@dataclass(frozen=True)
class Rows:
    """Rows as a reader found them, with what the user chose."""

    name: str
    """The file's name, for sentences."""
    frame: pd.DataFrame
    speaker: str | None = None
    """Whose messages of a chat log are the answers."""
    first: pd.DataFrame | None = None
    """The rows that decide how all are read, where a file is read in parts: those of the first part."""

    @property
    def deciding(self) -> pd.DataFrame:
        """Return the rows that decide how all are read."""
        return self.frame if self.first is None else self.first

    @cached_property
    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return [str(name) for name in self.deciding.columns]

    @cached_property
    def _beginning(self) -> dict[str, list[Any]]:
        """Return the cells at the beginning of each column that are not absent."""
        cells = self.deciding.iloc[:SAMPLE].to_numpy(dtype=object)  # (rows, columns)
        pairs = zip(self.columns, cells.T, strict=True)
        return {name: [cell for cell in column if not is_absent(cell)] for name, column in pairs}

    @cached_property
    def structured(self) -> list[str]:
        """Return the columns with a list, an object, or text that may stand for one, in their first cell."""
        firsts = ((name, cells[0]) for name, cells in self._beginning.items() if cells)
        return [name for name, cell in firsts if not isinstance(cell, str | int | float) or str(cell)[:1] in ("[", "{")]

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {bare(column): column for column in reversed(self.columns)}

    def named(self, names: Iterable[str]) -> list[str]:
        """Return the columns with one of the names, whatever their case and punctuation, in the order of the names."""
        return [self._by_name[name] for name in names if name in self._by_name]

    def find(self, names: Iterable[str]) -> str:
        """Return the first column with one of the names; empty if there is none."""
        return next(iter(self.named(names)), "")

    def sample(self, column: str) -> list[Any]:
        """Return the cells at the beginning of a column that are not absent."""
        return self._beginning.get(column, [])

    def mostly(self, column: str, holds: Callable[[Any], bool]) -> bool:
        """Say whether a column exists and nearly all its cells at the beginning fulfill a condition."""
        cells = self.sample(column)
        fulfilling = len(cells)
        for cell in cells:
            fulfilling -= not holds(cell)
            if fulfilling < MOST * len(cells):  # most columns of most shapes, after a few cells
                return False
        return bool(cells)

    def any(self, column: str, holds: Callable[[Any], bool]) -> bool:
        """Say whether a cell at the beginning of a column fulfills a condition."""
        return any(map(holds, self.sample(column)))

    def first_records(self) -> list[dict[str, Any]]:
        """Return the rows at the beginning, each with its cells that are not absent."""
        begun = Rows(self.name, self.deciding.iloc[:SAMPLE])
        return [record for _row, record in begun.records()]

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each row's number and its cells that are not absent."""
        names = [str(name) for name in self.frame.columns]
        cells = self.frame.to_numpy(dtype=object)  # (rows, columns)
        for number, row in zip(self.frame.index.tolist(), cells, strict=True):
            yield number, {name: cell for name, cell in zip(names, row, strict=True) if not is_absent(cell)}


@dataclass(frozen=True)
class Recognized:
    """What rows of a shape are read as."""

    frame: pd.DataFrame
    form: str
    """What was recognized, as one clause: "Label Studio export"."""
    problems: tuple[Problem, ...] = ()
    """Rows that are left out, and why."""
    notes: tuple[str, ...] = ()
    """How it is read, in sentences."""
    unused: Counter[str] = field(default_factory=Counter)
    """What is not used and how often it occurs: "reactions": 3."""
    mapping: Mapping | None = None
    """The roles of the columns; None if their names say them."""
    speakers: tuple[str, ...] = ()
    """Who writes in a chat log, the most frequent one first."""
    undecided: str = ""
    """A sentence on what the user has to choose first."""


@dataclass(frozen=True)
class Shape:
    """A shape of rows and its reader."""

    name: str
    fits: Callable[[Rows], bool]
    """Say whether rows have it, by their columns and the cells at the beginning."""
    read: Callable[[Rows], Recognized]
    by_row: bool = True
    """Whether each row can be read without the others, so that a large file can be read in parts."""


class Collector:
    """Rows that are used, and those that are not with their reasons."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, dict[str, Any]]] = []
        self.problems: list[Problem] = []
        self.unused: Counter[str] = Counter()

    def use(self, row: int, record: dict[str, Any]) -> None:
        """Add a row that is used."""
        self.rows.append((row, record))

    def leave_out(self, row: int, reason: str) -> None:
        """Add a row that is left out."""
        self.problems.append(Problem(row, reason))

    def name_rest(self, record: dict[str, Any], used: Iterable[str]) -> None:
        """Count the cells of a row that are filled and not used."""
        self.unused.update(name for name, cell in record.items() if name not in used and not is_blank(cell))

    def recognized(
        self,
        form: str,
        mapping: Mapping | None = None,
        notes: Sequence[str] = (),
        unused: Iterable[str] = (),
    ) -> Recognized:
        """Return what was collected; columns of ``unused`` are counted by the rows that fill them."""
        for _row, record in self.rows:
            self.unused.update(name for name in unused if not is_blank(record.get(name)))
        return Recognized(frame_of(self.rows), form, tuple(self.problems), tuple(notes), self.unused, mapping)


def frame_of(rows: Sequence[tuple[int, dict[str, Any]]]) -> pd.DataFrame:
    """Return rows as a table with their numbers as its index."""
    import pandas as pd

    return pd.DataFrame([record for _row, record in rows], index=[row for row, _record in rows], dtype=object)


def bare(name: str) -> str:
    """Return a column's name in lower case, without punctuation.

    Example:
        >>> bare("Conversation ID"), bare("conversation_id")
        ('conversationid', 'conversationid')
    """
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def is_absent(cell: Any) -> bool:
    """Say whether a table has nothing in a cell."""
    return cell is None or type(cell).__name__ in _ABSENT_TYPES or (isinstance(cell, float) and cell != cell)


def is_blank(cell: Any) -> bool:
    """Say whether a cell is absent, a text of blanks, or an empty list or object."""
    if isinstance(cell, str):
        return not cell.strip()
    return is_absent(cell) or (hasattr(cell, "__len__") and len(cell) == 0)


def listed(value: Any) -> list[Any]:
    """Return a list, a tuple or an array as a list; an empty list for anything else."""
    return [] if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable) else list(value)


def finite(cell: Any) -> float | None:
    """Return a cell as a finite number; None if it is none."""
    number = number_of(cell) if isinstance(cell, str | int | float) else None
    return number if number is not None and math.isfinite(number) else None


def seconds_of(cell: Any) -> float | None:
    """Return a time in seconds: of a number, of a date with its year first or with dots, or of a datetime; else None.

    Example:
        >>> seconds_of("02.01.1970 00:00"), seconds_of("02/01/1970")
        (86400.0, None)
    """
    number = finite(cell)
    if number is not None:
        return number / 1000 if abs(number) > _LAST_SECOND else number
    try:
        moment = datetime.fromisoformat(_year_first(cell.strip())) if isinstance(cell, str) else cell
        if not isinstance(moment, datetime):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?[ T](\d{1,2})([:.]\d{2}(?:[:.]\d{2})?))?")
"""A date as it is written with dots, which is that of day, month and year everywhere."""


def _year_first(written: str) -> str:
    found = _DOTTED.fullmatch(written)
    if not found:
        return written
    day, month, year, hour, rest = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}" + (f"T{hour:0>2}{rest.replace('.', ':')}" if hour else "")


def is_role(cell: Any) -> bool:
    """Say whether a cell is the name of a role in a conversation."""
    return role_of(cell) != ""


def role_of(cell: Any) -> str:
    """Return the role that a cell names; empty if it is none. A call is the assistant's, its result the user's turn."""
    role = known_role(cell) or "" if isinstance(cell, str) else ""
    return "assistant" if role == "call" else "user" if role == "tool" else role


def side_role(column: str, cell: Any) -> str:
    """Return the role that a cell says of whoever speaks; empty if it says none.

    It is true or false in a column such as "inbound" or "is_bot", or where the message went in one called "direction".
    """
    if bare(column) in DIRECTION_COLUMNS:
        return DIRECTIONS.get(str(cell).strip().lower(), "")
    sides = next((sides for key, sides in SIDE_KEYS.items() if bare(key) == bare(column)), None)
    if sides is None and str(cell).strip().lower() in ("true", "false"):  # a column called visitor
        sides = {"user": ("user", "assistant"), "assistant": ("assistant", "user")}.get(known_role(column) or "")
    said = {"true": 0, "1": 0, "1.0": 0, "yes": 0, "false": 1, "0": 1, "0.0": 1, "no": 1}.get(str(cell).strip().lower())
    return sides[said] if sides and said is not None else ""


DIRECTION_COLUMNS = (*DIRECTION_KEYS, "messagedirection", "messagetype")
"""Columns that may say where a message went."""


def side_column(rows: Rows) -> str:
    """Return the column that says of each row who speaks, as ``side_role`` does; empty if not both sides do."""
    named = [
        *rows.named((*map(bare, SIDE_KEYS), *DIRECTION_COLUMNS)),
        *(name for name in rows.columns if known_role(name)),
    ]
    return next((name for name in named if len({side_role(name, cell) for cell in rows.sample(name)} - {""}) == 2), "")


def role_column(rows: Rows) -> str:
    """Return the first column of any name in which a user and an assistant speak; empty if there is none."""
    both = {"user", "assistant"}
    named = (name for name in rows.columns if not name.strip().endswith("?"))  # a question of a form asks for a job
    roles = (name for name in named if rows.mostly(name, is_role))
    return next((name for name in roles if both <= set(map(role_of, rows.sample(name)))), "")


def is_turn(value: Any) -> bool:
    """Say whether a value is one turn: an object with a role and a content, in one of the usual spellings."""
    return (
        isinstance(value, dict)
        and is_role(value.get("role", value.get("from")))
        and bool({"content", "value", "tool_calls", "function_call"} & value.keys())
    )


def is_text(value: Any) -> bool:
    """Say whether a value is a text with more than blanks."""
    return isinstance(value, str) and bool(value.strip())
