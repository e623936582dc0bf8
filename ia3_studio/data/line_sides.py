"""Which two sides do lines have on either side of one sign, such as terms and what they mean?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import lines_of

_SURE = ("####", "###", "~", "^", "§", "¦", " = ")
"""Signs that hardly stand in texts."""
_LOOSE = (" - ", " – ", " — ", ": ")
"""Signs that stand in texts as well: what is before them must be a term or a question."""
_FEWEST, _FEWEST_LOOSE, _MOSTLY = 8, 10, 0.98
_DIFFERENT, _WORDS = 0.9, 4
"""Share of the terms that differ, and the most words of one."""


_LETTER = re.compile(r"[^\W\d_]")
_SETTING = re.compile(r"[A-Za-z]\w*[\d_.-][\w.-]*")
"""The name of a setting of a program: one word with signs or figures in it."""


def two_sides(text: str) -> dict[str, list[Any]] | None:
    """Return both sides of lines nearly all of which have a sign once; None for other text.

    Example:
        >>> two_sides("\\n".join(f"Berth {n}? ~ At pier {n}." for n in range(8)))["answer"][0]
        'At pier 0.'
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < _FEWEST or "\t" in text:
        return None
    for sign in (*_SURE, *_LOOSE):
        if lines[0].count(sign) != 1:
            continue
        sides = [(one.strip(), other.strip()) for one, _sign, other in (line.partition(sign) for line in lines)]
        if 2 * sum(_SETTING.fullmatch(one) is not None for one, _other in sides) > len(sides):
            return None
        once = sum(line.count(sign) == 1 for line in lines)
        if all(map(all, sides)) and once >= _MOSTLY * len(lines) and (sign in _SURE or _are_terms(sides)):
            return {"prompt": [one for one, _other in sides], "answer": [other for _one, other in sides]}
    return None


def _are_terms(sides: Sequence[tuple[str, str]]) -> bool:
    """Say whether what stands before a sign are terms or questions, each its own, and no names of speakers.

    What stands behind is longer on the whole, or words only, as in a list of words in two languages; no amounts.
    """
    terms = [one for one, _other in sides]
    if 2 * sum(_LETTER.search(term) is not None for term in terms) <= len(terms):
        return False  # times, or addresses of a log
    short = all(len(term.split()) <= _WORDS or term.endswith("?") for term in terms)
    ask = all(term.endswith("?") for term in terms)
    longer = ask or sum(map(len, (other for _one, other in sides))) >= sum(map(len, terms))
    longer = longer or all(len(other.split()) <= _WORDS and other[0].isalpha() for _one, other in sides)
    different = len(terms) >= _FEWEST_LOOSE and len({*terms}) >= _DIFFERENT * len(terms)
    return short and longer and different
