"""How are preferences read whose answers are the keys of one object: {"good": …, "bad": …}? As columns of their own."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

from ia3_studio.data.opposed_names import is_preferred
from ia3_studio.data.paths import structure_of
from ia3_studio.data.preferences import only_text
from ia3_studio.data.shapes.dialogue import PROMPT_NAMES, turns_in
from ia3_studio.data.shapes.preferences import INSTEAD, PAIRS, preferred
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, frame_of, is_text

CHOSEN, REJECTED = "chosen", "rejected"


def _keys(cell: Any) -> tuple[str, str] | None:
    """Return the keys of the better and the worse answer of an object of two; None for any other value."""
    value = structure_of(cell)
    if not isinstance(value, dict) or len(value) != len((CHOSEN, REJECTED)):
        return None
    pairs = permutations(map(str, value))
    found = [
        (one, other)
        for one, other in pairs
        if (bare(one), bare(other)) in PAIRS or is_preferred(f"{one} answer", f"{other} answer")
    ]
    are_answers = all(is_text(only_text(each)) or turns_in(each) for each in value.values())
    return found[0] if len(found) == 1 and are_answers else None


def _column(rows: Rows) -> str:
    if not rows.find(PROMPT_NAMES):
        return ""
    return next((name for name in rows.structured if rows.mostly(name, lambda cell: _keys(cell) is not None)), "")


def _read(rows: Rows) -> Recognized:
    column, found = _column(rows), Collector()
    for row, record in rows.records():
        keys, answers = _keys(record.get(column)), structure_of(record.get(column))
        if keys is None:
            found.leave_out(row, f"{column} does not hold a better and a worse answer")
            continue
        rest = {name: cell for name, cell in record.items() if name != column}
        found.use(row, {**rest, CHOSEN: answers[keys[0]], REJECTED: answers[keys[1]]})
    note = f"The keys of {column} say which answer is preferred; {INSTEAD}."
    read = preferred(replace(rows, frame=frame_of(found.rows)), (CHOSEN, REJECTED), "answers in an object", (note,))
    return replace(read, problems=tuple(found.problems))


SHAPES = (Shape("two answers in an object", lambda rows: bool(_column(rows)), _read),)
