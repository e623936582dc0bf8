"""Which columns say for each of several labels whether a text has it?"""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import name_words, named
from ia3_studio.data.column_profile import cells_of, is_label_name, is_plain, profile, structures_of
from ia3_studio.data.label_names import LABEL_WORDS, is_judged
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.measurements import number_of
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.read_texts import LABELED_NAMES, read_text
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


_RATER = re.compile(r"(?:annot?at[oe]r|anota\w+or|rater|worker|coder|judge|reviewer)\W*_?\d+", re.IGNORECASE)
"""Columns of what one of several people said, rather than of one of several labels."""
_FEWEST_FLAGS = 2
_OF_A_TEXT = 0.75
"""Share of the rows that hold at least a text whose column does not say that it is one."""
FLAGS: tuple[frozenset[str], ...] = tuple(
    map(frozenset, (("0", "1"), ("0.0", "1.0"), ("true", "false"), ("yes", "no"), ("y", "n"), ("x",), ("✓",)))
)
"""What columns that say for each label whether a text has it may hold; "x" stands beside empty cells."""


def flags(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a text and several columns of 0 and 1, each of which says whether the text has that label."""
    texts = named(columns, LABELED_NAMES)
    marks = _flag_columns(frame, [name for name in columns if name not in texts and not _RATER.search(name)])
    if _has_verdict_apart(columns, marks):
        return None
    others = {name: profile(frame, name) for name in columns if name not in (*texts, *marks)}
    longer = [name for name, each in others.items() if each.is_text]
    texts = texts or longer
    rivals = [name for name, each in others.items() if each.is_label and not each.is_identifier and name not in texts]
    rivals = [name for name in rivals if is_label_name(name, LABEL_WORDS)]
    text = read_text(frame, texts, [*texts, *longer])
    counts = _counts_among(frame, columns, marks) if text and not rivals else []
    if len(marks) + len(counts) <= _FEWEST_FLAGS or rivals or not text:
        return None
    if counts:
        raise DataError(
            f"The columns {shown_names(counts)} stand among columns of 0 and 1 but hold higher numbers as well, such "
            "as how many people said so; make each of them 0 or 1, or select one label as the target column."
        )
    return Mapping("labels", column=text, target="multi", parts=tuple(marks))


def flags_of_object(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a text and the flags that an object beside it holds, one for each of several labels, and nothing else.

    The text may stand in another object.
    """
    inside = {name: _keys_of(frame, name) for name in columns if not is_plain(frame, name)}
    held = [[f"{name}.{key}" for key in keys] for name, keys in inside.items() if len(keys) > _FEWEST_FLAGS]
    held = [paths for paths in held if len(paths) <= _MOST_FLAGS and _flag_columns(frame, paths) == paths]
    if len(held) != 1:
        return None
    others = [
        path for name in columns for path in ([f"{name}.{key}" for key in inside[name]] if name in inside else [name])
    ]
    found = flags(frame, others)
    return found if found and list(found.parts) == held[0] else None


def _keys_of(frame: pd.DataFrame, name: str) -> list[str]:
    """Return the keys of the objects of a column."""
    objects = (value for value in structures_of(frame, name) if isinstance(value, Record))
    return list(dict.fromkeys(str(key) for each in objects for key in each))


def flags_of_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the same, but refuse a text that may be a remark on some of the rows, which are of something else.

    Raises:
        DataError: many rows lack the text, and its column does not say that it holds what is labeled.
    """
    found = flags(frame, columns)
    if found is None or found.column in named(columns, LABELED_NAMES):
        return found
    share = profile(frame, found.column).filled
    if share < _OF_A_TEXT:
        raise DataError(
            f"The columns {shown_names(found.parts)} hold only yes and no, as several labels do, but "
            f"{1 - share:.0%} of the rows have no text ({found.column}), as if it were a remark on some of them; "
            "select the columns of the text and of the labels."
        )
    return found


def _has_verdict_apart(columns: Sequence[str], marks: Sequence[str]) -> bool:
    """Say whether one flag alone is called what people judge a text to be, and the others are facts of the row.

    So are has_logo and telecommuting before fraudulent, if it is the last flag and stands apart; and has_logo and
    edited, wherever they stand.
    """
    judged = [name for name in marks if is_judged(name)]
    if len(marks) <= _FEWEST_FLAGS or len(judged) != 1:
        return False
    last = columns.index(marks[-1])
    is_apart = columns[last - 1] != marks[-2] and judged == [marks[-1]]
    return is_apart or all(name in judged or _is_fact(name) for name in marks)


def _is_fact(name: str) -> bool:
    """Say whether a flag is called after what a text has, or what else is known of its row."""
    return name_words(name)[:1] == ["has"] or any(map(is_about_row, name_words(name)))


def with_all_flags(frame: pd.DataFrame, found: Mapping) -> Mapping:
    """Return a mapping to one flag of an object as that to all of them; any other mapping as it is.

    The object holds nothing else, so that two flags are enough: {"rude": 0, "late": 1}.
    """
    column, point, _key = found.answer.rpartition(".")
    if found.kind != "labels" or found.target != "single" or not point or column not in frame.columns:
        return found
    paths = [f"{column}.{key}" for key in _keys_of(frame, column)]
    if not _FEWEST_FLAGS <= len(paths) <= _MOST_FLAGS or found.answer not in paths:
        return found
    if _flag_columns(frame, paths) != paths:
        return found
    return replace(found, answer="", target="multi", parts=tuple(paths), near=())


_MOST_FLAGS = 100


def _counts_among(frame: pd.DataFrame, columns: Sequence[str], marks: Sequence[str]) -> list[str]:
    """Return the columns that count people between those of flags, or beside few of them with nothing else between.

    There, they are mostly 0.
    """
    counts = [name for name in columns if name not in marks and {0.0, 1.0} < _people(frame, name)]
    if len(marks) > _FEWEST_FLAGS:
        return [name for name in counts if columns.index(marks[0]) < columns.index(name) < columns.index(marks[-1])]
    counts = [name for name in counts if _are_rare(frame, name)]
    places = [columns.index(name) for name in (*marks, *counts)]
    among = columns[min(places) : max(places) + 1] if places else []
    return counts if all(_people(frame, name) for name in among) else []


def _people(frame: pd.DataFrame, name: str) -> set[float]:
    """Return the different numbers of a column, if they are so small that each may count people who said something."""
    numbers: set[float] = set()
    for cell in cells_of(frame, name):
        number = number_of(cell)
        if number is None or number not in _FEW_PEOPLE:
            return set()
        numbers.add(number)
    return numbers


def _are_rare(frame: pd.DataFrame, name: str) -> bool:
    """Say whether most numbers of a column are 0."""
    numbers = [number_of(cell) for cell in cells_of(frame, name)]
    return 2 * numbers.count(0.0) > len(numbers)


_FEW_PEOPLE = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


def _flag_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that hold flags of one spelling; one in which a rare label never occurs is one, too."""
    held: dict[str, set[str]] = {}
    for name in columns:
        cells = [str(cell).strip().lower() for cell in cells_of(frame, name)]
        held[name] = {cell for cell in cells if cell not in ("", "-1", "-1.0")}  # -1: nobody said it of the row
    found: list[str] = []
    for known in FLAGS:
        whole = [name for name, cells in held.items() if cells == known]
        no = known & {"0", "0.0", "false", "no", "n"}
        fitting = [name for name, cells in held.items() if cells == known or (cells and cells == no)]
        if len(whole) > _FEWEST_FLAGS - 1:
            always = [name for name, cells in held.items() if cells == known - no]
            fitting += [name for name in always if _is_next_to(columns, name, fitting)]
        found = fitting if len(whole) > max(1, len(found)) else found
    return [name for name in columns if name in found]


def _is_next_to(columns: Sequence[str], name: str, others: Sequence[str]) -> bool:
    """Say whether a column stands before or behind one of others."""
    place = columns.index(name)
    return any(each in others for each in columns[max(0, place - 1) : place + 2])
