"""How is a table read from a file, an archive or a folder? Detected options are shown and can be overridden."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ia3_studio.data.archives import folder_members, read_file, require_room, unpacked, zip_members
from ia3_studio.data.decode import Encoding, decode
from ia3_studio.data.delimited import DELIMITERS, LINE_END, is_tabbed, read_separated, require_columns_within
from ia3_studio.data.json_rows import SPLIT, SPLITS, read_json
from ia3_studio.data.problem import Damage, Problem, clause
from ia3_studio.data.shapes.folders import read_export
from ia3_studio.data.shapes.recognize import recognize, unused_sentence
from ia3_studio.data.shapes.shape import Rows, frame_of
from ia3_studio.data.shapes.whatsapp import whatsapp_messages
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.examples import Mapping as Roles

LFS_MARK = b"version https://git-lfs.github.com/spec/"
_NAMES_SHOWN = 12
MOST_CELLS = 3_000_000
"""Cells of a sheet of a workbook, the empty ones before the last counted in: a minute or two to read."""
_CELL = re.compile(rb"""\sr=["']([A-Z]{1,3})(\d{1,7})["']""")
_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


@dataclass(frozen=True)
class Reading:
    """How a file is to be read; None is guessed."""

    delimiter: str | None = None
    """One character, such as ";"."""
    encoding: Encoding | None = None
    header: bool | None = None
    """Whether the first row names the columns."""
    sheet: str | None = None
    """The sheet of a workbook; the first one is guessed."""
    speaker: str | None = None
    """The speaker of a chat log whose messages are the answers."""
    plain: bool = False
    """Whether rows are read as they stand, even if they have the shape of an export."""


@dataclass(frozen=True)
class Table:
    """Rows and named columns, and how they were found."""

    frame: pd.DataFrame
    """Its index counts the rows of the file from 1; a number that is missing is a row among ``problems``, or one that
    belongs to the conversation of another row."""
    description: str
    """What was read, as one clause: "comma-separated, UTF-8, 199 rows: question, answer"."""
    fingerprint: str
    """SHA-256 of the file's bytes, or of all files' names and bytes."""
    problems: tuple[Problem, ...] = ()
    """Rows that could not be read, and why."""
    sheets: tuple[str, ...] = ()
    """The sheets of a workbook."""
    share: float = 1.0
    """How much of the file it holds: less than all where only its beginning was read."""
    mapping: Roles | None = None
    """The roles of the columns, where the shape of the file says them."""
    notes: tuple[str, ...] = ()
    """How rows of a known shape were read, and what of them is not used."""
    speakers: tuple[str, ...] = ()
    """Who writes in a chat log, the most frequent one first."""
    undecided: str = ""
    """A sentence on what the user has to choose before the columns have roles."""


@dataclass(frozen=True)
class _Found:
    """What a reader makes of bytes."""

    frame: pd.DataFrame
    form: str
    damaged: tuple[Damage, ...] = ()
    sheets: tuple[str, ...] = ()


def read_table(path: Path | str, reading: Reading | None = None) -> Table:
    """Read a csv, tsv, json, jsonl, parquet, xlsx or txt file, bare or packed as gz or zip, or a folder of texts.

    An archive or a folder may hold one such file, files of the same columns named by split (train, test), two texts of
    the same name whose lines belong together, one text of lines for each class, or one folder of texts for each class.

    Raises:
        DataError: the source is absent, empty, too large, of another kind, or damaged (with the line).
    """
    path, reading = Path(path), reading or Reading()
    if os.path.isdir(path):  # Path.is_dir raises for a name that is too long
        members = folder_members(path)
        found = _read_members(path.name, members, reading)
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in members.items()))
    else:
        data = read_file(path)
        found = _read(path.name, data, reading)
        digest = hashlib.sha256(data)
    if found.frame.empty:
        raise DataError(f"{path.name} contains no rows; give a file with at least two.")
    damaged = tuple(each.problem for each in found.damaged)
    table = Table(found.frame, found.form, digest.hexdigest(), damaged, found.sheets)
    table = recognized(path.name, table, reading)
    rows = "1 row" if len(table.frame) == 1 else f"{len(table.frame):,} rows"
    return replace(table, description=f"{table.description}, {rows}: {shown_names(table.frame.columns)}")


def recognized(name: str, table: Table, reading: Reading) -> Table:
    """Return a table whose rows have a known shape as what they are read as; any other as it is.

    Raises:
        DataError: the shape is known but cannot be used, or a speaker was chosen for rows that have none.
    """
    found = None if reading.plain else recognize(Rows(name, table.frame, reading.speaker))
    if found is None:
        return table
    notes = (*found.notes, *filter(None, [unused_sentence(found.unused)]))
    return replace(
        table,
        frame=found.frame,
        description=f"{table.description}, {found.form}",
        problems=(*table.problems, *found.problems),
        mapping=found.mapping,
        notes=notes,
        speakers=found.speakers,
        undecided=found.undecided,
    )


