"""Which column holds all choices of a question: as a list, an object of lists, or by letter in a text?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Record
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_cells import choice_texts
from ia3_studio.data.choice_letters import LETTERS, letter_of
from ia3_studio.data.column_names import name_words, named, says_last
from ia3_studio.data.column_profile import cells_of, profile, structures_of
from ia3_studio.data.column_words import ANSWERED, ASKED
from ia3_studio.data.label_names import label_name
from ia3_studio.data.lettered import joined_choices, lettered
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.paths import is_listed
from ia3_studio.data.right_choice import is_wrong, right_columns
from ia3_studio.data.shapes.shape import is_blank

if TYPE_CHECKING:
    import pandas as pd


LIST_NAMES = (
    "choices",
    "choice",
    "options",
    "endings",
    "answers",
    "candidates",
    "alternatives",
    "question.choices",
    "answer_choices",
    "answer_options",
    "multiple_choice_targets",
    "mc1_targets",
    "choice_list",
    "option_list",
)
"""Columns of all choices of a question."""
QUESTION_NAMES = ("prompt", "question", "question_stem", "stem", "question.stem", "instruction", "query", "problem",
                   "source", "user", "q", "question_text", "statement", "qtext", "question_content")  # fmt: skip
MOST_CHOICES = 8


def list_column(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the column whose cells hold all choices of a question, as a list, an object of lists, or by letter."""
    for name in [*named(columns, LIST_NAMES), *(each for each in columns if says_last(each, OFFERED))] or [
        f"{each}.choices" for each in named(columns, ("question",))
    ]:
        values = structures_of(frame, name)
        if values and sum(map(_holds_choices, values)) > len(values) / 2:
            return [name]
        joined = sum(map(_are_joined, values))
        if len(columns) > 2 and 2 * joined > len(values) and _named_by_another(frame, columns, name):
            return [name]
    return _list_by_numbers(frame, columns)


def _are_joined(value: Any) -> bool:
    return isinstance(value, str) and len(joined_choices(value)) > 1


def _named_by_another(frame: pd.DataFrame, columns: Sequence[str], name: str) -> bool:
    """Say whether a cell of another column is the letter, the number or the text of a choice beside it.

    That holds for all rows that have choices and an answer, which are half of the rows at least: others of a quiz may
    be of another kind, such as true or false, or things to be put in order.
    """
    offered = [joined_choices(cell) if isinstance(cell, str) else [] for cell in frame[name].tolist()]
    keys = [{*each, *LETTERS[: len(each)], *_numbers(len(each))[0], *_numbers(len(each))[1]} for each in offered]
    for other in (each for each in columns if each != name):
        said = ["" if is_blank(cell) else label_name(cell) for cell in frame[other].tolist()]
        fits = [
            cell in known or letter_of(cell) in known
            for cell, known, texts in zip(said, keys, offered, strict=True) if cell and len(texts) > 1
        ]  # fmt: skip
        if all(fits) and 2 * len(fits) >= len(frame) and len({*said}) > 1:
            return True
    return False


def _list_by_numbers(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the only column of lists of a few texts, of which a column called right names one by its number."""
    lists = [name for name in columns if are_all(structures_of(frame, name), _is_short_list)]
    called = [*right_columns(columns), *(name for name in columns if says_last(name, ANSWERED))]
    right = [name for name in called if name not in lists]
    asked = named(columns, ("question", *QUESTION_NAMES)) or [name for name in columns if says_last(name, ASKED)]
    if len(lists) != 1 or not right or not asked:
        return []
    numbers = [whole_number(label_name(cell)) for cell in cells_of(frame, right[0])]
    counts = [len(value) for value in structures_of(frame, lists[0])]
    fits = bool(numbers) and all(number is not None and 0 <= number <= max(counts) for number in numbers)
    return lists if fits and len(set(numbers)) > 1 else []


def are_all(values: Sequence[Any], holds: Callable[[Any], bool]) -> bool:
    """Say whether there are values, and something holds for all of them."""
    return bool(values) and all(map(holds, values))


def _is_short_list(value: Any) -> bool:
    return is_listed(value) and 2 <= len(value) <= MOST_CHOICES and all(isinstance(each, str) for each in value)


def _numbers(count: int) -> tuple[list[str], list[str]]:
    """Return the numbers of so many choices, counted from 1 and from 0."""
    return [str(place + 1) for place in range(count)], [str(place) for place in range(count)]


def _holds_choices(value: Any) -> bool:
    if isinstance(value, Record):
        lists = [each for each in value.values() if is_listed(each)]
        letters = [letter_of(str(key)) for key in value]
        return (len(lists) > 1 and choice_texts(value) is not None) or (
            letters in (list(LETTERS[: len(letters)]), *_numbers(len(letters))) and len(letters) > 1
        )
    if isinstance(value, str):
        return bool(lettered(value))
    return (
        is_listed(value)
        and len(value) > 1
        and all(isinstance(each, str | Record) or is_list_of_some(each) for each in value)
    )


OFFERED = words_for("options")
"""Words that end the name of a column of choices, such as question_options."""


def wrong_list(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the only column of lists of wrong answers, in a list; none without the text of the right one."""
    lists = [
        name
        for name in columns
        if is_wrong(name)
        and name_words(name)[-1] not in _PLACES
        and are_all(structures_of(frame, name), is_list_of_some)
    ]
    if len(lists) != 1:
        return []
    right = [name for name in right_columns(columns) if not is_wrong(name) and profile(frame, name).length]
    return lists if right else []


_PLACES = frozenset(("id", "ids", "idx", "index", "indices", "positions"))
"""Words of columns that say where something is wrong."""


def is_list_of_some(value: Any) -> bool:
    """Say whether a value is a list of texts and numbers."""
    return is_listed(value) and all(isinstance(each, str | int | float) for each in value)
