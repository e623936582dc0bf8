"""Which columns are a prompt and its answer by what they hold?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.about_row import is_about_row
from ia3_studio.data.asked_data import data_context
from ia3_studio.data.column_names import UNNAMED, bare_name, named, says, says_last
from ia3_studio.data.column_profile import Profile, cells_of, is_label_name, profile
from ia3_studio.data.column_words import ANSWERED, ASKED, CODE, LABELED, READ, RESULT, WEAK
from ia3_studio.data.computed_results import are_values
from ia3_studio.data.label_names import LABEL_NAMES, MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import (
    LONGER,
    LONGEST_NAME,
    SHORTEST_PAIR,
    are_classes,
    are_questions,
    are_single_words,
    contains,
)
from ia3_studio.data.pair_names import NO_ANSWERS, TITLES
from ia3_studio.data.scripts import words_of
from ia3_studio.data.split_names import ORIGIN
from ia3_studio.data.word_pairs import only_facts_beside

if TYPE_CHECKING:
    import pandas as pd

_SHORTENED = frozenset(("abstract", "summary", "tldr"))
_NAMED_QUESTIONS = frozenset(("question", "prompt", "instruction"))
_SHORTEST_BODY = 20
"""Mean characters of texts that are more than names and titles."""


def asked_by_contents(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only column of questions, by their marks, and the only other column of texts, which answers them.

    A text that the question is about, such as a body, is no answer.
    """
    profiles = [each for name in columns if (each := profile(frame, name)).is_text and each.filled > MOSTLY]
    texts = [each.name for each in profiles if not each.is_label and each.different > 1]
    asked = [name for name in texts if are_questions(frame, name) or bare_name(name) in _NAMED_QUESTIONS]
    beside = [name for name in columns if name not in asked]
    if len(asked) == len(beside) == 1 and are_values(frame, beside[0]):
        return Mapping("pairs", asked[0], beside[0])
    data = data_context(frame, columns)
    texts = [name for name in texts if name != data]
    others = [name for name in texts if name not in asked]
    judged = [name for name in columns if is_label_name(name, LABELED) and name not in texts]
    nameless = any(UNNAMED.fullmatch(name) for name in columns)
    if nameless or judged or len(asked) != 1 or len(others) != 1 or says(others[0], READ) or says(others[0], ASKED):
        return None
    if contains(frame, asked[0], others[0]):  # a part of the question
        return None
    if are_classes(frame, others[0]):
        return Mapping("labels", column=asked[0], answer=others[0])
    if _is_written_for(frame, asked[0], others[0]) and not data:
        if not _is_called_a_class(others[0]):
            return Mapping("pairs", others[0], asked[0])
        return None if any(profile(frame, name).is_label for name in columns) else Mapping("text", column=asked[0])
    return Mapping("pairs", asked[0], others[0], data)


def _is_written_for(frame: pd.DataFrame, prompt: str, name: str) -> bool:
    """Say whether prompts, which are no questions, are what is written for much shorter names beside them."""
    written, short = profile(frame, prompt), profile(frame, name)
    short_names = short.length < LONGEST_NAME and written.length > LONGER * short.length
    return short_names and not (are_questions(frame, prompt) or says(name, ANSWERED) or says(name, RESULT))


def _is_called_a_class(name: str) -> bool:
    """Say whether a column is called the kind of what stands beside it, which is written for none of its kinds."""
    return bool(named([name], LABEL_NAMES)) or is_label_name(name, LABELED | WEAK)


