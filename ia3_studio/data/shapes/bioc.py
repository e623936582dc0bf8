"""How are passages with annotations read whose places are an offset and a length, as BioC has them? As words."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import NOT_ANNOTATED, in_words
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, finite, is_text, listed

_FORM = "passages with annotations (BioC)"
_PASSAGES, _ANNOTATIONS, _LOCATIONS = ("passages", "passage"), ("annotations", "annotation"), ("locations", "location")
_TEXT = "text"


def _items(value: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the objects under one of the names; XML has a single one instead of a list."""
    found = next((structure_of(value[name]) for name in names if name in value), None)
    items = [found] if isinstance(found, dict) else listed(found)
    return [item for item in items if isinstance(item, dict)]


def _span(annotation: dict[str, Any], start: int) -> dict[str, Any] | None:
    """Return the place of an annotation in its passage, with its type; None where it has none, or several parts."""
    places = _items(annotation, _LOCATIONS)
    told = annotation.get("infons")
    label = (told if isinstance(told, dict) else annotation).get("type")
    if len(places) != 1 or not is_text(label):
        return None
    offset, length = finite(places[0].get("offset")), finite(places[0].get("length"))
    if offset is None or length is None:
        return None
    return {"start": int(offset) - start, "end": int(offset + length) - start, "label": label}


def _passages(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in _items(record, _PASSAGES) if is_text(each.get(_TEXT))]


def _fits(rows: Rows) -> bool:
    records = rows.first_records() if rows.find(_PASSAGES) else []
    items = [item for record in records for each in _passages(record) for item in _items(each, _ANNOTATIONS)]
    return bool(items) and any(_span(item, 0) for item in items)


def _read(rows: Rows) -> Recognized:
    found, kept = Collector(), []
    for row, record in rows.records():
        passages = _passages(record)
        if not passages:
            found.leave_out(row, NOT_ANNOTATED)
        for each in passages:
            start = int(finite(each.get("offset")) or 0)
            spans = [_span(item, start) for item in _items(each, _ANNOTATIONS)]
            found.unused["annotations without a type, or in several parts"] += spans.count(None)
            kept.append((row, {_TEXT: each[_TEXT]}, [span for span in spans if span]))
    return in_words(found, kept, _FORM, _TEXT)


SHAPES = (Shape(_FORM, _fits, _read),)
