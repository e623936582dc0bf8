"""Which columns are the choices of a question, one column each? Told by numbers, letters, or as wrong answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ia3_studio.data.choice_letters import LETTERS, with_latin_end
from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_profile import cells_of, is_plain, profile
from ia3_studio.data.column_words import WRONG
from ia3_studio.data.folding import folded
from ia3_studio.data.lexicon.concepts import words_for, words_in
from ia3_studio.data.pair_cells import text_path
from ia3_studio.data.paths import paths_in
from ia3_studio.data.right_choice import names_each, repeats_one, right_columns

if TYPE_CHECKING:
    import pandas as pd


STEMS = frozenset(
    ("choice", "option", "ending", "sol", "solution", "alternative", "answer", "ans", "op", "opt", "distractor",
     "candidate", "hypothesis", "randomfifthsentencequiz", "")
)  # fmt: skip
_CHOICE = re.compile(r"(?P<stem>.*?)[\s_.(-]{0,9}(?P<place>[0-9]|[a-h])\)?")
_TEXT_WORDS = frozenset(("text", "content", "value", "body", "html", "label"))
"""Words that may stand after the number or letter of a choice."""
_WORDS_AROUND_PLACE = 3
"""Words of a name whose number or letter stands before its last word."""
FEWEST_NUMBERED = 3
"""Choices of an exam without names, from which on a number can name the right one."""


def family_by_contents(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return columns of texts of any name with a running number, if another column names one of them in each row."""
    for choices in families(columns, lambda _stem: True):
        called = [*right_columns(columns), *(name for name in columns if name_words(name)[-1:] == ["best"])]
        right = [name for name in called if name not in choices]
        texts = all(profile(frame, name).length > 0 and not profile(frame, name).is_label for name in choices)
        if len(choices) > 2 and texts and any(names_each(frame, name, choices) for name in right):
            return choices
        others = [name for name in columns if name not in choices]
        if len(choices) > 1 and texts and repeats_one(frame, others, choices):
            return choices
    return []


def named_by_answers(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns, or paths of texts, that an answer names: left and right where each answer is one of these."""
    by_name = {name.strip().casefold(): name for name in columns}
    for answer in right_columns(columns):
        called = {str(cell).strip().casefold() for cell in cells_of(frame, answer)}
        if len(called) < _FEWEST_NAMED or not called <= by_name.keys() or answer.strip().casefold() in called:
            continue
        paths = [_text_of(frame, name) for name in columns if name.strip().casefold() in called]
        if all(path and profile(frame, path).length for path in paths):
            return paths
    return []


def _text_of(frame: pd.DataFrame, name: str) -> str:
    """Return a column of texts, or the path of the text or of the only value inside its objects."""
    if is_plain(frame, name):
        return name
    paths = paths_in(frame[[name]])
    return text_path(frame, name) or next((path for path in paths if path.rpartition(".")[2] in _TEXT_WORDS), "")


_FEWEST_NAMED = 2


def family(columns: Sequence[str]) -> list[str]:
    """Return columns of a name each with a running number or letter, such as option_a to option_d, or A to D."""
    return next(families(columns, _is_stem), [])


def _is_stem(stem: str) -> bool:
    """Say whether the name of columns without their numbers is a word for one of several choices in any language."""
    return stem in STEMS or folded(stem).replace(" ", "_") in _OPTIONS


_OPTIONS = words_for("option", "options", "answered") - words_in("en", "option", "options", "answered")


def families(columns: Sequence[str], is_stem: Callable[[str], bool]) -> Iterator[list[str]]:
    """Yield the columns of each such name, in the order of their numbers or letters."""
    by_stem: dict[tuple[str, str], dict[str, str]] = {}
    for column in columns:
        name, _, rest = column.strip().lower().partition(" - ")  # "Answer 1 - max 75 characters"
        found = _CHOICE.fullmatch(with_latin_end(name))
        stem = re.sub(r"(?<![\s_-])[\s_-]+$", "", found["stem"]) if found else ""
        place = found["place"] if found else ""
        if not found and (inner := _numbered_inside(column)):
            stem, place, rest = inner
        if place and is_stem(stem) and (stem or place in LETTERS):
            by_stem.setdefault((stem, rest), {})[place] = column
    for places in by_stem.values():
        ordered = sorted(places)
        starts = ordered[0] in "01a" and all(ord(b) - ord(a) == 1 for a, b in pairwise(ordered))
        if starts and len(ordered) > 1:
            yield [places[place] for place in ordered]


def _numbered_inside(column: str) -> tuple[str, str, str] | None:
    """Return the parts of a name with a number or letter before a word for any text, as in AnswerAText."""
    words = name_words(column)
    if len(words) < _WORDS_AROUND_PLACE:
        return None
    *words, place, last = words
    is_place = len(place) == 1 and (place.isdecimal() or place in LETTERS)
    return ("".join(words), place, last) if is_place and last in _TEXT_WORDS else None


def wrong_answers(columns: Sequence[str]) -> list[str]:
    """Return the columns of wrong answers by their numbers, those of the shortest name; none without a right one."""
    found = [each for each in families(columns, lambda stem: says(stem, WRONG)) if len(each) > 1]
    right = [name for name in right_columns(columns) if not says(name, WRONG)]
    return min(found, key=lambda each: len(each[0]), default=[]) if right else []
