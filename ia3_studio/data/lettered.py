"""Which choices are in one text, each behind its letter, or with a sign between them?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ia3_studio.data.choice_letters import letter_of

_LINE = re.compile(r"\s*[(\[]?([^\W\d_])[)\].:：、]\s*(\S.*)")
_INSIDE = re.compile(r"(?:^|(?<=[\s,;|]))[(\[]?([^\W\d_])\s?[)\].:：、]\s*")
"""A letter before a choice where these stand in one line."""
_FEWEST, _FEWEST_IN_LINE, _LETTERS = 2, 3, "abcdefghijklmnopqrstuvwxyz"
_SIGNS = "||", "|", "\n", ";"
"""Signs between choices, the surest first."""


def lettered(text: str) -> dict[str, str]:
    """Return the choices of a text by their letters, from A on, a line each or at least three in one line; or none.

    Example:
        >>> lettered("A) port\\nB) starboard"), lettered("a ) 3 , b ) 4 , c ) 5"), lettered("A port")
        ({'A': 'port', 'B': 'starboard'}, {'a': '3', 'b': '4', 'c': '5'}, {})
    """
    lines = [line for line in text.split("\n") if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    choices = {each[1]: each[2].strip() for each in found if each}
    if len(lines) >= _FEWEST and all(found) and _are_in_order(list(choices), len(lines)):
        return choices
    before, *parts = _INSIDE.split(text)
    letters, texts = parts[::2], [part.strip(" \t\n,;|") for part in parts[1::2]]
    in_line = not before.strip() and len(letters) >= _FEWEST_IN_LINE and all(texts)
    return dict(zip(letters, texts, strict=True)) if in_line and _are_in_order(letters, len(letters)) else {}


def _are_in_order(letters: Sequence[str], count: int) -> bool:
    return "".join(map(letter_of, letters)) == _LETTERS[:count]


def joined_choices(text: str) -> list[str]:
    """Return the choices of a text with a sign between them; none where there is no such sign.

    Example:
        >>> joined_choices("port|starboard"), joined_choices("port; starboard"), joined_choices("port, starboard")
        (['port', 'starboard'], ['port', 'starboard'], [])
    """
    text = text.strip(" \n|;")
    sign = next((each for each in _SIGNS if each in text), None)
    parts = [part.strip() for part in text.split(sign)] if sign else []
    return [part for part in parts if part or sign != "\n"]
