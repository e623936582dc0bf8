"""Which texts did a reader of books mark, as a Kindle saves them in My Clippings.txt?"""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.delimiters import with_line_feeds

_END = re.compile(r"^={10}[ \t]*$", re.MULTILINE)
_CLIPPING = re.compile(r"\ufeff?([^\n]{1,400})\n- ([^\n]{1,300})\n(.*)", re.DOTALL)
"""The title of a book, where and when a text was marked in it, and the text; a bookmark has none."""
_FEWEST = 2


def clippings(text: str) -> dict[str, list[Any]] | None:
    """Return the marked texts with the titles of their books; None for other text.

    Example:
        >>> clippings("Ports (Ann)\\n- Highlight on page 1\\n\\nFog.\\n==========\\n" * 2)["text"]
        ['Fog.', 'Fog.']
    """
    found = _clippings(text)
    texts = [(said, title) for title, said in found if said]
    if len(texts) < _FEWEST:
        return None
    return {"text": [said for said, _title in texts], "book": [title for _said, title in texts]}


def clippings_note(text: str) -> tuple[str, ...]:
    """Return the sentence on what is not read of marked texts."""
    found = _clippings(text)
    marks = sum(not said for _title, said in found)
    bookmarks = f", and {marks:,} bookmarks without a text" if marks else ""
    return (f"Not used: where and when the {len(found) - marks:,} texts were marked{bookmarks}.",)


def _clippings(text: str) -> list[tuple[str, str]]:
    """Return titles and texts; nothing where a part between the marks is no clipping."""
    parts = [part.strip("\n") for part in _END.split(with_line_feeds(text)) if part.strip()]
    found = [_CLIPPING.fullmatch(f"{part}\n") for part in parts]
    whole = len(parts) >= _FEWEST and all(found)
    return [(each[1].strip(), each[3].strip()) for each in found if each] if whole else []
