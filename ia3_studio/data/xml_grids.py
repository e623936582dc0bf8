"""Is XML a table whose cells have no names, as Excel 2003 wrote workbooks? Its first row names the columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ia3_studio.data.csv_rows import require_columns_within
from ia3_studio.data.header import COMPARED_ROWS, SEARCHED_ROWS, find_header, unique_names
from ia3_studio.data.header_rows import header_rows
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.xml_values import bare_tag

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FEWEST_ROWS = 3
_ROWS, _CELLS = ("row", "tr"), ("cell", "td", "th", "c", "entry")


def grid_of(name: str, root: Element) -> Found | None:
    """Return the table of the longest list of rows of cells; None where there is none.

    Raises:
        DataError: it has too many columns.
    """
    tables = [lines for each in root.iter() if len(lines := [row for row in each if _is_row(row)]) >= _FEWEST_ROWS]
    if not tables:
        return None
    longest = max(tables, key=len)
    rows: list[list[str]] = [written for row in longest if any(written := _cells(name, row))]
    usual = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    if usual < 2 or len(rows) < _FEWEST_ROWS:
        return None
    place = find_header(rows[: SEARCHED_ROWS + COMPARED_ROWS])
    width = max(map(len, rows))
    named = header_rows(rows[: (place or 0) + 4], place)
    header = unique_names([*named.names, *[""] * width][:width])
    below = rows[place + 1 + named.below :] if place is not None else rows
    columns = {column: [row[at] if at < len(row) else "" for row in below] for at, column in enumerate(header)}
    notes = [*named.notes]
    notes += [f"Not used: {len(tables) - 1:,} shorter tables."] if len(tables) > 1 else []
    return Found(numbered(columns), "XML, a table of cells", notes=tuple(notes))


def _is_row(element: Element) -> bool:
    names = {bare_tag(child.tag).lower() for child in element}
    return bare_tag(element.tag).lower() in _ROWS and bool(names) and names <= {*_CELLS}


def _cells(name: str, row: Element) -> list[str]:
    """Return the texts of cells; one that says its column stands there."""
    found: list[str] = []
    for cell in row:
        index = next((value for key, value in cell.items() if bare_tag(key) == "Index"), "")
        if index.isdecimal() and len(index) < _DIGITS and int(index) > len(found) + 1:
            require_columns_within(name, int(index))
            found += [""] * (int(index) - 1 - len(found))
        found.append("".join(cell.itertext()).strip())
    require_columns_within(name, len(found))
    return found


_DIGITS = 7
