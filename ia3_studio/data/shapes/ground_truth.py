"""How are output manifests of labeling jobs read (Amazon Ground Truth)? The names of labels stand beside their numbers.

Each label has an object of the same name with "-metadata" behind it, which says what its numbers are called.
"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, annotated, in_words
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed
from ia3_studio.data.shapes.spans import is_span_list

_TEXT = "source"
_BEHIND = "-metadata"
_FORM = "output manifest of a labeling job"


def _label(rows: Rows) -> str:
    """Return the first column of labels whose names stand in an object beside it; empty if there is none."""
    beside = (name for name in rows.columns if name.endswith(_BEHIND) and rows.mostly(name, _is_object))
    named = (name.removesuffix(_BEHIND) for name in beside)
    return next((name for name in named if rows.any(name, lambda cell: True) and _says(rows, name)), "")


def _is_object(cell: Any) -> bool:
    return isinstance(structure_of(cell), dict)


def _says(rows: Rows, label: str) -> bool:
    return any(_value(record, label) is not None for record in rows.first_records())


def _value(record: dict[str, Any], label: str) -> Any:
    """Return what a text was labeled: a name, a list of names, or a list of spans; None where the job failed."""
    cell, about = structure_of(record.get(label)), structure_of(record.get(label + _BEHIND))
    if not isinstance(about, dict):
        return None
    if is_text(about.get("class-name")):
        return about["class-name"]
    names = about.get("class-map")
    if isinstance(names, dict):
        found = [names.get(str(number)) for number in listed(cell)]
        return found if is_list_of_texts(found) or not found else None
    inside = cell.get("annotations") if isinstance(cell, dict) else None
    spans = inside.get("entities") if isinstance(inside, dict) else None
    return spans if isinstance(spans, list) and (not spans or is_span_list(spans)) else None


def _has_manifest(rows: Rows) -> bool:
    return rows.mostly(rows.find((_TEXT,)), is_text) and bool(_label(rows))


def _read_manifest(rows: Rows) -> Recognized:
    text, label, found = rows.find((_TEXT,)), _label(rows), Collector()
    kept = []
    for row, record in rows.records():
        value = _value(record, label)
        if value is None or not is_text(record.get(text)):
            found.leave_out(row, NOT_ANNOTATED)
        else:
            rest = {name: cell for name, cell in record.items() if name not in (label, label + _BEHIND)}
            kept.append((row, rest, value))
    are_spans = any(isinstance(span, dict) for _row, _record, value in kept for span in listed(value))
    return in_words(found, kept, _FORM, text) if are_spans else annotated(found, kept, _FORM, text, label)


SHAPES = (Shape(_FORM, _has_manifest, _read_manifest),)
