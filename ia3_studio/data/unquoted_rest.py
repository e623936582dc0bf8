"""To which of two columns do delimiters belong that nobody quoted? To the text, where the other column is a name."""

from __future__ import annotations

from collections.abc import Sequence

_NAME_WORDS, _NAME_LENGTH, _TEXT_WORDS = 6, 60, 4
"""Most words and characters of a name or label, and mean words of a text."""
_FEWEST_ROWS, _MOST_LONG = 4, 0.9
"""Rows that tell, and the share of longer ones among them at most: else the header lacks names."""


def text_column(rows: Sequence[Sequence[str]]) -> int | None:
    """Return which of two columns, 0 or 1, the further cells of longer rows belong to; None where it cannot be told.

    The first column has names, terms or labels, and the second texts; or the second has labels that come again and
    again, in longer rows as well, and the first texts.

    Example:
        >>> rows = [["Bow", "The front of a ship"], ["Stern", "The back of a ship", "where the rudder is"]]
        >>> text_column([*rows, ["Helm", "What steers a ship"], ["Keel", "The bottom of a ship"]])
        1
    """
    longer = [row for row in rows if len(row) > 2]
    usual = [row for row in rows if len(row) == 2]
    if (
        len(rows) < _FEWEST_ROWS
        or not longer
        or len(longer) > _MOST_LONG * len(rows)
        or len(rows) > len(usual + longer)
    ):
        return None
    labels = {row[-1].strip() for row in usual}
    if 2 * len(labels) <= len(usual) and all(map(_is_name, labels)):
        fits = {row[-1].strip() for row in longer} <= labels and _are_texts([" ".join(row[:-1]) for row in rows])
        return 0 if fits else None
    are_names = all(_is_name(row[0]) for row in rows) and _are_texts([" ".join(row[1:]) for row in rows])
    return 1 if are_names and all("".join(row[1:]).strip() for row in longer) else None


def _is_name(cell: str) -> bool:
    return bool(cell.strip()) and len(cell) <= _NAME_LENGTH and len(cell.split()) <= _NAME_WORDS


def _are_texts(cells: Sequence[str]) -> bool:
    return sum(len(cell.split()) for cell in cells) >= _TEXT_WORDS * len(cells)


def joined_text(written: str, delimiter: str, column: int) -> list[str]:
    """Return the two cells of a row as it is written, all further delimiters inside one of them."""
    one, _sign, other = written.partition(delimiter) if column else written.rpartition(delimiter)
    return [one.strip(), other.strip()]
