"""Which rows are in a text of one long line? Parts that end with a sentence, as of one row nothing can be held out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = 1_000
"""Characters of a part at least; a text of fewer than two parts stays whole."""
_LONGEST = 4 * _PART
"""Characters after which a part ends at a blank, or anywhere if there is none."""
_END = re.compile(r"[.!?…۔।][\"'”’»)\]]*(?=\s)|[。！？][”’」』）]*")
"""The end of a sentence."""


def parts_of(text: str) -> list[str]:
    """Return the parts of a text in their order, each ending with a sentence where one ends in time.

    Example:
        >>> parts_of("Short."), [len(part) for part in parts_of("A sentence of some words. " * 100)]
        (['Short.'], [1013, 1013, 571])
    """
    return [part for part in map(str.strip, _parts(text)) if part] if len(text) >= 2 * _PART else [text]


def _parts(text: str) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = _end_of_part(text, begin)
        yield text[begin:end]
        begin = end


def _end_of_part(text: str, begin: int) -> int:
    """Return where the part ends that begins somewhere."""
    latest = begin + _LONGEST
    if found := _END.search(text, begin + _PART, latest):
        return found.end()
    if latest >= len(text):
        return len(text)
    blank = text.rfind(" ", begin + _PART, latest)
    return blank + 1 if blank > 0 else latest


def single_note(text: str, parts: int) -> str:
    """Return what is said of a text that is read in parts."""
    return f"The text is one line of {len(text):,} characters; it is read in {parts:,} parts, which end with sentences."
