"""What are the words in the name of a column, and which columns have one of some names?

A name says a part if one of its words does; a German or Dutch compound by its end ("Kundenfrage"), a name without
spaces between its words, as in Chinese or Japanese, anywhere in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_PREFIX = re.compile(r"[a-z](?=[A-Z][a-z])")
"""A letter for the kind of a value before its name, as in sQuestion."""
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_UNSPACED = re.compile(r"[\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
_LETTERS = {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"}
"""Letters that are no others with an accent, and how they are written without them."""
_SHORTEST_END = 5
"""Letters of a word that may end a compound."""
_ENDING = re.compile(r"(?<=\w{4})s?(?:text|texte|tekst|beschreibung|meldung|feld)$")
"""What a compound such as "Störungstext" is without."""


def folded(name: str) -> str:
    """Return a name without accents, its case as it is: "Réponse" is "Reponse"."""
    for letter, plain in _LETTERS.items():
        name = name.replace(letter, plain)  # translate() takes ten times as long for a page of text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", name)))


def word_list(text: str) -> frozenset[str]:
    """Return words that may stand in names of columns, written with blanks between them."""
    return frozenset(folded(text).casefold().split())


def is_unspaced(word: str) -> bool:
    """Say whether a word is of a script that has no spaces between words."""
    return _UNSPACED.search(word) is not None


def name_words(name: str) -> list[str]:
    """Return the words of a column's name in lower case and without accents.

    Example:
        >>> name_words("airline_sentiment"), name_words("airlineSentiment"), name_words("Réponse 2")
        (['airline', 'sentiment'], ['airline', 'sentiment'], ['reponse', '2'])
    """
    return list(_cached_words(name))


@lru_cache(4_000)
def _cached_words(name: str) -> tuple[str, ...]:
    plain = folded(name)
    plain = _PREFIX.sub("", plain, count=1) if _PREFIX.match(plain) else plain
    return tuple(part for word in _WORDS.findall(plain) for part in _parts(word))


def _parts(word: str) -> tuple[str, ...]:
    """Return a word in lower case, one in capitals as two where its end is short for a word, as in COMPDESC."""
    found = _SHORTENED.fullmatch(word)
    return (found[1].casefold(), _FULL[found[2]]) if found else (word.casefold(),)


_FULL = {"DESC": "description", "DESCR": "description", "TXT": "text"}
_SHORTENED = re.compile(rf"([A-Z]+?)({'|'.join(_FULL)})")


@lru_cache(20_000)
def says(name: str, words: frozenset[str]) -> bool:
    """Say whether a word of a column's name is one of some words.

    Example:
        >>> says("Kundenfrage", frozenset(("frage",))), says("context", frozenset(("text",)))
        (True, False)
    """
    unspaced, phrases, ends = _kinds(words)
    if any(each in name for each in unspaced) or any(
        f" {each} " in f" {' '.join(_cached_words(name))} " for each in phrases
    ):
        return True
    return any(
        word in words or (len(word) > _SHORTEST_END and (_is_compound(word, ends) or _ENDING.sub("", word) in words))
        for word in _cached_words(name)
    )


def _is_compound(word: str, ends: tuple[str, ...]) -> bool:
    """Say whether a word ends with one of others behind a word of its own, as "instance" does not with "stance"."""
    return word.endswith(ends) and any(word.endswith(end) and len(word) >= len(end) + _SHORTEST_START for end in ends)


_SHORTEST_START = 3
"""Letters of the first word of a compound."""


def says_last(name: str, words: frozenset[str]) -> bool:
    """Say whether the last word of a column's name is one of some words."""
    _unspaced, phrases, _ends = _kinds(words)
    ends_so = any(f" {' '.join(_cached_words(name))}".endswith(f" {each}") for each in phrases)
    return ends_so or says((name_words(name) or [""])[-1], words)


@lru_cache(200)
def _kinds(words: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return what is written without spaces between words, what has several words, and what may end a compound."""
    unspaced = tuple(filter(is_unspaced, words))
    phrases = tuple(word.replace("_", " ") for word in words if "_" in word)
    others = words - {*unspaced} - {word for word in words if "_" in word}
    return unspaced, phrases, tuple(word for word in others if len(word) >= _SHORTEST_END)


def named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the columns that have one of the names, whatever their case and punctuation, in the order of the names."""
    by_name = {bare_name(column): column for column in reversed(columns)}
    found = (by_name.get(bare_name(name)) for name in names)
    return list(dict.fromkeys(name for name in found if name is not None))


def bare_name(name: str) -> str:
    """Return a column's name in lower case, without spaces and punctuation; a name of nothing else as it is.

    Example:
        >>> bare_name("Correct answer(s)"), bare_name("correct_answers")
        ('correctanswers', 'correctanswers')
    """
    return re.sub(r"[\W_]+", "", name.casefold()) or name.strip().casefold()
