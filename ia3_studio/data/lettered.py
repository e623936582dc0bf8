"""Which choices are in one text, each behind its letter?"""

from __future__ import annotations

import re

_LINE = re.compile(r"\s*[(\[]?([A-Za-z])[)\].:：、]\s*(\S.*)")
_FEWEST, _LETTERS = 2, "abcdefghijklmnopqrstuvwxyz"


def lettered(text: str) -> dict[str, str]:
    """Return the choices of a text by their letters, a line each, from A on; none if a line is anything else.

    Example:
        >>> lettered("A) port\\nB) starboard"), lettered("A port")
        ({'A': 'port', 'B': 'starboard'}, {})
    """
    lines = [line for line in text.split("\n") if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    choices = {each[1]: each[2].strip() for each in found if each}
    in_order = "".join(choices).lower() == _LETTERS[: len(lines)]
    return choices if len(lines) >= _FEWEST and all(found) and in_order else {}
