"""What is a tag of a word: one of a span, or a part of speech?"""

from __future__ import annotations

import re
from collections.abc import Sequence

TAG = re.compile(r"[OBIESLUM]|[BIESLUM][-_].+|.+-[BIESLU]")
"""A tag that says whether a word begins a span, continues it, or is outside of any."""


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
