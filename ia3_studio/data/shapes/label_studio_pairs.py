"""How are comparisons of two texts in an export of Label Studio read? The one that was selected is preferred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from ia3_studio.data.opposed_names import twin_place
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED
from ia3_studio.data.shapes.label_studio import CANCELED, FORM, annotations_of, has_tasks, results_of
from ia3_studio.data.shapes.preferences import INSTEAD, preferred
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, frame_of, is_text
from ia3_studio.errors import DataError

CHOSEN, REJECTED = "chosen", "rejected"
SIDES = ("left", "right")
"""What is selected of two texts."""


def _selected(cell: Any) -> tuple[dict[str, Any] | None, str]:
    """Return the first comparison of a task, and why there is none."""
    results, canceled = results_of(cell)
    compared = (each for result in results for each in result if str(each.get("type", "")).lower() == "pairwise")
    return next(compared, None), CANCELED if canceled else NOT_ANNOTATED


def _has_comparisons(rows: Rows) -> bool:
    if not has_tasks(rows):
        return False
    tasks = rows.sample(annotations_of(rows))
    return any(_selected(cell)[0] for cell in tasks)


def _read_comparisons(rows: Rows) -> Recognized:
    column, found = annotations_of(rows), Collector()
    for row, record in rows.records():
        data, (result, reason) = record.get("data"), _selected(record.get(column))
        value = result.get("value") if result else None
        side = value.get("selected") if isinstance(value, dict) else None
        if not isinstance(data, dict) or side not in SIDES:
            found.leave_out(row, "neither text was selected" if result else reason)
            continue
        assert result is not None
        answers = _compared(data, result, rows.name)
        better = SIDES.index(side)
        rest = {key: cell for key, cell in data.items() if key not in answers}
        found.use(row, {**rest, CHOSEN: data[answers[better]], REJECTED: data[answers[1 - better]]})
    form = f"{FORM}, {len(rows.frame):,} tasks"
    if not found.rows:
        return found.recognized(form)
    note = f"The text that was selected is preferred to the other one; {INSTEAD}."
    read = preferred(replace(rows, frame=frame_of(found.rows)), (CHOSEN, REJECTED), form, (note,))
    return replace(read, problems=(*found.problems, *read.problems), unused=found.unused)


def _compared(data: dict[str, Any], result: dict[str, Any], name: str) -> Sequence[str]:
    """Return the keys of the two texts: those that the result names, or the only two that differ in a letter.

    Raises:
        DataError: the texts cannot be told.
    """
    named = [each.strip() for each in str(result.get("to_name", "")).split(",")]
    texts = [key for key, cell in data.items() if is_text(cell)]
    if len(named) == 2 and set(named) <= set(texts):
        return named
    twins = [pair for pair in combinations(texts, 2) if twin_place(*pair)]
    if len(twins) != 1:
        raise DataError(
            f"{name} is a {FORM} that compares {' and '.join(named)}, which are not keys of its data "
            f"({', '.join(data)}); name the two texts answer1 and answer2 there."
        )
    return twins[0]


SHAPES = (Shape(f"{FORM} (comparisons)", _has_comparisons, _read_comparisons, by_row=False),)
