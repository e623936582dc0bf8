"""Which of the tables that are called after splits belong together, and which hold the same rows in another form?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ia3_studio.data.parsing import Found
from ia3_studio.data.paths import texts_within
from ia3_studio.data.split_names import TRAINING

if TYPE_CHECKING:
    import pandas as pd

_MOST_SHARED = 0.5
"""Share of the columns of what is learned that held-out rows have at least."""
_TEXTS, _ROWS, _LONGEST, _SHORTEST, _MOSTLY, _FORMED_OF = 40, 5_000, 20_000_000, 12, 0.5, 2
"""Rows whose texts are looked for, rows and characters in which they are, the characters of one that is no word, the
share of the rows that tells two forms of them, and the texts of a row that are looked for."""


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


def in_one_form(found: Mapping[str, Found]) -> tuple[str, tuple[str, ...]] | None:
    """Return the largest of tables that hold the same rows in several forms, and a sentence on each other one.

    None where one of them holds other rows.
    """
    first = max(found, key=lambda path: len(found[path].frame))
    one, others = found[first].frame, {path: each.frame for path, each in found.items() if path != first}
    if not all(are_forms(each, one) for each in others.values()):
        return None
    return first, tuple(map(_in_another_form, others, [first] * len(others)))


def _in_another_form(path: str, first: str) -> str:
    return f"{path} holds rows of {first} in another form, which are not read twice."


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
        if path != first and named[path] in TRAINING and shared < 1 and are_forms(each.frame, one.frame):
            notes.append(_in_another_form(path, first))
        elif shared and (named[path] in TRAINING or shared >= _MOST_SHARED):
            kept[path] = each
    return kept, tuple(notes)


def _shared(one: Found, other: Found) -> float:
    """Return the share of the columns of a table that another one has."""
    names = {*map(str, one.frame.columns)}
    return len(names & {*map(str, other.frame.columns)}) / max(1, len(names))


def are_forms(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Say whether two tables hold the same rows in two forms: the texts of most rows of one stand in the other.

    Those are the two longest of each row. Where a row has only one, the texts of both stand in each other: a remark
    may as well repeat an answer.
    """
    texts = [_longest_of(each) for each in (one, other)]
    held = [_holds(other, texts[0]), _holds(one, texts[1])]
    return all(held) or any(holds and _are_several(each) for holds, each in zip(held, texts, strict=True))


def _longest_of(frame: pd.DataFrame) -> list[list[str]]:
    """Return the longest texts of the first rows that have any, but for codes and what stands in most rows."""
    rows = frame.head(_TEXTS).itertuples(index=False) if len(frame) else ()
    found = [{each.strip() for cell in row for each in texts_within(cell) if _is_said(each.strip())} for row in rows]
    counts = Counter(text for texts in found for text in texts)
    kept = [[text for text in texts if 2 * counts[text] <= len(found)] for texts in found]
    return [sorted(texts, key=len)[-_FORMED_OF:] for texts in kept if texts]


def _is_said(text: str) -> bool:
    """Say whether a text is longer than a word and no code, such as project_owned."""
    return len(text) >= _SHORTEST and (" " in text or not text.isascii())


def _are_several(texts: Collection[Collection[str]]) -> bool:
    return sum(len(each) == _FORMED_OF for each in texts) > _MOSTLY * len(texts)


def _holds(frame: pd.DataFrame, texts: Collection[Collection[str]]) -> bool:
    """Say whether the texts of most rows stand in a table, also inside longer ones."""
    if len(texts) < 2:
        return False
    cells = (cell for row in frame.head(_ROWS).itertuples(index=False) for cell in row)
    held = "\n".join(text for cell in cells for text in texts_within(cell))[:_LONGEST]
    return sum(all(text in held for text in each) for each in texts) > _MOSTLY * len(texts)
