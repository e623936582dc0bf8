"""Which letters name choices? Those that an alphabet begins with, as exams of each country count their choices."""

from __future__ import annotations

import re
import unicodedata

LETTERS = "abcdefgh"
"""The first of the Latin alphabet, by which those of others are called here."""
_SPACED = ("абвгдежз", "αβγδεζηθ", "אבגדהוזח", "أبجدهوزح", "ابجدهوزح")
_UNSPACED = ("กขคงจฉชซ", "甲乙丙丁戊己庚辛", "アイウエオカキク", "가나다라마바사아", "ㄱㄴㄷㄹㅁㅂㅅㅇ")
"""Alphabets of scripts with and without spaces between the words of a name."""
_LATIN = {letter: LETTERS[place] for alphabet in (*_SPACED, *_UNSPACED) for place, letter in enumerate(alphabet)}
_COUNTED = re.compile(rf"(?:(?:^|(?<=[\s_.(-]))[{''.join(_SPACED)}]|[{''.join(_UNSPACED)}])(?=\)?$)")


def letter_of(text: str) -> str:
    """Return the small Latin letter of the place that a letter has in its alphabet; any other text in small letters.

    Brackets and points around it do not count.

    Example:
        >>> letter_of("(B)"), letter_of("Б."), letter_of("ウ"), letter_of("Ｄ"), letter_of("north")
        ('b', 'b', 'c', 'd', 'north')
    """
    bare = text.strip().lower().strip("().: ")
    return _LATIN.get(bare) or unicodedata.normalize("NFKC", bare)


def with_latin_end(name: str) -> str:
    """Return the name of a column with a Latin letter at its end where one of another alphabet counts the column.

    Example:
        >>> with_latin_end("вариант б"), with_latin_end("選択肢ア"), with_latin_end("ответа")
        ('вариант b', '選択肢a', 'ответа')
    """
    return _COUNTED.sub(lambda found: _LATIN[found[0]], name)
