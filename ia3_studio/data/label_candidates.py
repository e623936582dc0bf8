"""Which columns can be a label, the likeliest first?

What speaks for each is gathered in :mod:`ia3_studio.data.label_signs` and weighed in
:mod:`ia3_studio.data.label_evidence`; where several are near, the text is asked which of them it tells.
"""

from __future__ import annotations

from collections.abc import Mapping as Record
from typing import TYPE_CHECKING

from ia3_studio.data.column_profile import Profile
from ia3_studio.data.label_evidence import FARTHEST, Candidate, Evidence, likeliest_first
from ia3_studio.data.label_signs import Columns
from ia3_studio.data.measured_columns import only_measure
from ia3_studio.data.told_from_text import TextSample, Told
from ia3_studio.data.vote_counts import counts_votes

if TYPE_CHECKING:
    import pandas as pd

_CHANCE, _CLEAR = 0.05, 0.25
"""How far a value is told from a text where that is more than chance, and where it is clear."""


def label_candidates(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the columns that can be a label, the likeliest first."""
    return [each.path for each in ranked_labels(frame, filled)] or measured_alone(frame, filled)


def measured_alone(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the measurement that is all that stands beside texts, where no column can be a label."""
    return only_measure(frame, {name: each for name, each in filled.items() if not counts_votes(frame, each)})


def ranked_labels(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[Candidate]:
    """Return the columns that can be a label with all that speaks for and against them, the likeliest first."""
    table = Columns(frame, filled)
    found = likeliest_first(each for name in filled if (each := table.candidate(name)))
    near = [each for each in found if each.score >= found[0].score - FARTHEST and table.is_told_or_not(each)]
    if len(near) < 2 or not (text := table.text):
        return found
    sample = TextSample(_cells(frame, text))
    told = {each.name: sample.told(_cells(frame, each.name)) for each in near[:_MOST_ASKED]}
    if not any(each and each.low > _CHANCE for each in told.values()):
        return found  # the text tells none of them, so that it does not tell them apart
    things = {name for name in told if sample.names_things(_cells(frame, name))}
    more = {name: [Evidence("thing")] if name in things else _by_text(each) for name, each in told.items()}
    return likeliest_first(each.with_more(more.get(each.name, ())) for each in found)


_MOST_ASKED = 8
"""Columns of which it is looked at whether they can be told from the text, so that a wide table takes no longer."""


def _cells(frame: pd.DataFrame, name: str) -> list[object]:
    """Return a cell for each row, None where it is missing."""
    return [None if missing else cell for cell, missing in zip(frame[name], frame[name].isna(), strict=True)]


def _by_text(told: Told | None) -> list[Evidence]:
    """Return what the text says about a column, where it tells some of them."""
    if told and told.low > _CHANCE:
        clear = min(1.0, (told.low - _CHANCE) / (_CLEAR - _CHANCE))
        return [Evidence("told", clear), Evidence("told_well", min(1.0, told.low))]
    return [Evidence("untold", 1 - max(0.0, told.high) / _CLEAR)] if told and told.high < _CLEAR else []
