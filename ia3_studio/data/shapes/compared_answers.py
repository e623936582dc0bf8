"""How are answers to one prompt read, if scores or a decision say which is better? The best over the worst."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import ANSWERED as WORDS
from ia3_studio.data.opposed_names import twin_place
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, turns_in
from ia3_studio.data.shapes.preferences import INSTEAD, answer_pair, preferred
from ia3_studio.data.shapes.shape import (
    MOST,
    SAMPLE,
    Collector,
    Recognized,
    Rows,
    Shape,
    bare,
    finite,
    frame_of,
    is_text,
    listed,
)

COMPARED = (
    ("response0", "response1"), ("response1", "response2"), ("responsea", "responseb"), ("answer0", "answer1"),
    ("answer1", "answer2"), ("answera", "answerb"), ("output1", "output2"), ("outputa", "outputb"),
    ("humanrefa", "humanrefb"), ("conversationa", "conversationb"), ("completiona", "completionb"),
)  # fmt: skip
"""Columns of two answers, between which other columns decide."""
SIGNED = ("overallpreference", "preferencestrength", "preferencescore")
"""Columns of a number below 0 where the first answer is better, above 0 where the second is."""
DECISIONS = (
    "betterresponseid", "winner", "preference", "preferred", "better", "choice", "labels", "verdict", "betteranswer",
    "betterresponse", "preferredanswer", "preferredresponse", "bestanswer", "bestresponse", "judgment", "judgement",
    "humanpreference", "selected", "comparison", "pairwise", "chosen", "picked", "bettertext", "moreappropriate",
)  # fmt: skip
SCORES = (("winnermodela", "winnermodelb"), ("score0", "score1"), ("score1", "score2"), ("scorea", "scoreb"))
SIDES = ("left", "right")
"""What names the first and the second of two answers that were shown side by side."""
TIES = ("tie", "both", "neither", "equal", "bothbad", "tiebothbad")
LISTS = ("completions", "responses", "generations", "candidates", "answers")
RATED = ("overallscore", "score", "rating", "finegrainedscore")
RATINGS = ("ratings", "scores")
RANKS = ("ranks", "rankings", "ranking", "rank")
"""Columns of lists of ranks, of which the lowest is the best."""
ANSWERED = ("response", "completion", "output", "text", "answer")
CHOSEN, REJECTED = "chosen", "rejected"


@dataclass(frozen=True)
class _Comparison:
    """Two columns of answers, and what says which is better."""

    answers: tuple[str, ...]
    deciders: tuple[str, ...]
    """The columns of both scores, or the one that names the better answer."""
    first: int = 0
    """The number that names the first answer."""

    @property
    def letters(self) -> tuple[str, str]:
        """Return the ends of the answers' names, such as "a" and "b"."""
        first, second = self.answers
        return twin_place(first, second) or (bare(first)[-1], bare(second)[-1])

    def better(self, record: dict[str, Any]) -> int | None:
        """Return the place of the better answer of a row; None if neither is."""
        if len(self.deciders) == 2:
            one, other = (finite(record.get(name)) for name in self.deciders)
            return None if one is None or other is None or one == other else int(other > one)
        return self.place(record.get(self.deciders[0]))

    def decides(self, cell: Any) -> bool:
        """Say whether a cell names an answer, or says that neither is better."""
        return self.place(cell) is not None or finite(cell) == 0 or (isinstance(cell, str) and bare(cell) in TIES)

    def place(self, cell: Any) -> int | None:
        """Return the place of the answer that a cell names by its column, its letter or its number."""
        number = finite(cell)
        if number is not None and bare(self.deciders[0]) in SIGNED:
            return int(number > 0) if number else None
        if number is not None:
            if bare(self.answers[0]) == "humanrefa":  # Stanford Human Preferences: 1 is A, 0 is B
                return {1.0: 0, 0.0: 1}.get(number)
            return int(number) - self.first if number - self.first in (0, 1) else None
        said = bare(cell) if isinstance(cell, str) else ""
        names = [
            {bare(self.answers[place]), self.letters[place], f"model{'ab'[place]}", "ab"[place], SIDES[place]}
            for place in (0, 1)
        ]
        return next((place for place in (0, 1) if said in names[place]), None)


