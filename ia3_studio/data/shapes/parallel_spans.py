"""How are texts read whose spans and their labels stand in columns of their own? As words with tags.

The spans are a list of pairs of places, two lists of places, or a list of the places of single characters.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.annotations import TEXT_NAMES, in_words
from ia3_studio.data.shapes.shape import MOST, Collector, Recognized, Rows, Shape, is_text, listed

STARTS = frozenset(("start", "starts", "begin", "begins", "from", "debut", "inicio", "anfang", "inizio"))
ENDS = frozenset(("end", "ends", "stop", "stops", "to", "fin", "ende", "fine", "fim"))
_MARKED = "SPAN"
"""The label of spans that have none."""


def is_place(value: Any) -> bool:
    """Say whether a value can count the characters before a span."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_pair(value: Any) -> bool:
    """Say whether a value is the two places of a span, in order."""
    places = listed(value)
    return len(places) == len(("start", "end")) and all(map(is_place, places)) and places[0] < places[1]


def is_whole(text: str, start: int, end: int) -> bool:
    """Say whether a span of a text neither cuts a word nor holds a blank at its ends.

    Example:
        >>> is_whole("Ferry 5 to Turku", 0, 5), is_whole("Ferry 5 to Turku", 0, 4), is_whole("Ferry 5 to Turku", 0, 6)
        (True, False, False)
    """
    inside = text[start:end]
    inner = [edge for edge in (start, end) if 0 < edge < len(text)]
    cut = any(text[edge - 1].isascii() and text[edge - 1 : edge + 1].isalnum() for edge in inner)
    return 0 < end <= len(text) and inside == inside.strip() != "" and not cut


def _places(cell: Any) -> list[list[int]] | None:
    """Return the spans of a cell: pairs of places, or single ones that are joined; None for any other cell."""
    items = listed(structure_of(cell))
    if all(map(is_pair, items)):
        return [[*item] for item in items]
    if not all(map(is_place, items)) or any(after <= before for before, after in pairwise(items)):
        return None
    edges = [place for place, (before, after) in enumerate(pairwise(items), start=1) if after > before + 1]
    parts = zip([0, *edges], [*edges, len(items)], strict=True)
    return [[items[start], items[stop - 1] + 1] for start, stop in parts]


def _text(rows: Rows) -> str:
    return next((name for name in rows.named(TEXT_NAMES) if rows.mostly(name, is_text)), "")


def _spans_column(rows: Rows) -> str:
    """Return the column of lists of places, each in its text; empty if there is none."""
    named = (
        name for name in rows.structured if {"span", "spans", "offset", "offsets", "positions"} & {*name_words(name)}
    )
    return next((name for name in named if _lie_in_texts(rows, name)), "")


def _lie_in_texts(rows: Rows, name: str) -> bool:
    cells = [(record.get(_text(rows)), _places(record.get(name))) for record in rows.first_records() if name in record]
    inside = all(
        spans is not None and isinstance(text, str) and all(end <= len(text) for _start, end in spans)
        for text, spans in cells
    )
    return inside and any(spans for _text, spans in cells)


def _sides(rows: Rows) -> tuple[str, str] | tuple[()]:
    """Return the two columns of lists of the places where spans begin and end; empty if there are none."""
    lists = [name for name in rows.structured if rows.mostly(name, _are_places)]
    found = [next((name for name in lists if words & {*name_words(name)}), "") for words in (STARTS, ENDS)]
    return (found[0], found[1]) if all(found) else ()


def _are_places(cell: Any) -> bool:
    value = structure_of(cell)
    return isinstance(value, list) and all(map(is_place, value))


def _spans_in(rows: Rows, record: dict[str, Any]) -> list[list[int]]:
    if column := _spans_column(rows):
        return _places(record.get(column)) or []
    starts, ends = (listed(structure_of(record.get(name))) for name in _sides(rows))
    return [[*each] for each in zip(starts, ends, strict=len(starts) == len(ends))]


def _labels(rows: Rows) -> str:
    """Return the column of lists of labels that are as many as the spans beside them; empty if there is none."""
    records = rows.first_records()

    def fits(name: str) -> bool:
        lists = [listed(structure_of(record.get(name))) for record in records]
        are_names = all(isinstance(each, str) for cell in lists for each in cell)
        counts = [len(_spans_in(rows, record)) for record in records]
        return are_names and any(lists) and list(map(len, lists)) == counts

    return next((name for name in rows.structured if fits(name)), "")


def _fits(rows: Rows) -> bool:
    """Say whether texts have spans, with a label each; single ones may have none where nothing else is a label."""
    if not _text(rows) or len(rows.structured) > len(("spans", "ends", "labels", "tokens")):
        return False
    if _spans_column(rows):
        return bool(_labels(rows)) or _are_alone(rows)
    return bool(_sides(rows) and _labels(rows))


def _are_alone(rows: Rows) -> bool:
    """Say whether spans without labels are whole words, and nothing else stands next to the texts."""
    if not {*rows.columns} <= {_text(rows), _spans_column(rows), "id", "ID"}:
        return False
    spans = [(record.get(_text(rows)), each) for record in rows.first_records() for each in _spans_in(rows, record)]
    return sum(is_whole(str(text), *each) for text, each in spans) >= MOST * len(spans)


def _read(rows: Rows) -> Recognized:
    text, labels, found = _text(rows), _labels(rows), Collector()
    given = [name for name in (_spans_column(rows), *_sides(rows), labels) if name]
    kept = []
    for row, record in rows.records():
        names = listed(structure_of(record.get(labels))) if labels else []
        spans = _spans_in(rows, record)
        if not is_text(record.get(text)):
            found.leave_out(row, f"its text ({text}) is empty")
        elif labels and len(names) != len(spans):
            found.leave_out(row, f"it has {len(spans)} spans but {len(names)} labels ({labels})")
        else:
            value = [[*span, name] for span, name in zip(spans, names or [_MARKED] * len(spans), strict=True)]
            kept.append((row, {name: cell for name, cell in record.items() if name not in given}, value))
    return in_words(found, kept, f"texts with labeled spans ({', '.join(given)})", text)


SHAPES = (Shape("spans in columns of their own", _fits, _read),)
