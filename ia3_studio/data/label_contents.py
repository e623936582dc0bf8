"""What does a column that may be a label hold: names, several of them, marks, titles, steps of work?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as Record
from operator import eq
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import UNNAMED, name_words, says
from ia3_studio.data.column_profile import (
    LONGEST_LABEL,
    MOST_CLASSES,
    SHORTEST_TEXT,
    Profile,
    cells_of,
    is_list_of_texts,
    is_measured,
    profile,
    structures_of,
)
from ia3_studio.data.label_cells import (
    LISTED,
    LONGEST_PART,
    are_joined,
    are_joined_numbers,
    are_known_together,
    are_points,
    are_stars,
    bare_lists,
    label_kind,
)
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.measurements import number_of
from ia3_studio.data.paths import is_listed, structure_of
from ia3_studio.data.vote_counts import counts_votes

if TYPE_CHECKING:
    import pandas as pd

_LABEL_KEYS = ("name", "label", "value", "class", "title", "text")
"""Keys of a label that is an object."""
_MOSTLY_DIFFERENT, _FEWEST_TITLES = 0.9, 20


def label_path(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names inside its objects; empty where it holds long texts."""
    values = structures_of(frame, name)
    inner = [each for value in values for each in (value if is_listed(value) else [value])]
    objects = [each for each in inner if isinstance(each, Record)]
    if objects and 2 * len(objects) > len(inner):
        held = (key for key in _LABEL_KEYS if sum(key in each for each in objects) > len(objects) / 2)
        key = next((key for key in held if not any(isinstance(each.get(key), Record) for each in objects)), "")
        return f"{name}.{key}" if key else ""
    if counts_votes(frame, profile(frame, name)) or (values and not inner):  # lists, all of them empty
        return ""
    return "" if holds_long_texts(frame, name) or are_titles(frame, name) or are_repeated(frame, name) else name


