"""Which texts are in a file that is nothing but texts in quotes, some of them over several lines?"""

from __future__ import annotations

import csv
from typing import Any

from ia3_studio.data.delimiters import with_line_feeds

_FEWEST = 2
"""Texts from which on a file can be one of them."""


def quoted_texts(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of a column without a name, each in quotes, at least one over several lines; None otherwise.

    Example:
        >>> quoted_texts('"User: Hi\\n\\nBot: Ahoy"\\n"User: Who?\\n\\nBot: Ann"')["text"][1]
        'User: Who?\\n\\nBot: Ann'
    """
    text = text.strip()
    if not (text.startswith('"') and text.endswith('"')):
        return None
    try:
        rows = [row for row in csv.reader(with_line_feeds(text).splitlines(keepends=True), strict=True) if row]
    except csv.Error:
        return None
    texts = [cells[0] for cells in rows]
    marks = 2 * len(rows) + 2 * sum(each.count('"') for each in texts)
    if len(rows) < _FEWEST or any(len(cells) > 1 for cells in rows) or text.count('"') != marks:
        return None
    return {"text": texts} if any("\n" in each for each in texts) else None
