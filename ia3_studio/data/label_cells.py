"""What do the cells of a column of labels hold: one name, several, a measurement?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from ia3_studio.data.column_names import bare_name, name_words, says
from ia3_studio.data.column_profile import MOST_CLASSES, is_measured
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.label_names import is_coded
from ia3_studio.data.mapping import LabelKind, Separators
from ia3_studio.data.measurements import number_of
from ia3_studio.data.paths import is_listed, names_in_brackets, structure_of

SEVERAL_NAMES = frozenset(
    ("labels", "categories", "topics", "tags", "emotions", "genres", "subjects", "keywords", "intents", "classes",
     "codes", "themes", "concepts", "skills", "symptoms", "diagnoses")
)  # fmt: skip
"""Columns in which a comma stands between several labels."""
SEVERAL = re.compile(r"\s{0,20}[;|\n](?![^()]{0,100}\))\s*")
LISTED = re.compile(r"\s{0,20}[;|\n,](?![^()]{0,100}\))\s*")
"""What stands between several labels, the second where a comma may as well; none inside parentheses, as in A(b,c).

The look ahead and the blanks have an end: without one, a long text with many commas or blanks would be read to its end
for each of them.
"""
BLANK = re.compile(r"\s+")
SLASHED = re.compile(r"\s{1,20}[/&+]\s+")
"""Signs that stand between several labels where each of these is a label of other cells, else inside names."""
LONGEST_PART, _WORDS_OF_A_PART = 40, 3


def label_kind(cells: Sequence[Any], name: str = "") -> LabelKind:
    """Return what the cells of a label column hold: one name, several, or a measurement.

    Args:
        cells: those that are not missing.
        name: of the column; one such as "tags" allows for commas between several labels.
    """
    if any(is_listed(structure_of(cell)) and not _is_pair_of_numbers(cell) for cell in cells):
        return "multi"
    if are_joined_numbers(cells) or any(len(names) > 1 for names in bare_lists(cells)):
        return "multi"
    if (is_measured(cells) or are_points(cells, name)) and not is_coded(name):
        return "number"
    kinds = {cell.strip() for cell in cells if isinstance(cell, str)}
    is_class = len(kinds) <= max(2, min(MOST_CLASSES, len(cells) // 4))
    separators = LISTED if is_plural(name) or not is_class else SEVERAL
    joined = are_joined(cells, separators, is_plural=is_plural(name)) or (says(name, LABELED) and _share_parts(kinds))
    joined = joined or _are_ticked(kinds) or (is_plural(name) and are_known_together(kinds, BLANK))
    joined = joined or are_known_together(kinds, SLASHED)
    return "multi" if joined else "single"


def known_labels(cells: Sequence[Any]) -> list[Any]:
    """Return labels with None for a dash, nan or a question mark among words: how files write that there is none.

    Example:
        >>> known_labels(["neutral", "-", "entailment"]), known_labels(["+", "-"])
        (['neutral', None, 'entailment'], ['+', '-'])
    """
    others = {cell for cell in cells if isinstance(cell, str) and cell.strip() not in _UNKNOWN}
    are_words = len(others) > 1 and all(_WORD.search(cell) for cell in others)
    return [None if are_words and isinstance(cell, str) and cell.strip() in _UNKNOWN else cell for cell in cells]


_UNKNOWN, _WORD = ("-", "nan", "?"), re.compile(r"[^\W\d_]{2}")


def bare_lists(cells: Sequence[Any]) -> list[list[str]]:
    """Return the names of each cell where each of them is a list in brackets without quotes; none for other cells."""
    found = [names_in_brackets(cell) for cell in cells]
    return found if all(found) else []


def _is_pair_of_numbers(cell: Any) -> bool:
    """Say whether a cell writes how many people said what in parentheses, as "(3, 2)", which is one class."""
    return isinstance(cell, str) and _PAIR.fullmatch(cell.strip()) is not None


_PAIR = re.compile(r"\(\d+(?:, ?\d+)+\)")


def are_points(cells: Sequence[Any], name: str) -> bool:
    """Say whether whole numbers are points of a scale that is too long for classes, by their name and their number."""
    numbers = {number_of(cell) for cell in cells}
    known = [number for number in numbers if number is not None]
    return says(name, _POINTS) and len(known) == len(numbers) > _LONGEST_SCALE and max(known) > _HIGHEST_CLASS


def are_stars(cells: Sequence[Any], name: str) -> bool:
    """Say whether numbers are ratings of up to five stars by their name, of which a few rows may have all.

    Example:
        >>> are_stars([5, 2, 3, 5, 1, 4], "rating")
        True
    """
    numbers = [number_of(cell) for cell in cells]
    few = all(number is not None and number % 1 == 0 and 0 <= number <= _MOST_STARS for number in numbers)
    return few and says(name, _STARS) and 1 < len(set(numbers)) < len(numbers)


_STARS = frozenset(("rating", "stars"))
_MOST_STARS = 5
_POINTS = frozenset(("rating", "score", "points", "grade", "percent", "percentage"))
_LONGEST_SCALE, _HIGHEST_CLASS = 11, 20
"""Values of a scale of classes, such as 0 to 10, and its highest one."""


def are_joined_numbers(cells: Sequence[Any]) -> bool:
    """Say whether cells are the numbers of classes with commas between them, as "3" and "2,5,27" are.

    A cell with two commas or more shows that a comma is no decimal mark; one of thousands has three digits behind it.
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    if not texts or len(texts) < len(cells) or not all(map(_CLASS_NUMBERS.fullmatch, texts)):
        return False
    texts = [text.replace(" ", "") for text in texts]
    parts = [part for text in texts for part in text.split(",")]
    several = max(text.count(",") for text in texts) > 1 or _are_no_fractions(texts)
    return several and 2 * len(set(parts)) <= len(parts)


