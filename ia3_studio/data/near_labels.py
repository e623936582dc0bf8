"""Which other columns look like the label nearly as much, and how is that said?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ia3_studio.data.column_profile import profile
from ia3_studio.data.label_evidence import NEAR, NEAR_UNTOLD, Candidate
from ia3_studio.data.label_twins import say_the_same
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.parsing import shown_names

if TYPE_CHECKING:
    import pandas as pd


def with_near(frame: pd.DataFrame, found: Mapping, ranked: Sequence[Candidate], label: str) -> Mapping:
    """Return a mapping with the columns that are nearly as likely the label as its own; as it is if there are none.

    Args:
        ranked: the columns that can be a label, the likeliest first.
        label: the one of them that was taken.
    """
    place = next((place for place, each in enumerate(ranked) if each.path == label), None)
    if place is None or found.answer not in (label, *(each.path for each in ranked)):
        return found
    used = {found.column, found.context, found.answer}
    is_surer = ranked[place].has("told")  # than another column is, unless that one is called a verdict
    least, judged = ranked[place].score - (NEAR if is_surer else NEAR_UNTOLD), ranked[place].score - NEAR_UNTOLD
    near = (
        each.path
        for each in ranked[place + 1 :]
        if each.score >= (judged if each.has("judged") else least) and each.path not in used
    )
    labels = (name for name in near if name in frame.columns and profile(frame, name).is_label)
    others = tuple(name for name in labels if not say_the_same(frame, label, name))
    return replace(found, near=others[:_MOST_NAMED])


_MOST_NAMED = 3
"""Columns that are named beside the label."""


def near_note(mapping: Mapping) -> tuple[str, ...]:
    """Return the sentence that names the columns which look like the label as well, if there are any.

    Example:
        >>> near_note(Mapping("labels", column="note", answer="bucket", near=("crew",)))
        ('bucket is read as the label; crew also looks like one. To learn it, select it under Columns not used.',)
    """
    if not mapping.near:
        return ()
    looks, one = ("looks", "it") if len(mapping.near) == 1 else ("look", "another one")
    instead = f"To learn {one}, select it under Columns not used."
    return (f"{mapping.answer} is read as the label; {shown_names(mapping.near)} also {looks} like one. {instead}",)
