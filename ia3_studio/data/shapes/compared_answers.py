"""How are answers to one prompt read, if scores or a decision say which is better? The best over the worst."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_words import ANSWERED as WORDS
from ia3_studio.data.column_words import DECIDING, LABELED
from ia3_studio.data.opposed_names import twin_place, twins
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, turns_in
from ia3_studio.data.shapes.preferences import INSTEAD, answer_pair, only_other_text, preferred
from ia3_studio.data.shapes.shape import (
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
POSTS = ("post", "body", "title")
"""Columns of what is asked where people reply to it."""
TURNS = ("context", "contents")
"""Columns of the turns before the answers."""
CHOSEN, REJECTED = "chosen", "rejected"
_VERSUS = re.compile(r"\W*(\w+)\s*(>+|<+|=+)\s*(\w+)\W*")
"""Which of two answers is better, as A > B says it."""


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

    @property
    def own(self) -> tuple[str, str]:
        """Return what only the name of one answer says, such as "gpt4" and "llama"; empty where both say the same."""
        first, second = map(name_words, self.answers)
        return _rest(first, second), _rest(second, first)

    def better(self, record: dict[str, Any]) -> int | None:
        """Return the place of the better answer of a row; None if neither is."""
        if len(self.deciders) == 2:
            one, other = (finite(record.get(name)) for name in self.deciders)
            if all(says(name, _RANKED) for name in self.deciders):  # of which the first is the best
                one, other = other, one
            return None if one is None or other is None or one == other else int(other > one)
        return self.place(record.get(self.deciders[0]))

    def decides(self, cell: Any) -> bool:
        """Say whether a cell names an answer, or says that neither is better."""
        if self.place(cell) is not None or finite(cell) == 0:
            return True
        sides = _VERSUS.fullmatch(cell) if isinstance(cell, str) else None
        return isinstance(cell, str) and (bare(cell) in TIES or (sides is not None and "=" in sides[2]))

    def place(self, cell: Any) -> int | None:
        """Return the place of the answer that a cell names by its column, its letter or its number."""
        if isinstance(cell, str) and (sides := _VERSUS.fullmatch(cell)):
            return self.place(sides[1] if ">" in sides[2] else sides[3]) if "=" not in sides[2] else None
        number = finite(cell)
        if number is not None and bare(self.deciders[0]) in SIGNED:
            return int(number > 0) if number else None
        if number is not None:
            if bare(self.answers[0]) == "humanrefa":  # Stanford Human Preferences: 1 is A, 0 is B
                return {1.0: 0, 0.0: 1}.get(number)
            return int(number) - self.first if number - self.first in (0, 1) else None
        said = bare(cell) if isinstance(cell, str) else ""
        names = [
            {
                bare(self.answers[place]),
                self.own[place] or self.letters[place],
                self.letters[place],
                f"model{'ab'[place]}",
                "ab"[place],
                SIDES[place],
            }
            for place in (0, 1)
        ]
        return next((place for place in (0, 1) if said in names[place]), None)


def _rest(words: list[str], others: list[str]) -> str:
    return "".join(word for word in words if word not in others)


def _comparison(rows: Rows) -> _Comparison | None:
    answers = answer_pair(rows, COMPARED) or _twins(rows) or _named_by_decision(rows)
    if not answers or _are_two_of_more(rows, answers):
        return None
    for pair in SCORES:
        both = [name for each in pair for name in rows.named([each])]
        if len(both) == 2 and all(rows.mostly(name, lambda cell: finite(cell) is not None) for name in both):
            return _Comparison(answers, tuple(both))
    if scores := _scores(rows, answers):
        return _Comparison(answers, scores)
    digit = finite((twin_place(*answers) or (bare(answers[0])[-1],))[0])
    named = [
        _Comparison(answers, (name,), int(digit) if digit is not None else 1)
        for name in rows.named((*DECISIONS, *SIGNED, *(["label"] if answers == _named_by_decision(rows) else ())))
        + [name for name in rows.columns if name not in answers and says(name, DECIDING)]
    ]
    named += [_Comparison(answers, (name,)) for name in rows.named(("label",)) if rows.mostly(name, is_text)]
    decided = next((found for found in named if rows.mostly(found.deciders[0], found.decides)), None)
    return decided or next((found for found in named if _has_ties(rows, found)), None) or _decided_by_any(rows, answers)


def _are_two_of_more(rows: Rows, answers: tuple[str, ...]) -> bool:
    """Say whether a third column follows two answers, as answer_3 does."""
    last = bare(answers[1])
    return bool(rows.find((f"{last[:-1]}{chr(ord(last[-1]) + 1)}",)))


def _scores(rows: Rows, answers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the only two columns of numbers whose names differ as those of the answers do; empty if there are none."""
    place = twin_place(*answers)
    if not (rows.find((*PROMPT_NAMES, *POSTS, "context")) or only_other_text(rows, answers)):
        return ()  # two questions of a form that are both rated
    numbers = [name for name in rows.columns if rows.mostly(name, lambda cell: finite(cell) is not None)]
    pairs = [pair for pair in combinations(numbers, 2) if place and twin_place(*pair) == place]
    rated = [pair for pair in pairs if says(pair[0], LABELED)] or pairs
    return rated[0] if len(rated) == 1 else ()


