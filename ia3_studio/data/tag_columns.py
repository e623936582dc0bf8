"""Which columns are the words of a text and their tags?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import named
from ia3_studio.data.column_profile import cells_of, is_list_of_texts, structures_of
from ia3_studio.data.label_examples import tags_in
from ia3_studio.data.label_names import MOSTLY
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import is_listed, structure_of
from ia3_studio.data.word_tags import OUTSIDE, is_tag

if TYPE_CHECKING:
    import pandas as pd


WORD_NAMES = ("tokens", "words", "word", "token")
TAG_NAMES = ("ner_tags", "tags", "pos_tags", "labels", "ner", "bio_tags", "tag", "upos", "pos")


def tagged_words(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return which columns are the words of a text and their tags: lists of the same length, or texts of such lists."""
    words = [name for name in named(columns, WORD_NAMES) if _are_lists(frame, name)]
    tags = [name for name in named(columns, TAG_NAMES) if _are_lists(frame, name)]
    if words and tags:
        return Mapping("tags", column=words[0], answer=tags[0])
    if listed := _tags_in_lists(frame, columns):
        return listed
    written = [name for name in columns if _are_written_tags(frame, name) or _are_listed_tags(frame, name)]
    for tag in written[:1]:
        counts = [len(_tags_of(cell)) for cell in cells_of(frame, tag)]
        for name in columns:
            cells = [value for value in map(structure_of, cells_of(frame, name)) if _is_words(value)]
            fits = len(cells) == len(counts) and name != tag and not named([name], TAG_NAMES)
            if fits and sum(map(_same_length, cells, counts)) > 0.9 * len(cells):
                return Mapping("tags", column=name, answer=tag)
    return None


def _tags_in_lists(frame: pd.DataFrame, columns: Sequence[str]) -> Mapping | None:
    """Return two columns of lists of one length row by row, of which one holds tags such as B-PER and O."""
    lists = {name: structures_of(frame, name) for name in columns if _are_lists(frame, name)}
    lists = {name: cells for name, cells in lists.items() if all(map(is_list_of_texts, cells))}
    tags = [name for name, cells in lists.items() if _are_tag_lists(cells)]
    for tag in tags[:1]:
        for name, cells in lists.items():
            fits = name != tag and list(map(len, cells)) == list(map(len, lists[tag]))
            if fits and not _are_tag_lists(cells) and not named([name], TAG_NAMES):
                return Mapping("tags", column=name, answer=tag)
    return None


def _are_tag_lists(cells: Sequence[list[str]]) -> bool:
    tags = {tag for cell in cells for tag in cell}
    return "O" in tags and len(tags) > 1 and all(map(is_tag, tags)) and any(tag[:2] in ("B-", "I-") for tag in tags)


def _is_words(value: Any) -> bool:
    return isinstance(value, str) or (is_listed(value) and all(isinstance(each, str) for each in value))


def _same_length(cell: str | Sequence[str], count: int) -> bool:
    return len(cell.split() if isinstance(cell, str) else cell) == count


def _are_written_tags(frame: pd.DataFrame, name: str) -> bool:
    """Say whether the cells of a column are tags side by side, such as "B-PER O O"."""
    cells = [cell for cell in cells_of(frame, name)[:_LOOKED_AT] if not (isinstance(cell, str) and not cell.strip())]
    found = [tags_in(cell) if isinstance(cell, str) else [] for cell in cells]
    return bool(found) and all(len(tags) > 0 and all(map(is_tag, tags)) for tags in found) and any(map(_many, found))


def _tags_of(cell: Any) -> list[str]:
    value = structure_of(cell)
    return [str(each) for each in value] if is_listed(value) else tags_in(str(cell))


def _are_listed_tags(frame: pd.DataFrame, name: str) -> bool:
    """Say whether the cells of a column are lists of tags, such as ["B-PER", "O"]."""
    found = [value for value in structures_of(frame, name)[:_LOOKED_AT] if is_listed(value)]
    filled = bool(found) and len(found) == len(structures_of(frame, name)[:_LOOKED_AT])
    return filled and all(len(tags) > 0 and all(map(is_tag, tags)) for tags in found) and any(map(_many, found))


def _many(tags: Sequence[str]) -> bool:
    return len(tags) > 1 and any(map(OUTSIDE.fullmatch, tags))


_LOOKED_AT = 50


def _are_lists(frame: pd.DataFrame, name: str) -> bool:
    values = structures_of(frame, name)
    return bool(values) and sum(map(is_listed, values)) > MOSTLY * len(values)
