"""Which task do chosen columns ask for, where the task in use has no place for them?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.data.chosen_columns import Kind
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.flag_columns import FLAGS
from ia3_studio.data.measurements import number_of
from ia3_studio.data.table import Table

_NEARLY_ALL, _FEWEST_ROWS, _SHORTEST = 0.9, 10, 20
"""Share of the rows whose answers are all different where they are no labels, the rows from which on that tells, and
the mean characters of such answers."""
_BETWEEN_LABELS = re.compile(r"[;|,/&\n]")


def fitting_task(
    table: Table, kind: Kind, answer: str, choices: Sequence[str] = (), others: Sequence[str] = ()
) -> Kind:
    """Return the task that chosen columns ask for: that in use, unless it ignores them or can make nothing of them.

    Args:
        table: the rows.
        kind: the task in use.
        answer: the chosen target column.
        choices: the chosen columns of choices, or of flags.
        others: what else was chosen that plain texts and conversations do not have: context and template.
    """
    if choices and kind not in ("choices", "multi"):
        return "multi" if all(_is_flag(table, name) for name in choices) else "choices"
    if kind in ("text", "messages") and (answer or any(others)):
        return "labels" if answer and profile(table.frame, answer).is_label else "pairs"
    if kind == "number" and answer and not _holds_numbers(table, answer):
        return "pairs" if _is_of_its_row(table, answer) else "labels"
    if kind == "labels" and answer and _is_of_its_row(table, answer):
        return "pairs"
    if kind == "multi" and answer and _is_of_its_row(table, answer) and not _lists_labels(table, answer):
        return "pairs"
    return kind


def _is_flag(table: Table, name: str) -> bool:
    held = {str(cell).strip().lower() for cell in cells_of(table.frame, name)}
    return any(held and held <= known for known in FLAGS)


def _holds_numbers(table: Table, name: str) -> bool:
    return any(number_of(cell) is not None for cell in cells_of(table.frame, name))


def _is_of_its_row(table: Table, name: str) -> bool:
    """Say whether a column holds texts of which nearly each row has its own, so that they are no labels."""
    found = profile(table.frame, name)
    rows = len(cells_of(table.frame, name))
    is_text = found.is_text and not found.is_label and found.length >= _SHORTEST
    return is_text and rows >= _FEWEST_ROWS and found.different >= _NEARLY_ALL * rows


def _lists_labels(table: Table, name: str) -> bool:
    """Say whether the parts of cells between separators occur again in others, as labels do."""
    parts = [part.strip() for cell in cells_of(table.frame, name) for part in _BETWEEN_LABELS.split(str(cell))]
    return 2 * len(set(parts)) < len(parts)
