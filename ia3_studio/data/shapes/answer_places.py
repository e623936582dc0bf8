"""How are questions read whose answers are places in a text? The words between these places are the answers."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_words import ANSWERED, ASKED
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.parallel_spans import ENDS, STARTS, is_pair, is_place, is_whole
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, finite, is_text, listed

ANSWER = "answer"
_CALLED = frozenset(("span", "spans", "offset", "offsets", "positions", "indices", "start", "begin", *STARTS, *ENDS))
_ALIGNED = 0.9
"""Share of the spans that must be whole words for their places to be understood."""


def _span(cell: Any) -> tuple[int, int] | None:
    """Return the places of a cell: a pair, the first of a list of them, or an object of both."""
    value = structure_of(cell)
    if len(listed(value)) == 1 and isinstance(listed(value)[0], dict):
        value = listed(value)[0]
    if isinstance(value, dict):
        value = [next((each for key, each in value.items() if words & {*name_words(str(key))}), None)
                 for words in (STARTS, ENDS)]  # fmt: skip
        value = [each[0] if len(listed(each)) == 1 else each for each in value]
    items = listed(value)
    value = items[0] if items and is_pair(items[0]) else value
    return (listed(value)[0], listed(value)[1]) if is_pair(value) else None


def _given(rows: Rows) -> tuple[str, ...]:
    """Return the column of spans, or those of where they begin and end; empty if there are none."""
    one = (name for name in rows.structured if says(name, ANSWERED | _CALLED))
    if found := next((name for name in one if rows.mostly(name, lambda cell: _span(cell) is not None)), ""):
        return (found,)
    numbers = [name for name in rows.columns if rows.mostly(name, lambda cell: is_place(_whole(cell)))]
    sides = [next((name for name in numbers if words & {*name_words(name)}), "") for words in (STARTS, ENDS)]
    return tuple(sides) if all(sides) else ()


def _whole(cell: Any) -> Any:
    number = finite(cell)
    return int(number) if number is not None and number.is_integer() else None


def _places(given: tuple[str, ...], record: dict[str, Any]) -> tuple[int, int] | None:
    if len(given) == 1:
        return _span(record.get(given[0]))
    start, end = (_whole(record.get(name)) for name in given)
    return (start, end) if is_pair([start, end]) else None


def _columns(rows: Rows) -> tuple[str, str, tuple[str, ...]] | None:
    """Return the columns of the question, of the text in which all answers lie, and of their places."""
    given = _given(rows)
    texts = [name for name in rows.columns if name not in given and rows.mostly(name, is_text)]
    asked = next((name for name in texts if says(name, ASKED)), "")
    if not given or not asked or any(says(name, ANSWERED) for name in texts):
        return None
    records = rows.first_records()
    spans = [places for record in records if (places := _places(given, record))]
    lengths = {name: [len(str(record.get(name, ""))) for record in records] for name in texts if name != asked}
    around = [name for name, each in lengths.items() if sum(each) > sum(end for _start, end in spans)]
    read = max(around, key=lambda name: sum(lengths[name]), default="")
    return (asked, read, given) if read and len(spans) >= _ALIGNED * len(records) else None


def _behind(rows: Rows, read: str, given: tuple[str, ...]) -> int | None:
    """Return 0 where a span ends before its second place, 1 where it ends with it; None where words are cut."""
    spans = [
        (record[read], places) for record in rows.first_records()
        if is_text(record.get(read)) and (places := _places(given, record))
    ]  # fmt: skip
    for more in (0, 1):
        whole = sum(is_whole(text, start, end + more) for text, (start, end) in spans)
        if whole >= _ALIGNED * len(spans):
            return more
    return None


def _counts_tokens(rows: Rows, given: tuple[str, ...]) -> bool:
    """Say whether the places are called those of tokens (start_token), by their columns or by keys in their cells."""
    first = next((listed(structure_of(record.get(given[0]))) for record in rows.first_records()), [])
    cell = first[0] if first else structure_of(next((record.get(given[0]) for record in rows.first_records()), None))
    keys = list(map(str, cell)) if isinstance(cell, dict) else []
    return any({"token", "tokens"} & {*name_words(name)} for name in (*given, *keys))


def _read(rows: Rows) -> Recognized:
    columns, found = _columns(rows), Collector()
    assert columns is not None
    asked, read, given = columns
    named = " and ".join(given)
    more = _behind(rows, read, given)
    in_tokens = _counts_tokens(rows, given)
    if more is None or in_tokens:
        why = "they count its tokens" if in_tokens else "the characters between them do not form whole words"
        sentence = (
            f"{named} may be places in {read}, but {why}; add a column of the answers themselves, or select the "
            "target column."
        )
        return Recognized(rows.frame, "answers by their places", undecided=sentence)
    for row, record in rows.records():
        places, text = _places(given, record), record.get(read)
        if places is None or not is_text(text) or places[1] + more > len(str(text)):
            found.leave_out(row, f"{named} is not a position in {read}")
            continue
        rest = {name: cell for name, cell in record.items() if name not in given}
        found.use(row, {**rest, ANSWER: str(text)[places[0] : places[1] + more]})
    note = f"The characters of {read} at the places of {named} are read as the answer."
    return found.recognized("answers by their places", Mapping("pairs", asked, ANSWER, read), (note,))


SHAPES = (Shape("answers by their places", lambda rows: _columns(rows) is not None, _read),)
