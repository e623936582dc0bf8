"""Which columns hold measurements that a text can be told from: prices, scores, what people said on the average?"""

from __future__ import annotations

from collections.abc import Mapping as Record
from collections.abc import Sequence
from statistics import correlation
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words, says
from ia3_studio.data.column_profile import Profile, cells_of, is_measured
from ia3_studio.data.column_words import COMPUTED
from ia3_studio.data.measurements import decimal_mark, number_of

if TYPE_CHECKING:
    import pandas as pd

_FACTS = frozenset(
    ("duration", "size", "bytes", "length", "tokens", "start", "end", "offset", "latitude", "longitude", "lat", "lon",
     "width", "height", "depth", "perplexity", "seconds", "confidence", "latency", "ms", "turn", "round")
)  # fmt: skip
"""Words in names of columns that measure a row rather than judge its text."""


_COUNTED = (("number", "of"), ("num", "of"), ("no", "of"), ("count", "of"))


def is_fact(name: str) -> bool:
    """Say whether the name of a column of numbers says that they measure or count something, as "Number of rings"."""
    words = name_words(name)
    of_language = bool({"language", "lang"}.intersection(words[:1])) and len(words) > 1
    return of_language or bool(_FACTS.intersection(words[-1:])) or (len(words) > 2 and (*words[:2],) in _COUNTED)


def measures(frame: pd.DataFrame, filled: Record[str, Profile], words: frozenset[str]) -> list[str]:
    """Return the columns of measurements whose names have one of the words."""
    return [
        name for name, each in filled.items()
        if says(name, words) and not (each.is_identifier or each.is_text or each.is_label)
        and is_measured(cells_of(frame, name))
    ]  # fmt: skip


def is_score(frame: pd.DataFrame, each: Profile) -> bool:
    """Say whether a column holds fractions between -1 and 1, such as what people said on the average."""
    if each.is_identifier or each.is_label or not each.is_number or is_fact(each.name) or says(each.name, COMPUTED):
        return False
    numbers = [number for cell in cells_of(frame, each.name) if (number := number_of(cell)) is not None]
    return all(-1 <= number <= 1 for number in numbers) and _have_fractions(cells_of(frame, each.name))


def only_measure(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the first column of measurements where nothing else stands beside texts and identifiers.

    Several are measurements for certain only if all of them have fractions, as scores have.
    """
    others = [
        each for each in filled.values()
        if not (each.is_identifier or each.is_text or each.different < 2 or _FACTS.intersection(name_words(each.name)))
        and not says(each.name, COMPUTED)
    ]  # fmt: skip
    if not others:
        return _only_fact(frame, filled)
    measured = [each.name for each in others if is_measured(cells_of(frame, each.name))]
    scores = len(others) == 1 or all(map(_have_fractions, (cells_of(frame, name) for name in measured)))
    return measured[:1] if len(measured) == len(others) and scores else []


def _only_fact(frame: pd.DataFrame, filled: Record[str, Profile]) -> list[str]:
    """Return the only number of a text, in a list, where it measures what the text tells of: a length, a confidence.

    One that grows with the text was counted in it, as its tokens are.
    """
    held = [each for each in filled.values() if not each.is_identifier and each.different > 1]
    texts = [each.name for each in held if each.is_text and not each.is_label]
    facts = [each.name for each in held if each.is_number and _TOLD.intersection(name_words(each.name))]
    if any(_OF_FILES.intersection(name_words(name)) for name in filled):
        return []
    if len(facts) != 1 or len(texts) != 1 or len(held) != len([*facts, *texts]):
        return []
    measured = is_measured(cells_of(frame, facts[0])) and not _grows_with(frame, texts[0], facts[0])
    return facts if measured else []


_OF_FILES = frozenset(("path", "file", "filename", "audio", "wav", "image", "video"))
"""Words in names of columns of files, which the measurements beside them are of."""
_TOLD = frozenset(("duration", "length", "size", "width", "height", "depth", "seconds", "confidence"))
"""Words in names of measurements that may be told from a text where they are all that stands next to it."""


def _grows_with(frame: pd.DataFrame, text: str, number: str) -> bool:
    """Say whether a number follows the length of a text nearly always."""
    pairs = zip(frame[text], frame[number], strict=True)
    known = [(len(said), value) for said, cell in pairs if isinstance(said, str) and (value := number_of(cell))]
    lengths, values = [float(length) for length, _value in known], [value for _length, value in known]
    if len({*lengths}) < _FEWEST_LENGTHS or len({*values}) < _FEWEST_LENGTHS:
        return False
    return correlation(lengths, values) > _FOLLOWS


_FEWEST_LENGTHS, _FOLLOWS = 3, 0.8
"""Different lengths that show whether a number follows them, and the correlation from which on it does."""


def _have_fractions(cells: Sequence[Any]) -> bool:
    """Say whether most numbers of a column are fractions."""
    mark = decimal_mark(cells)
    numbers = [number for cell in cells if (number := number_of(cell, mark)) is not None]
    return 2 * sum(not number.is_integer() for number in numbers) > len(numbers)
