"""Which objects of JSON are whole where the text ends in the middle: a download that was cut off?"""

from __future__ import annotations

import json
import re
from typing import Any

from ia3_studio.data.problem import Damage

CUT_OFF = "the file ends in the middle, so it may have been cut off"
_BETWEEN = re.compile(r"[\s,]*")
_OPENING = re.compile(r"\s*\[?\s*")
_LONGEST_WORD = 6
"""Letters of true, false, null or an escape that may be cut."""


def whole_objects(text: str) -> tuple[list[dict[str, Any]], Damage] | None:
    """Return the objects of an array, or one after the other, before a last one that is cut off, and that one.

    Example:
        >>> whole_objects('[{"a": 1}, {"a": 2}, {"a')[0]
        [{'a': 1}, {'a': 2}]
        >>> whole_objects('[{"a": 1} {"a" 2}]') is None
        True
    """
    decoder, found = json.JSONDecoder(), list[dict[str, Any]]()
    opening = _OPENING.match(text)
    place = opening.end() if opening else 0
    while place < len(text):
        try:
            value, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError as error:
            cut = Damage(len(found) + 1, text.count("\n", 0, place) + 1, CUT_OFF, text[place:].strip())
            return (found, cut) if found and ends_early(text, error) else None
        except RecursionError:
            return None
        if not isinstance(value, dict):
            return None
        found.append(value)
        between = _BETWEEN.match(text, end)
        place = between.end() if between else end
    return None


def objects_without_commas(text: str) -> list[dict[str, Any]]:
    """Return the objects of a whole array between which commas are missing; none for anything else.

    Example:
        >>> objects_without_commas('[{"a": 1} {"a": 2}]')
        [{'a': 1}, {'a': 2}]
    """
    decoder, found = json.JSONDecoder(), list[dict[str, Any]]()
    bare = text.strip()
    place = 1
    while bare[:1] == "[":
        between = _BETWEEN.match(bare, place)
        place = between.end() if between else place
        if place == len(bare) - 1 and bare[place] == "]":
            return found
        try:
            value, place = decoder.raw_decode(bare, place)
        except (ValueError, RecursionError):
            break
        if not isinstance(value, dict):
            break
        found.append(value)
    return []


def ends_early(text: str, error: json.JSONDecodeError) -> bool:
    """Say whether JSON is invalid because the text ends: within a text, or where anything else had to follow."""
    bare = text.strip()
    if bare[-1:] == {"[": "]", "{": "}"}.get(bare[:1]):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - _LONGEST_WORD
