"""Were the cells of a printed table cut off? Programs that show a table do so, with dots at the end of long cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.errors import DataError

_DOTS = re.compile(r"\.{2,3}|…|⋮|·{1,3}")
_ENDS = ("...", "…")
_FEWEST_CUT, _SHORTEST_CUT, _SHARE_CUT = 3, 10, 0.1


def require_whole_cells(name: str, rows: Sequence[Sequence[str | None]]) -> None:
    """Refuse a table that was printed with its long cells, or its rows in the middle, cut off.

    Args:
        name: of the file.
        rows: the cells, as they were printed.

    Raises:
        DataError: a row has nothing but dots, or dots end cells that are the longest of their column, all equally long.
    """
    if any(row and all(_DOTS.fullmatch(cell or "") for cell in row) for row in rows):
        raise DataError(_sentence(name, "rows in its middle, where a row of dots stands"))
    for at in range(max(map(len, rows), default=0)):
        cells = [cell for row in rows if at < len(row) and (cell := row[at])]
        cut = [cell for cell in cells if cell.endswith(_ENDS)]
        longest = max(map(len, cells), default=0)
        if len(cut) < max(_FEWEST_CUT, _SHARE_CUT * len(cells)) or longest < _SHORTEST_CUT:
            continue
        if all(longest - len(cell) <= 1 for cell in cut):
            raise DataError(_sentence(name, f"the end of {len(cut):,} long cells, which end with dots"))


def _sentence(name: str, what: str) -> str:
    return (
        f"{name} is a table as a program shows it, without {what}; save the table itself, as pandas does with to_csv "
        "or to_json and a database with an export to CSV, or choose plain rows under Shape to take it as it is."
    )
