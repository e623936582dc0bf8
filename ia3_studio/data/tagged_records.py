"""Which rows are in a text that is nothing but elements one after the other, such as a question and its answer?"""

from __future__ import annotations

import re
from typing import Any

_BEGIN = re.compile(r"\s*<([A-Za-z][\w-]{0,40})>")
_FEWEST = 3
"""Rows from which on it is a table."""


def tagged_records(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of elements without attributes, a column for each name; None for any other text.

    The names come again in the same order: ``<q>Late?</q><a>No.</a><q>Full?</q><a>Yes.</a>``.

    Example:
        >>> tagged_records("<q>Late?</q>\\n<a>No.</a>\\n" * 3)["a"]
        ['No.', 'No.', 'No.']
    """
    found: list[tuple[str, str]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        begun = _BEGIN.match(text, place)
        closing = f"</{begun[1]}>" if begun else ""
        close = text.find(closing, begun.end()) if begun else -1
        if begun is None or close < 0:
            return None
        inner = text[begun.end() : close]
        if f"<{begun[1]}>" in inner:
            return None
        found.append((begun[1], inner.strip()))
        place = close + len(closing)
    names = list(dict.fromkeys(name for name, _inner in found))
    rows, left = divmod(len(found), max(1, len(names)))
    is_table = len(names) > 1 and rows >= _FEWEST and not left and [name for name, _inner in found] == names * rows
    if not is_table:
        return None
    return {name: [inner for _name, inner in found[at :: len(names)]] for at, name in enumerate(names)}