def shown_names(names: Sequence[Any]) -> str:
    """Return column names as one clause, the first dozen of them."""
    first = ", ".join(str(name) for name in names[:_NAMES_SHOWN])
    return first if len(names) <= _NAMES_SHOWN else f"{first} and {len(names) - _NAMES_SHOWN:,} more"


def _read(name: str, data: bytes, reading: Reading) -> _Found:
    if data.startswith(LFS_MARK):
        raise DataError(f"{name} is a Git LFS pointer, not the data; run 'git lfs pull' in its repository.")
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".gz":
        found = _read(name[: -len(suffix)], unpacked(name, data), reading)
        return _Found(found.frame, f"gzip, {found.form}", found.damaged)
    if suffix == ".zip":
        return _read_members(name, zip_members(name, data), reading)
    if suffix not in READERS:
        hint = f"; it is {_NOT_READ[suffix]}" if suffix in _NOT_READ else ""
        raise DataError(f"The file type of {name} is not supported{hint}; give {', '.join(KINDS)}.")
    return READERS[suffix](name, data, reading)


def _read_members(name: str, members: Mapping[str, bytes], reading: Reading) -> _Found:
    """Read the files of an archive or a folder as one table."""
    tables = {path: data for path, data in members.items() if PurePosixPath(path).suffix.lower() in READERS}
    if len(tables) == 1:
        ((path, data),) = tables.items()
        found = _read(PurePosixPath(path).name, data, reading)
        return _Found(found.frame, f"{path} in {name}, {found.form}", found.damaged)
    if not members:
        raise DataError(f"{name} contains no files; give a table, or files that form one together.")
    for read in (_exported, _parallel, _by_split, _by_class):
        found_together = read(members, reading)
        if found_together is not None:
            return found_together
    raise DataError(
        f"{name} contains {len(members):,} files ({shown_names(list(members))}) that do not form a table; "
        "give one table, files named train and test, two parallel texts, or one text file or folder per "
        "class."
    )


def _exported(members: Mapping[str, bytes], reading: Reading) -> _Found | None:
    """Read an export that consists of several files."""
    found = None if reading.plain else read_export(members)
    if found is None:
        return None
    rows, form = found
    return _Found(frame_of(list(enumerate(rows, start=1))), form)


def _parallel(members: Mapping[str, bytes], _reading: Reading) -> _Found | None:
    """Read two texts of one name, such as all.en and all.de, whose lines belong together."""
    by_stem: dict[str, list[str]] = {}
    for path in members:
        by_stem.setdefault(str(PurePosixPath(path).with_suffix("")), []).append(path)
    pairs = [paths for paths in by_stem.values() if len(paths) == 2]
    if len(pairs) != 1 or any(PurePosixPath(path).suffix in READERS.keys() - {".txt"} for path in pairs[0]):
        return None
    sides = {PurePosixPath(path).suffix.lstrip("."): _lines_of(path, members[path]) for path in pairs[0]}
    (first, one), (second, other) = sides.items()
    if len(one) != len(other):
        raise DataError(
            f"{pairs[0][0]} has {len(one):,} lines and {pairs[0][1]} {len(other):,}; parallel texts must have "
            "the same number of lines."
        )
    return _Found(_numbered({"source": one, "target": other}), f"parallel lines of .{first} and .{second}")


def _by_split(members: Mapping[str, bytes], reading: Reading) -> _Found | None:
    """Read files named by their split as one table with a column for it."""
    import pandas as pd

    named = {path: PurePosixPath(path).stem.lower() for path in members}
    if len(members) < 2 or any(
        stem not in SPLITS or PurePosixPath(path).suffix.lower() not in READERS for path, stem in named.items()
    ):
        return None
    found = {path: _read(PurePosixPath(path).name, members[path], reading) for path in named}
    frames = [each.frame.assign(**{SPLIT: named[path]}) for path, each in found.items()]
    damaged = tuple(row for each in found.values() for row in each.damaged)
    joined = pd.concat(frames, ignore_index=True)
    return _Found(joined.set_axis(range(1, len(joined) + 1), axis=0), f"the files {', '.join(named)}", damaged)


def _by_class(members: Mapping[str, bytes], _reading: Reading) -> _Found | None:
    """Read one folder of texts for each class, a row a file; or one text for each class, a row a line."""
    paths = [PurePosixPath(path) for path in members]
    if any(path.suffix.lower() != ".txt" for path in paths) or len(paths) < 2:
        return None
    labels = {path.parent.name for path in paths}
    if len(labels) > 1 and all(path.parent.name for path in paths):
        rows = [(_text_of(name, members[name]).strip(), PurePosixPath(name).parent.name) for name in members]
        form = f"one text per row, from {len(labels)} folders"
    elif len(labels) == 1:
        rows = [(line, PurePosixPath(name).stem) for name in members for line in _lines_of(name, members[name])]
        form = f"one line per row, from {len(paths)} files"
    else:
        return None
    return _Found(_numbered({"text": [row[0] for row in rows], "label": [row[1] for row in rows]}), form)


def _text_of(name: str, data: bytes) -> str:
    return decode(name, data)[0]


def _lines_of(name: str, data: bytes) -> list[str]:
    return LINE_END.split(_text_of(name, data).rstrip("\r\n"))


