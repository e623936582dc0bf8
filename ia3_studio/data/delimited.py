"""Which cells stand in a text separated by commas, or by anything else? Read by pandas; the guesses are ours."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.problem import Damage, clause, require_few
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LINE_END = re.compile(r"\r\n|\n|\r")
# JSON strings may hold the other characters that str.splitlines breaks at, such as U+2028.

_SAMPLE_LINES = 50
_LONGEST_NAME = 60
MOST_COLUMNS = 10_000


@dataclass(frozen=True)
class Separated:
    """Cells as text under one name a column; the index counts the data rows from 1."""

    frame: pd.DataFrame
    delimiter: str
    header: bool
    damaged: tuple[Damage, ...]


def read_separated(name: str, text: str, delimiter: str | None = None, header: bool | None = None) -> Separated:
    """Read separated text; what is None is guessed.

    Raises:
        DataError: a quote is not closed, or more rows are damaged than may be skipped.
    """
    delimiter = delimiter or guess_delimiter(text)
    require_columns_within(name, _first_width(text, delimiter))  # before cells are made of them
    quoting = csv.QUOTE_NONE if delimiter == "\t" and _quotes_join_lines(text) else csv.QUOTE_MINIMAL
    cells, damaged = _cells(name, text, delimiter, quoting)
    require_columns_within(name, cells.shape[1])
    header = has_header(cells) if header is None else header
    names = unique_names(cells.iloc[0]) if header else [f"column {place + 1}" for place in range(cells.shape[1])]
    frame = cells.iloc[1:] if header else cells
    damaged = [replace(each, row=each.row + (not header)) for each in damaged]
    gone = {row.row for row in damaged}
    numbers = [number for number in range(1, len(frame) + len(gone) + 1) if number not in gone]
    frame = frame.set_axis(names, axis=1).set_axis(numbers, axis=0)
    require_few(name, damaged, len(frame))
    return Separated(frame, delimiter, header, tuple(damaged))


def require_columns_within(name: str, columns: int) -> None:
    """Refuse a table of more columns than are read.

    Raises:
        DataError: it has more.
    """
    if columns > MOST_COLUMNS:
        raise DataError(f"{name} has {columns:,} columns; the limit is {MOST_COLUMNS:,}.")


def _first_width(text: str, delimiter: str) -> int:
    """Return how many cells the first line has; 0 where it holds a cell that is longer than a reader of lines takes."""
    line = LINE_END.split(text.lstrip("\r\n"), maxsplit=1)[0]
    if line.count(delimiter) < MOST_COLUMNS:
        return line.count(delimiter) + 1
    try:
        return len(next(csv.reader([line], delimiter=delimiter)))
    except csv.Error:
        return 0


def guess_delimiter(text: str) -> str:
    """Return the delimiter that splits most of the first lines as it splits the header; a comma where none does."""
    lines = LINE_END.split(text, _SAMPLE_LINES)[:_SAMPLE_LINES]

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True)
            widths = [len(row) for row in rows if row]
        except csv.Error:
            return 0, 0
        header = widths[0] if widths else 0
        return (widths.count(header), header) if header > 1 else (0, 0)

    return max(DELIMITERS, key=fit)


def is_tabbed(text: str) -> bool:
    """Say whether every one of the first lines has the same number of tabs, at least one."""
    lines = [line for line in LINE_END.split(text, _SAMPLE_LINES)[:_SAMPLE_LINES] if line.strip()]
    counts = {line.count("\t") for line in lines}
    return len(lines) > 1 and len(counts) == 1 and 0 not in counts


def has_header(cells: pd.DataFrame) -> bool:
    """Say whether the first row names the columns.

    It does not where it stands over numbers and is one itself, or where a cell of it is a whole sentence.
    """
    first, rest = cells.iloc[0], cells.iloc[1 : _SAMPLE_LINES + 1]
    if any(len(str(cell)) > _LONGEST_NAME for cell in first) or len(set(first)) == 1 < len(first):
        return False
    numbers = [place for place, cell in enumerate(first) if _is_number(cell)]
    if not len(rest):
        return not numbers
    return not any(all(_is_number(cell) for cell in rest.iloc[:, place] if cell) for place in numbers)


def _is_number(cell: Any) -> bool:
    return re.fullmatch(r"[-+]?\d+([.,]\d+)?", str(cell).strip()) is not None


def _quotes_join_lines(text: str) -> bool:
    """Say whether quotes, taken as such, would make one row of several lines that are rows already: inch signs."""
    lines = [line for line in LINE_END.split(text) if line.strip()]
    if len({line.count("\t") for line in lines}) > 1:  # a cell of several lines leaves pieces of rows
        return False
    try:
        return sum(1 for row in csv.reader((f"{line}\n" for line in lines), delimiter="\t") if row) != len(lines)
    except csv.Error:
        return True


def _cells(name: str, text: str, delimiter: str, quoting: int) -> tuple[pd.DataFrame, list[Damage]]:
    """Return all cells, and the rows skipped because they have more cells than the first."""
    import pandas as pd

    try:
        return _parsed(text, delimiter, quoting), []
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError):
        whole, damaged = _whole_lines(name, text, delimiter, quoting)
    try:
        return _parsed(whole, delimiter, quoting), damaged
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataError(f"{name} cannot be read as a table: {clause(error)}.") from error


def _parsed(text: str, delimiter: str, quoting: int) -> pd.DataFrame:
    import pandas as pd

    options: dict[str, Any] = {"sep": delimiter, "dtype": str, "keep_default_na": False, "skipinitialspace": True}
    # Told of a header, pandas takes the first column of longer rows for row names, and no one would miss it.
    return pd.read_csv(io.StringIO(text), header=None, quoting=quoting, **options)


def _whole_lines(name: str, text: str, delimiter: str, quoting: int) -> tuple[str, list[Damage]]:
    """Return the text without the rows that have more cells than the first, and those rows, the first being row 0.

    Raises:
        DataError: a quote is not closed, so rows cannot be separated from there on.
    """
    lines = [f"{line}\n" for line in LINE_END.split(text)]
    rows = csv.reader(
        iter(lines),
        delimiter=delimiter,
        skipinitialspace=True,
        strict=quoting != csv.QUOTE_NONE,
        quoting=quoting,  # type: ignore[arg-type]
    )
    kept: list[str] = []
    damaged: list[Damage] = []
    width, begun, number = 0, 0, 0
    try:
        for row in rows:
            written = lines[begun : rows.line_num]
            begun = rows.line_num
            width = width or len(row)
            if len(row) > width:
                reason = f"it has {len(row)} cells, the first row {width}; quote cells that contain a delimiter"
                damaged.append(Damage(number, begun - len(written) + 1, reason, "".join(written).strip()))
            else:
                kept.extend(written)
            number += bool(row)
    except csv.Error as error:
        if "field larger" in str(error):  # a cell that the csv module takes for a mistake; pandas reads it
            return text, []
        raise DataError(
            f"{name} cannot be read as a table: line {begun + 1} has an unclosed quote, or text after a "
            "closing quote; fix that line."
        ) from error
    return "".join(kept), damaged


def unique_names(header: Sequence[Any]) -> list[str]:
    """Return one name a column: its place where it has none, and its place added where the name is taken."""
    names: list[str] = []
    for place, cell in enumerate(header, start=1):
        name = str(cell).strip() or f"column {place}"
        names.append(f"{name} (column {place})" if name in names else name)
    return names
