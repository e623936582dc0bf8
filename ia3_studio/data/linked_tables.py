"""Do two tables hold questions and their answers, linked by the number of the question?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name, says
from ia3_studio.data.column_words import ANSWERED, ASKED
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_NEARLY_ALL = 0.9
"""Share of the answers whose question must be in the other table."""
_NUMBER = "question_id"
"""What the number of the question is called in both together."""
_OF_QUESTIONS = frozenset(("parentid", "questionid", "qid", "postid"))
"""What the number of its question is called in a table of answers, where the questions call it an id."""


def linked(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read two tables, one called after questions and one after answers, as a row for each answer."""
    stems = {path: member_path(path).stem for path in tables}
    asked = [path for path, stem in stems.items() if says(stem, ASKED) and not says(stem, ANSWERED)]
    answers = [path for path, stem in stems.items() if says(stem, ANSWERED) and not says(stem, ASKED)]
    if len(tables) != 2 or len(asked) != 1 or len(answers) != 1:
        return None
    used = [*asked, *answers]
    try:
        one, other = (readers.table(member_path(path).name, tables[path]) for path in used)
    except DataError:  # one of them is something else: the sentence on all of them says more
        return None
    keys = _keys(one.frame, other.frame)
    if keys is None or one.damaged or other.damaged:
        return None
    frame, left = _joined(one.frame, other.frame, keys)
    unanswered = len(one.frame) - frame[_NUMBER].nunique()
    notes = [f"Not used: {unanswered:,} questions of {asked[0]} without an answer."] if unanswered else []
    notes += [f"Not used: {left:,} answers of {answers[0]} without a question."] if left else []
    form = f"{asked[0]} and {answers[0]}, linked by {keys[0]} and {keys[1]}, a row per answer"
    return Found(frame, form, notes=(*one.notes, *other.notes, *notes)), used


def _keys(asked: pd.DataFrame, answers: pd.DataFrame) -> tuple[str, str] | None:
    """Return the columns that hold the number of a question in either table: once in one, any number of times after."""
    for name in map(str, answers.columns):
        for key in map(str, asked.columns):
            called_so = (bare_name(name) == bare_name(key) and bare_name(key).endswith("id")) or (
                bare_name(key) == "id" and bare_name(name) in _OF_QUESTIONS
            )
            if not called_so:
                continue
            numbers = asked[key].astype(str)
            if numbers.is_unique and answers[name].astype(str).isin({*numbers}).mean() > _NEARLY_ALL:
                return key, name
    return None


def _joined(asked: pd.DataFrame, answers: pd.DataFrame, keys: tuple[str, str]) -> tuple[pd.DataFrame, int]:
    """Return a row for each answer with the columns of its question, and how many have none.

    Columns of one name in both tables are called after their table, the number of the question is there once.
    """
    numbers = asked[keys[0]].astype(str)
    answered = answers[keys[1]].astype(str)
    asked, answers = asked.drop(columns=[keys[0]]), answers.drop(columns=[keys[1]])
    twice = {*map(str, asked.columns)} & {*map(str, answers.columns)}
    first = asked.rename(columns=lambda name: f"question_{name}" if str(name) in twice else str(name))
    second = answers.rename(columns=lambda name: f"answer_{name}" if str(name) in twice else str(name))
    by_number = {
        number: {_NUMBER: number, **row} for number, row in zip(numbers, first.to_dict("records"), strict=True)
    }
    rows = [
        {**by_number[number], **row}
        for number, row in zip(answered, second.to_dict("records"), strict=True)
        if number in by_number
    ]
    columns = [_NUMBER, *map(str, first.columns), *map(str, second.columns)]
    return numbered({name: [row[name] for row in rows] for name in columns}), len(answers) - len(rows)
