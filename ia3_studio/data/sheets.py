"""Which table is in a workbook? That of one sheet, or of several that have the same columns."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.archives import zip_members
from ia3_studio.data.delimited import require_columns_within, require_header_row, title_note
from ia3_studio.data.header import COMPARED_ROWS, SEARCHED_ROWS, find_header, unique_names
from ia3_studio.data.json_rows import SPLIT, split_of
from ia3_studio.data.problem import clause
from ia3_studio.data.reading import Found, Reading, shown_names
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 3_000_000
"""Cells of a sheet of a workbook, the empty ones before the last counted in: a minute or two to read."""
_DAMAGE = (
    zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError, TypeError, AttributeError
)  # fmt: skip
"""What openpyxl raises for parts of a damaged workbook; SyntaxError is that of XML."""
_CELL = re.compile(rb"""\sr=["']([A-Z]{1,3})(\d{1,7})["']""")


def read_sheets(name: str, data: bytes, reading: Reading) -> Found:
    """Read a workbook; a formula counts as the value it had when it was saved.

    Sheets with the same columns are read together. Otherwise the first one that holds a table is read.

    Raises:
        DataError: it is damaged or too large, or has no such sheet.
    """
    import pandas as pd
    from openpyxl.utils.exceptions import InvalidFileException

    _require_cells_within(name, zip_members(name, data))  # a workbook is an archive
    try:
        with pd.ExcelFile(io.BytesIO(data), engine="openpyxl") as book:
            names = tuple(str(each) for each in book.sheet_names)
            if reading.sheet and reading.sheet not in names:
                raise DataError(f"{name} has no sheet {reading.sheet!r}; its sheets are {shown_names(names)}.")
            wanted = (reading.sheet,) if reading.sheet else names
            read = {sheet: _cells(book, sheet) for sheet in wanted}
    except (*_DAMAGE, InvalidFileException) as error:
        raise DataError(f"{name} cannot be read as a workbook: {clause(error)}.") from error
    tables = {sheet: _table(name, rows, reading.header) for sheet, rows in read.items()}
    full = {sheet: found for sheet, found in tables.items() if found and len(found[0])}
    if not full:
        raise DataError(f"{name} contains no rows; give a workbook with at least two.")
    return _joined(full, names) if _are_alike(full) else _first(full, names)


def _cells(book: pd.ExcelFile, sheet: str) -> list[list[Any]]:
    """Return the rows of a sheet up to the last that holds anything; words such as NA are words."""
    import pandas as pd

    frame = pd.read_excel(book, sheet_name=sheet, header=None, dtype=object, na_filter=False)
    rows = [[None if _is_empty(cell) else cell for cell in row] for row in frame.itertuples(index=False)]
    filled = [place for place, row in enumerate(rows) if any(cell is not None for cell in row)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _is_empty(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # NaN differs from itself


def _table(name: str, rows: Sequence[Sequence[Any]], header: int | None) -> tuple[pd.DataFrame, list[str]] | None:
    """Return the table of a sheet's rows and notes on it; None where there is none."""
    import pandas as pd

    if not rows:
        return None
    if header is None:
        place = find_header(rows[: SEARCHED_ROWS + COMPARED_ROWS])
    else:
        require_header_row(name, header, len(rows))
        place = header - 1 if header else None
    data = rows if place is None else rows[place + 1 :]
    used = [at for at in range(len(rows[0])) if any(row[at] is not None for row in (rows[place or 0], *data))]
    names = [rows[place][at] if place is not None else "" for at in used]
    notes = title_note([" ".join(str(cell) for cell in row if cell is not None) for row in rows[: place or 0]])
    cells = [[row[at] for at in used] for row in data]
    frame = pd.DataFrame(cells, columns=unique_names(names), index=range(1, len(cells) + 1), dtype=object)
    return frame, notes


def _are_alike(tables: Mapping[str, tuple[pd.DataFrame, list[str]]]) -> bool:
    columns = [list(frame.columns) for frame, _notes in tables.values()]
    return len(columns) > 1 and len(columns[0]) > 1 and all(each == columns[0] for each in columns)


def _joined(tables: Mapping[str, tuple[pd.DataFrame, list[str]]], names: Sequence[str]) -> Found:
    """Return the sheets as one table, with a column for their split where their names say it."""
    import pandas as pd

    splits = {sheet: split_of(sheet) for sheet in tables}
    by_split = all(splits.values()) and len(set(splits.values())) > 1
    frames = [frame.assign(**{SPLIT: splits[sheet]}) if by_split else frame for sheet, (frame, _) in tables.items()]
    joined = pd.concat(frames, ignore_index=True)
    notes = [note for _frame, each in tables.values() for note in each]
    form = f"workbook, sheets {shown_names(list(tables))} together"
    return Found(joined.set_axis(range(1, len(joined) + 1), axis=0), form, sheets=tuple(names), notes=tuple(notes))


def _first(tables: Mapping[str, tuple[pd.DataFrame, list[str]]], names: Sequence[str]) -> Found:
    """Return the first sheet that is a table: one of at least two rows and two columns, where there is one."""
    wide = (each for each, (frame, _notes) in tables.items() if len(frame) > 1 and len(frame.columns) > 1)
    sheet = next(wide, next(iter(tables)))
    frame, notes = tables[sheet]
    others = [each for each in tables if each != sheet]
    if others:
        notes = [*notes, f"Not read: sheet {shown_names(others)}; choose it under Sheet."]
    return Found(frame, f"workbook, sheet {sheet}", sheets=tuple(names), notes=tuple(notes))


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
