"""What table is in a file? Read by pandas; the guesses about it are ours, and said."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 200 * 1024 * 1024
"""Largest file read; larger ones would not fit in memory as examples."""

BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LFS_MARK = "version https://git-lfs.github.com/spec/"

_CONTROL = bytes({*range(32), 127} - set(b"\t\n\v\f\r"))
_SAMPLE_LINES = 50
_NAMES_SHOWN = 12
# JSON strings may hold the other characters that str.splitlines breaks at, such as U+2028.
_LINE_END = re.compile(r"\r\n|\n|\r")
_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


@dataclass(frozen=True)
class Table:
    """Rows and named columns, and how they were found."""

    frame: pd.DataFrame
    description: str
    """What was read, as one clause: "comma-separated, UTF-8, 199 rows: question, answer"."""
    fingerprint: str
    """SHA-256 of the file's bytes."""


def read_table(path: Path | str) -> Table:
    """Read a csv, tsv, json, jsonl, parquet or txt file.

    Raises:
        DataError: the file is absent, empty, too large, of another kind, or damaged (with the line).
    """
    path = Path(path)
    data = _read_bytes(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name} is of no kind that is read; give {', '.join(READERS)}.")
    frame, form = reader(path, data)
    if frame.empty:
        raise DataError(f"{path.name} holds no rows; give a file with at least two.")
    rows = "1 row" if len(frame) == 1 else f"{len(frame):,} rows"
    return Table(frame, f"{form}, {rows}: {shown_names(frame.columns)}", hashlib.sha256(data).hexdigest())


