"""Which columns of a table without names are a question, its choices, and the letter or number of the right one?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.choice_families import FEWEST_NUMBERED
from ia3_studio.data.choice_letters import LETTERS, letter_of
from ia3_studio.data.choice_lists import MOST_CHOICES
from ia3_studio.data.choice_numbers import choice_numbers
from ia3_studio.data.column_names import UNNAMED
from ia3_studio.data.column_profile import Profile, cells_of, profile
from ia3_studio.data.label_names import label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.right_choice import repeats_one

if TYPE_CHECKING:
    import pandas as pd


_FEWEST_OF_EXAM = 5
"""Columns of an exam, beside which one more may say what its questions are about."""


def exam_mapping(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the mapping of an exam without names: a question, choices, and a letter or number of one of them."""
    if not 4 <= len(columns) <= MOST_CHOICES + 3:
        return None
    profiles = [profile(frame, name) for name in columns]
    kept = [each for each in profiles if not ((each.is_identifier and each.is_number) or _counts(frame, each.name))]
    if len(kept) > _WIDEST_ANSWERED and kept[-1].is_label and _are_letters(frame, kept[-2].name, len(kept) - 3):
        kept = kept[:-1]  # what kind of question it is
    while len(kept) > _FEWEST_OF_EXAM and _is_subject(kept[0]):  # what a question is about
        kept = kept[1:]
    if len(kept) < len(("question", "choice", "choice", "answer")):
        return None
    question, *choices, answer = (each.name for each in kept)
    right = [letter_of(label_name(cell)) for cell in cells_of(frame, answer)]
    is_named = set(right) <= set(LETTERS[: len(choices)]) or _numbers_choices(right, kept[1:-1])
    is_named = is_named or (_are_varied(kept[1:-1]) and repeats_one(frame, [answer], choices) == [answer])
    if len(choices) < 2 or not right or not is_named or not kept[0].is_text:
        return None
    if any(each.filled < 0.9 for each in kept) or len(set(right)) < 2 or all(map(_is_fact, kept[1:-1])):
        return None
    numbers = choice_numbers(frame, answer, choices)._asdict()
    return Mapping("choices", answer=answer, parts=(question, *choices), asked=1, **numbers)


def _is_fact(choice: Profile) -> bool:
    """Say whether a column with a name holds a few values that come again, as facts of rows do, and choices do not."""
    return choice.is_label and not UNNAMED.fullmatch(choice.name)


def _is_subject(first: Profile) -> bool:
    """Say whether the first column holds what questions are about: one word for all, or a few."""
    return not first.is_number and (first.is_label or first.different == 1)


def _counts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether the cells of a column are numbers of questions, such as "1." or "2)"."""
    cells = [str(cell).strip() for cell in cells_of(frame, name)]
    return len(set(cells)) == len(cells) > 0 and all(cell[-1:] in _ENDS and cell[:-1].isdecimal() for cell in cells)


_ENDS = (".", ")", ":")


def _are_letters(frame: pd.DataFrame, name: str, choices: int) -> bool:
    said = {letter_of(label_name(cell)) for cell in cells_of(frame, name)}
    return len(said) > 1 and said <= set(LETTERS[:choices])


_WIDEST_ANSWERED = 5
"""Columns of a question, two choices, an answer and a kind."""


def _numbers_choices(right: Sequence[str], choices: Sequence[Profile]) -> bool:
    """Say whether numbers are those of all of at least three choices, which are texts of hardly any two the same."""
    counts = {*map(str, range(len(choices)))}, {str(place + 1) for place in range(len(choices))}
    return _are_varied(choices) and set(right) in counts


def _are_varied(choices: Sequence[Profile]) -> bool:
    """Say whether there are at least three columns of choices, texts of hardly any two the same."""
    varied = all(
        UNNAMED.fullmatch(each.name) and each.length > 0 and not each.is_label and not each.is_number
        for each in choices
    )
    return len(choices) >= FEWEST_NUMBERED and varied
