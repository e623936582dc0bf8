"""How is a table read from a file, an archive or a folder? Detected options are shown and can be overridden."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ia3_studio.data.archives import (
    PACKED,
    folder_members,
    in_order,
    read_file,
    tar_members,
    unpacked,
    unpacked_members,
    zip_members,
)
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.decode import decode
from ia3_studio.data.file_kinds import kind_of
from ia3_studio.data.file_readers import READERS
from ia3_studio.data.gettext_catalogs import SUFFIXES as CATALOGS
from ia3_studio.data.gettext_catalogs import languages_of
from ia3_studio.data.image_files import SUFFIXES as IMAGES
from ia3_studio.data.left_texts import RowTexts, texts_of_rows
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import ALL_SHEETS, Found, shown_names
from ia3_studio.data.parsing import ParsingOptions as ParsingOptions
from ia3_studio.data.problem import Problem
from ia3_studio.data.read_alone import READ_ALONE, kinds_beside
from ia3_studio.data.refused_kinds import (
    EXPORT_TABLE,
    GIVE,
    TEXT_WAY_OUT,
    kind_by_first_bytes,
    refused_kind,
    refused_members,
)
from ia3_studio.data.several import not_read, read_members, single_tables
from ia3_studio.data.shapes.folders import read_export
from ia3_studio.data.shapes.recognize import recognize, shape_by_row
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, frame_of
from ia3_studio.data.sql_dumps import dump_tables
from ia3_studio.data.sqlite_files import SUFFIXES as DATABASES
from ia3_studio.data.table_files import one_below_the_other
from ia3_studio.data.told_folders import read_in_way
from ia3_studio.errors import DataError, OneFileError

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.mapping import Mapping as Roles
from ia3_studio.data.text_files import (
    PLAIN_FORM,
)

LFS_MARK = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_NO_DATA = "HTML page and no data: what was downloaded is the page of an error, a login or a preview; download the file"
_MAY_BE_HTML = (".html", ".htm", ".md", ".txt", ".text")


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
    """The sheets of a workbook, or the tables of an archive, of which one can be chosen."""
    share: float = 1.0
    """How much of the file it holds: less than all where only its beginning was read."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than as a row, or not at all; one sentence each."""
    unused: Mapping[str, int] = field(default_factory=dict)
    """What of rows of a known shape is not used, and how often it occurs: {"reactions": 3}."""
    mapping: Roles | None = None
    """The roles of the columns, where the shape of the file says them."""
    speakers: tuple[str, ...] = ()
    """Who writes in a chat log, the most frequent one first."""
    undecided: str = ""
    """A sentence on what the user has to choose before the columns have roles."""
    written: RowTexts | None = None
    """The texts of some rows before they were read in a known shape."""


def read_table(path: Path | str, parsing: ParsingOptions | None = None) -> Table:
    """Read a csv, tsv, json, jsonl, parquet, xlsx or txt file, bare or packed as gz or zip, or a folder of texts.

    An archive or a folder may hold one such file, files of the same columns named by split (train, test), two texts of
    the same name whose lines belong together, one text of lines for each class, or one folder of texts for each class.

    Raises:
        DataError: the source is absent, empty, too large, of another kind, or damaged (with the line).
    """
    path, parsing = Path(path), parsing or ParsingOptions()
    if os.path.isdir(path):  # Path.is_dir raises for a name that is too long
        members = folder_members(path)
        found = _read_several(path.name, members, parsing)
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in members.items()))
    else:
        data = read_file(path)
        found = _read(path.name, data, parsing)
        digest = hashlib.sha256(data)
    if found.frame.empty:
        raise DataError(f"{path.name} contains no rows; give a file with at least two.")
    damaged = tuple(each.problem for each in found.damaged)
    table = Table(found.frame, found.form, digest.hexdigest(), damaged, found.sheets, notes=found.notes)
    table = recognized(path.name, table, parsing)
    rows = "1 row" if len(table.frame) == 1 else f"{len(table.frame):,} rows"
    return replace(table, description=f"{table.description}, {rows}: {shown_names(table.frame.columns)}")