def shown_names(names: Sequence[Any]) -> str:
    """Return column names as one clause, the first dozen of them."""
    first = ", ".join(str(name) for name in names[:_NAMES_SHOWN])
    return first if len(names) <= _NAMES_SHOWN else f"{first} and {len(names) - _NAMES_SHOWN:,} more"


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.is_file():
            found = (
                f"{path} is a folder; give one file" if path.is_dir() else f"There is no file {path}; check the path"
            )
            raise DataError(f"{found}.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            limit = MAX_BYTES / 2**20
            raise DataError(f"{path.name} has {size / 2**20:,.0f} MB; files up to {limit:,.0f} MB are read.")
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the path and its permissions.") from error
    if not data.strip():
        raise DataError(f"{path.name} is empty; give a file with at least two rows.")
    if data.startswith(LFS_MARK.encode()):
        raise DataError(f"{path.name} is a Git LFS pointer, not the data; run 'git lfs pull' where it comes from.")
    return data


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    """Return a file's text and the name of its encoding."""
    if data.startswith(BYTE_ORDER_MARKS):
        return _decode_utf16(path, data), "UTF-16"
    if b"\x00" in data:
        raise _no_text(path)
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return _decode_windows(path, data), "windows-1252"


def _decode_utf16(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} begins like UTF-16 but is not ({error}); save it as UTF-8.") from error


def _decode_windows(path: Path, data: bytes) -> str:
    """Decode the last guess. Nearly all bytes are letters in it, so control characters tell that this is no text."""
    if len(data.translate(None, _CONTROL)) < len(data):
        raise _no_text(path)
    try:
        return data.decode("windows-1252")
    except UnicodeDecodeError as error:
        message = f"{path.name} is neither UTF-8, UTF-16 nor windows-1252 text; save it as UTF-8."
        raise DataError(message) from error


def _no_text(path: Path) -> DataError:
    return DataError(f"{path.name} holds bytes that are no text; give one of {', '.join(READERS)}.")


def _read_separated(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    import io

    import pandas as pd

    text, encoding = _decode(path, data)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    try:
        # Told of a header, pandas takes the first column of longer rows for row names, and no one would miss it.
        cells = pd.read_csv(
            io.StringIO(text), sep=delimiter, header=None, dtype=str, keep_default_na=False, skipinitialspace=True
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        damage = _first_damage(text, delimiter) or _clause(error)
        raise DataError(f"{path.name} cannot be read as a table: {damage}.") from error
    frame = cells.iloc[1:].reset_index(drop=True)
    frame.columns = pd.Index(_unique_names(cells.iloc[0]))
    return frame, f"{DELIMITERS[delimiter]}-separated, {encoding}"


def _delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first lines as it splits the header; a comma where none does."""
    lines = _LINE_END.split(text, _SAMPLE_LINES)[:_SAMPLE_LINES]

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
            widths = [len(row) for row in rows if row]
        except csv.Error:
            return 0, 0
        header = widths[0] if widths else 0
        return (widths.count(header), header) if header > 1 else (0, 0)

    return max(DELIMITERS, key=fit)


def _first_damage(text: str, delimiter: str) -> str:
    """Return where a table is ragged or a quote is left open, in lines of the file; empty when it cannot be told."""
    lines = (f"{line}\n" for line in _LINE_END.split(text))
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    header, begun = 0, 1
    try:
        for row in rows:
            header = header or len(row)
            if len(row) > header:
                return f"line {begun} has {len(row)} cells but the header {header}; quote cells that hold a delimiter"
            begun = rows.line_num + 1
    except csv.Error:
        return f"line {begun} has a quote that is not closed, or text behind one; mend that line"
    return ""


def _unique_names(header: Sequence[Any]) -> list[str]:
    """Return one name a column: its place where it has none, and its place added where the name is taken."""
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = str(cell).strip() or f"column {place}"
        names.append(f"{name} (column {place})" if name in names else name)
    return names


def _read_json(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    """Read one JSON document or one object a line, told by the text rather than by the file's name."""
    text, encoding = _decode(path, data)
    if _is_lines(text, path.suffix.lower() == ".jsonl"):
        return _frame(path, _json_lines(path, text)), f"JSON lines, {encoding}"
    records = _records(_parse(path, text))
    if records is None:
        raise DataError(f"{path.name} holds no list of rows; give an array of objects, or one object a line.")
    return _frame(path, records), f"JSON array, {encoding}"


def _is_lines(text: str, named_so: bool) -> bool:
    first, *rest = _LINE_END.split(text.strip(), maxsplit=1)
    if named_so or not rest:
        return named_so and not first.startswith("[")
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _json_lines(path: Path, text: str) -> list[Any]:
    lines = enumerate(_LINE_END.split(text), start=1)
    return [_parse(path, line, number) for number, line in lines if line.strip()]


def _parse(path: Path, text: str, line: int = 1) -> Any:
    """Parse JSON text that begins at a line of the file.

    Raises:
        DataError: it is damaged, with the line.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{path.name}, line {line + error.lineno - 1}"
        reason = f"column {error.colno}: {error.msg}"
        raise DataError(f"{where} is no JSON ({reason}); mend or delete that line.") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of nested brackets
        raise DataError(f"{path.name}, line {line} is JSON that cannot be read ({_clause(error)}).") from error


def _records(document: Any) -> list[Any] | None:
    """Return the list of rows: the document itself, or the only list of objects in a wrapping object."""
    if isinstance(document, list):
        return document
    values = document.values() if isinstance(document, dict) else ()
    lists = [value for value in values if isinstance(value, list) and any(isinstance(row, dict) for row in value)]
    return lists[0] if len(lists) == 1 else None


def _frame(path: Path, records: list[Any]) -> pd.DataFrame:
    import pandas as pd

    wrong = next((number for number, record in enumerate(records, 1) if not isinstance(record, dict)), None)
    if wrong:
        raise DataError(f"{path.name}, row {wrong} is no object with named fields; give one object a row.")
    try:
        return pd.DataFrame(records, dtype=object)  # an inferred type would turn 5 into 5.0 beside a gap
    except UnicodeEncodeError as error:
        raise DataError(f"{path.name} has a field whose name holds half of a character; rename it.") from error


def _read_parquet(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    import io

    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(data)), "Parquet"
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {_clause(error)}.") from error


def _read_text(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    """Return one row a paragraph (between empty lines); one row a line where there is a single paragraph."""
    import pandas as pd

    text, encoding = _decode(path, data)
    text = _LINE_END.sub("\n", text).strip()
    blocks, unit = _BLANK_LINES.split(text), "paragraph"
    if len(blocks) == 1:
        blocks, unit = text.split("\n"), "line"
    return pd.DataFrame({"text": blocks}), f"plain text by {unit}, {encoding}"


def _clause(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


READERS: dict[str, Callable[[Path, bytes], tuple[Any, str]]] = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".parquet": _read_parquet,
    ".txt": _read_text,
}
