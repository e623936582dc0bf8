"""Which rows are in paragraphs of a few lines each? Fields with their names in front, or a text with its label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import BLANK_LINES, with_line_feeds

_FIELD = re.compile(r"\s*([^\W\d_][\w -]{0,29}?)\s*[:=][^\S\n]*(.*)")
_COUNTED = re.compile(r"\d{1,6}[.):]?\s+")
_QUOTED = re.compile(r'"(.*)"')
_FEWEST, _MOST_LINES = 6, 12
"""Paragraphs from which on a text can be rows, and the most lines that one of them has."""
_LONGEST_LABEL, _WORDS_OF_A_LABEL = 40, 3


def rows_in_blocks(text: str) -> dict[str, list[Any]] | None:
    """Return the columns of paragraphs that are built alike; None for other text.

    Example:
        >>> rows_in_blocks("\\n\\n".join(f"text: Berth {n}\\nlabel: {'ab'[n % 2]}" for n in range(6)))["label"]
        ['a', 'b', 'a', 'b', 'a', 'b']
    """
    parts = BLANK_LINES.split(with_line_feeds(text).strip())
    blocks = [[line.rstrip() for line in part.split("\n")] for part in parts]
    if len(blocks) < _FEWEST or max(map(len, blocks)) > _MOST_LINES:
        return None
    return _fields(blocks) or _labeled(blocks)


def _fields(blocks: Sequence[Sequence[str]]) -> dict[str, list[Any]] | None:
    """Return the fields of blocks each of whose lines begins with a name, most of which all blocks have."""
    found = [[_FIELD.fullmatch(line) for line in block] for block in blocks]
    if not all(all(block) for block in found):
        return None
    records = [{each[1].strip(): each[2].strip() for each in block if each} for block in found]
    names = list(dict.fromkeys(name for record in records for name in record))
    shared = [name for name in names if all(name in record for record in records)]
    whole = all(len(record) == len(block) for record, block in zip(records, blocks, strict=True))
    if not whole or len(shared) < len(("text", "label")) or len(names) > 2 * len(shared):
        return None
    return {name: [record.get(name) for record in records] for name in names}


def _labeled(blocks: Sequence[Sequence[str]]) -> dict[str, list[Any]] | None:
    """Return the texts and labels of blocks in each of which one line is a label and one other line is a text.

    Lines behind them that are remarks are passed over, as are the numbers and the quotes around texts.
    """
    counts = {len(block) for block in blocks}
    if len(counts) != 1 or not 1 < min(counts) < len(("text", "label", "remark", "none")):
        return None
    lines = [list(column) for column in zip(*blocks, strict=True)]
    texts = [column for column in lines if len(set(column)) > _VARIED * len(column) and _mean_words(column) > _WORDS]
    labels = [column for column in lines if _are_labels(column)]
    others = [column for column in lines if column not in texts and column not in labels]
    if len(texts) != 1 or len(labels) != 1 or not all(_are_remarks(column) for column in others):
        return None
    return {"text": list(map(_bare, texts[0])), "label": [cell.strip() for cell in labels[0]]}


_VARIED, _WORDS = 0.8, 3
"""Share of the texts that differ, and the mean number of their words."""


def _mean_words(column: Sequence[str]) -> float:
    return sum(len(cell.split()) for cell in column) / len(column)


def _are_labels(column: Sequence[str]) -> bool:
    short = all(len(cell) <= _LONGEST_LABEL and len(cell.split()) <= _WORDS_OF_A_LABEL for cell in column)
    ends = any(cell.strip()[-1:] in ".!?" for cell in column)
    return short and not ends and 2 <= len(set(column)) <= max(2, len(column) // 3)


def _are_remarks(column: Sequence[str]) -> bool:
    """Say whether all lines begin with the same word and a colon, as remarks on rows do."""
    return len({(found := _FIELD.fullmatch(cell)) and found[1] for cell in column} - {None}) == 1


def _bare(cell: str) -> str:
    text = _COUNTED.sub("", cell.strip(), count=1)
    found = _QUOTED.fullmatch(text)
    return found[1] if found else text
