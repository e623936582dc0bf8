"""How are lists of answers to one prompt read, of which each has a rating or a rank? The best over the worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.compared_answers import CHOSEN, POSTS, REJECTED, TURNS, pairs_read
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES
from ia3_studio.data.shapes.preferences import INSTEAD, is_list_of_turns
from ia3_studio.data.shapes.shape import MOST, SAMPLE, Collector, Recognized, Rows, Shape, bare, finite, is_text, listed

LISTS = ("completions", "responses", "generations", "candidates", "answers", "replies", "outputs", "comments")
RATED = ("overallscore", "score", "rating", "finegrainedscore")
RATINGS = ("ratings", "scores")
RANKS = ("ranks", "rankings", "ranking", "rank")
"""Columns of lists of ranks, of which the lowest is the best."""
ANSWERED = ("response", "completion", "output", "text", "answer", "content", "body")


def _ratings(rows: Rows, record: dict[str, Any], name: str) -> list[tuple[float, Any]]:
    """Return the answers of a list with their ratings, which stand in them or in a list of their own."""
    answers = listed(structure_of(record.get(name)))
    apart, sign = _apart(rows, record)
    if len(apart) == len(answers) and all(map(is_text, answers)):
        numbers = map(finite, apart)
        found = [
            (None if number is None else sign * number, answer) for number, answer in zip(numbers, answers, strict=True)
        ]
    else:
        objects = [answer for answer in answers if isinstance(answer, dict)]
        rated = [({bare(str(key)): value for key, value in answer.items()}) for answer in objects]
        found = [(_rating(each), _first_of(each, ANSWERED, _text)) for each in rated]
    return [(rating, answer) for rating, answer in found if rating is not None and answer is not None]


def _apart(rows: Rows, record: dict[str, Any]) -> tuple[list[Any], int]:
    """Return the list of ratings or ranks beside the answers, and the sign with which the highest is the best."""
    for names, sign in ((RATINGS, 1), (RANKS, -1)):
        if column := rows.find(names):
            return listed(structure_of(record.get(column))), sign
    return [], 1


def _rating(record: dict[str, Any]) -> float | None:
    """Return the rating of an answer; of the best rank, which is the first, the highest."""
    rating, rank = _first_of(record, RATED, finite), finite(record.get("rank"))
    if rating is not None or rank is not None:
        return rating if rating is not None else -rank if rank is not None else None
    by_end = [(key, number) for key, cell in record.items() if (number := finite(cell)) is not None]
    ranks = [-number for key, number in by_end if key.endswith("rank")]
    return next(iter(ranks or [number for key, number in by_end if key.endswith(_RATING_ENDS)]), None)


_RATING_ENDS = ("score", "rating", "votes", "upvotes", "likes", "reward")
"""Ends of keys of a rating, where none of the usual names is there."""


def _first_of(record: dict[str, Any], names: Sequence[str], value: Callable[[Any], Any]) -> Any:
    return next((found for name in names if (found := value(record.get(name))) is not None), None)


def _text(cell: Any) -> Any:
    return cell if is_text(cell) or is_list_of_turns(cell) else None


def _rated_column(rows: Rows) -> str:
    """Return the column of lists of rated answers; empty if there is none."""
    if not rows.find((*PROMPT_NAMES, *POSTS)) and not rows.mostly(rows.find(TURNS), is_list_of_turns):
        return ""
    first = replace(rows, frame=rows.deciding.iloc[:SAMPLE])
    lists = rows.named(LISTS) or [name for name in rows.structured if {*LISTS}.intersection(name_words(name))]
    named = [name for name in lists if rows.any(name, lambda cell: bool(listed(structure_of(cell))))]
    return next(
        (
            name
            for name in named
            if sum(len(_ratings(rows, record, name)) > 1 for _row, record in first.records()) >= MOST * len(first.frame)
        ),
        "",
    )


def _has_rated(rows: Rows) -> bool:
    return bool(_rated_column(rows))


def _read_rated(rows: Rows) -> Recognized:
    name, found = _rated_column(rows), Collector()
    for row, record in rows.records():
        rated = sorted(_ratings(rows, record, name), key=lambda each: -each[0])
        if len(rated) < 2 or rated[0][0] == rated[-1][0]:
            found.leave_out(row, f"no answer in {name} is rated higher than another")
            continue
        rest = {column: cell for column, cell in record.items() if column != name}
        found.use(row, {**rest, CHOSEN: rated[0][1], REJECTED: rated[-1][1]})
        found.unused["answers between the best and the worst"] += len(listed(structure_of(record[name]))) - 2
    return pairs_read(rows, found, f"Of the answers in {name} the best is preferred to the worst; {INSTEAD}.")


SHAPES = (Shape("rated answers", _has_rated, _read_rated),)
