"""Which words say what a column holds, in each language? Read from one file per language in this folder.

A line of a file is a concept and its words, as they stand in the names of columns, with commas between them; a line
that begins with blanks continues the one above. ``en.txt`` says what each concept is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ia3_studio.data.folding import folded

FOLDER = Path(__file__).parent
_BETWEEN_WORDS = "-'’‘·"
"""What stands between the words of a phrase besides blanks."""
_VALUES = frozenset(("yes", "no", "progress"))
"""Concepts of cells rather than of names of columns."""


@dataclass(frozen=True)
class Language:
    """The lines of a file, as names of columns are compared with their words: without accents, in lower case.

    They are split where a concept is asked for: thousands of words would take longer than all else that is imported.
    """

    code: str
    lines: dict[str, str]
    is_noun_first: bool
    """Whether what describes a noun follows it, as in "respuesta del cliente"."""

    def words(self, concept: str) -> list[str]:
        """Return the words of a concept; a phrase has "_" between its words."""
        return _split(self.lines.get(concept, ""))


@cache
def languages() -> tuple[Language, ...]:
    """Return all languages, in the order of their codes."""
    paths = sorted(FOLDER.glob("*.txt"))
    return tuple(_language(path.stem, _plain(path.read_text(encoding="utf-8"))) for path in paths)


@cache
def words_for(*concepts: str, noun_first: bool | None = None) -> frozenset[str]:
    """Return the words of concepts in all languages, or in those in which what describes a noun follows it, or not.

    Example:
        >>> {"frage", "pregunta", "вопрос"} <= words_for("asked")
        True
    """
    chosen = [each.lines for each in languages() if noun_first in (None, each.is_noun_first)]
    return frozenset(_split(", ".join(lines[concept] for concept in concepts for lines in chosen if concept in lines)))


def words_in(code: str, *concepts: str) -> frozenset[str]:
    """Return the words of concepts in one language."""
    language = next(each for each in languages() if each.code == code)
    return frozenset(word for concept in concepts for word in language.words(concept))


@cache
def all_words() -> frozenset[str]:
    """Return the words of all concepts that stand in names of columns, in all languages."""
    return words_for(*sorted({concept for each in languages() for concept in each.lines} - _VALUES))


@cache
def pairs_for(concept: str) -> frozenset[tuple[str, str]]:
    """Return the opposites of a concept in all languages, those of several words with blanks between them."""
    pairs = (pair.partition(" / ") for each in languages() for pair in each.lines.get(concept, "").split(", ") if pair)
    return frozenset((one, other) for one, _, other in pairs)


def _split(line: str) -> list[str]:
    return line.replace(", ", ",").replace(" ", "_").split(",") if line else []


def _plain(text: str) -> str:
    """Return a file without accents, in lower case, one line per concept; where letters may be missing, two.

    The second has the words as they are then written, such as "oe" for "ö".
    """
    text = text.replace("\n  ", " ")
    _, _, rest = text.partition("\nalso spelled: ")
    other = text
    for letters in rest.partition("\n")[0].split(", ") if rest else ():
        letter, _, written = letters.partition("=")
        other = other.replace(letter, written)
    plain = folded(f"{text}\n{other}" if rest else text).casefold()
    for mark in _BETWEEN_WORDS:
        plain = plain.replace(mark, " ")
    return plain


def _language(code: str, text: str) -> Language:
    """Return the language of a file."""
    lines: dict[str, str] = {}
    for line in text.splitlines():
        concept, colon, words = line.partition(": ")
        if colon and line[0] != "#":
            lines[concept] = f"{lines[concept]}, {words}" if concept in lines else words
    about = {key: lines.pop(key, "") for key in ("language", "noun", "also spelled", "prefixes")}
    for prefix in filter(None, about["prefixes"].split(", ")):
        for concept, words in lines.items():
            if " / " in words:
                continue
            phrases = (" ".join(f"{prefix}{word}" for word in phrase.split(" ")) for phrase in words.split(", "))
            lines[concept] = ", ".join((words, *phrases))
    return Language(code, lines, about["noun"].startswith("first"))
