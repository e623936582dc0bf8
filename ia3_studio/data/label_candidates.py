"""Which columns can be a label, the likeliest first? Votes, places and names of people are not."""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.column_names import bare_name, name_words, named, says, says_last
from ia3_studio.data.column_profile import (
    MOST_CLASSES,
    UNNAMED,
    Profile,
    are_codes_of_places,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_measured,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import AMOUNTS, ANSWERED, COMPUTED, LABELED, OBSERVED, PRICED, TITLED
from ia3_studio.data.label_cells import (
    LISTED,
    LONGEST_PART,
    are_joined,
    are_joined_numbers,
    are_known_together,
    are_points,
    are_titles,
    bare_lists,
    holds_known_classes,
    holds_long_texts,
    is_plural,
    is_workflow,
)
from ia3_studio.data.label_names import (
    LABEL_WORDS,
    MOSTLY,
    ON_TOPICS,
    RATED,
    TOPICAL,
    is_called_label,
    is_coded,
    is_judged,
    is_scaled,
    named_labels,
    school_classes,
)
from ia3_studio.data.measured_columns import is_fact, is_score, measures, only_measure
from ia3_studio.data.paths import is_listed, structure_of
from ia3_studio.data.vote_counts import counts_votes

if TYPE_CHECKING:
    import pandas as pd

_TEXT_NAMES = ("question", "prompt", "text", "sentence", "instruction", "query", "spans", "offsets", "positions")
"""Columns that are read or say a place, also where few different values stand in them."""
_LABEL_KEYS = ("name", "label", "value", "class", "title", "text")
"""Keys of a label that is an object."""


def has_gaps_beside_full(frame: pd.DataFrame, label: str, columns: Sequence[str]) -> bool:
    """Say whether tags are missing in rows, and another column that is a label by its name is not."""
    full = [name for name in columns if name != label and is_label_name(name, LABEL_WORDS)]
    full = [name for name in full if (each := profile(frame, name)).is_label and each.filled == 1]
    is_other = any(bare_name(name) not in TOPICAL and not is_workflow(frame, name) for name in full)
    return bare_name(label) in TOPICAL and profile(frame, label).filled < _ALL and is_other


_ALL = 0.95
"""Share of the rows that have tags where these are what a text is sorted by."""


def is_rated(frame: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether a column rates the texts of a table."""
    rated = [profile(frame, name) for name in columns if is_label_name(name, RATED)]
    return any(_holds_labels_or_marks(frame, each) and not counts_votes(frame, each) for each in rated)


def label_path(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names inside its objects; empty where it holds long texts."""
    values = structures_of(frame, name)
    inner = [each for value in values for each in (value if is_listed(value) else [value])]
    objects = [each for each in inner if isinstance(each, Record)]
    if objects and 2 * len(objects) > len(inner):
        held = (key for key in _LABEL_KEYS if sum(key in each for each in objects) > len(objects) / 2)
        key = next((key for key in held if not any(isinstance(each.get(key), Record) for each in objects)), "")
        return f"{name}.{key}" if key else ""
    if counts_votes(frame, profile(frame, name)) or (values and not inner):  # lists, all of them empty
        return ""
    return "" if holds_long_texts(frame, name) or are_titles(frame, name) else name


def is_numbered_intent(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column called intent holds numbers, as one that tells how far something was intended."""
    return bare_name(name) in ("intent", "intents") and profile(frame, name).is_number and len(frame.columns) > _PAIR


_PAIR = 2
"""Columns of a text and its label alone."""


def varied_first(frame: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """Return columns of labels, those last that hold only one."""
    return sorted(labels, key=lambda name: profile(frame, name).different < 2)


def label_candidates(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the columns that can be a label, the likeliest first."""
    by_name = [path for name in named_labels(list(filled)) if (path := label_path(frame, name))]
    by_name = varied_first(frame, [name for name in by_name if not is_numbered_intent(frame, name)])
    by_word = [name for name, each in filled.items() if is_called_label(each) and (each.is_label or not each.is_text)]
    by_word = [name for name in by_word if _holds_labels_or_marks(frame, profile(frame, _named_inside(frame, name)))]
    votes = {name for name, each in filled.items() if counts_votes(frame, each)}
    places = {
        name for name in filled
        if are_codes_of_places(cells_of(frame, name), is_named_so="state" in name_words(name)) and not is_judged(name)
    }  # fmt: skip
    if _PLACES.intersection(word for name in frame.columns for word in name_words(str(name))):
        places |= {name for name in filled if name_words(name)[-1:] == ["state"]}
    places |= {name for name in filled if is_workflow(frame, name)} | {*school_classes(list(filled))}
    places |= {name for name in filled if name.startswith("_")}  # what a tool notes of a row
    facts = {name for name, each in filled.items() if each.is_number and is_fact(name)}
    ids = {name for name in by_word if filled[name].is_identifier and not is_label_name(_before_id(name), LABELED)}
    languages = {name for name in facts if name_words(name)[0] in ("language", "lang")}
    by_word = [name for name in by_word if name not in votes | places | ids | languages]
    alike = [
        name for name, each in filled.items()
        if each.is_label and not each.is_identifier and name not in votes | facts
    ]  # fmt: skip
    words = [name for name in alike if not filled[name].is_number]
    several = [name for name, each in filled.items() if holds_several(frame, each)]
    by_word.sort(
        key=lambda name: (
            filled[name].filled < _FEWEST_FILLED,
            not (is_judged(name) or is_scaled(filled[name]) or is_coded(name)),
            is_about_row(name),
            says_last(name, TITLED),
            bool(_BEFOREHAND.intersection(name_words(name))),
            not ON_TOPICS.intersection(name_words(name)),
            name_words(name)[-1:] != ["label"],  # before parts of one, such as label_0
            name_words(name)[0] == "target" and len(name_words(name)) > 1,  # at whom or what
            is_numbered_intent(frame, name),
        )
    )
    if any(is_label_name(name, RATED) for name in by_word) or any(
        has_gaps_beside_full(frame, name, list(filled)) for name in by_name[:1]
    ):
        by_name.sort(key=lambda name: bare_name(name) in TOPICAL)
        by_word, by_name = (by_word, []) if by_name and bare_name(by_name[0]) in TOPICAL else (by_word, by_name)
    texts = [place for place, each in enumerate(filled.values()) if each.is_text and not each.is_label]
    behind = {name for name in list(filled)[min(texts, default=-1) + 1 :] if not UNNAMED.fullmatch(name)}
    about = places | {name for name in alike if is_about_row(name) or bare_name(name) in _THINGS}
    before = {name: -place for place, name in enumerate(filled) if name not in behind and not UNNAMED.fullmatch(name)}
    words.sort(
        key=lambda name: (
            name in about, name not in behind, not holds_known_classes(frame, name), _is_yes_or_no(frame, name),
            before.get(name, 0),  # of what says where and what, the last is nearest to the text
        )
    )  # fmt: skip
    alike.sort(key=lambda name: (name in about, name not in behind, before.get(name, 0)))
    words.sort(key=lambda name: not says(name, ANSWERED))
    last = [name for name in list(filled)[max(texts, default=-1) + 1 :] if name in alike and UNNAMED.fullmatch(name)]
    only_last = last if len(last) == 1 else []
    marks = [name for name in alike if name not in about]
    told = [name for name in words if name not in about]
    scores = [name for name, each in filled.items() if name not in votes and is_score(frame, each)]
    priced = measures(frame, filled, PRICED) if not any(is_judged(name) or is_coded(name) for name in by_word) else []
    paid = measures(frame, filled, AMOUNTS)
    observed = [name for name in measures(frame, filled, OBSERVED) if not says(name, COMPUTED)]
    asked = set(named(list(filled), _TEXT_NAMES))
    lists = [name for name in several if is_plural(name)] if not any(map(is_judged, by_word)) else []
    found = [
        name
        for name in dict.fromkeys(
            (
                *by_name,
                *priced,
                *observed,
                *lists,
                *by_word,
                *only_last,
                *told,
                *several,
                *marks,
                *scores,
                *paid,
                *words,
                *alike,
            )
        )
        if name not in asked
    ]
    found = [_named_inside(frame, name) for name in sorted(found, key=lambda name: profile(frame, name).different == 1)]
    if len(frame) > _FEW_ROWS:  # of one value there is nothing to learn
        found = [name for name in found if profile(frame, name).different != 1]
    return found or only_measure(frame, {name: each for name, each in filled.items() if name not in votes})


def _before_id(name: str) -> str:
    """Return the word that an id is of, as "label" in label_id; the name itself where it has one word."""
    words = name_words(name)
    return words[-2] if len(words) > 1 and words[-1] in ("id", "ids") else name


_FEW_ROWS = 4
"""Rows up to which a label may be the same in all of them."""
_FEWEST_FILLED = 0.8
"""Share of the rows that a label must fill to come before others that fill more of them."""
_PLACES = frozenset(("city", "zip", "zipcode", "county", "country", "postcode"))
"""Words of columns beside which a state is one of a country."""
_BEFOREHAND = frozenset(("initial", "before", "pre", "prior", "previous", "baseline"))
"""Words of labels that were given before the text was read."""
_THINGS = ("title", "game", "movie", "film", "book", "hotel", "restaurant", "product_name", "productname")
"""Columns that say which thing a text is about, also where few different ones stand in them."""


def _is_yes_or_no(frame: pd.DataFrame, name: str) -> bool:
    return {str(cell).strip().casefold() for cell in cells_of(frame, name)} <= {"yes", "no", "y", "n", "true", "false"}


def _named_inside(frame: pd.DataFrame, name: str) -> str:
    """Return a column of labels, or the path of their names where it holds objects."""
    structures = structures_of(frame, name)
    lists = [value for value in structures if is_listed(value)]
    objects = [value for value in structures if isinstance(value, Record)] + [
        value for value in lists if any(isinstance(each, Record) for each in value)
    ]
    return (label_path(frame, name) or name) if objects else name


def _holds_labels_or_marks(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column that is called a label holds labels or measurements."""
    few = each.is_number and 2 <= each.different <= len(frame) // 2
    cells = cells_of(frame, each.name)
    return each.is_label or few or is_measured(cells) or (each.is_number and are_points(cells, each.name))


def holds_several(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether cells are several short labels each, in lists or joined, that occur again in other rows."""
    if each.is_identifier or each.is_label:
        return False
    cells = cells_of(frame, _named_inside(frame, each.name))
    if are_joined_numbers(cells):
        return True
    if each.is_number:
        return False
    if are_joined(cells) or are_known_together({cell.strip() for cell in cells if isinstance(cell, str)}):
        parts = [part for cell in cells if isinstance(cell, str) for part in LISTED.split(cell.strip()) if part]
    else:
        lists = bare_lists(cells) or [value for cell in cells if is_list_of_texts(value := structure_of(cell))]
        parts = [part for value in lists for part in value]
        if len(lists) < MOSTLY * len(cells) or any(len(part) > LONGEST_PART for part in parts):
            return False
    varied = len({str(cell) for cell in cells}) > 1
    return varied and 2 <= len(set(parts)) <= min(MOST_CLASSES, len(parts) // 2)
