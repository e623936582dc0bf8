"""How is a file to be read, and what does a reader make of it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.data.decode import Encoding
from ia3_studio.data.problem import Damage

if TYPE_CHECKING:
    import pandas as pd

_NAMES_SHOWN = 12
NOT_READ = "Not read:"
"""How a note begins on sheets or files that hold none of the rows."""
ALL_SHEETS = "*"
"""In place of the name of a sheet, which cannot be that: all of them as one table."""


@dataclass(frozen=True)
class ParsingOptions:
    """How a file is to be read; what is None is detected."""

    delimiter: str | None = None
    """Such as ";", or several characters such as "::"."""
    encoding: Encoding | None = None
    header: int | None = None
    """The row that names the columns, counted from 1 without empty lines; 0 if none does."""
    sheet: str | None = None
    """The sheet of a workbook, or "*" for all of them as one table; in an archive or a folder, the file."""
    speaker: str | None = None
    """The speaker of a chat log whose messages are the answers."""
    plain: bool = False
    """Whether rows are read as they stand, even if they have the shape of an export."""
    rows: str | None = None
    """Where the rows are: the place of a list in a document, such as "scenes[].lines", the form of a text, such as
    "lines" or "questions above their answers", or how the files of a folder belong together, such as "one text per
    file"."""


@dataclass(frozen=True)
class Found:
    """What a reader makes of bytes."""

    frame: pd.DataFrame
    """Its index counts the rows from 1; a number that is missing is a row among ``damaged``."""
    form: str
    damaged: tuple[Damage, ...] = ()
    sheets: tuple[str, ...] = ()
    """The sheets of a workbook, or the tables of an archive, of which one can be chosen."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than as a row, or not at all; one sentence each."""


def numbered(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return columns as a table whose rows are counted from 1."""
    import pandas as pd

    frame = pd.DataFrame(columns, dtype=object)
    return frame.set_axis(range(1, len(frame) + 1), axis=0)


def shown_names(names: Sequence[Any]) -> str:
    """Return column names as one clause, the first dozen of them."""
    first = ", ".join(str(name) for name in names[:_NAMES_SHOWN])
    return first if len(names) <= _NAMES_SHOWN else f"{first} and {len(names) - _NAMES_SHOWN:,} more"
