"""Which cells beyond the header belong to its last column, a list whose delimiters nobody quoted?"""

from __future__ import annotations

from collections.abc import Sequence

_MOST_WORDS, _LONGEST = 4, 40
"""Words and characters of an entry of a list at most: more are a piece of a sentence."""
_FEWEST_ROWS, _LOOKED_AT = 3, 1_000


def is_open_list(rows: Sequence[Sequence[str]], width: int, delimiter: str) -> bool:
    """Say whether the cells from the last column on are the entries of one list in most rows: tags, keywords, names.

    They are short and end no sentence, as many as may be: else the header lacks a name. The texts in front of them are
    quoted where they hold the delimiter, so that no cell beyond the header is a piece of these.

    Example:
        >>> is_open_list([["Late?", "No, early", *["bell"] * many] for many in (1, 2, 3, 4)], 3, ",")
        True
    """
    looked_at = rows[:: max(1, len(rows) // _LOOKED_AT)]
    longer = [row for row in looked_at if len(row) > width]
    lengths = {len(row) for row in longer}
    if width < 2 or len(longer) < _FEWEST_ROWS or 2 * len(longer) < len(looked_at) or len(lengths) < 2:
        return False
    quoted = sum(any(delimiter in cell for cell in row[: width - 1]) for row in longer)
    return 2 * quoted >= len(longer) and all(map(_is_entry, (cell for row in longer for cell in row[width - 1 :])))


def _is_entry(cell: str) -> bool:
    return len(cell) <= _LONGEST and len(cell.split()) <= _MOST_WORDS and not cell.rstrip().endswith((".", "!", "?"))


def joined(row: Sequence[str], width: int, delimiter: str) -> list[str]:
    """Return the cells of a row, those from the last column on as the one cell that they were written as."""
    return [*row[: width - 1], delimiter.join(row[width - 1 :])]
