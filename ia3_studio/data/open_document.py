"""Which rows are in the sheets of an OpenDocument workbook, as LibreOffice saves it?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ia3_studio.data.archives import zip_members
from ia3_studio.data.csv_rows import require_columns_within
from ia3_studio.data.parsing import ALL_SHEETS, Found, ParsingOptions, shown_names
from ia3_studio.data.problem import clause
from ia3_studio.data.sheet_tables import MOST_CELLS, found_in_sheets, hidden_note, wanted_sheets
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMES = "urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE = f"{{{_NAMES}table:1.0}}", f"{{{_NAMES}office:1.0}}"
_TEXT, _STYLE = f"{{{_NAMES}text:1.0}}", f"{{{_NAMES}style:1.0}}"
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_NUMBERS = ("float", "percentage", "currency")
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_SPACES = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n", f"{_TEXT}s": " "}


def read_open_document(name: str, data: bytes, parsing: ParsingOptions) -> Found:
    """Read a workbook of LibreOffice as :func:`ia3_studio.data.sheets.read_sheets` reads one of Excel.

    Raises:
        DataError: it is damaged, locked or too large, or has no such sheet.
    """
    content = zip_members(name, data).get("content.xml", b"").decode(errors="replace")  # the format asks for UTF-8
    if _ENTITY.search(content):
        raise DataError(f"{name} defines entities (<!ENTITY), which are not expanded; save it without them.")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise DataError(
            f"{name} cannot be read as a workbook, or is locked with a password ({clause(error)}); save it as .xlsx."
        ) from error
    sheets = {str(each.get(f"{_TABLE}name", "")): each for each in root.iter(f"{_TABLE}table")}
    names, styles = tuple(sheets), _hidden_styles(root)
    if parsing.sheet and parsing.sheet not in (*names, ALL_SHEETS):
        raise DataError(f"{name} has no sheet {parsing.sheet!r}; its sheets are {shown_names(names)}.")
    shown = tuple(each for each in names if sheets[each].get(f"{_TABLE}style-name") not in styles)
    wanted = wanted_sheets(parsing.sheet, names, shown)
    try:
        read = {each: _rows(name, sheets[each]) for each in wanted}
    except (ValueError, OverflowError) as error:  # what is no number where one belongs
        raise DataError(f"{name} cannot be read as a workbook: {clause(error)}; save it as .xlsx.") from error
    found = found_in_sheets(name, read, names, parsing.header, together=parsing.sheet == ALL_SHEETS)
    return replace(found, notes=(*found.notes, *hidden_note(names, wanted, bool(parsing.sheet))))


def _hidden_styles(root: Element) -> set[str | None]:
    """Return the styles of sheets that are hidden."""
    return {
        style.get(f"{_STYLE}name")
        for style in root.iter(f"{_STYLE}style")
        for each in style.iter(f"{_STYLE}table-properties")
        if each.get(f"{_TABLE}display") == "false"
    }


def _rows(name: str, sheet: Element) -> list[list[Any]]:
    """Return the rows of a sheet from the first to the last that holds anything, all of one width.

    Cells that are merged with those below them count for each of these.

    Raises:
        DataError: it has more cells than are read.
    """
    counted = [(list(_cells(row)), _times(row, "rows")) for row in sheet.iter(f"{_TABLE}table-row")]
    filled = [place for place, (cells, _times) in enumerate(counted) if cells]
    counted = counted[filled[0] : filled[-1] + 1] if filled else []
    width = max((sum(times for _cell, times, _down in cells) for cells, _times in counted), default=0)
    require_columns_within(name, width)
    if width * sum(times for _cells, times in counted) > MOST_CELLS:
        raise DataError(f"{name} has a sheet of more than {MOST_CELLS:,} cells; save it as CSV.")
    rows: list[list[Any]] = []
    below: dict[int, tuple[Any, int]] = {}
    for cells, times in counted:
        row: list[Any] = []
        for cell, repeated, down in cells:
            if down > 1:
                below[len(row)] = cell, down
            row += [cell] * repeated
        row += [None] * (width - len(row))
        for _again in range(times):
            rows.append([below[at][0] if cell is None and at in below else cell for at, cell in enumerate(row)])
            below = {at: (cell, left - 1) for at, (cell, left) in below.items() if left > 1}
    return rows


def _cells(row: Element) -> Iterator[tuple[Any, int, int]]:
    """Yield (value, how many times it is repeated, over how many rows it goes) up to the last cell that is filled."""
    empty: list[tuple[Any, int, int]] = []
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        wide = cell.get(f"{_TABLE}number-columns-spanned", "1") != "1"
        down = 1 if wide else int(cell.get(f"{_TABLE}number-rows-spanned", "1"))
        each = _value(cell), _times(cell, "columns"), down
        if each[0] is None:
            empty.append(each)
        else:
            yield from empty
            yield each
            empty = []


def _times(element: Element, what: str) -> int:
    return max(1, int(element.get(f"{_TABLE}number-{what}-repeated", "1")))


def _value(cell: Element) -> Any:
    """Return what a cell holds: a number, a truth value, a date as it is written in other files, a text; or None."""
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in _NUMBERS:
        number = float(cell.get(f"{_OFFICE}value", "nan"))
        return int(number) if number.is_integer() else number
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    if kind == "date":
        return cell.get(f"{_OFFICE}date-value", "").replace("T", " ").removesuffix(" 00:00:00") or None
    lines = ["".join(_letters(each)) for each in cell.findall(f"{_TEXT}p")]
    return "\n".join(lines).strip() or None


_MOST_BLANKS = 100
"""Blanks that one element stands for at most."""


def _letters(paragraph: Element) -> Iterator[str]:
    """Yield the letters of a paragraph; blanks in a row, tabs and new lines are elements."""
    ahead: list[Element | str] = [paragraph]  # no recursion: a stranger's elements may lie deep in each other
    while ahead:
        each = ahead.pop()
        if isinstance(each, str):
            yield each
        elif each.tag in _SPACES:
            yield _SPACES[each.tag] * min(int(each.get(f"{_TEXT}c", "1")), _MOST_BLANKS)
        elif each.tag != f"{_OFFICE}annotation":
            inside = (part for inner in each for part in (inner, inner.tail or ""))
            ahead += reversed([each.text or "", *inside])
