"""What does a column hold: texts, labels, numbers, identifiers? Decided by its cells, and by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.identifiers import identifies
from ia3_studio.data.measurements import decimal_mark, number_of
from ia3_studio.data.paths import is_listed, split_path, structure_of, value_at
from ia3_studio.data.units import have_one_unit

if TYPE_CHECKING:
    import pandas as pd

SHORTEST_TEXT, LONGEST_LABEL, MOST_CLASSES = 8, 40, 200
"""Mean characters of a text, most characters of a label, most different labels, where only contents can tell."""
_FEW_LONG, _LONGEST_REPEATED = 20, 120
"""Different labels of which each occurs often, and the characters that one may have then."""
_FEWEST_MEASURES = 20
"""Different whole numbers from which on they are measurements, if there are also many for the number of rows."""
_NUMBERS = re.compile(r"\s*\[[\s\d.,e+-]*\]\s*")
"""Cells that are lists of numbers, such as the ids of words, which nobody reads."""
_NO_LABELS = frozenset((
    "confidence", "prob", "probability", "probabilities", "count", "counts", "num", "length", "len", "gold",
    "weight", "user", "average", "avg", "mean", "total", "numerator", "denominator",
))  # fmt: skip
"""Words of names of columns about a label or a row, rather than a label."""


@dataclass(frozen=True)
class Profile:
    """A column in a few numbers."""

    name: str
    filled: float
    """Share of the rows that have a value."""
    length: float
    """Mean characters of its texts; 0 unless most cells are texts that are no numbers."""
    different: int
    """Different values."""
    is_label: bool
    """Whether it has few different, short values."""
    is_number: bool
    """Whether all values are numbers, or texts of numbers."""
    is_identifier: bool
    """Whether it identifies or describes a row: by its name, or as running numbers or dates."""

    @property
    def is_text(self) -> bool:
        """Return whether its values are long enough to be read."""
        return self.length >= SHORTEST_TEXT and not self.is_identifier


@dataclass(frozen=True)
class _Kept:
    """What is known by table and column, with the table, so that no other one gets its number meanwhile."""

    profiles: dict[tuple[int, str], tuple[Any, Profile]] = field(default_factory=dict)
    cells: dict[tuple[int, str], tuple[Any, list[Any]]] = field(default_factory=dict)
    structures: dict[tuple[int, str], tuple[Any, list[Any]]] = field(default_factory=dict)


_FIRST = 50
"""Values of a column that tell what it holds."""
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def kept_profiles() -> Iterator[None]:
    """Look for the cells of each column once, and make its profile, while the roles of unchanged columns are told.

    Inside another one, what that one keeps is used.
    """
    if _kept.get() is not None:
        yield
        return
    token = _kept.set(_Kept())
    try:
        yield
    finally:
        _kept.reset(token)


def profile(frame: pd.DataFrame, name: str) -> Profile:
    """Return the profile of a column or a path."""
    kept = _kept.get()
    if kept is None:
        return _profile(frame, name)
    if (id(frame), name) not in kept.profiles:
        kept.profiles[id(frame), name] = frame, _profile(frame, name)
    return kept.profiles[id(frame), name][1]


def _profile(frame: pd.DataFrame, name: str) -> Profile:
    cells = cells_of(frame, name)
    cells = [str(cell) if isinstance(cell, date) else cell for cell in cells]
    plain = [cell for cell in cells if isinstance(cell, str | int | float)]
    texts = [cell for cell in plain if isinstance(cell, str) and cell.strip() and not _is_number_text(cell)]
    texts = [cell for cell in texts if not _NUMBERS.fullmatch(cell)]
    known = [str(cell).strip() for cell in plain if str(cell).strip()]
    different = set(known)
    is_number = bool(known) and len(plain) == len(cells) and all(map(_is_number_text, known))
    longest = LONGEST_LABEL if len(different) > min(_FEW_LONG, len(known) // 8) else _LONGEST_REPEATED
    short = len(plain) == len(cells) and all(len(each) <= longest for each in known)
    few = 2 <= len(different) <= max(2, min(MOST_CLASSES, len(known) // 4))
    return Profile(
        name,
        filled=len(known if plain else cells) / max(1, len(frame)),
        length=sum(map(len, texts)) / len(texts) if 2 * len(texts) > len(cells) - len(plain) + len(known) else 0.0,
        different=len(different),
        is_label=short and few,
        is_number=is_number,
        is_identifier=identifies(name, known, different),
    )


def cells_of(frame: pd.DataFrame, name: str) -> list[Any]:
    """Return the values of a column or a path that are not missing."""
    kept = _kept.get()
    if kept is None:
        return _cells_of(frame, name)
    if (id(frame), name) not in kept.cells:
        kept.cells[id(frame), name] = frame, _cells_of(frame, name)
    return kept.cells[id(frame), name][1].copy()


def _cells_of(frame: pd.DataFrame, name: str) -> list[Any]:
    if name in frame.columns:
        cells = frame[name].array  # a third of the time that a Series takes, which is asked a dozen times a column
        kept = cells[~cells.isna()]
        is_numpy = type(kept).__name__ == "NumpyExtensionArray"  # its list would be of numpy's numbers, not Python's
        return (kept.to_numpy() if is_numpy else kept).tolist()  # type: ignore[no-any-return]
    found = split_path(name, frame.columns)
    if found is None:
        return []
    column = found[0]
    return [value for cell in cells_of(frame, column) if (value := value_at({column: cell}, name)) is not None]


def structures_of(frame: pd.DataFrame, name: str, most: int = _FIRST) -> list[Any]:
    """Return the first values of a column, JSON and Python text parsed."""
    kept = _kept.get()
    if kept is None or most != _FIRST:
        return [structure_of(cell) for cell in cells_of(frame, name)[:most]]
    if (id(frame), name) not in kept.structures:
        kept.structures[id(frame), name] = frame, [structure_of(cell) for cell in cells_of(frame, name)[:most]]
    return kept.structures[id(frame), name][1].copy()


def is_plain(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most cells of a column are values, not objects."""
    values = structures_of(frame, name)
    return 2 * sum(isinstance(value, Mapping) for value in values) <= len(values)


def is_measured(cells: Iterable[Any]) -> bool:
    """Return whether numbers are measurements rather than classes: some have a fraction, or they are very many."""
    filled = [cell for cell in cells if not (isinstance(cell, str) and not cell.strip())]
    mark = decimal_mark(filled)
    numbers = [number_of(cell, mark) for cell in filled]
    known = [number for number in numbers if number is not None]
    if not known or len(known) < len(numbers) or not have_one_unit(filled):
        return False
    different = set(known)
    if any(not number.is_integer() for number in known):
        return True
    return len(different) > _FEWEST_MEASURES and 4 * len(different) > len(known)


def is_label_name(name: str, words: frozenset[str]) -> bool:
    """Return whether the words of a column's name say that it is a label, such as "airline_sentiment" or "is_spam"."""
    about = _NO_LABELS.intersection(name_words(name))
    return says(name, words) and (not about or (about == {"gold"} and says(name, _CALLED_LABELS)))


_CALLED_LABELS = frozenset(("label", "labels", "class", "category"))
"""Words of labels that are those of the gold standard where their name says it, rather than those of a test."""


def _is_number_text(cell: Any) -> bool:
    return number_of(cell) is not None


def is_list_of_texts(value: Any) -> bool:
    """Return whether a value is a list of one text or more."""
    return is_listed(value) and len(value) > 0 and all(isinstance(each, str) for each in value)
