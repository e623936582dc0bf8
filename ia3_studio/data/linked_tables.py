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
    pair = sides({path: member_path(path).stem for path in tables})
    if pair is None:
        return None
    try:
        one, other = (readers.table(member_path(path).name, tables[path]) for path in pair)
    except DataError:  # one of them is something else: the sentence on all of them says more
        return None
    if one.damaged or other.damaged:
        return None
    found = answered(dict(zip(pair, (one, other), strict=True)))
    return (found, pair) if found else None


def sides(stems: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the table that is called after questions and the one that is called after answers, of two; else None.

    Args:
        stems: what each table is called, by its path or its sheet.
    """
    asked = [path for path, stem in stems.items() if says(stem, ASKED) and not says(stem, ANSWERED)]
    answers = [path for path, stem in stems.items() if says(stem, ANSWERED) and not says(stem, ASKED)]
    return (asked[0], answers[0]) if len(stems) == len(asked) + len(answers) == 2 and len(asked) == 1 else None


def answered(tables: Mapping[str, Found]) -> Found | None:
    """Return a row for each answer of two tables, that of the questions first; None if no number links them."""
    (asked, one), (answers, other) = tables.items()
    keys = _keys(one.frame, other.frame)
    if keys is None:
        return None
    frame, left = _joined(one.frame, other.frame, keys)
    unanswered = len(one.frame) - frame[_NUMBER].nunique()
    notes = [f"Not used: {unanswered:,} questions of {asked} without an answer."] if unanswered else []
    notes += [f"Not used: {left:,} answers of {answers} without a question."] if left else []
    form = f"{asked} and {answers}, linked by {keys[0]} and {keys[1]}, a row per answer"
    return Found(frame, form, notes=(*one.notes, *other.notes, *notes))


def _keys(asked: pd.DataFrame, answers: pd.DataFrame) -> tuple[str, str] | None:
    """Return the columns that hold the number of a question in either table: once in one, any number of times after."""
    for name in sorted(map(str, answers.columns), key=lambda name: bare_name(name) == "id"):  # which may be its own
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
