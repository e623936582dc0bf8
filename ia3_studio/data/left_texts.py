"""Which texts of a file are in no example? Those of keys inside objects that no reader took, such as notes[].body."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from ia3_studio.data.paths import is_listed, structure_of

if TYPE_CHECKING:
    import pandas as pd

    from ia3_studio.data.example import Example

Texts = Mapping[str, Sequence[str]]
"""Texts by their path, such as "notes[].body"; a key with a number in it, which counts or identifies, is "*"."""

_MOST_ROWS, MOST_EXAMPLES = 100, 500
"""Rows at the beginning that are looked into, as many from all over the table, and examples to compare them with."""
_MOST_LETTERS = 2_000_000
"""Of examples that are compared."""
_MOST_PATHS, _MOST_TEXTS = 200, 40
"""Paths of a table that are compared, as keys may be anything, and texts of each."""
_BY_CHANCE = 0.1
"""Share of the texts of a path that may be found again although the path is not used."""
_DEEPEST = 12
_LONGEST, _LOOKED_AT = 4_000, 400
"""Characters of a text that are compared, and in which several words are looked for."""
_WORDS = re.compile(r"(?:[^\W\d_]{2,}\W+){3}[^\W\d_]{2,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff]{8}")
"""Four words one after the other: names, kinds, times and ids have fewer."""
_SIGNS = re.compile(r"<[^<>]{1,200}>|[\W_]+")
_WINDOW = 16
"""Letters and digits by which a text is found again, however blanks, signs and markup around them were changed."""


@dataclass(frozen=True)
class RowTexts:
    """The texts of some rows as they stand in the file."""

    rows: frozenset[int]
    texts: Texts


def texts_of_rows(frame: pd.DataFrame, besides: Collection[str] = ()) -> RowTexts:
    """Return the texts of rows at the beginning of a table and from all over it, with those inside their objects.

    Args:
        besides: columns that are not looked into.
    """
    step = max(len(frame) // _MOST_ROWS, 1)
    places = sorted({*range(min(len(frame), _MOST_ROWS)), *range(0, len(frame), step)})
    sample = frame.iloc[places]
    found: dict[str, list[str]] = {}
    for place, name in enumerate(map(str, sample.columns)):
        for cell in sample.iloc[:, place].tolist() if name not in besides else ():
            for path, text in _texts_in(structure_of(cell), name, _DEEPEST):
                if (kept := found.get(path)) is None and len(found) < _MOST_PATHS:
                    found[path] = [text]
                elif kept and len(kept) < _MOST_TEXTS:
                    kept.append(text)
    return RowTexts(frozenset(sample.index.tolist()), found)


def left_texts(source: RowTexts, examples: Iterable[Example]) -> tuple[str, ...]:
    """Return the paths whose texts are in no example, not even in part, but for a few that may be there by chance.

    Args:
        examples: those of the same file, in its order; as many are looked at as there may be of these rows.
    """
    seen: list[str] = []
    letters = 0
    for place, example in enumerate(examples):
        if place < MOST_EXAMPLES or example.row in source.rows:
            seen.append("".join(_SIGNS.sub("", text) for text in _texts_of(example)))
            letters += len(seen[-1])
            if letters > _MOST_LETTERS:
                break
    learned = "\n".join(seen).casefold()
    return tuple(
        path for path, texts in source.texts.items()
        if sum(_is_in(text, learned) for text in texts) <= _BY_CHANCE * len(texts)
    )  # fmt: skip


def _texts_in(value: Any, path: str, deepest: int) -> Iterator[tuple[str, str]]:
    """Yield the texts of several words in a value, each with its path."""
    if isinstance(value, str):
        if _WORDS.search(value[:_LOOKED_AT]):
            yield path, value[:_LONGEST]
    elif isinstance(value, dict) and deepest:
        for key, each in value.items():
            named = "*" if any(letter.isdecimal() for letter in str(key)) else str(key)
            yield from _texts_in(each, f"{path}.{named}", deepest - 1)
    elif is_listed(value) and deepest:
        for each in value:
            yield from _texts_in(each, path if isinstance(each, str) else f"{path}[]", deepest - 1)


def _texts_of(example: Example) -> Iterator[str]:
    turns = chain(example.messages, example.rejected)
    yield from (text for turn in turns for text in (turn.content, turn.native, turn.tools))
    yield from (example.text, example.second, *example.words, *example.labels, *example.choices)


def _is_in(text: str, learned: str) -> bool:
    """Say whether the beginning, the middle or the end of a text is in what is learned."""
    bare = _SIGNS.sub("", text).casefold()
    middle = max(len(bare) - _WINDOW, 0) // 2
    return any(bare[place : place + _WINDOW] in learned for place in (0, middle, 2 * middle))
