"""Does a text look as if its bytes were decoded in the wrong encoding before it was saved, as "sarcÃ¡stico" does?"""

from __future__ import annotations

import re
from itertools import islice

_LOOKED_AT = 2_000_000
"""Characters at the beginning of a text that are looked at."""
_FEWEST = 3
"""Places from which on it is no single typing error."""
_AFTER = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_PAIR = re.compile(rf"(?<![A-ZÀ-ÞĐ])[ÂÃ][{_AFTER}]|â€[{_AFTER}]")
"""The bytes of a letter or a quotation mark in UTF-8, each as a character of Windows-1252 or Latin 1.

In a word of capitals, Ã may be meant, as in MANHÃ before a closing quotation mark.
"""
_WORD = re.compile(rf"[\w{_AFTER}]{{1,40}}")


def twice_encoded(text: str) -> tuple[str, ...]:
    """Return a note on letters that were encoded twice; nothing where there are none.

    Example:
        >>> twice_encoded("mañana " * 3)
        ()
        >>> twice_encoded("maÃ±ana " * 3)[0][:63]
        'Some letters seem to be encoded twice, such as maÃ±ana for maña'
    """
    found = [match.start() for match in islice(_PAIR.finditer(text[:_LOOKED_AT]), _FEWEST)]
    if len(found) < _FEWEST:
        return ()
    for word in (match for match in _WORD.finditer(text, max(0, found[0] - 40), found[0] + 40)):
        if word.start() <= found[0] < word.end() and (meant := _meant(word[0])):
            return (
                f"Some letters seem to be encoded twice, such as {word[0]} for {meant}; they are read as they are: "
                "fix the file if they look wrong in the preview.",
            )
    return ()


def _meant(word: str) -> str:
    """Return a word as it was meant; empty if its bytes are no UTF-8."""
    for codec in ("cp1252", "latin-1"):
        try:
            return word.encode(codec).decode("utf-8")
        except UnicodeError:  # the other one may hold it
            continue
    return ""