def recognized(name: str, table: Table, parsing: ParsingOptions, first: pd.DataFrame | None = None) -> Table:
    """Return a table whose rows have a known shape as what they are read as; any other as it is.

    Args:
        name: the file's name, for sentences.
        table: as a reader found it.
        parsing: what the user chose.
        first: the rows that decide, if the table is a sample of a file.

    Raises:
        DataError: the shape is known but cannot be used, or a speaker was chosen for rows that have none.
    """
    found = None if parsing.plain else recognize(Rows(name, table.frame, parsing.speaker, first))
    return _in_shape(table, found) if found else table


def recognized_parts(name: str, tables: Iterator[Table], parsing: ParsingOptions) -> Iterator[Table]:
    """Yield the parts of a file, with their rows read in the shape that the first part has.

    Raises:
        DataError: the shape can only be read as a whole, or a speaker was chosen.
    """
    shape: Shape | None = None
    first: pd.DataFrame | None = None
    for table in tables:
        rows = Rows(name, table.frame, parsing.speaker, first)
        if first is None and not parsing.plain:
            shape = shape_by_row(rows)
        first = table.frame if first is None else first
        yield _in_shape(table, shape.read(rows)) if shape else table


def _in_shape(table: Table, found: Recognized) -> Table:
    return replace(
        table,
        frame=found.frame,
        description=f"{table.description}, {found.form}",
        problems=(*table.problems, *found.problems),
        notes=(*table.notes, *found.notes),
        unused=dict(found.unused),
        mapping=found.mapping,
        speakers=found.speakers,
        undecided=found.undecided,
        written=texts_of_rows(table.frame),
    )


