"""Which columns are a text, or two, and its label? Told by their names, or by what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import UNNAMED, bare_name, name_words, named
from ia3_studio.data.column_profile import (
    LONGEST_LABEL,
    Profile,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_plain,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import FLAGGING
from ia3_studio.data.constant_labels import constant_label
from ia3_studio.data.described_files import shelves
from ia3_studio.data.label_candidates import measured_alone, ranked_labels
from ia3_studio.data.label_cells import label_kind
from ia3_studio.data.label_contents import label_path
from ia3_studio.data.label_details import with_whole
from ia3_studio.data.label_names import MOSTLY, RATED, TOPICAL, named_labels
from ia3_studio.data.label_twins import describes, in_words
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.near_labels import with_near
from ia3_studio.data.paths import is_listed
from ia3_studio.data.read_texts import LABELED_NAMES, is_fact_among, is_repeated, read_text
from ia3_studio.data.text_pairs import (
    is_of_one_side,
    only_two_texts,
    paired_texts,
    related_texts,
    text_and_part,
    unnamed_pair,
)
from ia3_studio.data.told_apart import says_why, with_second_text

if TYPE_CHECKING:
    import pandas as pd


RATINGS = frozenset(("rating", "score", "stars", "overall", "priority", "status", "type", "severity"))
"""Words of labels of texts that stand beside their own summary: of a review, of a ticket."""


def labeled(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are text and label by their names; None where there is no such pair of columns."""
    if not named_labels(columns):
        return None
    ranked = ranked_labels(frame, {name: profile(frame, name) for name in columns})
    called = [each for each in ranked if each.has("called") and not _are_answers(frame, each.path)]
    if not called or called[0].has("topical"):
        return None
    found = _named_so(frame, columns, [each.path for each in called])
    return with_whole(frame, ranked, with_near(frame, found, ranked, called[0].path)) if found else None


def _are_answers(frame: pd.DataFrame, label: str) -> bool:
    """Say whether the cells of what is called a label are sentences, no two of them the same: few rows have few."""
    cells = [str(cell) for cell in cells_of(frame, label)]
    words = sum(map(len, map(str.split, cells)))
    return len({*cells}) == len(cells) >= _FEWEST_ANSWERS and words >= _WORDS_OF_AN_ANSWER * len(cells)


_FEWEST_ANSWERS, _WORDS_OF_AN_ANSWER = 3, 4


def _named_so(frame: pd.DataFrame, columns: Sequence[str], labels: Sequence[str]) -> Mapping | None:
    """Return the texts of columns that are called labels, the likeliest first; None if there are none."""
    label = in_words(frame, columns, labels[0])
    kind = label_kind(cells_of(frame, label), label)
    sides = [name for name in columns if name != label and _is_varied(frame, name)]
    pair = paired_texts(frame, sides) or text_and_part(frame, sides, label)
    pair = pair or related_texts(frame, sides, label) or only_two_texts(frame, columns, label)
    if pair:
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    others = [name for name in columns if name not in (*labels, label)]
    if any(describes(frame, name, label) for name in others):
        others = [name for name in others if not describes(frame, name, label)]
        if not named(others, LABELED_NAMES):
            return _texts_of(frame, {name: profile(frame, name) for name in (*others, label)}, [label], [])
    texts = [name for name in named(others, LABELED_NAMES) if is_plain(frame, name)]
    text = read_text(frame, texts, others) if texts else ""
    if not text:
        return None
    found = _with_label_of_group(frame, columns, Mapping("labels", column=text, answer=label, target=kind))
    return with_second_text(frame, columns, found)


def _with_label_of_group(frame: pd.DataFrame, columns: Sequence[str], found: Mapping) -> Mapping:
    """Return a mapping to the rating of what a text is of by its name, as of reviews.text, rather than to a category.

    A mapping to any other label stays as it is.
    """
    group = name_words(found.column)[:-1]
    if not group or bare_name(found.answer) not in _OF_THINGS:
        return found
    rated = [name for name in columns if name_words(name)[:-1] == group and is_label_name(name, RATED)]
    label = next((name for name in rated if profile(frame, name).is_label), "")
    return replace(found, answer=label, target=label_kind(cells_of(frame, label), label)) if label else found


