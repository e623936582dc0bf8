"""Which cells are in a text separated by commas, or by anything else? What is not told is detected."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

from ia3_studio.data.blank_ends import strip_blank_ends
from ia3_studio.data.byte_literals import without_byte_literals
from ia3_studio.data.csv_rows import Row, rows_of, with_doubled_quotes, without_outer_quotes
from ia3_studio.data.delimiters import DELIMITERS, SAMPLE_LINES, guess_delimiter, guess_quote, lines_of
from ia3_studio.data.footers import footer_length, footer_note
from ia3_studio.data.header import (
    COMPARED_ROWS,
    SEARCHED_ROWS,
    find_header,
    may_be_data,
    may_be_names,
    unique_names,
)
from ia3_studio.data.header_rows import header_rows
from ia3_studio.data.problem import Damage, require_few
from ia3_studio.data.surplus_cells import is_open_list, joined
from ia3_studio.data.unquoted_rest import joined_text, text_column
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


FIRST_ROW_NAMES = "The first row is read as the names of the columns"
"""How a note begins on a first row that may be data as well."""
NUMBERS = "row number"
"""What a column of row numbers without a name is called."""
_HINT = re.compile(r"sep=(.)[ ]*")
"""A first line by which Excel is told the delimiter."""


@dataclass(frozen=True)
class Delimited:
    """Cells as text under one name per column; the index counts the data rows from 1."""

    frame: pd.DataFrame
    delimiter: str
    header: int
    """The row that names the columns, counted from 1; 0 where none does."""
    damaged: tuple[Damage, ...]
    notes: tuple[str, ...] = ()
    """What was read otherwise than as a row: titles above the header, a line that gives the delimiter."""


def read_delimited(name: str, text: str, delimiter: str | None = None, header: int | None = None) -> Delimited:
    """Read separated text; what is None is detected.

    Args:
        name: of the file, for messages.
        header: the row that names the columns, counted from 1; 0 if none does.

    Raises:
        DataError: a quote is not closed, there is no such header row, or more rows are damaged than may be skipped.
    """
    lines = lines_of(text)
    notes: list[str] = []
    hint = _HINT.fullmatch(lines[0].lstrip("\ufeff"))
    if hint:
        lines[0] = ""
        delimiter = delimiter or hint[1]
        notes.append(f"The first line gives the delimiter ({hint[0].strip()}).")
    if not delimiter and (other := _other_delimiter_below(lines)):
        above, delimiter = other
        lines[0] = lines[0].replace(above, delimiter)
        notes.append(
            f"The names of the columns are {DELIMITERS[above]}-separated, the rows {DELIMITERS[delimiter]}-separated."
        )
    lines, unwrapped = without_outer_quotes(lines, delimiter)
    notes += unwrapped
    lines, escaped = with_doubled_quotes(lines)
    if escaped:
        notes.append('Quotes inside cells are written \\".')
    quote = guess_quote(lines[:SAMPLE_LINES], delimiter)
    delimiter = delimiter or guess_delimiter("\n".join(lines[: SAMPLE_LINES + 1]), quote)
    rows = _without_empty_end(list(rows_of(name, lines, delimiter, quote)))
    if quote != '"':
        notes.append("Cells are quoted with apostrophes.")
    if not rows:
        raise DataError(f"{name} contains no rows; give a file with at least two.")
    strip_blank_ends([row.cells for row in rows])
    place = _header_place(name, rows, header)
    named = header_rows([row.cells for row in rows[: (place or 0) + 4]], place)
    notes += named.notes
    if header is None and place == 0 and may_be_data([row.cells for row in rows[: COMPARED_ROWS + 1]], 0):
        notes.append(f"{FIRST_ROW_NAMES}: {', '.join(rows[0].cells)}.")
    if header is None and place is None and may_be_names([row.cells for row in rows[: COMPARED_ROWS + 1]]):
        notes.append(
            f"The first row ({', '.join(rows[0].cells)}) is read as words like those below it; set Header row to 1 if"
            " it names the columns."
        )
    if place is not None:
        del rows[place + 1 : place + 1 + named.below]
    if header is None and (foot := _footer(rows[(place or 0) + 1 :])):
        notes += footer_note([row.cells for row in rows[-foot:]])
        del rows[-foot:]
    return _table(name, rows, delimiter, place, named.names, tuple(notes))


def _without_empty_end(rows: list[Row]) -> list[Row]:
    """Return rows without those at their end that hold delimiters alone, as of lines that were emptied in a sheet."""
    end = len(rows)
    while end and _is_emptied(rows[end - 1]):
        end -= 1
    return rows[:end] or rows


def _is_emptied(row: Row) -> bool:
    return len(row.cells) > 1 and not row.reason and not any(map(str.strip, row.cells))


def _footer(rows: Sequence[Row]) -> int:
    """Return how many rows at the end are no data; an empty line before a row shows in the number of its line."""
    ends = [row.line + row.written.count("\n") for row in rows]
    gaps = [bool(place) and row.line > ends[place - 1] + 1 for place, row in enumerate(rows)]
    return footer_length([row.cells for row in rows], gaps) if rows and not rows[-1].reason else 0


def _other_delimiter_below(lines: Sequence[str]) -> tuple[str, str] | None:
    """Return the delimiters of the first line and of the quoted cells below it, where these are not the same one."""
    first, *rest = [line for line in lines[:SAMPLE_LINES] if line.strip()] or [""]
    for above, below in permutations(DELIMITERS, 2):
        if above not in first or below in first or not rest:
            continue
        between = re.compile(rf'"\s*{re.escape(below)}\s*"')
        counts = {len(between.findall(line)) for line in rest}
        if counts == {first.count(above)} and not _are_cells(rest, above, first.count(above) + 1):
            return above, below
    return None


def _are_cells(lines: Sequence[str], delimiter: str, width: int) -> bool:
    """Say whether lines have so many cells between a delimiter, one of which may hold anything in quotes."""
    try:
        return all(len(row) == width for row in csv.reader(lines, delimiter=delimiter, strict=True) if row)
    except csv.Error:
        return False


def require_header_row(name: str, header: int, rows: int) -> None:
    """Refuse a header row that is not among those that can be one.

    Raises:
        DataError: it is not.
    """
    most = min(rows, SEARCHED_ROWS)
    if not 0 <= header <= most:
        raise DataError(f"The header row of {name} cannot be row {header}; give a row from 1 to {most}, or 0 for none.")


def _header_place(name: str, rows: Sequence[Row], header: int | None) -> int | None:
    """Return the index of the header among the rows; None where there is none."""
    if header is not None:
        require_header_row(name, header, len(rows))
        return header - 1 if header else None
    return find_header([row.cells for row in rows[: SEARCHED_ROWS + COMPARED_ROWS]])


def _table(
    name: str, rows: Sequence[Row], delimiter: str, place: int | None, called: list[str], notes: tuple[str, ...]
) -> Delimited:
    import pandas as pd

    data = rows if place is None else rows[place + 1 :]
    header = None if place is None else rows[place].cells
    width = len(header) if header is not None else _usual_width(data)
    if header is not None and (first := _row_names(data, width)):
        header, called, width = [first, *header], [first, *called], width + 1
    names = unique_names(called if header is not None else [""] * width)
    if header is not None and is_open_list([row.cells for row in data if not row.reason], width, delimiter):
        for row in data:
            row.cells = joined(row.cells, width, delimiter) if len(row.cells) > width else row.cells
        notes += (f"Cells beyond the header are read as one list in {names[-1]}, the last column.",)
    text = text_column([row.cells for row in data]) if width == 2 else None
    come_again = 2 * len({row.cells[0] for row in data}) <= len(data)
    if text is not None and (header is not None or text == 0 or come_again):
        longer = [row for row in data if len(row.cells) > width and not _is_quoted(row.written, delimiter)]
        for row in longer:
            row.cells = joined_text(row.written, delimiter, text)
        if longer:
            notes += (f"Further delimiters in {len(longer):,} rows are read as part of {names[text]}.",)
    damaged: list[Damage] = []
    numbers: list[int] = []
    cells: list[list[Any]] = []
    for number, row in enumerate(data, start=1):
        if reason := row.reason or _damage(row.cells, width, header):
            damaged.append(Damage(number, row.line, reason, row.written))
            continue
        numbers.append(number)
        short = width - len(row.cells)
        cells.append(row.cells if not short else [*row.cells[:width], *[None] * short])
    require_few(name, damaged, len(cells))
    frame, said = without_byte_literals(pd.DataFrame(cells, columns=names, index=numbers, dtype=object))
    return Delimited(frame, delimiter, 0 if place is None else place + 1, tuple(damaged), (*notes, *said))


def _usual_width(data: Sequence[Row]) -> int:
    """Return how many cells rows without names have: 2 where labels stand before texts whose commas nobody quoted."""
    rows = [row.cells for row in data[:SAMPLE_LINES]]
    widths = Counter(map(len, rows))
    labels = {cells[0] for cells in rows if cells}
    is_varied = len(widths) > _MOST_WIDTHS and not any(_is_quoted(row.written, ",") for row in data[:SAMPLE_LINES])
    if is_varied and 2 * len(labels) <= len(rows) and text_column(rows) == 1:
        return 2
    return widths.most_common(1)[0][0]


_MOST_WIDTHS = 2
"""Different numbers of cells that rows of one table may have: few lack their last cell."""


def _is_quoted(written: str, delimiter: str) -> bool:
    """Say whether a cell of a row begins with a quote, so that the delimiters of this row were thought of."""
    return any(cell.lstrip().startswith('"') for cell in written.split(delimiter))


def _damage(cells: Sequence[str], width: int, header: Sequence[str] | None) -> str:
    """Return why a row cannot be used; nothing where it can."""
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        return (
            f"it has {len(cells)} cells, the first row {width}; quote cells that contain a delimiter, or choose "
            "another delimiter"
        )
    return "it repeats the header" if header is not None and width > 1 and list(cells) == list(header) else ""


def _row_names(data: Sequence[Row], width: int) -> str:
    """Return what the first cells are where every row has one more than the header, as R writes tables; or nothing.

    They are numbers, or names in quotes, all different ones.
    """
    data = [row for row in data if not row.reason]
    if not data or any(len(row.cells) != width + 1 for row in data):
        return ""
    first = [row.cells[0] for row in data]
    if first[0] in ("0", "1") and all(cell == str(int(first[0]) + at) for at, cell in enumerate(first)):
        return NUMBERS
    are_names = len(set(first)) == len(first) >= _FEWEST_ROW_NAMES and all(row.cells[-1].strip() for row in data)
    quoted = all(row.written.startswith(f'"{name}"') and " " not in name for row, name in zip(data, first, strict=True))
    return "row name" if are_names and quoted else ""


_FEWEST_ROW_NAMES = 5