def _read(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    if data.startswith(LFS_MARK):
        raise DataError(f"{name} is a Git LFS pointer, not the data; run 'git lfs pull' in its repository.")
    named = PurePosixPath(name).suffix.lower()
    suffix = kind_of(named, data)
    if suffix != named:
        found = _read(f"{name}{suffix}", data, parsing)
        note = f"{name} is read as what it holds: {suffix}." if named else ""
        return replace(found, notes=(*found.notes, *filter(None, (note,))))
    if suffix == ".tgz":
        return _read(f"{name[: -len(suffix)]}.tar.gz", data, parsing)
    if suffix in PACKED:
        found = _read(name[: -len(suffix)], unpacked(name, data, suffix), parsing)
        return replace(found, form=f"{PACKED[suffix]}, {found.form}")
    if suffix == ".tar":
        members = tar_members(name, data)
        if 2 * sum(member_path(each).suffix.lower() in IMAGES for each in members) > len(members):
            raise DataError(f"{name} contains images, which are read from a folder or a zip; pack them as a zip.")
        return _read_several(name, members, parsing)
    if suffix == ".zip":
        return _read_several(name, zip_members(name, data), parsing)
    if suffix in READERS and suffix not in _MAY_BE_HTML and _PAGE.match(data[:2000]):
        raise DataError(f"{name} is an {_NO_DATA} itself.")
    if (
        suffix in READERS
        and suffix not in (".xlsx", ".xlsm", ".ods", *DATABASES)
        and (kind := kind_by_first_bytes(data))
    ):
        raise DataError(f"{name} cannot be read: it is {kind}.")
    if suffix == DUMP:
        return _read_dump(name, data, parsing)
    if suffix not in READERS:
        return _without_known_ending(name, suffix, data, parsing)
    return READERS[suffix](name, data, parsing)


def _read_dump(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Read the tables of the dump of a database as CSV files of an archive.

    Raises:
        DataError: it inserts no rows, or its tables form none together.
    """
    decoded = decode(name, data, parsing.encoding)
    tables, damaged = dump_tables(decoded.text)
    if not tables:
        raise DataError(f"{name} cannot be read: it is statements of a database that insert no rows; {EXPORT_TABLE}.")
    members = {f"{table}.csv": text.encode() for table, text in tables.items()}
    try:
        found = _read_several(name, members, replace(parsing, encoding=None))
    except OneFileError:
        raise
    except DataError as error:
        if len(members) == 1 or parsing.sheet:
            raise
        raise OneFileError(
            f"{error} Or choose one of the tables of {name} under Sheet or file.", tuple(members)
        ) from error
    note = (f"Statements of {name} that are damaged, and read only up to there: {damaged:,}.",) if damaged else ()
    form = found.form.replace(f".csv in {name}, comma-separated", " of a dump")
    return with_encoding_facts(name, replace(found, form=form, notes=(*found.notes, *note)), [decoded])


def _without_known_ending(name: str, suffix: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Return the rows of a file whose ending says nothing: of text that is more than paragraphs, or as is chosen.

    Raises:
        DataError: it holds no rows, or is text that may be anything.
    """
    is_chosen = bool(parsing.plain or parsing.delimiter or parsing.encoding)
    if not is_chosen and (kind := refused_kind(suffix, data)):
        raise DataError(f"{name} cannot be read: it is {kind}.")
    if b"\0" in data[:_LOOKED_AT] and not parsing.encoding:
        raise DataError(f"The file type of {name} is not supported; give {GIVE}.")
    found = READERS[".txt"](name, data, parsing)
    if found.form.startswith(PLAIN_FORM) and not is_chosen:
        raise DataError(f"The file type of {name} is not supported; {TEXT_WAY_OUT}. Otherwise give {GIVE}.")
    return found


_LOOKED_AT = 4_000
"""Bytes at the beginning of a file that tell whether it is text."""


def _read_several(name: str, members: Mapping[str, bytes], parsing: ParsingOptions) -> Found:
    held, damaged = unpacked_members(name, members)
    members = in_order(held)
    only = next(iter(members), "")
    if len(members) == 1 and member_path(only).suffix.lower() == DUMP:
        return _read_dump(member_path(only).name, members[only], parsing)
    suffixes = frozenset(READERS) - READ_ALONE
    suffixes |= kinds_beside(members, suffixes)
    if parsing.sheet and parsing.sheet in members:
        alone = {parsing.sheet: members[parsing.sheet]}
        found = _read_together(name, alone, suffixes, replace(parsing, sheet=None))
        return replace(
            found, sheets=single_tables(members, suffixes), notes=(*found.notes, *not_read(members, [*alone]))
        )
    if parsing.rows:
        return read_in_way(
            name, members, parsing.rows, lambda each, data: _read(each, data, replace(parsing, rows=None)),
            parsing.encoding,
        )  # fmt: skip
    if parsing.sheet == ALL_SHEETS and (files := single_tables(members, suffixes)):
        readers = Readers(lambda each, data: _read(each, data, replace(parsing, sheet=None)), lambda _paths: {})
        found = one_below_the_other({path: members[path] for path in files}, readers)
        return replace(found, sheets=files, notes=(*damaged, *found.notes, *not_read(members, files)))
    export = None if parsing.plain else read_export(members)
    if export:
        used = export.used[0] if len(export.used) == 1 else f"{len(export.used):,} files"
        frame = frame_of(list(enumerate(export.rows, start=1)))
        form = ", ".join(filter(None, (f"{used} in {name}", export.form)))
        return Found(frame, form, notes=(*export.notes, *damaged, *not_read(members, export.used)))
    if kind := refused_members(members):
        raise DataError(f"{name} cannot be read: it holds {kind}.")
    if pages := _pages_in(members):
        raise DataError(f"{name} cannot be read: {pages}")
    catalogs = [data for path, data in members.items() if member_path(path).suffix.lower() in suffixes & {*CATALOGS}]
    if len(languages := languages_of(catalogs)) > 1:
        raise OneFileError(
            f"{name} holds gettext catalogs of several languages ({shown_names(languages)}); choose one of them, or "
            "all together, under Sheet or file.",
            single_tables(members, suffixes),
        )
    found = _read_together(name, members, suffixes, parsing)
    return replace(found, sheets=single_tables(members, suffixes) or found.sheets, notes=(*damaged, *found.notes))


def _pages_in(members: Mapping[str, bytes]) -> str:
    """Return a sentence where all files are HTML pages whose names say that they are data; empty otherwise."""
    named = [path for path in members if member_path(path).suffix.lower() in READERS]
    data = [path for path in named if member_path(path).suffix.lower() not in _MAY_BE_HTML]
    if not data or len(data) < len(named) or not all(_PAGE.match(members[path][:2000]) for path in data):
        return ""
    return f"each of its files ({shown_names(data)}) is an {_NO_DATA} itself."


def _read_together(name: str, members: Mapping[str, bytes], suffixes: frozenset[str], parsing: ParsingOptions) -> Found:
    return read_members(name, members, suffixes, lambda each, data: _read(each, data, parsing), parsing.encoding)


DUMP = ".sql"
KINDS = (*READERS, DUMP, *PACKED, ".zip", ".tar", ".tgz")
