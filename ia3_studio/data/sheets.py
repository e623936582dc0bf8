"""Which rows are in the sheets of a workbook of Excel?"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ia3_studio.data.archives import zip_members
from ia3_studio.data.csv_rows import require_columns_within
from ia3_studio.data.parsing import ALL_SHEETS, Found, ParsingOptions, shown_names
from ia3_studio.data.problem import clause
from ia3_studio.data.sheet_tables import MOST_CELLS, found_in_sheets, hidden_note, wanted_sheets
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_DAMAGE = (
    zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError, TypeError, AttributeError
)  # fmt: skip
"""What openpyxl raises for parts of a damaged workbook; SyntaxError is that of XML."""
_COLUMN = re.compile(rb"""\sr=["']([A-Z]{1,3})\d{1,7}["']""")
_ROW = re.compile(rb"""<row\s(?:[^>]*\s)?r=["'](\d{1,7})["']""")
_MERGED = re.compile(rb"""<mergeCell ref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_NO_VALUE = re.compile(rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_OLD_CONTAINER = b"\xd0\xcf\x11\xe0"
"""How files begin in which Office keeps old and locked workbooks."""
_SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def read_sheets(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Read a workbook; a formula counts as the value it had when it was saved.

    Sheets with the same columns are read together. Otherwise the first one that holds a table is read, unless another
    is much longer; hidden sheets are read only if they are chosen, or all are hidden.

    Raises:
        DataError: it is damaged, locked or too large, or has no such sheet.
    """
    import pandas as pd
    from openpyxl.utils.exceptions import InvalidFileException

    members = workbook_members(name, data)
    try:
        with pd.ExcelFile(io.BytesIO(data), engine="openpyxl") as book:
            names = tuple(str(each) for each in book.sheet_names)
            if parsing.sheet and parsing.sheet not in (*names, ALL_SHEETS):
                raise DataError(f"{name} has no sheet {parsing.sheet!r}; its sheets are {shown_names(names)}.")
            shown = tuple(each for each in names if book.book[each].sheet_state == "visible")
            wanted = wanted_sheets(parsing.sheet, names, shown)
            contents = contents_of(members)
            read = {sheet: _cells(book, sheet, contents.get(sheet, b"")) for sheet in wanted}
    except (*_DAMAGE, InvalidFileException) as error:
        raise DataError(f"{name} cannot be read as a workbook: {clause(error)}.") from error
    found = found_in_sheets(name, read, names, parsing.header, together=parsing.sheet == ALL_SHEETS)
    return replace(found, notes=(*found.notes, *_about_sheets(names, wanted, contents, bool(parsing.sheet))))


def workbook_members(name: str, data: bytes) -> dict[str, bytes]:
    """Return the files in a workbook, which is an archive.

    Raises:
        DataError: it is none, is locked, damaged or too large.
    """
    if data.startswith(_OLD_CONTAINER):
        raise DataError(
            f"{name} is a workbook that is locked with a password, or an old one (.xls); save it as .xlsx without one."
        )
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise DataError(f"{name} is not a workbook, or only a part of one; save it as .xlsx again.")
    try:
        members = zip_members(name, data)
    except DataError as error:
        reason = clause(error).replace("create the archive again, without a password", "save the workbook again")
        raise DataError(f"{reason}.") from error
    _require_cells_within(name, members)
    return members


def has_merged_below(content: bytes) -> bool:
    """Say whether cells of a sheet are merged with those below them."""
    return next(_merged_below(content), None) is not None


def _about_sheets(
    names: Sequence[str], wanted: Sequence[str], contents: Mapping[str, bytes], chosen: bool
) -> list[str]:
    """Return notes on sheets that are not read as they are hidden, and on formulas without a value."""
    notes = hidden_note(names, wanted, chosen)
    empty = sum(len(_NO_VALUE.findall(contents.get(sheet, b""))) for sheet in wanted)
    if empty:
        cells = "1 formula has" if empty == 1 else f"{empty:,} formulas have"
        notes.append(f"{cells} no saved value, and formulas are not evaluated: open the workbook and save it.")
    return notes


def contents_of(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the XML of each sheet by its name."""
    try:
        book = ElementTree.fromstring(members["xl/workbook.xml"])
        related = ElementTree.fromstring(members["xl/_rels/workbook.xml.rels"])
    except (KeyError, ElementTree.ParseError):  # told when it is read
        return {}
    targets = {each.get("Id", ""): each.get("Target", "") for each in related}
    found: dict[str, bytes] = {}
    for sheet in book.iter(f"{_SPREADSHEET}sheet"):
        target = targets.get(sheet.get(f"{_RELATION}id", ""), "")
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        found[sheet.get("name", "")] = members.get(path, b"")
    return found


def _cells(book: pd.ExcelFile, sheet: str, content: bytes) -> list[list[Any]]:
    """Return the rows of a sheet up to the last that holds anything; words such as NA are words.

    Cells that are merged with those below them count for each of these.
    """
    import pandas as pd

    frame = pd.read_excel(book, sheet_name=sheet, header=None, dtype=object, na_filter=False)
    rows = [[None if _is_empty(cell) else _plain(cell) for cell in row] for row in frame.itertuples(index=False)]
    for column, first, last in _merged_below(content):
        for place in range(first + 1, min(last + 1, len(rows))):
            if column < len(rows[place]) and rows[place][column] is None:
                rows[place][column] = rows[first][column]
    filled = [place for place, row in enumerate(rows) if any(cell is not None for cell in row)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _merged_below(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (column, first row, last row) of cells that are merged with those below them, counted from 0."""
    for first, top, last, bottom in _MERGED.findall(content):
        if first == last and top != bottom:
            yield _column_number(first) - 1, int(top) - 1, int(bottom) - 1


def _plain(cell: Any) -> Any:
    """Return dates as they are written in other files."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, date | time) else cell


def _is_empty(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())  # NaN differs from itself


def _require_cells_within(name: str, members: Mapping[str, bytes]) -> None:
    """Refuse a workbook whose sheets reach further than a table that is read.

    A few bytes can put a cell into the last row and column, and everything before it would be made of empty cells.

    Raises:
        DataError: a sheet reaches further.
    """
    for member, content in members.items():
        if not member.startswith("xl/worksheets/"):
            continue
        rows = max(map(int, _ROW.findall(content)), default=0)
        columns = max(map(_column_number, set(_COLUMN.findall(content))), default=0)
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
