"""Which blocks of two lines say the same in two languages? Those of a corpus that is written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import BLANK_LINES, with_line_feeds
from ia3_studio.data.line_languages import are_in_two_languages, are_of_two_scripts
from ia3_studio.data.scripts import words_of

_FEWEST, _NEARLY_ALL = 8, 0.95
"""Blocks, and the share of them that has exactly two lines."""
_MOST_COMMENTS = 0.25
"""Comments for each block; more are headings of what stands below them."""
_COMPARED, _FEWEST_WORDS = 100, 30
"""Lines of each side that are compared, and the words that they must have."""
_OTHER_LANGUAGE, _SAME_LANGUAGE = 0.15, 3
"""The most words of a side that stand on the other one, and how many times as many of its own stand on itself."""
_DIFFERENT_LINES, _DIFFERENT_WORDS = 0.9, 0.15
"""Shares of the lines and of the words of a side that are different ones: those of refrains and tags are not."""


def language_blocks(text: str) -> dict[str, list[Any]] | None:
    """Return the first and the second lines of blocks that are in two languages; None for other text.

    Lines that begin with "# " are comments, whether alone or above the two. Lines of one language have many words in
    common, however a poem or a talk divides them; of two languages, hardly any.
    """
    pairs, others, comments = _blocks(text)
    if len(pairs) < _FEWEST or len(pairs) < _NEARLY_ALL * (len(pairs) + others):
        return None
    if comments > _MOST_COMMENTS * len(pairs):
        return None
    first, second = [one for one, _other in pairs], [other for _one, other in pairs]
    step = max(1, len(pairs) // _COMPARED)
    one, other = first[::step][:_COMPARED], second[::step][:_COMPARED]
    if not are_in_two_languages(one, other) or min(map(_differing, (one, other))) < _DIFFERENT_LINES:
        return None
    if not are_of_two_scripts(one, other) and not _share_no_words(one, other):
        return None
    return {"source": first, "target": second}


def language_blocks_note(text: str) -> tuple[str, ...]:
    """Return sentences on the lines and blocks that are in no pair; nothing if there are none."""
    _pairs, others, comments = _blocks(text)
    said = (
        (f"blocks of other than two lines ({others:,})", others),
        (f"lines that are comments ({comments:,})", comments),
    )
    left = [each for each, count in said if count]
    return (f"Not used: {' and '.join(left)}.",) if left else ()


def _blocks(text: str) -> tuple[list[tuple[str, str]], int, int]:
    """Return the blocks of two lines, and how many others and comments there are."""
    pairs: list[tuple[str, str]] = []
    others = comments = 0
    for block in BLANK_LINES.split(with_line_feeds(text).strip()):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        kept = [line for line in lines if not line.startswith("# ")]
        comments += len(lines) - len(kept)
        if len(kept) == len(("source", "target")):
            pairs.append((kept[0], kept[1]))
        elif kept:
            others += 1
    return pairs, others, comments


def _differing(lines: Sequence[str]) -> float:
    return len({*lines}) / len(lines)


def _share_no_words(one: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether the words of each side come again on it, but hardly on the other one."""
    for side, beside in ((one, other), (other, one)):
        words, known = words_of("\n".join(side)), {*words_of("\n".join(beside))}
        half = len(side) // 2
        earlier, later = {*words_of("\n".join(side[:half]))}, words_of("\n".join(side[half:]))
        if len(words) < _FEWEST_WORDS or len({*words}) < _DIFFERENT_WORDS * len(words):
            return False
        shared = sum(word in known for word in words) / len(words)
        again = sum(word in earlier for word in later) / max(1, len(later))
        if shared > _OTHER_LANGUAGE or again < _OTHER_LANGUAGE or again < _SAME_LANGUAGE * shared:
            return False
    return True
