"""Can the value of a column be told from the words of the text beside it? A label can; a shop or a clerk cannot.

Each row of a sample is guessed from all other rows by naive Bayes on its words, so that no language has to be known.
Guesses are compared with chance: in few rows, little is certain, and the bounds are far from each other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST_ROWS, _MOST_CHARACTERS, _MOST_WORDS = 300, 400, 1_200
"""How much is looked at: a table with many columns takes some 30 ms."""
_FEWEST_ROWS = 16
"""Rows below which nothing is certain."""
_WORD = re.compile(r"[^\W\d_]+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts without spaces between words, whose pairs of letters are looked at."""
_STEM = 6
"""First letters of a word that are alike in its forms, nearly always."""
_PRIOR = 2.0
"""Rows that a word's share in all classes counts for in each class."""
_CERTAIN = 2.0
"""Standard deviations that chance exceeds once in 40 columns."""
_MOST_NAMED, _SHORTEST_NAMED = 0.7, 2
"""Share of the rows in whose text a value stands literally, from which on it names a thing, and its letters."""


@dataclass(frozen=True)
class Told:
    """How much more often than by chance a value is told from its text: 0 is chance, 1 is always."""

    low: float
    high: float
    """Bounds that it is certain to be between."""


class TextSample:
    """The words of the texts of some rows, all over a table."""

    def __init__(self, texts: Sequence[Any]) -> None:
        known = [place for place, text in enumerate(texts) if isinstance(text, str) and text.strip()]
        known = known[:: max(1, -(-len(known) // _MOST_ROWS))]
        found = {frozenset(_words_of(texts[place])): place for place in reversed(known)}  # the same again is no news
        self._places = sorted(found.values())
        self._texts = [texts[place][:_MOST_CHARACTERS].casefold() for place in self._places]
        rows = [words for words, _place in sorted(found.items(), key=lambda each: each[1])]
        counted = Counter(word for row in rows for word in row)
        common = [word for word, count in counted.most_common(_MOST_WORDS) if 1 < count < len(rows)]
        columns = {word: place for place, word in enumerate(common)}
        held = [(row, columns[word]) for row, words in enumerate(rows) for word in words if word in columns]
        self._held = np.array(held, dtype=np.int64).reshape(-1, 2)  # pairs of a row and a word in it

    def told(self, values: Sequence[Any]) -> Told | None:
        """Return how far the values of a column are told from the texts; None where there is too little to say.

        Args:
            values: one for each text that the sample was made of; None where one is missing, which is left out.
        """
        known = {row: str(values[place]).strip() for row, place in enumerate(self._places) if _is_there(values[place])}
        names = {name: number for number, name in enumerate(dict.fromkeys(known.values()))}
        if len(known) < _FEWEST_ROWS or not 1 < len(names) <= len(known) // 3 or not len(self._held):
            return None
        classes = np.array([names[known[row]] if row in known else -1 for row in range(len(self._places))])
        held = self._held[classes[self._held[:, 0]] >= 0]
        order = np.cumsum(classes >= 0) - 1
        return _bounds(order[held[:, 0]], held[:, 1], classes[classes >= 0])

    def names_things(self, values: Sequence[Any]) -> bool:
        """Say whether the values of a column stand in most of its texts, as that of a product which a text is about."""
        said = [
            (text, str(values[place]).strip().casefold()) for text, place in zip(self._texts, self._places, strict=True)
        ]
        known = [(text, value) for text, value in said if len(value) >= _SHORTEST_NAMED and not value.isdigit()]
        return len(known) >= _FEWEST_ROWS and sum(value in text for text, value in known) > _MOST_NAMED * len(said)


def _is_there(value: Any) -> bool:
    return value is not None and bool(str(value).strip())


def _words_of(text: str) -> list[str]:
    """Return the beginnings of the words of a text; pairs of letters where there are no spaces between words."""
    found: list[str] = []
    for word in _WORD.findall(text[:_MOST_CHARACTERS].casefold()):
        if _UNSPACED.search(word):
            found += [word[place : place + 2] for place in range(len(word) - 1)]
        else:
            found.append(word[:_STEM])
    return found


def _bounds(rows: np.ndarray, words: np.ndarray, classes: np.ndarray) -> Told:
    """Return the bounds of how far guesses and classes agree, beyond chance (Cohen's kappa)."""
    guessed = _guesses(rows, words, classes)
    shares = np.bincount(classes) / len(classes)
    by_chance = float(shares @ (np.bincount(guessed, minlength=len(shares)) / len(classes)))
    if by_chance >= 1:
        return Told(0.0, 1.0)
    agreed = (float((guessed == classes).mean()) - by_chance) / (1 - by_chance)
    error = _CERTAIN * float(np.sqrt(by_chance / (len(classes) * (1 - by_chance))))
    return Told(agreed - error, agreed + error)


def _guesses(rows: np.ndarray, words: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the likeliest class of each row by naive Bayes on the words of the others.

    Args:
        rows: of each word of each row, the row.
        words: and the word.
        classes: of each row.
    """
    count, sizes = len(classes), np.bincount(classes)
    many = int(words.max()) + 1 if len(words) else 1
    held = np.bincount(classes[rows] * many + words, minlength=len(sizes) * many).reshape(len(sizes), many)
    usual = _PRIOR * held.sum(axis=0) / count
    logs = np.log((held + usual) / (sizes + _PRIOR)[:, None] + _LEAST)
    scores = np.stack([np.bincount(rows, weights=each[words], minlength=count) for each in logs], axis=1)
    scores += np.log(sizes)
    others = sizes[classes] - 1  # without the row itself, which must not tell its own class
    own = np.log((held[classes[rows], words] - 1 + usual[words]) / (others[rows] + _PRIOR))
    scores[np.arange(count), classes] = np.bincount(rows, weights=own, minlength=count) + np.log(others + _LEAST)
    return np.asarray(scores.argmax(axis=1))


_LEAST = 1e-9
"""In place of 0, whose logarithm is none."""