def _has_ties(rows: Rows, found: _Comparison) -> bool:
    """Say whether a column names both answers, and what else it says, in one way or two, is that neither is better."""
    cells = [cell for cell in rows.sample(found.deciders[0]) if is_text(cell)]
    others = [bare(cell) for cell in cells if not found.decides(cell)]
    both = {0, 1} <= {*map(found.place, cells)}
    return both and len({*others}) <= len(SIDES) and 2 * len(others) < len(cells)


def _decided_by_any(rows: Rows, answers: tuple[str, ...]) -> _Comparison | None:
    """Return the comparison by a column of any name whose cells name both answers, as "a" and "b" or as their columns.

    That of an exam says which answer is right, and none is preferred.
    """
    names = [name for name in rows.columns if name not in answers and not says(name, _RIGHT)]
    found = [_Comparison(answers, (name,)) for name in names if rows.mostly(name, lambda cell: isinstance(cell, str))]
    fits = (
        each
        for each in found
        if rows.mostly(each.deciders[0], each.decides) and {0, 1} <= {*map(each.place, rows.sample(each.deciders[0]))}
    )
    return next(fits, None)


_RANKED = frozenset(
    ("rank", "ranks", "ranking", "rang", "rangplatz", "platz", "place", "position", "posicion", "puesto", "posizione",
     "posicao", "miejsce", "место", "ранг", "排名", "名次", "順位", "순위", "error", "errors", "loss", "penalty")
)  # fmt: skip
"""Words for numbers of which the lower one is better."""
_RIGHT = frozenset(("correct", "answer", "key", "right", "label", "gold", "target", "solution", "truth"))
"""Words in names of columns that say which choice is right."""


def _twins(rows: Rows) -> tuple[str, ...]:
    """Return the only two columns of answers whose names differ in a letter or a number; empty if there are none."""
    answers = [name for name in rows.columns if says(name, WORDS) and rows.mostly(name, _is_answer)]
    pairs = twins(answers)
    if len(pairs) == 1 and len(answers) == 2:
        return pairs[0]
    texts = [name for name in rows.columns if rows.mostly(name, is_text) and not says(name, _CHOICES)]
    pairs = twins(texts)
    long = len(pairs) == 1 and any(rows.any(name, lambda cell: len(cell.split()) > 1) for name in pairs[0])
    if long and not rows.find((*PROMPT_NAMES, *POSTS, "context")):
        decided = any(says(name, DECIDING) for name in rows.columns)
        written = rows.any(pairs[0][0], lambda cell: len(cell.split()) > _WORDS_OF_A_NAME)
        return pairs[0] if decided and written and only_other_text(rows, pairs[0]) else ()
    return pairs[0] if long else ()


def _is_answer(cell: Any) -> bool:
    """Say whether a cell is a text, and no number of the better answer."""
    return is_text(cell) and finite(cell) is None


