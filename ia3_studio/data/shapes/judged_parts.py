"""How are texts read whose parts are judged one by one? Each part is an example, with its text and its polarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import TEXT_NAMES
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, bare, is_text, listed

PARTS = ("term", "target", "aspect", "aspectterm", "entity", "category")
"""Keys of what a text is judged for, as in the aspect-based data sets of SemEval."""
JUDGED = ("polarity", "sentiment")
_NONE_OF_THE_TEXT = "NULL"
"""The target where a text is judged for something that it does not name."""


def _parts_of(cell: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or of the only value of an object, as XML wraps them; nothing for anything else."""
    value = structure_of(cell)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    parts = [value] if isinstance(value, dict) else listed(value)
    return parts if all(isinstance(each, dict) for each in parts) else []


def _said(value: Any) -> str:
    """Return a text, or those of a list as one: of words, or of texts before their places; empty for anything else."""
    texts = listed(value)
    if texts and isinstance(texts[0], list):
        texts = texts[0]
    said = " ".join(texts) if texts and all(map(is_text, texts)) else value
    return said if is_text(said) and said != _NONE_OF_THE_TEXT else ""


def _whole_text(cell: Any) -> str:
    """Return a text, or the texts of sentences that are objects, as one; empty for anything else."""
    if is_text(cell):
        return str(cell)
    texts = [each.get("text") for each in _parts_of(cell)]
    return " ".join(map(str, texts)) if texts and all(map(is_text, texts)) else ""


_OF_SENTENCES = ("sentences", "sentence")
"""Columns of the sentences of a text that is judged as a whole."""


def _key(parts: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    """Return the first of some keys that nearly every part has a text for; empty where there is none."""
    keys = {bare(key): key for each in parts for key in each}
    counts = ((keys[name], sum(bool(_said(each.get(keys[name]))) for each in parts)) for name in names if name in keys)
    return next((name for name, count in counts if count >= MOST * len(parts) > 0), "")


def _columns(rows: Rows) -> tuple[str, str, str, str]:
    """Return the columns of the texts and of their parts, the key of a part and that of what is felt of it, or none."""
    text = rows.find((*TEXT_NAMES, *_OF_SENTENCES))
    for name in rows.structured if text and rows.mostly(text, lambda cell: bool(_whole_text(cell))) else ():
        if name == text:
            continue
        parts = [each for cell in rows.sample(name) for each in _parts_of(cell)]
        part, judged = _key(parts, PARTS), _key(parts, JUDGED)
        if part and judged:
            return text, name, part, judged
    return "", "", "", ""


def _has_parts(rows: Rows) -> bool:
    return any(_columns(rows))


def _read_parts(rows: Rows) -> Recognized:
    text, column, part, judged = _columns(rows)
    found = Collector()
    without = 0
    for row, record in rows.records():
        parts = _parts_of(record.get(column))
        without += not parts
        rest = {name: cell for name, cell in record.items() if name not in (column, part, judged)}
        for each in parts:
            if (said := _said(each.get(part))) and is_text(each.get(judged)):
                found.use(row, {**rest, text: _whole_text(record.get(text)), part: said, judged: each[judged]})
            else:
                found.leave_out(row, f"a part of its text ({column}) has no {part} or no {judged}")
    notes = [f"Each {part} of {column} is an example with its text, and {judged} its label."]
    notes += [f"Not used: {without:,} texts without a {part}."] if without else []
    keys = dict.fromkeys(key for cell in rows.sample(column) for each in _parts_of(cell) for key in each)
    others = [key for key in keys if key not in (part, judged)]
    notes += [f"Not used of {column}: {', '.join(others)}."] if others else []
    mapping = Mapping("labels", column=text, context=part, answer=judged)
    return found.recognized("judged parts of texts", mapping, tuple(notes))


SHAPES = (Shape("judged parts of texts", _has_parts, _read_parts),)