_OF_THINGS = TOPICAL | {"category", "categories", "topic"}
"""Labels that may be those of what a text is about rather than of the text."""


def _is_varied(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column can be one of two texts: its cells are texts, not always the same one."""
    each = profile(frame, name)
    return each.length > 0 and (each.different > 1 or len(frame) < 3)


def rated_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a text and its rating where a summary stands beside them, such as reviews and tickets have."""
    summaries, known = (
        named(columns, ("summary",)),
        named(columns, ("text", "review", "description", "body", "review_text", "review_body")),
    )
    paths = [label_path(frame, name) for name in columns if is_label_name(name, RATINGS)]
    rated = [path for path in paths if path and profile(frame, path).is_label]
    return by_contents(frame, columns) if summaries and known and rated else None


def by_contents(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return text and label by contents: a label has few different short values, the text is the longest column."""
    profiles = {name: profile(frame, name) for name in columns}
    filled = {name: each for name, each in profiles.items() if each.filled > MOSTLY}
    ranked = ranked_labels(frame, filled)
    labels = [each.path for each in ranked] or measured_alone(frame, filled)
    if sorted_by := shelves(frame, columns):
        labels = [name for name in labels if name not in sorted_by]
    if any(_OF_TURNS.intersection(name_words(name)) for name in columns):
        labels = [name for name in labels if name_words(name)[-1:] not in _WHO_SPEAKS]
    if constant_label(frame, columns):  # what else is true of a row is no label in its place
        labels = [name for name in labels if not FLAGGING.intersection(name_words(name)[:1])]
    phrases = [name for name in named(list(filled), ("anchor", "target")) if _is_varied(frame, name)]
    phrases = phrases if len(phrases) == len(("anchor", "target")) else []
    labels = [name for name in labels if name not in phrases]  # phrases that are compared may come again
    if any(each.is_text and not each.is_label and is_of_one_side(each.name, columns) for each in filled.values()):
        labels = [name for name in labels if not is_of_one_side(name, columns)] or labels
    found = _texts_of(frame, profiles, labels, phrases) if labels else None
    return with_near(frame, found, ranked, labels[0]) if found else None


def _texts_of(
    frame: pd.DataFrame, profiles: Record[str, Profile], labels: Sequence[str], phrases: Sequence[str]
) -> Mapping | None:
    """Return the texts, told by what columns hold, that the first of some labels belongs to; None if there are none."""
    columns = list(profiles)
    filled = {name: each for name, each in profiles.items() if each.filled > MOSTLY}
    label = in_words(frame, columns, labels[0])
    kind = label_kind(cells_of(frame, label), label)
    sides = [name for name, each in filled.items() if (each.is_text or _is_aspect(each)) and name != label]
    part = text_and_part(frame, [name for name in filled if name != label], label)
    pair = paired_texts(frame, phrases) or paired_texts(frame, sides)
    if pair := pair or part or related_texts(frame, sides, label):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    used = {name for name in filled for found in (label, *labels) if f"{found}.".startswith(f"{name}.")}
    texts = [each for name, each in filled.items() if each.is_text and name not in used]
    texts = [each for each in texts if each.different > 1 and not _are_structures(frame, each.name)]
    texts = [each for each in texts if not says_why(each.name) and name_words(each.name)[-1:] != ["label"]] or texts
    texts = [each for each in texts if not is_repeated(each.name, columns)] or texts
    texts = [each for each in texts if not describes(frame, each.name, label)]
    if texts and all(is_fact_among(frame, each, len(filled)) for each in texts):
        return None
    if pair := unnamed_pair(frame, texts):
        return Mapping("labels", column=pair[0], context=pair[1], answer=label, target=kind)
    texts = texts or _rarely_filled(frame, profiles)
    rest = [each for name, each in filled.items() if not f"{label}.".startswith(f"{name}.")]
    texts = texts or [each for each in rest if each.name not in used and _holds_texts(frame, each.name)]
    texts = texts or [each for each in rest if _holds_words(frame, each)]
    if not texts:
        return None
    known = named([each.name for each in texts], LABELED_NAMES)
    text = read_text(frame, known, [each.name for each in texts]) or texts[0].name
    found = _with_label_of_group(frame, columns, Mapping("labels", column=text, answer=label, target=kind))
    return with_second_text(frame, columns, found)


def _rarely_filled(frame: pd.DataFrame, profiles: Record[str, Profile]) -> list[Profile]:
    """Return the columns of long texts that stand in a few of the rows only, as complaints with a consent do."""
    rare = [each for each in profiles.values() if each.filled <= MOSTLY and each.length > LONGEST_LABEL]
    return [
        each for each in rare if each.is_text and not each.is_label and 2 * each.different > each.filled * len(frame)
    ]


_OF_TURNS = frozenset(("turn", "dialogue", "dialog", "conversation"))
"""Words of columns beside which the one of who speaks says whose turn a row is, and is no label."""
_WHO_SPEAKS = (["speaker"], ["sender"], ["role"], ["who"], ["author"])


def few_labeled(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return text and label of a table of few rows without names: the only column of grades or classes that come again.

    In so few rows, a scale of five has too many values for them to be called few, as :func:`by_contents` does.
    """
    if not _FEWEST_OF_FEW <= len(frame) < _MANY_ROWS or not all(map(UNNAMED.fullmatch, columns)):
        return None
    profiles = [profile(frame, name) for name in columns]
    labels = [each.name for each in profiles if _comes_again(frame, each)]
    texts = [
        each.name for each in profiles if each.is_text and each.filled > MOSTLY and each.different > len(frame) / 2
    ]
    text = read_text(frame, (), texts) if texts and len(labels) == 1 else ""
    return Mapping("labels", column=text, answer=labels[0]) if text else None


def _comes_again(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column holds short words or small numbers in nearly all rows, each of them twice on average."""
    cells = [str(cell).strip() for cell in cells_of(frame, each.name)]
    again = 2 <= each.different <= len(frame) // 2 and each.filled > _ALMOST and not each.is_identifier
    return again and all(_GRADE.fullmatch(cell) for cell in cells)


_FEWEST_OF_FEW, _MANY_ROWS, _ALMOST = 8, 48, 0.95
"""Rows between which a table has few, and the share of them that a label fills there."""
_GRADE = re.compile(r"[-+]?(?:\d|10)|[^\W\d][\w-]{0,20}")
"""A small whole number or a word."""


def _is_aspect(each: Profile) -> bool:
    """Say whether a column holds what a text is judged for, in words that may be few: "service", "battery"."""
    return each.length > 0 and bool({"aspect", "token", "word"}.intersection(name_words(each.name)[-2:]))


def _are_structures(frame: pd.DataFrame, name: str) -> bool:
    """Say whether cells are JSON or Python text of lists of objects, which nobody reads."""
    values = structures_of(frame, name)
    return bool(values) and all(
        isinstance(value, dict) or (is_listed(value) and any(isinstance(each, dict) for each in value)) or value == []
        for value in values
    )


def _holds_texts(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column holds lists of sentences, which are one text together."""
    lists = structures_of(frame, name)
    texts = [text for value in lists if is_list_of_texts(value) for text in value]
    return bool(texts) and all(map(is_listed, lists)) and sum(map(len, texts)) > LONGEST_LABEL * len(texts)


def _holds_words(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column holds lists of short texts that hardly ever are the same, as of what something is made."""
    lists = [value for value in structures_of(frame, each.name) if is_list_of_texts(value)]
    different = {tuple(value) for value in lists}
    return len(lists) > MOSTLY * len(frame.head(_LOOKED_AT)) and len(different) > _MOSTLY_DIFFERENT * len(lists)


_LOOKED_AT, _MOSTLY_DIFFERENT = 50, 0.9
"""Rows that tell what a column holds, and the share of them that differ."""