_WORDS_OF_A_NAME = 5
"""Words that the name of somebody who wins has at most."""


_CHOICES = frozenset(("choice", "option", "ending", "sol", "text", "sentence", "question"))
"""Words in names of texts that may be choices, or what is compared with each other, and no answers."""


def _named_by_decision(rows: Rows) -> tuple[str, ...]:
    """Return the two columns of texts whose names are all that a column of decisions holds; empty if there are none."""
    texts = [name for name in rows.columns if rows.mostly(name, is_text)]
    answers = tuple(name for name in texts if says(name, WORDS))
    for decision in (*rows.named((*DECISIONS, "label")), *(name for name in rows.columns if says(name, DECIDING))):
        said = {bare(cell) if isinstance(cell, str) else "" for cell in rows.sample(decision)} - set(TIES)
        named = tuple(name for name in texts if name != decision and bare(name) in said)
        if not named and len(answers) == len(SIDES) and said == {*_Comparison(answers, ()).own}:
            return answers
        are_answers = bare(decision) != "label" or all(says(name, WORDS) for name in named)
        if len(said) == len(named) == 2 and rows.find(PROMPT_NAMES) and are_answers:
            return named
    return ()


def _has_comparison(rows: Rows) -> bool:
    return _comparison(rows) is not None


def _read_compared(rows: Rows) -> Recognized:
    comparison, found = _comparison(rows), Collector()
    assert comparison is not None
    asked = rows.find((*PROMPT_NAMES, *POSTS, "context"))
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
    return pairs_read(rows, found, f"{deciders} names the answer that is preferred to the other; {INSTEAD}.")


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


def pairs_read(rows: Rows, found: Collector, note: str) -> Recognized:
    """Return the rows with their better and their worse answers."""
    form = "compared answers"
    if not found.rows:
        return found.recognized(form, notes=(note,))
    turns = rows.find(TURNS) if rows.mostly(rows.find(TURNS), lambda cell: bool(turns_in(cell))) else ""
    turns = turns or ("" if rows.find(PROMPT_NAMES) else rows.find(POSTS))
    read = preferred(replace(rows, frame=frame_of(found.rows)), (CHOSEN, REJECTED), form, (note,), prompt=turns)
    title, body = titled_post(rows)
    if read.mapping and read.mapping.prompt in (title, body) and title and not read.mapping.context:
        read = replace(read, mapping=replace(read.mapping, prompt=title, context=body))
    return replace(read, problems=(*found.problems, *read.problems), unused=found.unused)


def titled_post(rows: Rows) -> tuple[str, str]:
    """Return the columns of the title and the text of a post; empty where one of them is missing."""
    found = tuple(
        next((name for name in rows.named(names) if rows.any(name, is_text)), "") for names in (("title",), _BODIES)
    )
    return (found[0], found[1]) if all(found) else ("", "")


_BODIES = ("body", "selftext", "questionbody", "bodymarkdown")


def _open_decision(rows: Rows) -> tuple[tuple[str, ...], str]:
    """Return two answers and the column of numbers, some below 0, that does not say which of them it is for."""
    answers = answer_pair(rows, COMPARED) or _twins(rows)
    signed = (name for name in rows.named(DECISIONS) if rows.mostly(name, lambda cell: finite(cell) is not None))
    column = next((name for name in signed if rows.any(name, lambda cell: (finite(cell) or 0) < 0)), "")
    return (answers, column) if answers and column else ((), "")


def _read_open(rows: Rows) -> Recognized:
    (one, other), column = _open_decision(rows)
    sentence = (
        f"The columns {one} and {other} are two answers to one prompt, and {column} has numbers below and above 0: "
        f"call it overall_preference if numbers below 0 are for {one}, or select one of the answers as target column."
    )
    return Recognized(rows.frame, "compared answers", undecided=sentence)


SHAPES = (
    Shape("compared answers", _has_comparison, _read_compared),
    Shape("answers compared by signed numbers", lambda rows: bool(_open_decision(rows)[1]), _read_open),
)
