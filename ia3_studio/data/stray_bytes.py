"""Are the few bytes outside ASCII of a text damage, rather than letters or signs of an older encoding?"""

from __future__ import annotations

import re
import unicodedata

from ia3_studio.data.legacy_encodings import LegacyEncoding, text_of_words, words_outside_ascii

_HIGH = re.compile(rb"[\x80-\xff]")
_LETTERS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýœšžßăąćčďęěğłńňőřśşťůűźż")
"""Letters of Latin script with accents that everyday words have."""
_INSIDE = frozenset("’–—-·")
"""Signs that stand between two letters."""
_SIGNS = _INSIDE | frozenset("“”‘„…«»°©®™§•‹›\u00a0¿¡½¼¾²³±×µ")
"""Signs that people write in plain texts."""


def is_stray(data: bytes, codec: str) -> bool:
    """Say whether a text has one byte outside ASCII, which is no letter or sign that could stand in its place.

    A letter is an everyday one, a capital not behind a small one; a currency next to a figure; a quotation
    mark not between two letters. Letters of two bytes do not stand alone in a text of ASCII.
    """
    found = _HIGH.search(data)
    if not found or _HIGH.search(data, found.end()):
        return False
    place = found.start()
    before, after = (each.decode("ascii") for each in (data[max(place - 2, 0) : place], data[place + 1 : place + 3]))
    try:
        sign = data[place : place + 1].decode(codec)
    except UnicodeDecodeError:
        return True
    if sign.isalpha():
        return not _is_letter_between(before[-1:], sign, after[:1])
    if unicodedata.category(sign) == "Sc":
        return not (before.strip()[-1:].isdigit() or after.strip()[:1].isdigit())
    between_letters = before[-1:].isalpha() and after[:1].isalpha()
    return sign not in _SIGNS or (between_letters and sign not in _INSIDE)


def _is_letter_between(before: str, letter: str, after: str) -> bool:
    """Say whether an everyday letter stands alone, or between letters as large and small ones follow each other."""
    is_odd = (letter.isupper() and before.islower()) or (letter.islower() and after.isupper())
    return letter.lower() in _LETTERS and not is_odd


_WITH_DRAWINGS = frozenset(("IBM850", "IBM866", "KOI8-R"))
"""Encodings in which bytes that are no letters are signs to draw with, so that hardly a text has these alone."""


def are_drawings(data: bytes, encoding: LegacyEncoding, codec: str) -> bool:
    """Say whether no letter stands among the bytes outside ASCII of a text, in an encoding with signs to draw with."""
    if encoding not in _WITH_DRAWINGS:
        return False
    text = text_of_words(words_outside_ascii(data), codec)
    return not any(letter.isalpha() and not letter.isascii() for letter in text)
