"""How many characters have the texts in a value of JSON, and do some values of a document have most of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def hold_most(document: Mapping[str, Any], values: Sequence[Any], times: int) -> bool:
    """Say whether some values of a document have so many times as many characters in their texts as all others."""
    needed = times * text_length(document, frozenset(map(id, values)))
    for each in values:
        if needed <= 0:
            return True
        needed -= text_length(each)
    return needed <= 0


def text_length(value: Any, without: frozenset[int] = frozenset()) -> int:
    """Return the characters of the texts in a value, which was read without too many brackets inside each other."""
    length, left = 0, [value]
    while left:
        each = left.pop()
        length += len(each) if isinstance(each, str) else 0
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
        left += [one for one in inner if id(one) not in without] if without else inner
    return length
