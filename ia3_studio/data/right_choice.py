"""Which column says which of several choices is right, and from which number are these counted?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Record
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ia3_studio.data.choice_cells import choice_texts
from ia3_studio.data.choice_letters import LETTERS, letter_of
from ia3_studio.data.column_names import name_words, named, says, says_last
from ia3_studio.data.column_profile import cells_of, structures_of
from ia3_studio.data.column_words import ANSWERED, RIGHT, WRONG
from ia3_studio.data.label_names import label_name
from ia3_studio.data.lettered import lettered
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.paths import is_listed, split_path, structure_of, value_at

if TYPE_CHECKING:
    import pandas as pd


RIGHT_NAMES = (
    "label", "answer", "gold", "correct", "answer_index", "answer_idx", "right", "answerkey", "correct_option",
    "correct_answer", "correct_choice", "correct_index", "cop", "gold_label", "target", "answerrightending", "key",
    "correct_answers", "correct_answer_id", "correct_id", "correct_option_index", "correct_answer_index", "answer_id",
    "right_answer", "right_option", "gold_index", "gold_idx", "ans", "lösung",
    "solution", "multiple_choice_scores", "ra",
)  # fmt: skip
_INNER_ANSWERS = ("answerKey", "answer", "label", "labels", "correct", "is_correct", "isCorrect", "right", "is_right",
                  "is_answer", "isAnswer")  # fmt: skip
_LOOKED_AT, _MOSTLY_ONE = 20, 0.8
"""Rows that are looked at, and the share of questions that have one right choice; the others are listed."""


def repeats_one(frame: pd.DataFrame, columns: Sequence[str], choices: Sequence[str]) -> list[str]:
    """Return the column whose cells are the text of one of the choices of their rows, in a list."""
    if not columns:
        return []
    places = (split_path(name, frame.columns) for name in choices)
    held = dict.fromkeys(path[0] if path else name for name, path in zip(choices, places, strict=True))
    first = frame.head(_LOOKED_AT).astype(object)
    texts_of = [
        offered(record, choices) for record in first[[name for name in held if name in frame]].to_dict("records")
    ]
    known = set().union(*texts_of)
    begun = (name for name in columns if (cells := cells_of(frame, name)) and _is_one_of(cells[0], known))
    return [name for name in begun if all(map(_is_one_of, first[name].tolist(), texts_of))][:1]


def _is_one_of(cell: Any, texts: Collection[str]) -> bool:
    return isinstance(cell, str) and cell.strip() in texts


def offered(record: Record[Any, Any], choices: Sequence[str]) -> set[str]:
    """Return the texts of the choices of a row."""
    values = [structure_of(value_at(record, name)) for name in choices]
    each = [text for value in values for text in (value if is_listed(value) else [value])]
    return {text.strip() for text in each if isinstance(text, str) and text.strip()}


def places_in(frame: pd.DataFrame, columns: Sequence[str], choices: Sequence[str]) -> list[str]:
    """Return the only column that holds letters of the choices, or their places if its name is an index or an answer.

    It stands in a list, as one column may; its cells differ.
    """
    lists = structures_of(frame, choices[0]) if len(choices) == 1 else []
    counts = list(map(_count, lists))
    most = max(counts, default=len(choices))
    found = []
    for name in columns:
        letters = {letter_of(str(cell)) for cell in cells_of(frame, name)}
        if (len(letters) > 1 and letters <= {*LETTERS[:most]}) or _are_names(cells_of(frame, name), choices):
            found.append(name)
        numbers = [whole_number(label_name(cell)) for cell in cells_of(frame, name)] if _names_a_place(name) else []
        are_places = len({*numbers}) > 1 and all(number is not None and 0 <= number <= most for number in numbers)
        if are_places and not _are_counted(numbers):
            found.append(name)
    return found if len(found) == 1 else []


def _names_a_place(name: str) -> bool:
    return says(name, PLACES) or says_last(name, ANSWERED)


def _count(cell: Any) -> int:
    """Return how many choices a cell holds."""
    if isinstance(cell, Record):
        return len(choice_texts(cell) or cell)
    return len(cell) if is_listed(cell) else len(lettered(str(cell)))


def _are_counted(numbers: Sequence[int | None]) -> bool:
    """Say whether numbers count the rows, again from the first where a group of them ends.

    Groups of one size may as well be right choices by turns.
    """
    if not all(other in (numbers[0], (one or 0) + 1) for one, other in pairwise(numbers)):
        return False
    begins = [place for place, number in enumerate(numbers) if number == numbers[0]]
    sizes = {other - one for one, other in pairwise(begins)}
    return sizes != {len(set(numbers))}


PLACES = frozenset(("index", "idx", "position", "place", "best"))
"""Words of columns that say where the right choice stands."""


def may_name_one(frame: pd.DataFrame, answer: str, choices: Sequence[str]) -> bool:
    """Say whether a cell at the beginning of a column names a choice: by a letter, a number, a list, or its text."""
    if are_distractors(choices):
        return True
    records = frame.head(_LOOKED_AT).astype(object).to_dict("records")
    for record in records:
        said = value_at(record, answer)
        text = label_name(said).strip().strip("().:")
        if is_listed(said) or len(text) <= 1 or text.isdigit():
            return True
        if any(text in str(value_at(record, name)) or text.lower() == name.lower() for name in choices):
            return True
    return not records


def first_number(cells: Sequence[Any]) -> int:
    """Return the number of the first choice: 1 if answers are numbers and none is 0."""
    numbers = [number for cell in cells if (number := whole_number(label_name(cell))) is not None]
    return 1 if numbers and len(numbers) == len(cells) and min(numbers) >= 1 else 0


def right_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns that may name the right choice, those of usual names first."""
    called = (name for name in columns if says(name, RIGHT) or name_words(name)[-2:] == ["question", "answer"])
    return list(dict.fromkeys((*named(columns, RIGHT_NAMES), *called)))


