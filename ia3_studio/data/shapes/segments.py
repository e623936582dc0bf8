"""How are texts read that stand in parts, some of which name an entity? As words with tags, as Snips and Dialogflow."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.shapes.annotations import in_words
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, listed

COLUMNS = ("data", "segments", "parts")
ENTITY = ("entity", "alias", "slotname", "slot")
TEXT = "text"


def _is_segment(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(TEXT), str)


def _entity(segment: dict[str, Any]) -> str:
    return next((str(segment[key]) for key in ENTITY if segment.get(key)), "")


def _column(rows: Rows) -> str:
    """Return the column of lists of segments, some of which name an entity; empty if there is none."""
    for name in rows.named(COLUMNS):
        parts = [each for cell in rows.sample(name) for each in listed(cell)]
        if parts and all(map(_is_segment, parts)) and any(map(_entity, parts)):
            return name
    return ""


def _read(rows: Rows) -> Recognized:
    column, found = _column(rows), Collector()
    kept = []
    for row, record in rows.records():
        segments = [each for each in listed(record.get(column)) if _is_segment(each)]
        text, spans = "", []
        for segment in segments:
            start, text = len(text), text + segment[TEXT]
            if name := _entity(segment):
                spans.append([start, len(text), name])
        if text.strip():
            rest = {name: cell for name, cell in record.items() if name != column}
            kept.append((row, {**rest, TEXT: text}, spans))
        else:
            found.leave_out(row, f"its text ({column}) is empty")
    return in_words(found, kept, f"texts in parts with entities ({column})", TEXT)


SHAPES = (Shape("texts in parts with entities", lambda rows: bool(_column(rows)), _read),)