def _comparison(rows: Rows) -> _Comparison | None:
    answers = answer_pair(rows, COMPARED) or _twins(rows) or _named_by_decision(rows)
    if not answers:
        return None
    for pair in SCORES:
        both = [name for each in pair for name in rows.named([each])]
        if len(both) == 2 and all(rows.mostly(name, lambda cell: finite(cell) is not None) for name in both):
            return _Comparison(answers, tuple(both))
    digit = finite((twin_place(*answers) or (bare(answers[0])[-1],))[0])
    named = [
        _Comparison(answers, (name,), int(digit) if digit is not None else 1)
        for name in rows.named((*DECISIONS, *SIGNED))
    ]
    named += [_Comparison(answers, (name,)) for name in rows.named(("label",)) if rows.mostly(name, is_text)]
    return next((found for found in named if rows.mostly(found.deciders[0], found.decides)), None)


def _twins(rows: Rows) -> tuple[str, ...]:
    """Return the only two columns of answers whose names differ in a letter or a number; empty if there are none."""
    answers = [name for name in rows.columns if says(name, WORDS) and rows.mostly(name, is_text)]
    pairs = [pair for pair in combinations(answers, 2) if twin_place(*pair)]
    return pairs[0] if len(pairs) == 1 and len(answers) == 2 else ()


def _named_by_decision(rows: Rows) -> tuple[str, ...]:
    """Return the two columns of texts whose names are all that a column of decisions holds; empty if there are none."""
    texts = [name for name in rows.columns if rows.mostly(name, is_text)]
    for decision in rows.named(DECISIONS):
        said = {bare(cell) if isinstance(cell, str) else "" for cell in rows.sample(decision)} - set(TIES)
        named = tuple(name for name in texts if name != decision and bare(name) in said)
        if len(said) == len(named) == 2 and rows.find(PROMPT_NAMES):
            return named
    return ()


def _has_comparison(rows: Rows) -> bool:
    return _comparison(rows) is not None


def _read_compared(rows: Rows) -> Recognized:
    comparison, found = _comparison(rows), Collector()
    assert comparison is not None
    asked = rows.find(PROMPT_NAMES)
    for row, record in rows.records():
        place = comparison.better(record)
        if place is None:
            found.leave_out(row, f"neither answer is preferred ({', '.join(comparison.deciders)})")
            continue
        better, worse = (
            _in_turns(record.get(asked), record.get(comparison.answers[each])) for each in (place, 1 - place)
        )
        rest = {name: cell for name, cell in record.items() if name not in comparison.answers}
        found.use(row, {**rest, CHOSEN: better, REJECTED: worse})
    deciders = " and ".join(comparison.deciders)
    return _pairs(rows, found, f"{deciders} names the answer that is preferred to the other; {INSTEAD}.")


def _in_turns(asked: Any, answer: Any) -> Any:
    """Return a conversation whose prompts and answers are two lists of texts; any other answer as it is."""
    prompts, answers = listed(structure_of(asked)), listed(structure_of(answer))
    if not prompts or len(prompts) != len(answers) or not all(isinstance(each, str) for each in (*prompts, *answers)):
        return answer
    sides = zip(prompts, answers, strict=True)
    return [
        {"role": role, "content": text}
        for pair in sides
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]


def _pairs(rows: Rows, found: Collector, note: str) -> Recognized:
    """Return the rows with their better and their worse answers."""
    form = "compared answers"
    if not found.rows:
        return found.recognized(form, notes=(note,))
    turns = rows.find(("context",)) if rows.mostly(rows.find(("context",)), lambda cell: bool(turns_in(cell))) else ""
    read = preferred(replace(rows, frame=frame_of(found.rows)), (CHOSEN, REJECTED), form, (note,), prompt=turns)
    return replace(read, problems=(*found.problems, *read.problems), unused=found.unused)


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
    return rating if rating is not None or rank is None else -rank


def _first_of(record: dict[str, Any], names: Sequence[str], value: Callable[[Any], Any]) -> Any:
    return next((found for name in names if (found := value(record.get(name))) is not None), None)


def _text(cell: Any) -> str | None:
    return cell if is_text(cell) else None


def _rated_column(rows: Rows) -> str:
    """Return the column of lists of rated answers; empty if there is none."""
    if not rows.find(PROMPT_NAMES):
        return ""
    first = replace(rows, frame=rows.deciding.iloc[:SAMPLE])
    named = [name for name in rows.named(LISTS) if rows.any(name, lambda cell: bool(listed(structure_of(cell))))]
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
    return _pairs(rows, found, f"Of the answers in {name} the best is preferred to the worst; {INSTEAD}.")


SHAPES = (
    Shape("compared answers", _has_comparison, _read_compared),
    Shape("rated answers", _has_rated, _read_rated),
)
