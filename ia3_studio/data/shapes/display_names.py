"""How are texts read whose annotations are objects with a display name? As labels, or as words where they have places.

So Google's services for labeled texts take them, with the places of a text in an object inside.
"""

from __future__ import annotations

from typing import Any

from ia3_studio.data.paths import structure_of, value_at
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, annotated, in_words
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

_TEXTS = ("text_snippet.content", "textSnippet.content", "text", "textContent", "text_content")
_NAMES = ("display_name", "displayName")
_PLACES = (("start_offset", "end_offset"), ("startOffset", "endOffset"))
_FORM = "annotations with display names"
_TEXT = "text"


def _text_path(rows: Rows) -> str:
    records = rows.first_records()
    return next((path for path in _TEXTS if all(is_text(value_at(record, path)) for record in records)), "")


def _annotation(item: Any) -> dict[str, Any] | None:
    """Return the label of an annotation, and its places if it has any; None for any other value."""
    name = next((item[key] for key in _NAMES if is_text(item.get(key))), None) if isinstance(item, dict) else None
    return None if name is None else {"label": name, **_places(item)}


def _places(item: dict[str, Any]) -> dict[str, Any]:
    """Return where a span begins and ends, also in an object inside, or in one inside that."""
    inside = [item]
    for _level in range(_DEEPEST):
        for each in inside:
            for start, end in _PLACES:
                if end in each:
                    return {"start": each.get(start, 0), "end": each[end]}
        inside = [value for each in inside for value in each.values() if isinstance(value, dict)]
    return {}


_DEEPEST = 3
"""Objects inside each other, the last of which may hold the places."""


def _column(rows: Rows) -> str:
    for name in rows.structured:
        items = [item for cell in rows.sample(name) for item in listed(structure_of(cell))]
        if items and all(_annotation(item) is not None for item in items):
            return name
    return ""


def _read(rows: Rows) -> Recognized:
    column, path, found, kept = _column(rows), _text_path(rows), Collector(), []
    for row, record in rows.records():
        text, items = value_at(record, path), listed(structure_of(record.get(column)))
        named = [each for item in items if (each := _annotation(item))]
        if not is_text(text) or len(named) < len(items):
            found.leave_out(row, NOT_ANNOTATED)
        else:
            rest = {name: cell for name, cell in record.items() if name not in (column, path.partition(".")[0])}
            kept.append((row, {**rest, _TEXT: text}, named))
    if any("end" in each for _row, _record, named in kept for each in named):
        return in_words(found, kept, _FORM, _TEXT)
    labels = [(row, record, [str(each["label"]) for each in named]) for row, record, named in kept]
    return annotated(found, labels, _FORM, _TEXT, column)


SHAPES = (Shape(_FORM, lambda rows: bool(_column(rows) and _text_path(rows)), _read),)
