"""Which rows are in JSON? One object a line, or one document that is a list, wraps one, or has one for each split."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.delimited import LINE_END
from ia3_studio.data.problem import Damage, clause, require_few
from ia3_studio.data.shapes.documents import rows_of_document
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SPLIT = "split"
"""The column that says which part of the data a row belongs to."""
SPLITS = frozenset(("train", "training", "test", "validation", "valid", "val", "dev", "eval", "evaluation"))
_MOST_NAMES = 10_000


def read_json(name: str, text: str, named_lines: bool) -> tuple[pd.DataFrame, str, tuple[Damage, ...]]:
    """Read JSON text; return (rows, its form, damaged rows). The index counts the rows from 1.

    Args:
        named_lines: whether the file's name promises one object a line; the text itself decides where it can.

    Raises:
        DataError: it is damaged, or holds no rows.
    """
    if _is_lines(text, named_lines):
        frame, damaged = read_json_lines(name, text)
        return frame, "JSON Lines", damaged
    records, form = _records(name, _parse(name, text))
    return _frame(name, list(enumerate(records, start=1))), form, ()


def read_json_lines(
    name: str, text: str, *, first_row: int = 1, first_line: int = 1
) -> tuple[pd.DataFrame, tuple[Damage, ...]]:
    """Read one object a line; return (rows, damaged rows), numbered from ``first_row`` and ``first_line`` on.

    Raises:
        DataError: more rows are damaged than may be skipped.
    """
    rows, damaged = _lines(name, text, first_row, first_line)
    return _frame(name, rows), tuple(damaged)


def _is_lines(text: str, named_so: bool) -> bool:
    first, *rest = LINE_END.split(text.strip(), maxsplit=1)
    if named_so or not rest:
        return named_so and not first.startswith("[")
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _lines(name: str, text: str, first_row: int, first_line: int) -> tuple[list[tuple[int, Any]], list[Damage]]:
    rows: list[tuple[int, Any]] = []
    damaged: list[Damage] = []
    for line, written in enumerate(LINE_END.split(text), start=first_line):
        if not written.strip():
            continue
        number = first_row + len(rows) + len(damaged)
        try:
            rows.append((number, _object(written)))
        except (ValueError, RecursionError) as error:
            damaged.append(Damage(number, line, _reason(written, error), written.strip()))
    require_few(name, damaged, len(rows))
    return rows, damaged


def _object(written: str) -> dict[str, Any]:
    value = json.loads(written)
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _reason(written: str, error: Exception) -> str:
    """Return why a line is no row, and what to do where the slip is a common one."""
    if written.strip().endswith(","):
        return "there is a comma after the object; delete it, or put all rows between [ and ]"
    if written.lstrip().startswith("{'") and _is_python(written):
        return "it is a Python literal with single quotes; write it with json.dumps"
    if isinstance(error, json.JSONDecodeError):
        return f"it is not valid JSON (column {error.colno}: {error.msg})"
    return clause(error)


def _is_python(written: str) -> bool:
    try:
        return isinstance(ast.literal_eval(written.strip()), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _parse(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{name}, line {error.lineno}"
        raise DataError(f"{where} is not valid JSON (column {error.colno}: {error.msg}); fix that line.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of nested brackets
        raise DataError(f"{name} cannot be read as JSON ({clause(error)}).") from error


def _records(name: str, document: Any) -> tuple[Sequence[Any], str]:
    """Return the rows of a document: itself, the lists of its splits, or the only list of objects it wraps."""
    if known := rows_of_document(document):
        return known
    if isinstance(document, list):
        texts = bool(document) and all(isinstance(row, str) for row in document)
        return ([{"text": row} for row in document], "JSON array of texts") if texts else (document, "JSON array")
    if isinstance(document, dict) and any(_is_conversation(value) for value in document.values()):
        return [document], "JSON object, one conversation"
    lists = {key: rows for key, rows in document.items() if _is_rows(rows)} if isinstance(document, dict) else {}
    if len(lists) > 1 and all(key.lower() in SPLITS for key in lists):
        rows = [{**row, SPLIT: key} if isinstance(row, dict) else row for key, each in lists.items() for row in each]
        return rows, f"JSON object of the splits {', '.join(lists)}"
    if len(lists) != 1:
        raise DataError(f"{name} contains no list of rows; give an array of objects, or one object per line.")
    ((key, found),) = lists.items()
    return found, f"JSON array {key!r} in an object"


def _is_conversation(value: Any) -> bool:
    """Say whether a list holds the turns of one conversation rather than rows."""
    dialects = ({"role", "content"}, {"from", "value"})
    return _is_rows(value) and all(
        isinstance(turn, dict) and any(each <= set(turn) for each in dialects) for turn in value
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(row, dict) for row in value)


def _frame(name: str, rows: Sequence[tuple[int, Any]]) -> pd.DataFrame:
    import pandas as pd

    wrong = next((number for number, record in rows if not isinstance(record, dict)), None)
    if wrong:
        raise DataError(f"{name}, row {wrong} is not a JSON object; give one object per row.")
    if len({field for _number, record in rows for field in record}) > _MOST_NAMES:
        raise DataError(f"{name} has more than {_MOST_NAMES:,} different fields; give rows with the same fields.")
    try:
        # An inferred type would turn 5 into 5.0 beside a gap.
        return pd.DataFrame([record for _number, record in rows], index=[number for number, _ in rows], dtype=object)
    except UnicodeEncodeError as error:
        raise DataError(f"{name} has a field name with an incomplete character; rename it.") from error
