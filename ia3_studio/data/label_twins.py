"""Which columns have the same labels as another one: their names beside numbers?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words, named
from ia3_studio.data.column_profile import cells_of, profile, structures_of
from ia3_studio.data.flag_columns import FLAGS
from ia3_studio.data.paths import is_listed

if TYPE_CHECKING:
    import pandas as pd


def in_words(frame: pd.DataFrame, columns: Sequence[str], label: str) -> str:
    """Return the column that has the names of classes that a label column has as numbers, or else this one."""
    if names := _names_of_places(frame, columns, label) or _name_of_number(frame, columns, label):
        return names
    if names := _called_names(frame, columns, label):
        return names
    found = profile(frame, label)
    if names := _called_as_labels(frame, columns, label):
        return names
    if not (found.is_number and found.is_label) or label not in frame.columns or 2 * found.different > len(frame):
        return label
    numbers = frame[label].tolist()
    for name in columns:
        other = profile(frame, name) if name != label else found
        if other.is_number or not other.is_label or other.different != found.different or _is_flag(frame, name):
            continue
        if _pairs(numbers, frame[name]) == found.different:
            return name
    return label


def _called_as_labels(frame: pd.DataFrame, columns: Sequence[str], label: str) -> str:
    """Return the column called an intent, a category or the like that has one text for each number of a label.

    Some come again: in a table of few rows, these need not be few.
    """
    numbers = profile(frame, label)
    if not numbers.is_number or label not in frame.columns or not 1 < numbers.different < len(frame):
        return ""
    others = (profile(frame, name) for name in named(columns, _LABELS) if name != label and name in frame.columns)
    others = (each for each in others if each.length and each.different == numbers.different)
    return next((each.name for each in others if _pairs(frame[label].tolist(), frame[each.name]) == each.different), "")


_LABELS = ("intent", "category", "class", "topic", "emotion", "sentiment")


def _called_names(frame: pd.DataFrame, columns: Sequence[str], label: str) -> str:
    """Return the column called the names of a label, as label_name is of label, where that is a number.

    It need not have one name for each number: files that were made apart may count their classes otherwise.
    """
    if not profile(frame, label).is_number or label not in frame.columns:
        return ""
    called = (name for name in columns if name != label and name in frame.columns)
    called = (name for name in called if name_words(name) == [*name_words(label), *name_words(name)[-1:]])
    found = (profile(frame, name) for name in called if name_words(name)[-1] in _CALLED)
    return next((each.name for each in found if each.is_label and each.length), "")


def _name_of_number(frame: pd.DataFrame, columns: Sequence[str], label: str) -> str:
    """Return the column called as a label is but for its end, intent_name beside intent_id, with one name per id."""
    words = name_words(label)
    if label not in frame.columns or len(words) < len(("intent", "id")) or words[-1] not in _NUMBERED:
        return ""
    beside = (name for name in columns if name in frame.columns and name != label and profile(frame, name).length)
    return next(
        (name for name in beside if _bare(name_words(name)) == words[:-1] and say_the_same(frame, label, name)), ""
    )


def _bare(words: Sequence[str]) -> list[str]:
    """Return the words of a column's name without the last, where that says that it is a name."""
    return [*(words[:-1] if len(words) > 1 and words[-1] in _CALLED else words)]


_NUMBERED = frozenset(("id", "ids", "idx", "index", "code", "no", "num", "number"))
_CALLED = frozenset(("name", "names", "label", "text", "title"))
"""Words that end the names of columns of the numbers of labels, and of what the labels are called."""


def _is_flag(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds yes and no alone, which name no class."""
    return {str(cell).strip().lower() for cell in cells_of(frame, name)} in FLAGS


def _names_of_places(frame: pd.DataFrame, columns: Sequence[str], label: str) -> str:
    """Return the column of lists of names beside lists of 0 and 1 that have as many ones; empty if there is none."""
    places = structures_of(frame, label)
    counts = [sum(value) if _is_places(value) else -1 for value in places]
    if not counts or min(counts) < 0 or len({len(value) for value in places}) != 1:
        return ""
    for name in columns:
        lists = structures_of(frame, name) if name != label else []
        if len(lists) == len(counts) and all(
            is_listed(value) and len(value) == count and all(isinstance(each, str) for each in value)
            for value, count in zip(lists, counts, strict=True)
        ):
            return name
    return ""


def _is_places(value: object) -> bool:
    """Say whether a value is a list of 0 and 1, one for each label."""
    return isinstance(value, list) and len(value) > 1 and all(each in (0, 1) for each in value)


def say_the_same(frame: pd.DataFrame, one: str, other: str) -> bool:
    """Say whether each value of a column stands beside only one of another column, and the other way round."""
    if not {one, other} <= {*frame.columns}:
        return False
    return _pairs(frame[one], frame[other]) == profile(frame, one).different == profile(frame, other).different


def describes(frame: pd.DataFrame, text: str, label: str) -> bool:
    """Say whether a text is the same in all rows of a label and another one for each label, so that it describes it.

    Somewhere else in the table stand texts of which hardly two are alike.
    """
    if not {text, label} <= {*frame.columns} or 2 * profile(frame, text).different > len(frame):
        return False
    if profile(frame, label).different <= 1 or not say_the_same(frame, text, label):
        return False
    others = (profile(frame, name) for name in islice(frame.columns, _MOST_COMPARED) if name not in (text, label))
    return any(each.is_text and 2 * each.different > len(frame) for each in others)


_MOST_COMPARED = 200
"""Columns that are looked at for such texts."""


def _pairs(one: Iterable[Any], other: Iterable[Any]) -> int:
    """Return how many different pairs of values stand side by side."""
    return len({(str(cell).strip(), str(beside).strip()) for cell, beside in zip(one, other, strict=True)})