def two_bodies(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only two columns of texts, where nothing could be their label but who or where, or an amount.

    Titles, texts that hardly differ, and a text that is read, such as a review, are no answers.
    """
    profiles = {name: profile(frame, name) for name in columns}
    filled = {name: each for name, each in profiles.items() if each.filled > MOSTLY}
    texts = [each for each in filled.values() if each.is_text and not each.is_label]
    texts = [each for each in texts if each.length >= LONGEST_NAME or not is_about_row(each.name)]
    if (headed := _headline_of(texts)) and only_facts_beside(frame, columns):
        return headed
    bodies = [each.name for each in texts if each.length >= _SHORTEST_BODY and 2 * each.different > len(frame)]
    if len(texts) != 2 or len(bodies) != 2 or not only_facts_beside(frame, columns):
        return None
    if any(bare_name(name) in TITLES or UNNAMED.fullmatch(name) for name in bodies):
        return None
    if (says(bodies[1], READ) and not says_last(bodies[0], CODE)) or bare_name(bodies[1]) in NO_ANSWERS:
        return None
    return Mapping("pairs", bodies[0], bodies[1])


def rewritten(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two texts and the third that was made of their words, in a table whose columns have no names.

    So a question that follows another one stands beside what it means on its own.
    """
    profiles = [profile(frame, name) for name in columns]
    texts = [each.name for each in profiles if each.is_text and not each.is_label and each.different > 1]
    others = [each for each in profiles if each.name not in texts]
    if len(texts) != len(("first", "second", "made")) or not all(map(UNNAMED.fullmatch, columns)):
        return None
    if not all(each.is_number or each.is_identifier for each in others):
        return None
    first, second, made = (list(map(_words, cells_of(frame, name))) for name in texts)
    if not len(first) == len(second) == len(made):
        return None
    shares = [
        len(whole & (one | other)) / max(1, len(whole)) for one, other, whole in zip(first, second, made, strict=True)
    ]
    alike = [len(whole & one) / max(1, len(whole)) for one, whole in zip(first, made, strict=True)]
    if sum(shares) < _MADE_OF * len(shares) or sum(alike) > _COPIED * len(alike):
        return None
    return Mapping("pairs", texts[0], texts[2], texts[1])


def _words(cell: object) -> set[str]:
    return set(words_of(str(cell)))


_MADE_OF, _COPIED = 0.8, 0.95
"""Share of the words of a text that stand in two others it was made of, and in one that it repeats."""


def in_two_scripts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only two texts of a table without names where they are in two scripts, as English and Japanese are."""
    profiles = [profile(frame, name) for name in columns]
    texts = [each.name for each in profiles if each.is_text and not each.is_label and each.different > 1]
    texts = [name for name in texts if not are_single_words(frame, name)]
    if len(texts) != len(("one", "other")) or not all(map(UNNAMED.fullmatch, columns)):
        return None
    if any(each.is_label and not each.is_number for each in profiles):
        return None
    one, other = (
        sum(map(_is_latin, cells)) / max(1, len(cells)) for cells in (cells_of(frame, name) for name in texts)
    )
    return Mapping("pairs", texts[0], texts[1]) if abs(one - other) > _OTHER_SCRIPT else None


def counted_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only two texts of a table without names where all that stands beside them counts their words."""
    profiles = [profile(frame, name) for name in columns]
    texts = [each.name for each in profiles if each.is_text and not each.is_label and each.different > 1]
    others = [each.name for each in profiles if each.name not in texts]
    if len(texts) != len(("one", "other")) or not others or not all(map(UNNAMED.fullmatch, columns)):
        return None
    lengths = {name: [len(str(cell).split()) for cell in cells_of(frame, name)] for name in texts}
    told = all(any(_counts(cells_of(frame, name), each) for each in lengths.values()) for name in others)
    return Mapping("pairs", texts[0], texts[1]) if told else None


def _counts(cells: Sequence[object], lengths: Sequence[int]) -> bool:
    """Say whether nearly all cells are the number of the words of a text, which may count a sign more or less."""
    written = [str(cell).strip() for cell in cells]
    numbers = [int(each) if each.isdecimal() and len(each) <= _MOST_DIGITS else -2 for each in written]
    near = sum(abs(one - other) <= 1 for one, other in zip(numbers, lengths, strict=False))
    is_told = min(len(set(numbers)), len(set(lengths))) >= _COUNTS  # else 0 and 1 are near to the one word of each text
    return len(numbers) == len(lengths) and near >= MOSTLY * len(numbers) and is_told


_MOST_DIGITS, _COUNTS = 6, 3


def _is_latin(cell: object) -> bool:
    """Say whether most letters of a cell are Latin."""
    letters = [letter for letter in str(cell)[:_LOOKED_AT] if letter.isalpha()]
    return 2 * sum(letter < _FIRST_OTHER for letter in letters) > len(letters)


_LOOKED_AT, _FIRST_OTHER, _OTHER_SCRIPT = 200, "\u0370", 0.8
"""Characters of a cell that tell its script, the first letter that is not Latin, and the share of such cells."""


def _headline_of(texts: Sequence[Profile]) -> Mapping | None:
    """Return a text and the headline that says the most of it, where it is long enough; None for other texts."""
    above = [each for each in texts if bare_name(each.name).startswith("headline")]
    below = [each for each in texts if each not in above]
    longest = max(below, key=lambda each: each.length, default=None)
    if len(above) != 1 or longest is None or not _SHORTEST_HEADLINE <= above[0].length < longest.length:
        return None
    return Mapping("pairs", longest.name, above[0].name)


_SHORTEST_HEADLINE = 35
"""Mean characters of a headline that is a sentence, as a summary is."""


def pairs_of_files(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two texts of a table without names whose only other column is the file that each row is from.

    The file is no label of them, as it may be of texts alone.
    """
    own = [name for name in columns if name != ORIGIN]
    if ORIGIN not in columns or len(own) != len(("prompt", "answer")) or not all(map(UNNAMED.fullmatch, own)):
        return None
    return None if any(profile(frame, name).is_label for name in own) else two_texts(frame, own)


def two_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return prompt and answer where exactly two columns hold texts and no other column holds anything but facts.

    Numbers and names are facts beside a text that is called an answer, such as how often a reply was used.
    """
    profiles = [profile(frame, name) for name in columns]
    filled = [each for each in profiles if each.filled > MOSTLY and not each.is_identifier and each.different > 1]
    said = [each for each in filled if each.is_text and not each.is_label and not is_about_row(each.name)]
    if len(said) == 2 and says(said[1].name, ANSWERED) and only_facts_beside(frame, columns):
        filled = said
    if len(filled) != 2 or any(_are_codes(frame, each.name) for each in filled):
        return None
    texts = [each for each in filled if each.length >= SHORTEST_PAIR]
    if not texts and len(columns) == len(filled) and all(_is_vocabulary(each, len(frame)) for each in filled):
        return Mapping("pairs", filled[0].name, filled[1].name)
    others = [each for each in filled if each not in texts and not (each.is_label or each.is_number)]
    short = [each for each in others if 2 * each.different > len(frame)]
    if not texts or len(texts) + len(short) < 2:
        return None
    first, second = filled
    if bare_name(first.name) in _SHORTENED and second.length > first.length:
        first, second = second, first
    if are_classes(frame, second.name) and not are_classes(frame, first.name):
        return Mapping("labels", column=first.name, answer=second.name)
    return None if bare_name(second.name) in NO_ANSWERS else Mapping("pairs", first.name, second.name)


def _are_codes(frame: pd.DataFrame, name: str) -> bool:
    """Say whether cells are letters with a number, such as c3, which are not asked, nor answers."""
    return all(_CODE.fullmatch(str(cell).strip()) for cell in cells_of(frame, name))


_CODE = re.compile(r"[A-Za-z]{1,3}[-_]?\d{1,5}")


def _is_vocabulary(each: Profile, rows: int) -> bool:
    """Say whether a column holds words of which hardly two are alike, as one side of a list of words does."""
    varied = rows >= _FEWEST_WORDS and each.different >= _HARDLY_ALIKE * rows
    return varied and each.length > 0 and not each.is_number


_FEWEST_WORDS, _HARDLY_ALIKE = 8, 0.9
"""Rows of a list of words, and the share of them that differ."""
