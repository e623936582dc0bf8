"""Which column says in what kind of field of a form a question is answered, such as radio or text? That is no label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ia3_studio.data.column_profile import cells_of

if TYPE_CHECKING:
    import pandas as pd

_WIDGETS = frozenset((
    "textarea", "radio", "checkbox", "select", "dropdown", "slider", "single_choice", "multiple_choice",
    "single-choice", "multiple-choice", "single choice", "multiple choice", "multi_select", "multiselect", "mcq",
    "short_answer", "long_answer", "free_text", "freetext", "likert",
))  # fmt: skip
"""Kinds of fields that are nothing else."""
_FIELDS = _WIDGETS | {
    "text",
    "number",
    "email",
    "date",
    "time",
    "boolean",
    "single",
    "multiple",
    "open",
    "rating",
    "scale",
}


def are_fields(frame: pd.DataFrame, name: str) -> bool:
    """Say whether all cells of a column are kinds of fields of a form, at least one of which is nothing else."""
    cells = {str(cell).strip().lower() for cell in cells_of(frame, name)} if name in frame.columns else set()
    return bool(cells & _WIDGETS) and cells <= _FIELDS
