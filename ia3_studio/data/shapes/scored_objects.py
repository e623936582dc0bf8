"""How are preferences read whose answers stand in an object, and their scores in another one by the same keys?"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES
from ia3_studio.data.shapes.preferences import INSTEAD, preferred
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, finite, frame_of, is_text

CHOSEN, REJECTED = "chosen", "rejected"
_FORM = "answers and scores in objects"


def _scored(answers: Any, scores: Any) -> dict[float, str]:
    """Return the answers of an object by their scores in another one of the same keys; nothing for other objects."""
    said, given = structure_of(answers), structure_of(scores)
    if not isinstance(said, dict) or not isinstance(given, dict) or len(said) < 2 or said.keys() != given.keys():
        return {}
    numbers = {key: finite(value) for key, value in given.items() if not isinstance(value, bool)}
    if not all(map(is_text, said.values())) or len(numbers) < len(said) or None in numbers.values():
        return {}
    return {number: said[key] for key, number in numbers.items() if number is not None}


def _columns(rows: Rows) -> tuple[str, str]:
    """Return the columns of answers and of their scores; empty where there are none."""
    if not rows.find(PROMPT_NAMES):
        return "", ""
    objects = [name for name in rows.structured if rows.mostly(name, lambda cell: isinstance(structure_of(cell), dict))]
    for answers, scores in permutations(objects[:_MOST], 2):
        pairs = zip(rows.sample(answers), rows.sample(scores), strict=False)
        if all(_scored(*pair) for pair in pairs):
            return answers, scores
    return "", ""


_MOST = 6
"""Columns of objects of which two are looked at together."""


def _read(rows: Rows) -> Recognized:
    answers, scores = _columns(rows)
    found = Collector()
    for row, record in rows.records():
        by_score = _scored(record.get(answers), record.get(scores))
        if len(by_score) < 2:
            found.leave_out(row, f"its answers ({answers}) have no different scores ({scores})")
            continue
        best, worst = by_score[max(by_score)], by_score[min(by_score)]
        rest = {name: cell for name, cell in record.items() if name not in (answers, scores)}
        found.use(row, {**rest, CHOSEN: best, REJECTED: worst})
    note = f"Of the answers in {answers}, the one with the highest of {scores} is preferred to that with the lowest"
    read = preferred(replace(rows, frame=frame_of(found.rows)), (CHOSEN, REJECTED), _FORM, (f"{note}; {INSTEAD}.",))
    return replace(read, problems=(*found.problems, *read.problems))


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)[0]), _read),)
