"""Which blanks at the end of cells belong to the delimiter behind them?"""

from __future__ import annotations

from collections.abc import Sequence

_FEWEST = 3


def strip_blank_ends(rows: Sequence[list[str]]) -> None:
    """Take the blanks from the ends of the cells of each column in which every cell has some, but the last column.

    So they belong to a delimiter such as " ~ ". Its first row may be names without blanks. Blanks that some cells have,
    and others have not, are left as they are.
    """
    widths = sorted(map(len, rows))
    width = widths[len(widths) // 2] if widths else 0
    for place in range(width - 1):
        wide = [row for row in rows if len(row) > place + 1]
        if len(wide) > _FEWEST and all(row[place].endswith(" ") for row in wide[1:]):
            for row in wide:
                row[place] = row[place].rstrip(" ")
