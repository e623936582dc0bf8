"""Which headings among questions are asked as well, and which numbers stand before all of them?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from ia3_studio.data.measurements import whole_number

_NUMBERED = re.compile(r"\(?(\d{1,4})[.):]\s+(\S.*)")
_MOSTLY = 2 / 3
"""Share of the headings between the first and the last question that must ask, so that all are asked."""


def among_questions(
    heads: Sequence[tuple[int, str, str] | None], lines: Sequence[str], level: int, asks: Callable[[str], bool]
) -> set[int]:
    """Return the places of the headings that stand among questions, on their level, and have a text right below.

    So "Sound is missing" is asked between "Is it free?" and "Where is it stored?". Titles of sections stand above
    other headings, and what stands before the first or behind the last question is no part of these.

    Args:
        heads: the level, the text and what follows it in its line, of each line that is a heading.
    """
    placed = [(place, head) for place, head in enumerate(heads) if head and head[0] <= level]
    asked = [place for place, head in placed if head[0] == level and asks(head[1])]
    between = [place for place, head in placed if head[0] == level and asked and asked[0] <= place <= asked[-1]]
    if len(asked) < _MOSTLY * len(between):
        return set()
    found = {*asked}
    ends = {place: after for (place, _head), (after, _next) in pairwise(placed)}
    return {
        place for place in between
        if place not in found and any(map(str.strip, lines[place + 1 : ends.get(place, len(lines))]))
    }  # fmt: skip


def without_numbers(asked: Sequence[str]) -> list[str]:
    """Return questions without the numbers before them, where all have one that counts on.

    Example:
        >>> without_numbers(["1. Late?", "2. Full?", "4. Cold?"])
        ['Late?', 'Full?', 'Cold?']
    """
    found = [_NUMBERED.fullmatch(each) for each in asked]
    counted = [whole_number(each[1]) or 0 for each in found if each]
    if len(counted) < len(asked) or not all(one < other for one, other in pairwise(counted)):
        return [*asked]
    return [each[2] for each in found if each]
