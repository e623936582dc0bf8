"""Which words say what a column holds, in each language? Read from one file per language in this folder.

A line of a file is a concept and its words, as they stand in the names of columns, with commas between them; a line
that begins with blanks continues the one above. ``en.txt`` says what each concept is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ia3_studio.data.folding import folded

FOLDER = Path(__file__).parent
_BETWEEN_WORDS = "-'’‘·"
"""What stands between the words of a phrase besides blanks."""


@dataclass(frozen=True)
class Language:
    """The words of a language, as names of columns are compared with them: without accents, in lower case."""

    code: str
    concepts: dict[str, tuple[str, ...]]
    pairs: dict[str, tuple[tuple[str, str], ...]]
    """Concepts whose words are opposites, such as good / bad."""
    is_noun_first: bool
    """Whether what describes a noun follows it, as in "respuesta del cliente"."""


@cache
def languages() -> tuple[Language, ...]:
    """Return all languages, in the order of their codes."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.txt")))


@cache
def words_for(*concepts: str, noun_first: bool | None = None) -> frozenset[str]:
    """Return the words of concepts in all languages, or in those in which what describes a noun follows it, or not.

    Example:
        >>> {"frage", "pregunta", "вопрос"} <= words_for("asked")
        True
    """
    chosen = (each for each in languages() if noun_first in (None, each.is_noun_first))
    return frozenset(word for each in chosen for concept in concepts for word in each.concepts.get(concept, ()))


def words_in(code: str, *concepts: str) -> frozenset[str]:
    """Return the words of concepts in one language."""
    language = next(each for each in languages() if each.code == code)
    return frozenset(word for concept in concepts for word in language.concepts.get(concept, ()))


_VALUES = frozenset(("yes", "no", "progress"))
"""Concepts of cells rather than of names of columns."""


@cache
def all_words() -> frozenset[str]:
    """Return the words of all concepts that stand in names of columns, in all languages."""
    return frozenset(
        word
        for each in languages()
        for concept, words in each.concepts.items()
        if concept not in _VALUES
        for word in words
    )


@cache
def pairs_for(concept: str) -> frozenset[tuple[str, str]]:
    """Return the opposites of a concept in all languages, those of several words with blanks between them."""
    return frozenset(pair for each in languages() for pair in each.pairs.get(concept, ()))


def _read(path: Path) -> Language:
    """Return the language of a file."""
    text = path.read_text(encoding="utf-8").replace("\n  ", " ")
    told = dict(_lines(text))
    texts = [text]
    if spelled := told.get("also spelled"):
        for letters in spelled.split(", "):
            text = text.replace(*letters.split("="))
        texts.append(text)
    prefixes = [prefix for prefix in told.get("prefixes", "").split(", ") if prefix]
    concepts: dict[str, tuple[str, ...]] = {}
    pairs: dict[str, tuple[tuple[str, str], ...]] = {}
    for concept, line in _lines("\n".join(map(_plain, texts))):
        if " / " in line:
            pairs[concept] = (*pairs.get(concept, ()), *map(_pair, line.split(", ")))
        elif concept not in _ABOUT_LANGUAGE:
            words = line.replace(", ", ",").replace(" ", "_").split(",")
            with_prefix = (_with(prefix, word) for prefix in prefixes for word in words)
            concepts[concept] = (*concepts.get(concept, ()), *words, *with_prefix)
    return Language(path.stem, concepts, pairs, told["noun"] == "first")


def _plain(text: str) -> str:
    """Return a text without accents, in lower case, with blanks between the words of a phrase."""
    plain = folded(text).casefold()
    for mark in _BETWEEN_WORDS:
        plain = plain.replace(mark, " ")
    return plain


_ABOUT_LANGUAGE = frozenset(("language", "noun", "also spelled", "prefixes"))
"""Lines of a file that are no concepts."""


def _pair(word: str) -> tuple[str, str]:
    one, _, other = word.partition(" / ")
    return one, other


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the concepts of a file and their words."""
    for line in text.splitlines():
        concept, colon, words = line.partition(": ")
        if colon and not line.startswith("#"):
            yield concept, words


def _with(prefix: str, phrase: str) -> str:
    """Return a phrase with the article that is written in one with each of its words."""
    return "_".join(f"{prefix}{word}" for word in phrase.split("_"))
