"""How are turns read that are pairs of who speaks and what is said, such as ["Ann", "Ahoy"]? As objects of the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, is_text, listed

if TYPE_CHECKING:
    import pandas as pd

_MOST_SPEAKERS = 6
"""Names in all conversations at the beginning; more are those of a group, or texts."""
_LONGEST_NAME = 30
_TURNS_EACH = 3
"""Turns of a speaker on average."""
_SPEAKER, _TEXT = "speaker", "text"


def _pairs(cell: Any) -> list[tuple[str, str]]:
    """Return the pairs of two texts in a list; nothing where it holds anything else."""
    pairs = listed(structure_of(cell))
    known = all(isinstance(pair, list | tuple) and len(pair) == 2 and all(map(is_text, pair)) for pair in pairs)
    return [(str(pair[0]).strip(), str(pair[1])) for pair in pairs] if known else []


def _column(rows: Rows) -> str:
    """Return the column of lists of pairs in which a few names come again and the texts behind them differ.

    In most longer lists one speaks twice, unlike in choices of two words each.
    """
    for name in rows.structured:
        if not rows.mostly(name, lambda cell: bool(_pairs(cell))):
            continue
        lists = [_pairs(cell) for cell in rows.sample(name)]
        if 2 * sum(len(pairs) > 2 and len(dict(pairs)) == len(pairs) for pairs in lists) > len(lists):
            continue
        pairs = [pair for each in lists for pair in each]
        names, texts = {who.casefold() for who, _said in pairs}, {said for _who, said in pairs}
        are_few = 2 <= len(names) <= _MOST_SPEAKERS and _TURNS_EACH * len(names) <= len(pairs)
        if are_few and max(map(len, names)) <= _LONGEST_NAME and len(texts) > _TURNS_EACH * len(names) / 2:
            return name
    return ""


def _named(rows: Rows) -> Rows:
    """Return rows whose turns are objects of a speaker and a text."""
    column = _column(rows)
    first = None if rows.first is None else _in_objects(rows.first, column)
    return replace(rows, frame=_in_objects(rows.frame, column), first=first)


def _in_objects(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    written = frame[column].tolist()
    cells = [[{_SPEAKER: who, _TEXT: said} for who, said in _pairs(cell)] or cell for cell in written]
    return frame.assign(**{column: cells})


def shape_of_pairs(rows: Rows, next_shape: Callable[[Rows], Shape | None]) -> Shape | None:
    """Return the shape of rows with turns that are pairs of a speaker and a text; None for other rows."""
    if not _column(rows):
        return None
    shape = next_shape(_named(rows))

    def read(other: Rows) -> Recognized:
        within = _named(other)
        return shape.read(within) if shape else Recognized(within.frame, "turns of a speaker and a text")

    return replace(shape, read=read) if shape else Shape("pairs of a speaker and a text", lambda _rows: True, read)
