"""Which column is a plain text to learn, where no column is an answer or a label?"""

from __future__ import annotations

import re
from collections.abc import Mapping as Record
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import UNNAMED, bare_name, named
from ia3_studio.data.column_profile import (
    Profile,
    cells_of,
    is_label_name,
    is_list_of_texts,
    is_plain,
    profile,
    structures_of,
)
from ia3_studio.data.column_words import is_about_text
from ia3_studio.data.conversation_columns import MESSAGE_NAMES
from ia3_studio.data.label_contents import holds_several
from ia3_studio.data.label_names import LABEL_WORDS, MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_cells import are_questions
from ia3_studio.data.pair_names import TITLES
from ia3_studio.data.read_texts import is_fact_among, is_titled

if TYPE_CHECKING:
    import pandas as pd

TEXT_NAMES = ("text", "content", "document")


def only_column(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the column of a table of one column of plain text."""
    one = len(columns) == 1 and is_plain(frame, columns[0])
    return Mapping("text", column=columns[0]) if one else None


def two_in_lists(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the two texts of the only column, where each of its cells is a list of two, as of embedding data."""
    cells = structures_of(frame, columns[0]) if len(columns) == 1 else []
    pairs = bool(cells) and all(is_list_of_texts(cell) and len(cell) == 2 for cell in cells)
    if not pairs or named(columns, (*TEXT_NAMES, *MESSAGE_NAMES)):
        return None
    return Mapping("pairs", f"{columns[0]}[0]", f"{columns[0]}[1]")


def told_language(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only text and the language that it is in, where a table has nothing else."""
    spoken = [name for name in named(columns, ("language", "lang")) if _are_repeated(profile(frame, name), len(frame))]
    held = [each for name in columns if not (each := profile(frame, name)).is_identifier]
    one = bool(spoken) and len(held) == 1 and held[0].is_text and not held[0].is_label
    return Mapping("labels", column=held[0].name, answer=spoken[0]) if one and len(columns) <= _WITH_ID else None


def _are_repeated(each: Profile, rows: int) -> bool:
    return each.is_label or 1 < each.different <= rows / 2


_WITH_ID = 3
"""Columns of a text, its language and an id."""


def named_text(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the column that is called a text."""
    text = [name for name in named(columns, TEXT_NAMES) if profile(frame, name).length]
    text = [name for name in text if len(columns) == 1 or not profile(frame, name).is_identifier]  # names of files
    keys = [name for name in named(columns, _KEYS) if profile(frame, name).length and not profile(frame, name).is_label]
    others = [name for name in columns if name not in (*text, *keys) and not profile(frame, name).is_identifier]
    if text and keys and not others:
        return Mapping("pairs", keys[0], text[0])
    asked = [name for name in named(columns, _ASKING_TITLES) if are_questions(frame, name)]
    if asked and text and bare_name(text[0]) == "content" and profile(frame, text[0]).is_text:
        return Mapping("pairs", asked[0], text[0])
    return Mapping("text", column=text[0]) if text else None


_ASKING_TITLES = ("title", "heading", "headline", "subject", "name")
"""What stands above a content, which answers it where it is a question, as on pages of such questions."""
_KEYS = (
    "keywords",
    "keyword",
    "keyphrases",
    "concepts",
    "concept_set",
    "concept_sets",
    "outline",
    "bullets",
    "bullet_points",
)
"""Columns of what a text beside them was written from."""


def longest_text(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only column of texts, titles and authors aside."""
    texts = [each for name in columns if (each := profile(frame, name)).is_text]
    texts = [each for each in texts if len(columns) == 1 or not (each.is_label or holds_several(frame, each))]
    filled = [each for each in texts if each.filled > MOSTLY and each.different > 1]
    bodies = [each for each in filled if not is_about_text(each.name)]
    bodies = bodies or [each for each in filled if is_titled(each.name)]
    bodies = [each for each in bodies if not is_fact_among(frame, each, len(columns))]
    if len(bodies) > 1:
        *others, longest = sorted(bodies, key=lambda each: each.length)
        far = longest.length >= max(_LONG_BODY, _FAR_LONGER * others[-1].length)
        bodies = [longest] if far and all(UNNAMED.fullmatch(each.name) for each in bodies) else bodies
    below = [each for each in bodies if bare_name(each.name) not in TITLES]
    if len(below) == 1 and below[0].length == max(each.length for each in bodies):
        bodies = below
    if not texts and len(lines := [name for name in columns if _holds_lines(frame, name)]) == 1:
        keys = [name for name in named(columns, _KEYS) if name != lines[0] and profile(frame, name).length]
        return Mapping("pairs", keys[0], lines[0]) if keys else Mapping("text", column=lines[0])
    if len(bodies) != 1 or any(_says_more(frame, name, bodies[0]) for name in columns):
        return None
    return Mapping("text", column=bodies[0].name)


def _says_more(frame: pd.DataFrame, name: str, text: Profile) -> bool:
    """Say whether a column holds objects with longer texts than one that is short for a text."""
    if text.length >= _SHORT_TEXT or is_plain(frame, name):
        return False
    objects = [value for value in structures_of(frame, name) if isinstance(value, Record)]
    longest = [max((len(each) for each in value.values() if isinstance(each, str)), default=0) for value in objects]
    return bool(longest) and sum(longest) > text.length * len(longest)


_SHORT_TEXT = 20
"""Mean characters below which a text may be the name of something."""


def _holds_lines(frame: pd.DataFrame, name: str) -> bool:
    """Say whether the cells of a column are lists of texts of several words, such as the lines of a poem."""
    values = structures_of(frame, name)
    texts = [text for value in values if is_list_of_texts(value) for text in value]
    return all(map(is_list_of_texts, values)) and sum(" " in text.strip() for text in texts) > len(texts) / 2


def coded_texts(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only text of a table and its only other column, of codes in one word that come again and again."""
    held = [each for name in columns if not _numbers_rows(each := profile(frame, name))]
    codes = [each for each in held if _are_codes(frame, each)]
    texts = [
        each for each in held if each.is_text and each not in codes and each.different > _HARDLY_ALIKE * len(frame)
    ]
    one = len(held) == 2 and len(codes) == len(texts) == 1
    return Mapping("labels", column=texts[0].name, answer=codes[0].name) if one else None


def _numbers_rows(each: Profile) -> bool:
    return each.is_identifier and each.is_number


def _are_codes(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column holds words of which each comes twice or more on average, two of them at least."""
    cells = [str(cell) for cell in cells_of(frame, each.name)]
    come_again = 1 < each.different <= len(cells) / 2 and len(cells) >= _FEWEST_CODED
    come_again = come_again and each.length > 0 and not each.is_identifier
    return come_again and not any(len(cell.split()) > 1 or _SENTENCE_MARK.search(cell) for cell in cells)


_SENTENCE_MARK = re.compile("[。，！？、；]")
"""What stands in sentences of scripts that have no spaces."""
_FEWEST_CODED = 8
"""Rows that show whether codes come again."""


def labeled_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return a column of words, such as names, and the only other one, which has few values."""
    held = [each for name in columns if not (each := profile(frame, name)).is_identifier or _is_address(each)]
    words = [each for each in held if each.length and not each.is_label and each.different > _HARDLY_ALIKE * len(frame)]
    labels = [each for each in held if each.is_label and each.filled > MOSTLY]
    one = len(held) == 2 and len(words) == len(labels) == 1
    return Mapping("labels", column=words[0].name, answer=labels[0].name) if one else None


def _is_address(each: Profile) -> bool:
    """Say whether a column holds the addresses of pages, which are sorted as texts are where there is nothing else."""
    return bare_name(each.name) in ("url", "urls", "link", "domain", "host", "hostname")


_HARDLY_ALIKE = 0.9
"""Share of the rows of a column of words that differ."""


def only_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return the only column that does not identify rows, where it holds words."""
    held = [each for name in columns if not (each := profile(frame, name)).is_identifier]
    held = [] if named(columns, MESSAGE_NAMES) else held  # turns that each row says what is wrong with
    held = [each for each in held if not holds_several(frame, each)]
    one = len(held) == 1 and held[0].length > 0 and not held[0].is_label and is_plain(frame, held[0].name)
    if one and is_label_name(held[0].name, LABEL_WORDS) and held[0].different < _HARDLY_ALIKE * len(frame):
        return None  # labels of texts that are not there
    beside = [name for name in columns if one and name != held[0].name]
    if len(beside) == 1 and _are_full_names(frame, beside[0]):  # of which the word is a part, or what it stands for
        return Mapping("pairs", beside[0], held[0].name)
    return Mapping("text", column=held[0].name) if one else None


def _are_full_names(frame: pd.DataFrame, name: str) -> bool:
    """Say whether a column identifies rows by names of two words or more."""
    cells = [str(cell).split() for cell in cells_of(frame, name)]
    return bool(cells) and all(len(words) > 1 and any(map(str.isalpha, words)) for words in cells)


_LONG_BODY, _FAR_LONGER = 60, 4
"""Mean characters of the only text of a table without names, and times that it is longer than any other."""
