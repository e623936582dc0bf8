"""Which table is in a workbook? That of one sheet, or of several that have the same columns."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, TypeAlias
from xml.etree import ElementTree

from ia3_studio.data.archives import zip_members
from ia3_studio.data.delimited import below_note, require_columns_within, require_header_row, title_note
from ia3_studio.data.footers import footer_length, footer_note
from ia3_studio.data.header import COMPARED_ROWS, SEARCHED_ROWS, find_header, rows_of_header, unique_names
from ia3_studio.data.parsing import Found, ParsingOptions, shown_names
from ia3_studio.data.problem import clause
from ia3_studio.data.split_names import SPLIT, split_of
from ia3_studio.data.table_files import ORIGIN, origins_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 3_000_000
"""Cells of a sheet of a workbook, the empty ones before the last counted in: a minute or two to read."""
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
_Sheet: TypeAlias = "tuple[pd.DataFrame, list[str]]"
"""The table of a sheet, and notes on it."""
_MUCH_LONGER = 4
"""How many times as many rows another sheet has for it to be read in place of the first."""


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
            if parsing.sheet and parsing.sheet not in names:
                raise DataError(f"{name} has no sheet {parsing.sheet!r}; its sheets are {shown_names(names)}.")
            shown = tuple(each for each in names if book.book[each].sheet_state == "visible")
            wanted = (parsing.sheet,) if parsing.sheet else shown or names
            contents = contents_of(members)
            read = {sheet: _cells(book, sheet, contents.get(sheet, b"")) for sheet in wanted}
    except (*_DAMAGE, InvalidFileException) as error:
        raise DataError(f"{name} cannot be read as a workbook: {clause(error)}.") from error
    tables = {sheet: _table(name, rows, parsing.header) for sheet, rows in read.items()}
    full = {sheet: found for sheet, found in tables.items() if found and len(found[0])}
    if not full:
        raise DataError(f"{name} contains no rows; give a workbook with at least two.")
    main = _main(full)
    alike = {sheet: each for sheet, each in full.items() if _has_columns_of(each, full[main])}
    found = _joined(alike, full, names) if _form_one_table(alike) else _one(main, full, names)
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
    hidden = [each for each in names if each not in wanted]
    notes = [f"Not read: hidden sheet {shown_names(hidden)}; choose it under Sheet."] if hidden and not chosen else []
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


def _table(name: str, rows: Sequence[Sequence[Any]], header: int | None) -> _Sheet | None:
    """Return the table of a sheet's rows and notes on it; None where there is none."""
    import pandas as pd

    if not rows:
        return None
    if header is None:
        place = find_header(rows[: SEARCHED_ROWS + COMPARED_ROWS])
    else:
        require_header_row(name, header, len(rows))
        place = header - 1 if header else None
    below = 0 if place is None else rows_of_header(rows[: place + 3], place)
    data = list(rows if place is None else rows[place + 1 + below :])
    foot = _footer(data) if header is None else []
    data = data[: len(data) - len(foot)] if foot else data
    used = [at for at in range(len(rows[0])) if any(row[at] is not None for row in (rows[place or 0], *data))]
    names = [rows[place][at] if place is not None else "" for at in used]
    notes = title_note([" ".join(str(cell) for cell in row if cell is not None) for row in rows[: place or 0]])
    notes += [below_note(below)] if below else []
    notes += footer_note([row for row in foot if any(cell is not None for cell in row)])
    cells = [[row[at] for at in used] for row in data]
    frame = pd.DataFrame(cells, columns=unique_names(names), index=range(1, len(cells) + 1), dtype=object)
    return frame, notes


def _footer(data: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Return the rows at the end of a sheet that are no data, with the empty ones before them."""
    places = [place for place, row in enumerate(data) if any(cell is not None for cell in row)]
    gaps = [at > 0 and place > places[at - 1] + 1 for at, place in enumerate(places)]
    length = footer_length([data[place] for place in places], gaps) if places else 0
    return data[places[-length - 1] + 1 :] if length else []


def _has_columns_of(one: _Sheet, other: _Sheet) -> bool:
    return sorted(one[0].columns) == sorted(other[0].columns)


def _form_one_table(tables: Mapping[str, _Sheet]) -> bool:
    """Say whether sheets of the same columns are read together: of one column only if their names are classes."""
    first = next(iter(tables.values()))[0]
    return len(tables) > 1 and (len(first.columns) > 1 or bool(_origins(tables)))


def _origins(tables: Mapping[str, _Sheet]) -> dict[str, str]:
    """Return the names of sheets where they may be classes; nothing for others."""
    return origins_of({sheet: sheet for sheet in tables}, [frame for frame, _notes in tables.values()])


def _joined(tables: Mapping[str, _Sheet], full: Mapping[str, _Sheet], names: Sequence[str]) -> Found:
    """Return sheets as one table, with a column for their split or their class where their names say it."""
    import pandas as pd

    splits = {sheet: split_of(sheet) for sheet in tables}
    by_split = all(splits.values()) and len(set(splits.values())) > 1
    origins = {} if by_split else _origins(tables)
    said = {
        sheet: {SPLIT: splits[sheet]} if by_split else {ORIGIN: origins[sheet]}
        for sheet in tables
        if by_split or origins
    }
    frames = [frame.assign(**said.get(sheet, {})) for sheet, (frame, _notes) in tables.items()]
    joined = pd.concat(frames, ignore_index=True)
    notes = [note for _frame, each in tables.values() for note in each] + _left([*tables], full)
    form = f"workbook, sheets {shown_names(list(tables))} together"
    form += f", their names in the column {ORIGIN}" if origins else ""
    return Found(joined.set_axis(range(1, len(joined) + 1), axis=0), form, sheets=tuple(names), notes=tuple(notes))


def _main(tables: Mapping[str, _Sheet]) -> str:
    """Return the first sheet that is a table, of at least two rows and columns, or one that is much longer."""
    wide = [each for each, (frame, _notes) in tables.items() if len(frame) > 1 and len(frame.columns) > 1]
    sheet = next(iter(wide), next(iter(tables)))
    longest = max(wide, key=lambda each: len(tables[each][0]), default=sheet)
    if len(tables[longest][0]) >= _MUCH_LONGER * len(tables[sheet][0]):
        sheet = longest
    return sheet


def _one(sheet: str, tables: Mapping[str, _Sheet], names: Sequence[str]) -> Found:
    frame, notes = tables[sheet]
    notes = [*notes, *_left([sheet], tables)]
    return Found(frame, f"workbook, sheet {sheet}", sheets=tuple(names), notes=tuple(notes))


def _left(read: Sequence[str], tables: Mapping[str, _Sheet]) -> list[str]:
    """Return a note on the sheets that are not read; nothing where all are."""
    others = [each for each in tables if each not in read]
    return [f"Not read: sheet {shown_names(others)}; choose it under Sheet."] if others else []


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
