"""Which lines around a book are the license of the library that gives it away?"""

from __future__ import annotations

import re

_EBOOK = r"(?:THE|THIS) PROJECT GUTENBERG E(?:BOOK|TEXT)"
_BEGIN = re.compile(rf"^\*{{3}}\s?START OF {_EBOOK}[^*\n]{{0,300}}\*{{3}}[^\S\n]*$", re.MULTILINE)
_END = re.compile(rf"^(?:\*{{3}}\s?END OF {_EBOOK}|End of (?:the )?Project Gutenberg)", re.MULTILINE)
_WITHIN = 20_000
"""Letters within which a book begins."""


def without_license(text: str, plain: bool = False) -> tuple[str, tuple[str, ...]]:
    """Return a text without what Project Gutenberg writes above and below a book, and the sentence on this.

    Args:
        plain: whether all is to be read as it is.

    Example:
        >>> begin, end = (f"*** {word} OF THE PROJECT GUTENBERG EBOOK KNOTS ***" for word in ("START", "END"))
        >>> without_license(f"Title: Knots\\n{begin}\\nTie it.\\n{end}\\nFree.")
        ('Tie it.', ('Not used: 4 lines of Project Gutenberg around the book.',))
    """
    begin = None if plain else _BEGIN.search(text, 0, _WITHIN)
    if not begin:
        return text, ()
    end = _END.search(text, begin.end())
    book = text[begin.end() : end.start() if end else len(text)].strip()
    around = f"{text[: begin.end()]}\n{text[end.start() :] if end else ''}"
    outside = sum(bool(line.strip()) for line in around.split("\n"))
    return (book, (f"Not used: {outside:,} lines of Project Gutenberg around the book.",)) if book else (text, ())