def _numbered(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(columns)
    return frame.set_axis(range(1, len(frame) + 1), axis=0)


def _read_separated(name: str, data: bytes, reading: Reading) -> _Found:
    text, encoding = decode(name, data, reading.encoding)
    tabbed = name.lower().endswith(".tsv") and reading.delimiter is None
    found = read_separated(name, text, "\t" if tabbed else reading.delimiter, reading.header)
    form = f"{DELIMITERS.get(found.delimiter, found.delimiter)}-separated, {encoding}"
    return _Found(found.frame, form if found.header else f"{form}, no header", found.damaged)


def _read_json(name: str, data: bytes, reading: Reading) -> _Found:
    text, encoding = decode(name, data, reading.encoding)
    frame, form, damaged = read_json(name, text, name.lower().endswith((".jsonl", ".ndjson")))
    return _Found(frame, f"{form}, {encoding}", damaged)


def _read_parquet(name: str, data: bytes, _reading: Reading) -> _Found:
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(io.BytesIO(data))
        groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
        require_room(f"{name}, unpacked,", sum(group.total_byte_size for group in groups))
        frame = pd.read_parquet(io.BytesIO(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{name} cannot be read as Parquet: {clause(error)}.") from error
    return _Found(frame.set_axis(range(1, len(frame) + 1), axis=0), "Parquet")


def _read_sheet(name: str, data: bytes, reading: Reading) -> _Found:
    """Return a sheet of a workbook; a formula counts as the value it had when it was saved."""
    import zipfile

    import pandas as pd
    from openpyxl.utils.exceptions import InvalidFileException

    _require_cells_within(name, zip_members(name, data))  # a workbook is an archive
    try:
        with pd.ExcelFile(io.BytesIO(data), engine="openpyxl") as book:
            sheets = [str(each) for each in book.sheet_names]
            sheet = reading.sheet or sheets[0]
            if sheet not in sheets:
                raise DataError(f"{name} has no sheet {sheet!r}; its sheets are {shown_names(sheets)}.")
            frame = pd.read_excel(book, sheet_name=sheet, dtype=object, header=None if reading.header is False else 0)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError) as error:
        raise DataError(f"{name} cannot be read as a workbook: {clause(error)}.") from error
    frame.columns = pd.Index([str(column) for column in frame.columns])
    others = f", {len(sheets) - 1} more sheets skipped" if len(sheets) > 1 else ""
    return _Found(
        frame.set_axis(range(1, len(frame) + 1), axis=0), f"workbook, sheet {sheet}{others}", sheets=tuple(sheets)
    )


def _require_cells_within(name: str, members: Mapping[str, bytes]) -> None:
    """Refuse a workbook whose sheets reach further than a table that is read.

    A few bytes can put a cell into the last row and column, and everything before it would be made of empty cells.

    Raises:
        DataError: a sheet reaches further.
    """
    for member, content in members.items():
        if not member.startswith("xl/worksheets/"):
            continue
        rows = columns = 0
        for place in _CELL.finditer(content):
            rows, columns = max(rows, int(place[2])), max(columns, _column_number(place[1]))
        require_columns_within(name, columns)
        if rows * columns > MOST_CELLS:
            raise DataError(
                f"{name} has a sheet of {rows:,} rows and {columns:,} columns; the limit for workbooks is "
                f"{MOST_CELLS:,} cells; save it as CSV, or delete cells far outside the table."
            )


def _column_number(letters: bytes) -> int:
    """Return the number of a column such as b"AB", counted from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _read_text(name: str, data: bytes, reading: Reading) -> _Found:
    """Return one row a message of a chat, a paragraph (between empty lines), a line where there is one paragraph, or
    tabbed cells."""
    text, encoding = decode(name, data, reading.encoding)
    if not (reading.delimiter or reading.plain) and (messages := whatsapp_messages(text)):
        return _Found(_numbered(messages), f"plain text, {encoding}")
    if reading.delimiter or is_tabbed(text):
        return _read_separated(name, data, replace(reading, delimiter=reading.delimiter or "\t"))
    text = LINE_END.sub("\n", text).strip()
    blocks, unit = _BLANK_LINES.split(text), "paragraph"
    if len(blocks) == 1:
        blocks, unit = text.split("\n"), "line"
    return _Found(_numbered({"text": blocks}), f"plain text by {unit}, {encoding}")


READERS: dict[str, Callable[[str, bytes, Reading], _Found]] = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".json": _read_json,
    ".jsonl": _read_json,
    ".ndjson": _read_json,
    ".parquet": _read_parquet,
    ".xlsx": _read_sheet,
    ".txt": _read_text,
}
KINDS = (*READERS, ".gz", ".zip")
_NOT_READ = {
    ".yml": "YAML", ".yaml": "YAML", ".xls": "an old Excel workbook; save it as .xlsx", ".md": "Markdown",
    ".pdf": "a PDF, which has no rows", ".docx": "a document, which has no rows",
    ".arrow": "an Arrow file; save it as Parquet",
}  # fmt: skip
