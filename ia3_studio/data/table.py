"""What table is in a file? Read by pandas; the guesses about it are ours, and said."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 200 * 1024 * 1024
"""Largest file read; larger ones would not fit in memory as examples."""

ENCODINGS = (("utf-8-sig", "UTF-8"), ("windows-1252", "windows-1252"))
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LFS_MARK = "version https://git-lfs.github.com/spec/"


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
    columns = ", ".join(str(column) for column in frame.columns)
    description = f"{form}, {len(frame):,} rows: {columns}"
    return Table(frame, description, hashlib.sha256(data).hexdigest())


def _read_bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"There is no file {path}; check the path.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise DataError(f"{path.name} has {size / 2**20:,.0f} MB; files up to {MAX_BYTES / 2**20:,.0f} MB are read.")
    data = path.read_bytes()
    if not data.strip():
        raise DataError(f"{path.name} is empty; give a file with at least two rows.")
    if data.startswith(LFS_MARK.encode()):
        raise DataError(f"{path.name} is a Git LFS pointer, not the data; run 'git lfs pull' where it comes from.")
    return data


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    """Return a file's text and the name of its encoding."""
    if data.startswith(BYTE_ORDER_MARKS):
        return _decoded(path, data, "utf-16"), "UTF-16"
    if b"\x00" in data:
        raise DataError(f"{path.name} holds bytes that are no text; give one of {', '.join(READERS)}.")
    for encoding, name in ENCODINGS:
        try:
            return data.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise DataError(f"{path.name} is neither UTF-8, UTF-16 nor windows-1252 text; save it as UTF-8.")


def _decoded(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} begins like {encoding} but is not ({error}); save it as UTF-8.") from error


def _read_separated(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    import io

    import pandas as pd

    text, encoding = _decode(path, data)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    try:
        frame = pd.read_csv(io.StringIO(text), sep=delimiter, dtype=str, keep_default_na=False, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as a table: {_clause(error)}.") from error
    return frame, f"{DELIMITERS[delimiter]}-separated, {encoding}"


def _delimiter(text: str) -> str:
    """Return the delimiter of the first lines; a comma where none can be told."""
    sample = "\n".join(text.splitlines()[:20])
    try:
        return csv.Sniffer().sniff(sample, "".join(DELIMITERS)).delimiter
    except csv.Error:
        header = text.partition("\n")[0]
        return max(DELIMITERS, key=header.count)


def _read_json(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    text, encoding = _decode(path, data)
    try:
        document = json.loads(text)
    except ValueError:
        return _read_json_lines(path, data)
    records = _records(document)
    if records is None:
        raise DataError(f"{path.name} holds no list of rows; give an array of objects, or one object a line.")
    return _frame(path, records), f"JSON array, {encoding}"


def _records(document: Any) -> list[Any] | None:
    """Return the list of rows: the document itself, or the only list in a wrapping object."""
    if isinstance(document, list):
        return document
    lists = [value for value in document.values() if isinstance(value, list)] if isinstance(document, dict) else []
    return lists[0] if len(lists) == 1 else None


def _read_json_lines(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    text, encoding = _decode(path, data)
    records = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            records.append(json.loads(line))
        except ValueError as error:
            raise DataError(f"{path.name}, line {number} is no JSON ({error}); mend or delete that line.") from error
    return _frame(path, records), f"JSON lines, {encoding}"


def _frame(path: Path, records: list[Any]) -> pd.DataFrame:
    import pandas as pd

    wrong = next((number for number, record in enumerate(records, 1) if not isinstance(record, dict)), None)
    if wrong:
        raise DataError(f"{path.name}, row {wrong} is no object with named fields; give one object a row.")
    return pd.DataFrame(records)


def _read_parquet(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    import io

    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(io.BytesIO(data)), "Parquet"
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {_clause(error)}.") from error


def _read_text(path: Path, data: bytes) -> tuple[pd.DataFrame, str]:
    """Return one row a paragraph: blocks of text between empty lines."""
    import pandas as pd

    text, encoding = _decode(path, data)
    paragraphs = [block.strip() for block in text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")]
    return pd.DataFrame({"text": [block for block in paragraphs if block]}), f"plain text by paragraph, {encoding}"


def _clause(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


READERS: dict[str, Callable[[Path, bytes], tuple[Any, str]]] = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".json": _read_json,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
    ".txt": _read_text,
}
