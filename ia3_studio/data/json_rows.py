"""Which rows are in JSON? One object per line, objects one after the other, or one document that holds rows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from ia3_studio.data.cut_json import CUT_OFF, ends_early, objects_without_commas, whole_objects
from ia3_studio.data.delimiters import LINE_END, lines_of
from ia3_studio.data.header import unique_names
from ia3_studio.data.json_documents import rows_of_json
from ia3_studio.data.json_leftovers import outside_rows
from ia3_studio.data.paths import LONGEST_LITERAL, exact_literal, python_literal, structure_of
from ia3_studio.data.problem import Damage, clause, require_few
from ia3_studio.data.script_literals import commented_document
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


JSON_LINES = (".jsonl", ".ndjson", ".jsonlines", ".jl")
_FILLED = re.compile(r"\S")
_FIRST_LINES = 4
_MOST_EMPTY, _FEW_CELLS = 50, 2_000_000
"""Cells for each one that is filled in rows of different fields, where they are more than a few million."""
_MOST_NAMES = 10_000


def read_json(name: str, text: str, named_lines: bool) -> tuple[pd.DataFrame, str, tuple[Damage, ...], tuple[str, ...]]:
    """Read JSON text; return (rows, its form, damaged rows, notes). The index counts the rows from 1.

    Args:
        named_lines: whether the file's name promises one object a line; the text itself decides where it can.

    Raises:
        DataError: it is damaged, or holds no rows.
    """
    if _is_lines(text, named_lines):
        frame, damaged = read_json_lines(name, text)
        return frame, _lines_form(text), damaged, comments_in(text)
    stream = _stream(text)
    if stream is not None:
        return _frame(name, list(enumerate(stream, start=1))), "JSON objects one after the other", (), ()
    notes: tuple[str, ...] = ()
    try:
        document = _parse(name, text)
    except DataError:
        if several := objects_without_commas(text):
            return _frame(name, list(enumerate(several, start=1))), "JSON array", (), (_NO_COMMAS,)
        if cut := whole_objects(text):
            require_few(name, cut[1:], len(cut[0]))
            return _frame(name, list(enumerate(cut[0], start=1))), "JSON objects of a file that is cut off", cut[1:], ()
        if (document := commented_document(text)) is None:
            raise
        notes = (_COMMENTED,)
    records, form = rows_of_json(name, document)
    return _frame(name, list(enumerate(records, start=1))), form, (), (*outside_rows(document, records), *notes)


def frame_of_records(name: str, records: Sequence[Any]) -> pd.DataFrame:
    """Return the rows of a document as a table; its index counts them from 1.

    Raises:
        DataError: a row is no object, or there are too many names.
    """
    return _frame(name, list(enumerate(records, start=1)))


def read_json_lines(
    name: str, text: str, *, first_row: int = 1, first_line: int = 1, is_part: bool = False
) -> tuple[pd.DataFrame, tuple[Damage, ...]]:
    """Read one object a line; return (rows, damaged rows), numbered from ``first_row`` and ``first_line`` on.

    A comma after an object, several objects in a line, and an object that is written as a Python literal, are read.
    Comments are passed over.

    Raises:
        DataError: more rows are damaged than may be skipped; of a part of a file, the caller counts them.
    """
    rows, damaged = _lines(text, first_row, first_line)
    if not is_part:
        require_few(name, damaged, len(rows))
    return _frame(name, rows), tuple(damaged)


def is_json_lines(text: str) -> bool:
    """Say whether the first two lines of a text are JSON objects."""
    lines = [line for line in _first_lines(text) if line.strip()][:2]
    begun = len(lines) == 2 and all(line.lstrip().startswith("{") for line in lines)
    return begun and all(isinstance(_line_value(line), dict) for line in lines)


def is_list_lines(text: str) -> bool:
    """Say whether the first lines of a text are lists of one length, of texts and numbers, as Python prints them."""
    lines = [line.strip() for line in _first_lines(text) if line.strip()]
    begun = len(lines) > 1 and all(line.startswith("[") and line.endswith("]") for line in lines)
    rows = [_line_value(line) for line in lines] if begun else []
    return bool(rows) and all(map(_is_row, rows)) and len({len(row) for row in rows}) == 1


def _is_row(value: Any) -> bool:
    """Say whether a value is a list of texts and numbers, some of each."""
    cells = value if isinstance(value, list) else []
    texts = sum(isinstance(cell, str) for cell in cells)
    return 0 < texts < len(cells) and all(isinstance(cell, str | int | float) for cell in cells)


def _first_lines(text: str) -> list[str]:
    """Return the first lines of a text, which may be long, without a copy of the others."""
    begin = _FILLED.search(text)
    start = begin.start() if begin else len(text)
    ends = islice(LINE_END.finditer(text, start), _FIRST_LINES)
    lines: list[str] = []
    for end in ends:
        lines.append(text[start : end.start()])
        start = end.end()
    return lines if len(lines) == _FIRST_LINES else [*lines, text[start:]]


def is_json_document(text: str) -> bool:
    """Say whether a text is one JSON array or object."""
    begun = text.lstrip()[:1]
    if begun not in ("[", "{") or text.rstrip()[-1:] != {"[": "]", "{": "}"}[begun]:
        return False
    try:
        return isinstance(json.loads(text), list | dict)
    except (ValueError, RecursionError):
        return False


def is_json_stream(text: str) -> bool:
    """Say whether a text is JSON objects one after the other, over several lines each."""
    bare = text.strip()
    return bare.startswith("{") and bare.endswith("}") and _stream(text) is not None


def _is_lines(text: str, named_so: bool) -> bool:
    first, *rest = LINE_END.split(text.strip(), maxsplit=1)
    if first.strip() in ("{", "[", "[{"):
        return False
    if not rest:
        return named_so and not first.startswith("[") and (_line_value(first) is not None or _stream(first) is None)
    if named_so:
        return _line_value(first) is not None or (not first.startswith("[") and _stream(text) is None)
    return isinstance(_line_value(first), dict)


def _lines_form(text: str) -> str:
    first = _first_lines(text)[0].strip()
    if first.endswith(","):
        return "JSON Lines with a comma after each object"
    return "Python literals, one per line" if first.startswith(("{'", "['")) else "JSON Lines"


def _line_value(line: str) -> Any:
    """Return the value of one line; None where it is none."""
    bare = line.strip().removesuffix(",")
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return python_literal(bare) if bare.startswith(("{'", '{"', "['", '["')) else None


def _lines(text: str, first_row: int, first_line: int) -> tuple[list[tuple[int, Any]], list[Damage]]:
    rows: list[tuple[int, Any]] = []
    damaged: list[Damage] = []
    for line, written in enumerate(lines_of(text), start=first_line):
        if not written.strip() or written.lstrip().startswith(_COMMENTS):
            continue
        number = first_row + len(rows) + len(damaged)
        try:
            rows.append((number, _object(written)))
        except (ValueError, RecursionError) as error:
            if several := _stream(written):
                rows += enumerate(several, start=number)
            else:
                damaged.append(Damage(number, line, _reason(error), written.strip()))
    return rows, damaged


_COMMENTS = ("#", "//")
"""Marks of lines that are no rows: no JSON begins with them."""
_NO_COMMAS = "Commas between the objects of the array are missing or too many; each object is read as a row."
_COMMENTED = "Read as JSON5: comments and commas after last items are passed over."
_COMMENT = re.compile(r"\n[ \t]*(?:#|//)")
_LONGEST_BLANK = 100


def comments_in(text: str) -> tuple[str, ...]:
    """Return a sentence on the lines of a text that are comments; nothing if there are none."""
    count = sum(1 for _each in _COMMENT.finditer(text)) + text[:_LONGEST_BLANK].lstrip().startswith(_COMMENTS)
    return (f"Not used: lines that are comments ({count:,}).",) if count else ()


def _object(written: str) -> dict[str, Any]:
    try:
        value = json.loads(written)
    except ValueError:
        value = _line_value(written)
        if value is None:
            raise
    if isinstance(value, str):  # a text, or an object that was written as JSON twice
        inner = structure_of(value)
        return inner if isinstance(inner, dict) else {"text": value}
    if isinstance(value, list) and value and all(map(_is_turn, value)):
        return {"messages": value}
    if isinstance(value, list) and [type(each) for each in value] == [str, dict]:  # a text with its annotations
        return {"text": value[0], **value[1]}
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0]
    if isinstance(value, list) and value and not any(isinstance(each, dict) for each in value):
        return dict(zip(unique_names([""] * len(value)), value, strict=True))
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _is_turn(value: Any) -> bool:
    return isinstance(value, dict) and bool({"role", "from"} & set(value))


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not valid JSON (column {error.colno}: {error.msg})"
    return clause(error)


def _stream(text: str) -> list[dict[str, Any]] | None:
    """Return objects that stand one after the other, over several lines each, as jq prints them; None for other text.

    Lists of them are read as well. Commas between them are passed over.
    """
    decoder = json.JSONDecoder()
    found: list[dict[str, Any]] = []
    count, place, end = 0, 0, len(text)
    while place < end:
        while place < end and (text[place].isspace() or (found and text[place] == ",")):
            place += 1
        if place == end:
            break
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        rows = [value] if isinstance(value, dict) else value
        if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
            return None
        found += rows
        count += 1
    return found if count > 1 else None


def _parse(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        literal = exact_literal(text.strip()) if len(text) <= LONGEST_LITERAL else None
        if isinstance(literal, list | dict):  # as Python prints it, or with a comma after the last item
            return literal
        if ends_early(text, error):
            raise DataError(f"{name} is not whole JSON: {CUT_OFF}; copy or download it again.") from error
        where = f"{name}, line {error.lineno}"
        raise DataError(f"{where} is not valid JSON (column {error.colno}: {error.msg}); fix that line.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of nested brackets
        raise DataError(f"{name} cannot be read as JSON ({clause(error)}).") from error


def _frame(name: str, rows: Sequence[tuple[int, Any]]) -> pd.DataFrame:
    import pandas as pd

    rows = [(number, {} if record is None else record) for number, record in rows]  # to be listed as rows without cells
    wrong = next((number for number, record in rows if not isinstance(record, dict)), None)
    if wrong:
        raise DataError(f"{name}, row {wrong} is not a JSON object; give one object per row.")
    names = len({field for _number, record in rows for field in record})
    if names > _MOST_NAMES:
        raise DataError(f"{name} has more than {_MOST_NAMES:,} different fields; give rows with the same fields.")
    entries = sum(len(record) for _number, record in rows)
    if names * len(rows) > max(_MOST_EMPTY * entries, _FEW_CELLS):
        raise DataError(
            f"{name} has {names:,} different fields, of which a row has {entries / len(rows):.0f}; give rows with the "
            "same fields."
        )
    try:
        # An inferred type would turn 5 into 5.0 beside a gap.
        return pd.DataFrame([record for _number, record in rows], index=[number for number, _ in rows], dtype=object)
    except UnicodeEncodeError as error:
        raise DataError(f"{name} has a field name with an incomplete character; rename it.") from error
