"""Are the texts of a column nothing but numbers, as the rows of a matrix are?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ia3_studio.data.column_profile import cells_of
from ia3_studio.data.mapping import Mapping

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,4})?|nan")
_BETWEEN = re.compile(r"[\s,;|]{1,40}")
_LOOKED_AT, _LONGEST = 1000, 2000


def is_of_numbers(frame: pd.DataFrame, found: Mapping) -> bool:
    """Say whether every cell of a column of plain texts is one number or several with blanks between them.

    Sums such as "12+30=42" are texts, and so are numbers beside a single word in another row.
    """
    if found.kind != "text":
        return False
    cells = [str(cell).strip()[:_LONGEST] for cell in cells_of(frame, found.column)[:_LOOKED_AT]]
    return any(cells) and all(map(_are_numbers, cells))


def _are_numbers(cell: str) -> bool:
    parts = [part for part in _BETWEEN.split(cell) if part]
    return all(map(_NUMBER.fullmatch, parts[:-1] if len(cell) == _LONGEST else parts))