def names_each(frame: pd.DataFrame, answer: str, choices: Sequence[str]) -> bool:
    """Say whether a column has hardly more values than there are choices: the numbers of most of them, or names."""
    cells = cells_of(frame, answer)
    if _are_names(cells, choices):
        return True
    numbers = {letter_of(label_name(cell)) for cell in cells}
    first = first_number(cells)
    places = {str(first + place) for place in range(len(choices))} | set(LETTERS[: len(choices)])
    return numbers <= places and 2 * len(numbers) > len(choices)


def _are_names(cells: Sequence[Any], choices: Sequence[str]) -> bool:
    """Say whether cells are names of columns of choices: sys1, sys3, sys2 beside the columns sys1 to sys3."""
    called = {label_name(cell).strip().casefold() for cell in cells}
    return len(called) > 1 and called <= {name.strip().casefold() for name in choices}


def are_distractors(choices: Sequence[str]) -> bool:
    """Say whether columns are wrong answers only, so that the right one stands in a column of its own."""
    return len(choices) > 1 and all(map(is_wrong, choices))


def is_wrong(name: str) -> bool:
    """Say whether a column is called wrong answers."""
    return "distractor" in name.lower() or says(name, WRONG)


def inner_answer(frame: pd.DataFrame, bases: set[str]) -> list[str]:
    """Return the path of the right choice inside the column of the choices."""
    inner = (f"{base}.{name}" for base in sorted(bases) for name in _INNER_ANSWERS)
    return [path for path in inner if _is_answer(frame, path)][:1]


def _is_answer(frame: pd.DataFrame, path: str) -> bool:
    values = structures_of(frame, path)
    right = [is_listed(value) and sum(each in (1, True) for each in value) for value in values]
    flags = all(map(is_listed, values)) and right.count(1) >= _MOSTLY_ONE * len(right)
    return bool(values) and (flags or not any(is_listed(value) or isinstance(value, Record) for value in values))
