"""Which scripts have no spaces between words? Chinese, Japanese, Thai and similar, decided per character."""

from __future__ import annotations

import unicodedata

import regex

UNSPACED = (
    r"\p{Script_Extensions=Han}\p{Script_Extensions=Hiragana}\p{Script_Extensions=Katakana}"
    r"\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Javanese}\p{Script=Balinese}"
    r"\p{Script=Tai_Le}\p{Script=New_Tai_Lue}\p{Script=Tai_Tham}\p{Script=Tai_Viet}\p{Script=Bopomofo}\p{Script=Yi}"
)
"""Scripts written without spaces between words; for the body of a character class."""
_LETTER = r"\p{L}\p{M}\p{N}\u200c\u200d"
"""What a word is made of: letters with their marks (vowel signs, accents), numbers, and the joiners between them."""
_WORD = regex.compile(
    rf"(?:(?=[{UNSPACED}])[\p{{L}}\p{{N}}](?:\p{{M}}|[ะาำๅຳະາ])*)|(?![{UNSPACED}])[\p{{L}}\p{{N}}](?:(?![{UNSPACED}])[{_LETTER}])*",
    regex.VERSION1,
)
_LABELED = regex.compile(
    rf"(?=[{UNSPACED}])[\p{{L}}\p{{N}}](?:\p{{M}}|[ะาำๅຳະາ])*"
    rf"|(?![{UNSPACED}])[\p{{L}}\p{{N}}_](?:(?![{UNSPACED}])[{_LETTER}_])*"
    rf"|(?![\s\p{{Z}}\p{{Cc}}\p{{Cf}}])\X",
    regex.VERSION1,
)
_BARE = regex.compile(rf"[{UNSPACED}]", regex.VERSION1)


def words_of(text: str) -> list[str]:
    """Return the words of a text in any script, lower case; where no space parts words, each letter with its marks.

    Full-width and half-width forms count as the same, and so do composed and decomposed letters.
    """
    return list(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def word_places(text: str) -> list[tuple[int, int]]:
    """Return where the words of a text begin and end; punctuation marks and symbols are words of their own.

    Where no space parts words, each letter with its marks is one. Blanks and characters that are not shown are in none.

    Example:
        >>> [("Oslo, 5 km"[start:end]) for start, end in word_places("Oslo, 5 km")]
        ['Oslo', ',', '5', 'km']
    """
    return [(found.start(), found.end()) for found in _LABELED.finditer(text)]


def is_unspaced(letter: str) -> bool:
    """Say whether a letter belongs to a script without spaces between words."""
    return bool(_BARE.match(letter))
