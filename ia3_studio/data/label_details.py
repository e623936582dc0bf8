"""Is a label a detail of another column: empty just where that one says no, as a kind of hate where there is none?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import name_words
from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.label_cells import label_kind
from ia3_studio.data.label_evidence import Candidate
from ia3_studio.data.label_names import label_name
from ia3_studio.data.lexicon.concepts import words_for
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import is_blank
from ia3_studio.data.told_from_text import TextSample

if TYPE_CHECKING:
    import pandas as pd

_AGAINST = ("about", "workflow", "noted")
"""Evidence that a column says something of the row rather than of its text."""
_WORKED_ON = re.compile(r"label+ed|annotated|tagged|classified|coded|checked|reviewed|done")
"""The last word of the name of a column that says whether somebody has labeled a row yet."""
_NO = words_for("no") | {"0", "0.0", "false", "none"}
_MOST_VALUES, _MOST_ASKED, _TOLD, _FEWEST_EMPTY = 3, 8, 0.25, 0.1
"""Values of a column with details; columns looked at; how clearly its text tells it; share of rows without a detail."""


def with_whole(frame: pd.DataFrame, ranked: Sequence[Candidate], found: Mapping) -> Mapping:
    """Return a mapping to the label that another one is a detail of, and with that one named; any other as it is.

    Whether a row was labeled at all looks the same in a table, but no text tells that.
    """
    if found.answer not in frame.columns or found.column not in frame.columns:
        return found
    empty = [is_blank(cell) for cell in frame[found.answer].array]
    if not _FEWEST_EMPTY * len(empty) <= sum(empty) < len(empty):
        return found
    others = [each for each in ranked if each.path in frame.columns and each.path not in (found.answer, found.column)]
    texts: TextSample | None = None
    for each in others[:_MOST_ASKED]:
        if (
            any(map(each.has, _AGAINST))
            or any(map(_WORKED_ON.fullmatch, name_words(each.path)[-1:]))
            or not _says_no_there(frame, each.path, empty)
        ):
            continue
        texts = texts or TextSample(_cells(frame, found.column))
        told = texts.told(_cells(frame, each.path))
        if told and told.low > _TOLD:
            kind = label_kind(cells_of(frame, each.path), each.path)
            return replace(found, answer=each.path, target=kind, near=(found.answer,))
    return found


def _says_no_there(frame: pd.DataFrame, name: str, empty: Sequence[bool]) -> bool:
    """Say whether a column has a value in all rows, and one that says no in just the empty rows of another one."""
    if not 1 < profile(frame, name).different <= _MOST_VALUES:
        return False
    cells = _cells(frame, name)
    if None in cells:
        return False
    said = [label_name(cell).strip().casefold() for cell in cells]
    there = {value for value, is_empty in zip(said, empty, strict=True) if is_empty}
    elsewhere = {value for value, is_empty in zip(said, empty, strict=True) if not is_empty}
    if len(there) != 1 or there & elsewhere:
        return False
    value = next(iter(there))
    return value in _NO or any(value != other and value.endswith(other) for other in elsewhere if other)


def _cells(frame: pd.DataFrame, name: str) -> list[object]:
    return [None if is_blank(cell) else cell for cell in frame[name].array]
