"""Which of the tables that are called after splits belong together, and which hold the same rows in another form?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ia3_studio.data.parsing import Found
from ia3_studio.data.split_names import TRAINING

if TYPE_CHECKING:
    import pandas as pd

_MOST_SHARED = 0.5
"""Share of the columns of what is learned that held-out rows have at least."""
_TEXTS, _ROWS, _LONGEST, _SHORTEST, _MOSTLY = 40, 5_000, 20_000_000, 12, 0.5
"""Texts that are looked for, rows and characters in which they are, the characters of one that is no word, and the
share of them that tells two forms of the same rows."""


def learned_from(found: Mapping[str, Found], named: Mapping[str, str]) -> str:
    """Return the path of the table that is learned from.

    It is called train where one is; of several, that whose columns the most tables of other splits have, then the
    largest.
    """

    def rank(path: str) -> tuple[bool, int, int]:
        others = [other for other in found if named[other] != named[path]]
        family = sum(_shared(found[path], found[other]) > _MOST_SHARED for other in others)
        return named[path] in TRAINING, family, len(found[path].frame)

    return max(found, key=rank)


def of_one_family(found: Mapping[str, Found], named: Mapping[str, str]) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Return the tables that belong to the one that is learned from, and a sentence on each other form of its rows.

    Tables to train on share a column with it, held-out ones at least half of its columns. Others, such as sentences of
    a test next to pairs in two languages, would be rows without all that is read.
    """
    first = learned_from(found, named)
    one = found[first]
    kept: dict[str, Found] = {}
    notes: list[str] = []
    for path, each in found.items():
        shared = _shared(one, each)
        if path != first and named[path] in TRAINING and shared < 1 and has_its_texts(each.frame, one.frame):
            notes.append(f"{path} holds rows of {first} in another form, which are not read twice.")
        elif shared and (named[path] in TRAINING or shared >= _MOST_SHARED):
            kept[path] = each
    return kept, tuple(notes)


def _shared(one: Found, other: Found) -> float:
    """Return the share of the columns of a table that another one has."""
    names = {*map(str, one.frame.columns)}
    return len(names & {*map(str, other.frame.columns)}) / max(1, len(names))


def has_its_texts(frame: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Say whether the longest texts of most rows of another table stand in a table, also inside longer ones."""
    texts = [text for row in other.head(_TEXTS).itertuples(index=False) if (text := _longest(row))]
    if len(texts) < 2:
        return False
    held = "\n".join(str(cell) for row in frame.head(_ROWS).itertuples(index=False) for cell in row)[:_LONGEST]
    return sum(text in held for text in texts) > _MOSTLY * len(texts)


def _longest(row: Collection[object]) -> str:
    """Return the longest text of a row; empty where it has none of several words' length."""
    text = max((cell.strip() for cell in row if isinstance(cell, str)), key=len, default="")
    return text if len(text) >= _SHORTEST else ""