def path_inside(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names where it holds objects."""
    structures = structures_of(frame, name)
    lists = [value for value in structures if is_listed(value)]
    objects = [value for value in structures if isinstance(value, Record)] + [
        value for value in lists if any(isinstance(each, Record) for each in value)
    ]
    return (label_path(frame, name) or name) if objects else name


def holds_labels_or_marks(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column that is called a label holds labels or measurements."""
    few = (each.is_number or 0 < each.length < SHORTEST_TEXT) and 2 <= each.different <= len(frame) // 2
    cells = cells_of(frame, each.name)
    on_scale = each.is_number and (are_points(cells, each.name) or are_stars(cells, each.name))
    return each.is_label or few or is_measured(cells) or on_scale


def holds_several(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether cells are several short labels each, in lists or joined, that occur again in other rows."""
    if each.is_identifier or each.is_label:
        return False
    cells = cells_of(frame, path_inside(frame, each.name))
    if are_joined_numbers(cells):
        return True
    if each.is_number:
        return False
    if are_joined(cells) or are_known_together({cell.strip() for cell in cells if isinstance(cell, str)}):
        parts = [part for cell in cells if isinstance(cell, str) for part in LISTED.split(cell.strip()) if part]
    else:
        lists = bare_lists(cells) or [value for cell in cells if is_list_of_texts(value := structure_of(cell))]
        parts = [part for value in lists for part in value]
        if len(lists) < MOSTLY * len(cells) or any(len(part) > LONGEST_PART for part in parts):
            return False
    varied = len({str(cell) for cell in cells}) > 1
    return varied and 2 <= len(set(parts)) <= min(MOST_CLASSES, len(parts) // 2)


def are_titles(frame: pd.DataFrame, name: str) -> bool:
    """Say whether hardly any two texts of a column are alike, so that they are no classes."""
    each = profile(frame, name)
    different = each.length > 0 and each.different > _MOSTLY_DIFFERENT * len(frame) and len(frame) >= _FEWEST_TITLES
    return different and label_kind(cells_of(frame, name), name) != "multi"


def are_repeated(frame: pd.DataFrame, name: str) -> bool:
    """Say whether all texts of a column are different and most stand in another one as well: names, and no classes."""
    each = profile(frame, name)
    if not each.length or each.different < len(frame) or len(frame) < _FEWEST_NAMES:
        return False
    few = frame.iloc[:_FIRST, :_MOST_COMPARED]
    cells = [str(cell).strip() for cell in cells_of(frame, name)[:_FIRST]]
    others = ([str(cell).strip() for cell in few[other]] for other in few.columns if str(other) != name)
    return any(2 * sum(map(eq, cells, other)) > len(cells) for other in others)


_FEWEST_NAMES, _FIRST, _MOST_COMPARED = 4, 50, 50
"""Rows from which on texts that are all different are names; rows and columns in which they may be repeated."""


def holds_long_texts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds texts that are too long, and too different, for labels."""
    each = profile(frame, name)
    return each.length > LONGEST_LABEL and 2 * each.different > len(frame)


def holds_known_classes(frame: pd.DataFrame, name: str) -> bool:
    """Say whether several values of a column without a name are classes that many texts have."""
    return UNNAMED.fullmatch(name) is not None and len(_classes(frame, name) & _KNOWN_CLASSES) > 1


def holds_only_known_classes(frame: pd.DataFrame, name: str) -> bool:
    """Say whether all values of a column without a name are such classes, and more than yes and no."""
    found = _classes(frame, name) if holds_known_classes(frame, name) else set()
    return bool(found) and found <= _KNOWN_CLASSES and not found <= _YES_OR_NO


def _classes(frame: pd.DataFrame, name: str) -> set[str]:
    return {"-".join(str(cell).casefold().replace("_", "-").split()) for cell in cells_of(frame, name)}


_KNOWN_CLASSES = frozenset(
    ("positive", "negative", "neutral", "irrelevant", "mixed", "pos", "neg", "spam", "ham", "toxic", "offensive",
     "hate", "normal", "true", "false", "fake", "real", "yes", "no", "good", "bad", "joy", "anger", "fear",
     "sadness", "love", "surprise", "happy", "sad", "angry", "support", "deny", "against", "favor", "entailment",
     "contradiction", "mostly-true", "half-true", "barely-true", "mostly-false", "partly-true", "partly-false",
     "pants-fire", "unproven", "supported", "refuted", "supports", "refutes", "not-enough-info", "disgust", "worry",
     "very-positive", "very-negative", "extremely-positive", "extremely-negative")
)  # fmt: skip


def are_unnamed_grades(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column without a name holds nothing but grades from 1 to 5, at least three of them."""
    if not UNNAMED.fullmatch(name):
        return False
    numbers = {number_of(cell) for cell in cells_of(frame, name)}
    return len(numbers) >= _FEWEST_GRADES and numbers <= _GRADES


_GRADES, _FEWEST_GRADES = frozenset((1.0, 2.0, 3.0, 4.0, 5.0)), 3


def holds_yes_or_no(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds nothing but yes and no."""
    return {str(cell).strip().casefold() for cell in cells_of(frame, name)} <= _YES_OR_NO


_YES_OR_NO = frozenset(("yes", "no", "y", "n", "true", "false"))


def are_on_several_scales(cells: Iterable[Any]) -> bool:
    """Say whether cells are ratings on several scales, such as 3/5, 7.5/10 and B+, which are no classes together.

    Example:
        >>> are_on_several_scales(["3/5", "B+", "60/100"]), are_on_several_scales(["3/5", "4/5"])
        (True, False)
    """
    found = [_RATING.fullmatch(text) for cell in cells if (text := str(cell).strip())]
    scales = {(each[1] or "grade") for each in found if each}
    return bool(found) and all(found) and len(scales) > 1


_RATING = re.compile(r"\d{1,3}(?:\.\d{1,2})?/(\d{1,3})|[A-F][+-]?")


def is_workflow(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column says how far something has come, such as draft or done, rather than what it is."""
    if not says(name, _STATES):
        return False
    cells = {"_".join(name_words(str(cell))) for cell in cells_of(frame, name)} - {""}
    return bool(cells) and cells <= _STEPS


_STATES = words_for("status")
_STEPS = words_for("progress")
"""What a column of a status holds in a list of things that are worked on."""


def is_class(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column that may be an answer holds classes or measurements."""
    each = profile(frame, name)
    return each.is_label or each.is_number
