"""What are the words in the name of a column, and which columns have one of some names?

A name says a part if one of its words does; a German or Dutch compound by its end ("Kundenfrage"), a name without
spaces between its words, as in Chinese or Japanese, anywhere in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon.concepts import all_words, words_for

_PREFIX = re.compile(r"[a-z](?=[A-Z][a-z])")
"""A letter for the kind of a value before its name, as in sQuestion."""
_MARKS = r"\u0900-\u0963\u0970-\u0e3a\u0e47-\u0e4e\u0eb0-\u0ecd\u102b-\u103e\u17b4-\u17d3"
_WORDS = re.compile(rf"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|(?:[^\W\d_A-Za-z]|[{_MARKS}])+")
"""Words; in scripts of India and its neighbors, signs for vowels are no letters and stand inside a word."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_HEAD_LAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts in which what describes a noun stands before it, so that the last word says what a name is."""
UNNAMED = re.compile(r"column (\d+)")
"""Columns that the header gives no name."""
_SHORTEST_END = 5
"""Letters of a word that may end a compound."""
_ENDING = re.compile(r"(?<=\w{4})s?(?:text|texte|tekst|beschreibung|meldung|feld)$")
"""What a compound such as "Störungstext" is without."""


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
    found = _cached_words(name)
    if any(_is_one(word, words) for word in found):
        return True
    return any(
        "_".join(found[start:end]) in words
        for start in range(len(found) - 1)
        for end in range(start + 2, min(start + _WORDS_OF_A_PHRASE, len(found)) + 1)
    )


_WORDS_OF_A_PHRASE = 4


def _is_one(word: str, words: frozenset[str]) -> bool:
    """Say whether a word is one of some, ends with one of them, or is without spaces and has one of them inside."""
    if word in words:
        return True
    if is_unspaced(word):
        return not words.isdisjoint(_terms(word)) or any(term in word for term in _unlisted(words))
    return len(word) > _SHORTEST_END and (_is_compound(word, words) or _ENDING.sub("", word) in words)


def _is_compound(word: str, words: frozenset[str]) -> bool:
    """Say whether a word ends with one of others behind a word of its own, as "instance" does not with "stance"."""
    return any(word[start:] in words for start in range(_SHORTEST_START, len(word) - _SHORTEST_END + 1))


_SHORTEST_START = 3
"""Letters of the first word of a compound."""


def says_last(name: str, words: frozenset[str]) -> bool:
    """Say whether the last word of a column's name is one of some words; in Thai and the like, any word.

    Example:
        >>> says_last("问题类型", frozenset(("问题",))), says_last("问题内容", frozenset(("问题",)))
        (False, True)
    """
    found = _cached_words(name)
    if any("_".join(found[-count:]) in words for count in range(2, _WORDS_OF_A_PHRASE + 1)):
        return True
    last = found[-1] if found else ""
    if not _HEAD_LAST.search(last):
        return says(last, words)
    terms = [term for term in _terms(last) if term in words or term not in words_for("text")]
    return bool(terms and terms[-1] in words) or any(last.endswith(term) for term in _unlisted(words))


def is_one_word(name: str, words: frozenset[str]) -> bool:
    """Say whether a name is one of some words and nothing else.

    Example:
        >>> is_one_word("Antwort", frozenset(("antwort",))), is_one_word("short answer", frozenset(("answer",)))
        (True, False)
    """
    return len(_cached_words(name)) == 1 and says(name, words)


def says_first(name: str, words: frozenset[str]) -> bool:
    """Say whether a name begins with one of some words.

    Example:
        >>> says_first("Respuesta del agente", frozenset(("respuesta",)))
        True
    """
    found = _cached_words(name)
    if any("_".join(found[:count]) in words for count in range(1, _WORDS_OF_A_PHRASE + 1)):
        return True
    return bool(found) and is_unspaced(found[0]) and not words.isdisjoint(_terms(found[0])[:1])


@lru_cache(4_000)
def _terms(word: str) -> tuple[str, ...]:
    """Return the words of the lexicon in one without spaces, the longest at each place."""
    listed, longest = _unspaced_words()
    terms, place = [], 0
    while place < len(word):
        ends = range(min(place + longest, len(word)), place, -1)
        end = next((end for end in ends if word[place:end] in listed), 0)
        if end:
            terms.append(word[place:end])
        place = end or place + 1
    return tuple(terms)


@cache
def _unspaced_words() -> tuple[frozenset[str], int]:
    """Return the words of the lexicon in scripts without spaces, and the letters of the longest."""
    words = frozenset(filter(is_unspaced, all_words()))
    return words, max(map(len, words))


@lru_cache(200)
def _unlisted(words: frozenset[str]) -> tuple[str, ...]:
    """Return the words without spaces between them that are not in the lexicon, and so found anywhere in a name."""
    return tuple(word for word in words if is_unspaced(word) and word not in _unspaced_words()[0])


def named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the columns that have one of the names, whatever their case and punctuation, in the order of the names."""
    by_name = {bare_name(column): column for column in reversed(columns)}
    found = (by_name.get(bare_name(name)) for name in names)
    return list(dict.fromkeys(name for name in found if name is not None))


@lru_cache(maxsize=1 << 14)
def bare_name(name: str) -> str:
    """Return a column's name in lower case, without spaces and punctuation; a name of nothing else as it is.

    Example:
        >>> bare_name("Correct answer(s)"), bare_name("correct_answers")
        ('correctanswers', 'correctanswers')
    """
    return re.sub(r"[\W_]+", "", name.casefold()) or name.strip().casefold()
