"""How is a large file of JSON lines or Parquet read one block of rows after the other?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.json_rows import read_json_lines
from ia3_studio.data.parsing import Found
from ia3_studio.data.problem import Damage, require_few_damaged
from ia3_studio.data.table import ParsingOptions, Table, recognized_parts
from ia3_studio.data.text_blocks import encoding_of, text_blocks
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

LINES, PARQUET = (".jsonl", ".ndjson"), ".parquet"


def require_readable(path: Path) -> None:
    """Refuse one array, which would have to be read whole.

    Raises:
        DataError: the file is one, or may not be read.
    """
    try:
        with path.open("rb") as file:
            begun = file.read(64)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); check the path and its permissions.") from error
    if begun.lstrip().startswith(b"[") and path.suffix.lower() in LINES:
        raise DataError(
            f"{path.name} is one JSON array of {path.stat().st_size / 2**20:,.0f} MB; write one object per "
            "line (JSON Lines), which is read in parts."
        )


def share_of(path: Path, rows: int, head_bytes: int) -> float:
    """Return which share of a file so many rows are, which a beginning of so many bytes held."""
    if path.suffix.lower() == PARQUET:
        return min(rows / max(int(open_parquet(path).metadata.num_rows), 1), 1.0)
    with path.open("rb") as file:
        lines = file.readlines(head_bytes)
    return min(sum(map(len, lines)) / path.stat().st_size, 1.0)


def blocks(path: Path, parsing: ParsingOptions, size: int, rows: int) -> Iterator[Table]:
    """Yield the rows of a file as tables in the shape they have; ``size`` bytes of lines or ``rows`` rows each."""
    return recognized_parts(path.name, _plain_blocks(path, parsing, size, rows), parsing)


def _plain_blocks(path: Path, parsing: ParsingOptions, size: int, rows: int) -> Iterator[Table]:
    """Yield the rows of a file as they stand, numbered through."""
    if path.suffix.lower() == PARQUET:
        yield from _parquet_blocks(path, rows)
        return
    row = line = 1
    damaged = _Damaged(path.name)
    encoding = encoding_of(path, parsing.encoding)
    for decoded, lines in text_blocks(path, encoding, size):
        frame, broken = read_json_lines(path.name, decoded.text, first_row=row, first_line=line, is_part=True)
        row += len(frame) + len(broken)
        found = with_encoding_facts(path.name, Found(frame, "", broken), [decoded], before=line - 1)
        line += lines
        damaged.add(found)
        problems = tuple(each.problem for each in found.damaged)
        yield Table(found.frame, f"JSON Lines, {encoding}", "", problems, notes=found.notes)


class _Damaged:
    """The number of damaged rows in the blocks of a file; a last block of few rows counts with those before it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.first: Damage | None = None
        self.damaged = self.whole = 0

    def add(self, found: Found) -> None:
        """Count the rows of a block.

        Raises:
            DataError: more rows are damaged than may be skipped.
        """
        self.damaged += len(found.damaged)
        self.whole += len(found.frame)
        self.first = self.first or next(iter(found.damaged), None)
        if self.first:
            require_few_damaged(self.name, self.first, self.damaged, self.whole)


def _parquet_blocks(path: Path, rows: int) -> Iterator[Table]:
    first = 1
    for batch in open_parquet(path).iter_batches(batch_size=rows):
        frame = batch.to_pandas()
        yield Table(frame.set_axis(range(first, first + len(frame)), axis=0), "Parquet", "")
        first += len(frame)


def open_parquet(path: Path) -> ParquetFile:
    """Open a Parquet file.

    Raises:
        DataError: it is none.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet: {error}.") from error
