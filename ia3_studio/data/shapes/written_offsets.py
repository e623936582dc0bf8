"""How are texts read whose spans are written as "4-19" in a column, with their labels in another? As words with tags.

So XML says where the entities of a sentence stand, such as the drugs of DrugDDI: one has a text in each column, and
several have a list; sentences without any have neither.
"""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import TEXT_NAMES, in_words
from ia3_studio.data.shapes.parallel_spans import is_whole
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, is_blank, is_text, listed

_OFFSET = re.compile(r"(\d{1,9})-(\d{1,9})")
_WORDS = frozenset(("offset", "offsets", "charoffset"))
_KINDS = frozenset(("type", "label", "class", "category", "kind"))


def _texts(cell: Any) -> list[str]:
    """Return a text, or the texts of a list; nothing for an empty cell."""
    if is_blank(cell):
        return []
    value = structure_of(cell)
    return [str(each) for each in (listed(value) or [value])]


def _offsets(cell: Any) -> list[tuple[int, int]] | None:
    """Return the places in a cell; None where one is no pair of them, or stands in several parts."""
    found = [_OFFSET.fullmatch(each.strip()) for each in _texts(cell)]
    return [(int(each[1]), int(each[2])) for each in found if each] if all(found) else None


def _columns(rows: Rows) -> tuple[str, str, str]:
    """Return the columns of texts, of places, and of the kinds of these; empty ones if there are none."""
    text = next((name for name in rows.named(TEXT_NAMES) if rows.mostly(name, is_text)), "")
    places = [name for name in rows.columns if _WORDS & {*name_words(name)} and rows.mostly(name, _has_offsets)]
    for place in places if text else ():
        beside = [name for name in rows.columns if name_words(name)[:1] == name_words(place)[:1]]
        kind = next((name for name in beside if _KINDS & {*name_words(name)[-1:]}), "")
        records = [record for record in rows.first_records() if _texts(record.get(place))]
        counts = all(len(_texts(each.get(kind))) == len(_texts(each.get(place))) for each in records)
        if kind and records and counts and _are_words(rows, text, place):
            return text, place, kind
    return "", "", ""


def _has_offsets(cell: Any) -> bool:
    return _offsets(cell) is not None


def _are_words(rows: Rows, text: str, place: str) -> bool:
    """Say whether nearly all places are those of whole words of their texts."""
    last, spans = _ends_inside(rows, text, place), _spans(rows, text, place)
    return sum(is_whole(said, start, end + last) for said, start, end in spans) >= MOST * len(spans)


def _ends_inside(rows: Rows, text: str, place: str) -> bool:
    """Say whether the second place is that of the last character, so that a letter or a sign stands at each."""
    return not any(said[end : end + 1].isspace() for said, _start, end in _spans(rows, text, place))


def _spans(rows: Rows, text: str, place: str) -> list[tuple[str, int, int]]:
    """Return the places at the beginning of a column, each behind its text."""
    records = [(str(record.get(text)), _offsets(record.get(place))) for record in rows.first_records()]
    return [(said, *span) for said, spans in records for span in spans or []]


def _read(rows: Rows) -> Recognized:
    text, place, kind = _columns(rows)
    found, last = Collector(), _ends_inside(rows, text, place)
    kept = []
    for row, record in rows.records():
        spans, kinds = _offsets(record.get(place)), _texts(record.get(kind))
        if not is_text(record.get(text)):
            found.leave_out(row, f"its text ({text}) is empty")
        elif spans is None or len(spans) != len(kinds):
            found.leave_out(row, f"a place ({place}) is not two numbers, or has no {kind}")
        else:
            value = [[start, end + last, name] for (start, end), name in zip(spans, kinds, strict=True)]
            kept.append((row, {name: cell for name, cell in record.items() if name not in (place, kind)}, value))
    return in_words(found, kept, f"texts with places of labeled spans ({place})", text)


SHAPES = (Shape("places as texts", lambda rows: bool(_columns(rows)[0]), _read),)
