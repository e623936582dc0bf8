"""How are solutions read whose steps are marked as right or wrong? Those without a wrong step are the answers."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

PROMPTS = ("prompt", "question", "problem", "instruction")
STEPS, MARKS = ("completions", "steps", "solutionsteps"), ("labels", "steplabels", "ratings", "correctness")
SOLUTION = "solution"
_RIGHT, _WRONG = (True, 1, "+", "true"), (False, 0, -1, "-", "false")


def _steps(cell: Any) -> list[str]:
    steps = listed(structure_of(cell))
    return steps if all(map(is_text, steps)) else []


def _marks(cell: Any) -> list[bool]:
    """Return whether each step is right; nothing for other values."""
    marks = [mark.strip().lower() if isinstance(mark, str) else mark for mark in listed(structure_of(cell))]
    return [mark in _RIGHT for mark in marks] if all(mark in (*_RIGHT, *_WRONG) for mark in marks) else []


def _has_steps(rows: Rows) -> bool:
    steps, marks = rows.find(STEPS), rows.find(MARKS)
    if not (rows.find(PROMPTS) and steps and marks):
        return False
    sides = zip(map(_steps, rows.sample(steps)), map(_marks, rows.sample(marks)), strict=False)
    return rows.mostly(steps, lambda cell: bool(_steps(cell))) and all(len(one) == len(other) for one, other in sides)


def _read_steps(rows: Rows) -> Recognized:
    steps, marks, found = rows.find(STEPS), rows.find(MARKS), Collector()
    for row, record in rows.records():
        solution, right = _steps(record.get(steps)), _marks(record.get(marks))
        if not solution or len(solution) != len(right):
            found.leave_out(row, f"it has {len(solution)} steps ({steps}) and {len(right)} marks ({marks})")
        elif not all(right):
            found.leave_out(row, f"a step is marked as wrong ({marks})")
        else:
            found.use(row, {**record, SOLUTION: "\n".join(solution)})
    notes = (
        f"Stepwise rewards: the steps of solutions without a wrong one ({marks}) are joined to the answer; the others "
        "are left out, only reward models use them.",
    )
    return found.recognized("stepwise rewards", Mapping("pairs", rows.find(PROMPTS), SOLUTION), notes)


SHAPES = (Shape("stepwise rewards", _has_steps, _read_steps),)
