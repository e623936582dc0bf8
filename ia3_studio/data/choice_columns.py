"""Which columns are a question, its choices, and the right one? By their names, or as an exam without a header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.choice_families import (
    FEWEST_NUMBERED,
    STEMS,
    families,
    family,
    family_by_contents,
    named_by_answers,
    wrong_answers,
)
from ia3_studio.data.choice_lists import OFFERED, QUESTION_NAMES, list_column, wrong_list
from ia3_studio.data.choice_numbers import choice_numbers
from ia3_studio.data.column_names import bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.column_words import ANSWERED, ASKED, CONTEXTS, LABELED
from ia3_studio.data.exam_columns import exam_mapping
from ia3_studio.data.form_fields import are_fields
from ia3_studio.data.label_names import MOSTLY, named_labels
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import text_path
from ia3_studio.data.right_choice import (
    are_distractors,
    inner_answer,
    may_name_one,
    places_in,
    repeats_one,
    right_columns,
)
from ia3_studio.data.told_apart import says_why

if TYPE_CHECKING:
    import pandas as pd


ASKED_NAMES = ("premise", "context", "passage", "article", "support", "goal", "ctx", "sentence", "dialogue")
_READ_NAMES = ("text", "paragraph", "story", "document", "background", "body")
_PASSAGES = frozenset((
    "passage", "context", "article", "paragraph", "story", "background", "situation", "scenario", "vignette", "excerpt",
))  # fmt: skip
_NUMBERED = re.compile(r"[\s_-]{0,9}\d{1,2}$")


def choice_mapping(frame: pd.DataFrame) -> Mapping | None:
    """Return which columns are question, choices and right choice; None where the table has no choices."""
    columns = [str(column) for column in frame.columns]
    choices = list_column(frame, columns) or family(columns) or wrong_answers(columns) or wrong_list(frame, columns)
    choices = choices or family_by_contents(frame, columns) or named_by_answers(frame, columns)
    if not choices:
        return exam_mapping(frame, columns)
    bases = {name.partition(".")[0] for name in choices}
    answers = [name for name in right_columns(columns) if name not in choices]
    answers = [name for name in answers if bare_name(name) != "key" or may_name_one(frame, name, choices)]
    answers = answers or inner_answer(frame, bases)
    answers = answers or repeats_one(frame, [name for name in columns if name not in (*choices, *bases)], choices)
    answers = answers or places_in(frame, [name for name in columns if name not in (*choices, *bases)], choices)
    answers.sort(key=lambda name: not may_name_one(frame, name, choices))
    if are_distractors(choices):  # the right answer itself, not its number among choices that stand elsewhere
        answers.sort(key=lambda name: not profile(frame, name).length)
    names = (*ASKED_NAMES, *QUESTION_NAMES)
    asked = [name for name in named(columns, names) if name not in (*choices, *answers[:1]) and name not in bases]
    asked = [name for name in asked if not (bare_name(name) in ("source", "user") and len(asked) > 1)]
    inner = [f"{base}.stem" for base in bases if base not in choices and cells_of(frame, f"{base}.stem")]
    if not inner:
        free = [name for name in columns if name not in (*choices, *answers) and name not in bases]
        others = [name for name in free if name not in asked]
        if not named(asked, QUESTION_NAMES):
            asked += _named_in_any_language(frame, others)
        asked = asked or _longest(frame, free)
    if not answers or not (asked or inner):
        return None
    free = [name for name in columns if name not in (*asked, *choices, *answers[:1]) and name not in bases]
    asked += _read_before(frame, columns, asked) or _asked_again_of(frame, free, asked)
    ordered = [text_path(frame, name) or name for name in sorted(asked, key=columns.index)] + inner
    if are_distractors(choices) or choices == wrong_list(frame, columns):
        choices = [*choices, answers[0]]  # the right one is not among them
    numbers = choice_numbers(frame, answers[0], choices)._asdict()
    return Mapping("choices", answer=answers[0], parts=(*ordered, *choices), asked=len(ordered), **numbers)


def _named_in_any_language(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the only column that is called a question, behind the only one called its context if there is one."""
    questions = [name for name in columns if says_last(name, ASKED) and profile(frame, name).length]
    contexts = [name for name in columns if says_last(name, CONTEXTS) and profile(frame, name).is_text]
    return [*(contexts if len(contexts) == 1 else []), *questions] if len(questions) == 1 else []


def choices_without_answer(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return at least three choices by letters, or a list of them, beside a question that nothing answers or labels."""
    if listed := _list_without_answer(frame, columns):
        return listed
    lettered = (each for each in families(columns, STEMS.__contains__) if len(each) >= FEWEST_NUMBERED)
    choices = next((each for each in lettered if not any(name.strip()[-1:].isdigit() for name in each)), [])
    others = [name for name in columns if name not in choices]
    asked = named(others, (*ASKED_NAMES, *QUESTION_NAMES))
    return choices if choices and asked and not right_columns(others) else []


def _list_without_answer(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    listed = [name for name in list_column(frame, columns) if says_last(name, OFFERED - _SAME_IN_OTHER_WORDS)]
    others = [name for name in columns if name not in listed]
    asked = named(others, (*ASKED_NAMES, *QUESTION_NAMES, "text"))
    if not (listed and asked):
        return []
    said = [name for name in others if says(name, ANSWERED) or says(name, LABELED)]
    said += [name for name in right_columns(others) if bare_name(name) != "key" or may_name_one(frame, name, listed)]
    said += [name for name in named_labels(others) if not are_fields(frame, name)]
    said += [name for name in others if name not in asked and profile(frame, name).is_text]
    return listed if not said and not inner_answer(frame, {*listed}) else []


_SAME_IN_OTHER_WORDS = frozenset(("variant", "variants", "alternative", "alternatives", "candidates", "answers"))
"""Words for choices that may as well be other ways to say what stands beside them, or answers."""


def _read_before(frame: pd.DataFrame, columns: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Return the text that a question is about, where it is the only column that is asked and a longer text stands."""
    if len(asked) != 1 or asked[0] not in named(columns, ("question", "query")):
        return []
    length = profile(frame, asked[0]).length
    passages = [name for name in columns if name not in asked and set(name_words(name)[-1:]) & _PASSAGES]
    texts = (profile(frame, name) for name in (*named(columns, _READ_NAMES), *passages))
    return [each.name for each in texts if each.is_text and not each.is_label and each.length > length][:1]


def _asked_again_of(frame: pd.DataFrame, columns: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Return the only text that differs in most rows, in a list, where the same few questions are asked of each."""
    if len(asked) != 1 or 2 * profile(frame, asked[0]).different > len(frame) or len(frame) < _ENOUGH_ROWS:
        return []
    texts = (profile(frame, name) for name in columns if not (says(name, ANSWERED) or says_why(name)))
    found = [
        each.name for each in texts
        if each.is_text and each.filled > MOSTLY and not each.is_label and 2 * each.different > len(frame)
    ]  # fmt: skip
    return found if len(found) == 1 else []


_ENOUGH_ROWS = 8
"""Rows that show that a question comes again and again."""


def _longest(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the column of the longest texts, in a list; an empty list where there are no texts."""
    texts = [each for name in columns if (each := profile(frame, name)).is_text and not each.is_label]
    if not texts:
        return []
    longest = max(texts, key=lambda each: each.length).name
    stem = _NUMBERED.sub("", longest)
    return [
        each.name
        for each in texts
        if each.name == longest or (stem != longest and _NUMBERED.sub("", each.name) == stem)
    ]
