"""Which rows are in lines of cells? Read by the csv module; a quote that is never closed costs its line alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ia3_studio.data.delimiters import SAMPLE_LINES
from ia3_studio.errors import DataError

MOST_COLUMNS = 10_000
_ESCAPED_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)\\"(?!\s*(?:[,;\t|]\s*"|$))')
"""A quote after a backslash, unless it ends a cell: a path may end with a backslash."""
_DOUBLED_QUOTE = re.compile(r'[^",;\t|\s]""|""[^",;\t|\s]')
_OPEN = "its quote is not closed: the file may be cut off there"
_END = "\x00end-of-the-table"
"""A line added at the end: a quote that is never closed takes it in. No text that is read holds the character."""
csv.field_size_limit(2**31 - 1)  # a file is bounded as a whole; a cell may be all of it


@dataclass(slots=True)  # not frozen: there are millions of them
class Row:
    """A row of cells, and where it stands."""

    line: int
    """Its first line, counted from 1."""
    written: str
    cells: list[str]
    reason: str = ""
    """Why it cannot be used, where it is not a row at all."""


def rows_of(name: str, lines: Sequence[str], delimiter: str, quote: str) -> Iterator[Row]:
    """Yield all rows but empty lines.

    Args:
        name: of the file, for messages.
        lines: without their ends.
        delimiter: between cells.
        quote: around cells that hold a delimiter.

    Raises:
        DataError: many quotes are not closed, or a row has too many cells.
    """
    plain = delimiter == "\t" and _quotes_join_lines(lines)
    quoting: Any = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    given = [f"{line}\n" for line in (*lines, _END)]
    start, unclosed, longest = 0, 0, 1
    while True:
        reader = csv.reader(
            islice(given, start, None), delimiter=delimiter, quotechar=quote, skipinitialspace=True, quoting=quoting
        )
        begun = start
        for cells in reader:
            first, begun = begun, start + reader.line_num
            if cells == [_END]:
                return
            if begun == len(given):  # the last row has swallowed the end
                break
            longest = max(longest, begun - first)
            written = (given[first] if begun == first + 1 else "".join(given[first:begun])).strip()
            if cells and written:
                require_columns_within(name, len(cells))
                yield Row(first + 1, written, cells)
        if first and begun - 1 - first <= longest:
            yield Row(first + 1, "".join(given[first:-1]).strip(), cells, _OPEN)
            return
        unclosed += 1
        if first == 0 or unclosed > _MOST_UNCLOSED:
            raise DataError(
                f"{name} cannot be read as a table: line {first + 1} has an unclosed quote, or text after a "
                "closing quote; fix that line."
            )
        yield Row(first + 1, given[first].strip(), [given[first].strip()], _UNCLOSED)
        start = first + 1


_MOST_UNCLOSED = 10
"""Lines with a quote that is never closed, from which on a file is refused."""
_UNCLOSED = "it has an unclosed quote, or text after a closing quote"


def _quotes_join_lines(lines: Sequence[str]) -> bool:
    """Say whether quotes, taken as such, would make one row of several lines that are rows already: inch signs."""
    filled = [line for line in lines if line.strip()]
    if filled and all(re.fullmatch(r'"[^"]*"', cell.strip()) for cell in filled[0].split("\t")):
        return False  # the first line has all its cells in quotes
    if len({line.count("\t") for line in filled}) > 1:  # a cell of several lines leaves pieces of rows
        return False
    try:
        return sum(1 for row in csv.reader((f"{line}\n" for line in filled), delimiter="\t") if row) != len(filled)
    except csv.Error:
        return True


def with_doubled_quotes(lines: list[str]) -> tuple[list[str], bool]:
    """Return lines in which quotes that a backslash escapes are doubled, and whether there are any."""
    sample = [line for line in lines[:SAMPLE_LINES] if line.strip()]
    escaped = sum(bool(_ESCAPED_QUOTE.search(line)) for line in sample)
    if not escaped or any(_DOUBLED_QUOTE.search(line) for line in sample):
        return lines, False
    return [_ESCAPED_QUOTE.sub(r'\1""', line) for line in lines], True


def without_outer_quotes(lines: list[str], delimiter: str | None) -> tuple[list[str], tuple[str, ...]]:
    """Return lines of which each is in quotes as a whole as the cells that are in it, and a note; others as they are.

    So a table is written that was taken for one column: "text,label". All lines have as many cells then.
    """
    sample = list(islice((line.strip() for line in lines if line.strip()), SAMPLE_LINES))
    if len(sample) < _FEWEST_WRAPPED or not all(map(_WRAPPED.fullmatch, sample)):
        return lines, ()
    inner = [_unwrapped(line) for line in sample]
    for sign in (delimiter,) if delimiter else (",", ";", "\t", "|"):
        cells = [next(csv.reader([line], delimiter=sign, skipinitialspace=True), []) for line in inner]
        if len(cells[0]) > 1 and {*map(len, cells)} == {len(cells[0])}:
            note = "Quotes around whole lines are not part of their cells."
            return [_unwrapped(line) if _WRAPPED.fullmatch(line.strip()) else line for line in lines], (note,)
    return lines, ()


def _unwrapped(line: str) -> str:
    return line.strip()[1:-1].replace('""', '"')


_WRAPPED, _FEWEST_WRAPPED = re.compile(r'"[^"]*(?:""[^"]*)*"'), 3


def require_columns_within(name: str, columns: int) -> None:
    """Refuse a table of more columns than are read.

    Raises:
        DataError: it has more.
    """
    if columns > MOST_COLUMNS:
        raise DataError(f"{name} has {columns:,} columns; the limit is {MOST_COLUMNS:,}.")
