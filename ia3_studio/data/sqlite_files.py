"""Which rows are in the tables of a SQLite database?

SQLite reads bytes in memory: no file is written, and none is opened that a stranger's schema might name. Views,
triggers and virtual tables are programs and are not read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from ia3_studio.data.archives import MAX_BYTES
from ia3_studio.data.csv_rows import require_columns_within
from ia3_studio.data.file_kinds import BEGIN
from ia3_studio.data.parsing import ALL_SHEETS, Found, ParsingOptions, shown_names
from ia3_studio.data.problem import clause
from ia3_studio.data.sheet_tables import MOST_CELLS, found_in_sheets
from ia3_studio.errors import DataError, OneFileError

SUFFIXES = (".sqlite", ".sqlite3", ".db3", ".db")
_JOURNAL = slice(18, 20)
"""Bytes that say whether changes stand in a file beside it, which memory has not."""
_MOST_TABLES = 100
_MOST_STEPS, _STEPS = 20_000, 10_000
"""How often SQLite may do so many steps: some seconds, which no table of the size that is read takes."""
_LONGEST_CELL = 10_000_000


def read_database(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Read a table of a database as :func:`ia3_studio.data.sheets.read_sheets` reads a sheet of a workbook.

    Raises:
        DataError: it is none, is damaged or too large, or has no such table.
    """
    if not data.startswith(BEGIN):
        raise DataError(f"{name} cannot be read: it is a database of another kind; export the table as CSV.")
    with _opened(name, data) as database:
        names = _tables(database)
        if parsing.sheet and parsing.sheet not in (*names, ALL_SHEETS):
            raise DataError(f"{name} has no table {parsing.sheet!r}; its tables are {shown_names(names)}.")
        wanted = names if parsing.sheet in (None, ALL_SHEETS) else (parsing.sheet,)
        read = _rows_of(name, database, wanted)
    bytes_in = sum(isinstance(cell, bytes) for rows in read.values() for row in rows for cell in row)
    plain = {
        table: [[None if isinstance(cell, bytes) or cell == "" else cell for cell in row] for row in rows]
        for table, rows in read.items()
        if len(rows) > 1
    }
    if not plain:
        raise DataError(f"{name} is a database without rows in its tables ({shown_names(names)}); give another file.")
    found = found_in_sheets(name, plain, names, 1, together=parsing.sheet == ALL_SHEETS)
    notes = [note.replace(" sheet ", " table ", 1) for note in found.notes]
    notes += [f"Not used: {bytes_in:,} cells that hold bytes instead of text."] if bytes_in else []
    form = found.form.replace("workbook, sheets", "database, tables").replace("workbook, sheet", "database, table")
    return replace(found, form=form, notes=tuple(notes))


@contextmanager
def _opened(name: str, data: bytes) -> Iterator[sqlite3.Connection]:
    """Open a database in memory, to be read only.

    Raises:
        DataError: it is damaged, or takes too long to read.
    """
    whole = bytearray(data)
    whole[_JOURNAL] = b"\x01\x01"
    left = [_MOST_STEPS]

    def is_too_long() -> bool:
        left[0] -= 1
        return left[0] < 0

    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(bytes(whole))
            for rule in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
                database.execute(f"PRAGMA {rule}")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_CELL)
            database.set_progress_handler(is_too_long, _STEPS)
            database.text_factory = lambda text: text.decode(errors="replace")
            yield database
        except (sqlite3.Error, OverflowError) as error:
            raise DataError(
                f"{name} cannot be read: it is a database that is damaged or too large ({clause(error)}); export the "
                "table as CSV."
            ) from error


def _tables(database: sqlite3.Connection) -> tuple[str, ...]:
    """Return the names of the tables that hold rows of their own."""
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'table' LIMIT ?"
    found = [(str(name), str(made).upper()) for name, made in database.execute(asked, (_MOST_TABLES,))]
    return tuple(
        name for name, made in found if not name.startswith("sqlite_") and not made.startswith("CREATE VIRTUAL")
    )


def _rows_of(name: str, database: sqlite3.Connection, tables: Sequence[str]) -> dict[str, list[list[Any]]]:
    """Return the names of the columns of each table, and its rows.

    A few bytes can say what stands in each row, so that what is read may be longer than the file.

    Raises:
        OneFileError: together they have more cells, or longer ones, than are read.
    """
    found: dict[str, list[list[Any]]] = {}
    cells = written = 0
    for table in tables:
        quoted = table.replace('"', '""')
        cursor = database.execute(f'SELECT * FROM "{quoted}"')
        found[table] = [[str(each[0]) for each in cursor.description]]
        require_columns_within(name, len(found[table][0]))
        for row in cursor:
            found[table].append(list(row))
            cells += len(row)
            written += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
            if written > MAX_BYTES or cells > MOST_CELLS:
                raise OneFileError(
                    f"{name} is a database that is too large to be read as a whole (table {table}); choose one of its "
                    "tables under Sheet or file, or export a part of it as CSV.",
                    tuple(tables),
                )
    return found
