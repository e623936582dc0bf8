"""How are texts read with lists of edits, each a place in the text and what is to stand there? As corrections."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

Edit = tuple[int, int, str]
"""Where characters are replaced, from the first to behind the last, and by what."""
_EDITS = ("edits", "corrections", "errors")
_TEXTS = ("text", "sentence", "source", "original", "content")
_CORRECTED = "corrected"
_FORM = "texts with edits of their characters"


def _edit(value: Any) -> Edit | None:
    """Return the edit of a list of two places and a text; None for any other value. No text takes out what is there."""
    parts = listed(value)
    if len(parts) < len(("start", "end", "instead")) or not all(type(each) is int for each in parts[:2]):
        return None
    instead = "" if parts[2] is None else parts[2]
    return (parts[0], parts[1], instead) if isinstance(instead, str) else None


def _edits(cell: Any) -> list[Edit] | None:
    """Return the edits of a list of them, or of the first annotator in a list of these; None for any other value."""
    value = structure_of(cell)
    if not isinstance(value, list):
        return None
    if value and all(isinstance(each, list) and len(each) == 2 and isinstance(each[1], list) for each in value):
        value = value[0][1]
    found = [_edit(each) for each in value]
    return [each for each in found if each] if all(found) else None


def _columns(rows: Rows) -> tuple[str, str]:
    """Return the columns of texts and of their edits, some of which there must be; empty where there are none."""
    text = next((name for name in rows.named(_TEXTS) if rows.mostly(name, is_text)), "")
    held = (name for name in rows.named(_EDITS) if rows.mostly(name, lambda cell: _edits(cell) is not None))
    edits = next((name for name in held if rows.any(name, lambda cell: bool(_edits(cell)))), "")
    return (text, edits) if text and edits else ("", "")


def _with_edits(text: str, edits: list[Edit]) -> str | None:
    """Return a text in which characters are replaced; None where the edits overlap or are outside of it."""
    parts, last = [], 0
    for start, end, instead in sorted(edits, key=lambda edit: edit[:2]):
        if not last <= start <= end <= len(text):
            return None
        parts += [text[last:start], instead]
        last = end
    return "".join((*parts, text[last:]))


def _read(rows: Rows) -> Recognized:
    text, edits = _columns(rows)
    found = Collector()
    others = 0
    for row, record in rows.records():
        known, said = _edits(record.get(edits)), record.get(text)
        corrected = _with_edits(said, known) if known is not None and isinstance(said, str) else None
        if corrected is None:
            found.leave_out(row, f"its edits ({edits}) do not fit its {text}")
            continue
        value = listed(structure_of(record.get(edits)))
        others += max(len(value) - 1, 0) if value and _edit(value[0]) is None else 0
        rest = {name: cell for name, cell in record.items() if name != edits}
        found.use(row, {**rest, _CORRECTED: corrected})
    found.unused["edits of other annotators"] += others
    return found.recognized(_FORM, Mapping("pairs", text, _CORRECTED))


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)[0]), _read),)
