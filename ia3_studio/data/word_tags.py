"""What is a tag of a word: one of a span, or a part of speech?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_NO_SPAN = r"No[-_]?(?:Label|Tag|Entity)"
TAG = re.compile(rf"[OBIESLUM]|[BIESLUM][-_].+|.+-[BIESLU]|{_NO_SPAN}")
"""A tag that says whether a word begins a span, continues it, or is outside of any."""
OUTSIDE = re.compile(rf"O|{_NO_SPAN}")
"""A tag of words outside of any span."""


def is_tag(cell: object) -> bool:
    """Say whether a cell is a tag of a word, such as "O" or "B-PER"."""
    return isinstance(cell, str) and TAG.fullmatch(cell.strip()) is not None


def are_parts(tags: Sequence[str], *, in_any_case: bool = False) -> bool:
    """Say whether tags of words are parts of speech: a few codes in capitals that come again and again.

    Args:
        tags: those of all words.
        in_any_case: also take small letters, where the words of a text could not look the same.
    """
    kinds = {tag.upper() if in_any_case else tag for tag in tags}
    return _FEWEST_PARTS <= len(kinds) <= min(_MOST_PARTS, len(tags) // 4) and all(map(_PART.fullmatch, kinds))


_PART = re.compile(r"[A-Z][A-Z$+-]{0,7}|[^\w\s]{1,3}")
"""A code of a part of speech, or the punctuation mark that stands for itself."""
_FEWEST_PARTS, _MOST_PARTS = 3, 60


def sentence_ends(words: Sequence[str]) -> list[int]:
    """Return behind which words the sentences of a text end, by the marks among them; none where these say little.

    They do where there is one sentence, or one is very long, or most are hardly more than a mark.

    Example:
        >>> sentence_ends(["Ada", "left", ".", "Bo", "came", "back"])
        [3, 6]
    """
    ends = [place for place, word in enumerate(words, start=1) if word.strip() in _STOPS]
    ends += [len(words)] if ends and ends[-1] < len(words) else []
    longest = max((end - begin for begin, end in pairwise([0, *ends])), default=0)
    return ends if len(ends) > 1 and longest <= _LONGEST_SENTENCE and _MEAN * len(ends) <= len(words) else []


_STOPS = frozenset((".", "?", "!", "…", "...", "。", "？", "！", "।", "॥", "؟", "۔", "።", "፧"))
"""Marks that end a sentence."""
STOPPED = (
    "Nothing but the marks says where a sentence ends: each ends with a period, a question mark or an exclamation mark."
)
_LONGEST_SENTENCE, _MEAN = 150, 3
"""Words of a sentence at most, and on the average at least, where only marks end them."""