def _are_no_fractions(texts: Sequence[str]) -> bool:
    """Say whether numbers behind commas, some of two digits, stand alone in other cells, as "20" does beside "8,20"."""
    alone = {text for text in texts if "," not in text}
    behind = {part for text in texts for part in text.split(",")[1:]}
    few = 2 * sum("," in text for text in texts) < len(texts)
    return few and bool(behind) and behind <= alone and any(len(part) > 1 for part in behind)


_CLASS_NUMBERS = re.compile(r"\d{1,2}(?:, ?\d{1,2})*")


def _share_parts(kinds: Collection[str]) -> bool:
    """Say whether short parts between commas occur in different cells, as those of several labels do.

    Most cells have several parts, or all of these have one that is a label alone in others; the parts of one name, such
    as "Food, drinks", stand in one cell only.
    """
    split = [set(LISTED.split(cell.strip(" ;|,"))) for cell in kinds]
    several = [parts for parts in split if len(parts) > 1]
    counted = Counter(part for parts in split for part in parts)
    short = all(len(part) <= LONGEST_PART and len(part.split()) <= _WORDS_OF_A_PART for part in counted)
    alone = {part for parts in split if len(parts) == 1 for part in parts}
    are_known = all(parts & alone for parts in several) and sum(parts <= alone for parts in several) > 0
    most = 2 * len(several) >= len(split) > 1 and any(count > 1 for count in counted.values())
    return short and (most or (are_known and len(several) > 1))


def are_known_together(kinds: Collection[str], between: re.Pattern[str] = LISTED) -> bool:
    """Say whether some cells have several labels with a separator between them, each of which stands alone elsewhere.

    Example:
        >>> are_known_together({"hate", "fake", "fake, hate", "none", "hate, fake"})
        True
    """
    split = [set(between.split(cell.strip(" ;|,"))) for cell in kinds]
    alone = {part for parts in split if len(parts) == 1 for part in parts if _LETTERS.search(part)}
    several = [parts for parts in split if len(parts) > 1]
    return len(several) > 1 and all(parts <= alone for parts in several)


_LETTERS = re.compile(r"[^\W\d_]{2}")


def separators_of(cells: Sequence[Any]) -> Separators:
    """Return what stands between several labels in the cells of a column.

    Commas do not where semicolons, bars or line ends do, unless what is between commas stands between these as well.

    Example:
        >>> separators_of(["Food, drinks; Service", "Service"]), separators_of(["joy; fear, hope", "fear", "hope"])
        (';|', ';|,')
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    if not any(map(LISTED.search, texts)) and are_known_together({*texts}, BLANK):
        return " "
    if not any(map(LISTED.search, texts)) and are_known_together({*texts}, SLASHED):
        return "/&"
    parts = {part for text in texts for part in SEVERAL.split(text)}
    named = [{*LISTED.split(part)} for part in parts if LISTED.search(part)]
    return ";|" if any(map(SEVERAL.search, texts)) and not any(each <= parts for each in named) else ";|,"


def _are_ticked(kinds: Collection[str]) -> bool:
    """Say whether cells are the boxes that somebody ticked in a form, each of which stands in another cell as well."""
    split = [set(LISTED.split(cell.strip(" ;|,"))) for cell in kinds]
    counted = Counter(part for parts in split for part in parts)
    several = [parts for parts in split if len(parts) > 1]
    again = all(counted[part] > 1 for parts in several for part in parts)
    return again and len(several) > 1 and any(len(parts) == 1 for parts in split) and "" not in counted


def is_plural(name: str) -> bool:
    """Say whether a name says that each of its cells holds several labels, as "tags" does."""
    return bool(SEVERAL_NAMES.intersection((bare_name(name), *name_words(name)[-1:])))


def are_joined(cells: Sequence[Any], separators: re.Pattern[str] = SEVERAL, *, is_plural: bool = False) -> bool:
    """Say whether cells are several labels each, such as "joy;love": their parts are fewer than they are.

    Under a name in the plural, such as "tags", that most of them have several parts is enough.
    """
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    joined = [cell for cell in texts if separators.search(cell.strip(" ;|,"))]
    parts = {part for cell in texts for part in separators.split(cell.strip()) if part}
    few = 5 * len(joined) >= len(texts) > 0 and len(parts) < len(set(texts))
    marked = [cell for cell in texts if SEVERAL.search(cell.strip(" ;|,"))]  # no mark of prose, as a comma is
    alone = {cell.strip() for cell in texts}
    few = few or any({*SEVERAL.split(cell.strip(" ;|,"))} & alone for cell in marked)
    few = few or (is_plural and (5 * len(joined) >= 4 * len(texts) > 0 or 10 * len(marked) >= len(texts) > 0))
    return few and max(map(len, parts)) <= LONGEST_PART
