"""Which texts and labels are in lines that hold both: side by side, or one below the other?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.delimiters import lines_of, with_line_feeds
from ia3_studio.data.measurements import whole_number
from ia3_studio.data.plain_texts import FEWEST_LINES

_FASTTEXT = re.compile(r"((?:__label__\S+\s+)+)(\S.*)")
_FASTTEXT_ENDED = re.compile(r"(\S.*?)\s{0,9}((?:\s__label__\S+)+)")
_MARKED = re.compile(r"([-+]?\d|[A-Z]{2,8}:[A-Za-z]+)\s+(\S.*)")
"""A number of a class, or one such as "NUM:date", before a text."""
_ENDED = re.compile(r"(\S.*?)\s?@\s?([A-Za-z][\w-]{0,30})")
"""A class after a text and an at sign."""


def marked_labels(text: str) -> dict[str, list[Any]] | None:
    """Return the texts and labels of lines in which each label is marked by "__label__", as fastText has them."""
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < FEWEST_LINES:
        return None
    if not all("__label__" in line for line in lines):
        return None
    if all(found := [_FASTTEXT.fullmatch(line) for line in lines]):
        labels = [[name.removeprefix("__label__") for name in each[1].split()] for each in found if each]
        return _with_labels([each[2] for each in found if each], labels)
    if all(found := [_FASTTEXT_ENDED.fullmatch(line) for line in lines]):
        labels = [[name.removeprefix("__label__") for name in each[2].split()] for each in found if each]
        return _with_labels([each[1] for each in found if each], labels)
    return None


def labeled_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of lines that begin with labels, and these; None for other text.

    Labels are numbers and names of classes of which there are few.
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < FEWEST_LINES:
        return None
    if all("@" in line for line in lines) and all(found := [_ENDED.fullmatch(line) for line in lines]):
        names = [each[2] for each in found if each]
        if 2 <= len(set(names)) <= len(lines) // 4:
            return {"text": [each[1].strip() for each in found if each], "label": names}
    if not all(map(_MARKED.fullmatch, lines)):
        return None
    marks = [_MARKED.fullmatch(line) for line in lines]
    names = [each[1] for each in marks if each]
    numbers = [whole_number(name) for name in names]
    rising = all(other == one + 1 for one, other in pairwise(numbers) if one is not None and other is not None)
    kinds = {name.partition(":")[0] for name in names if ":" in name}  # NUM of NUM:date: few, however many are below
    are_few = len(set(names)) <= len(lines) // 4 or (
        all(":" in name for name in names) and 2 * len(kinds) <= len(lines)
    )
    if len(set(names)) < 2 or not are_few or (numbers[0] is not None and rising):
        return None
    return {"text": [each[2] for each in marks if each], "label": names}


def labeled_trees(text: str) -> dict[str, list[Any]] | None:
    """Return the words of lines that are trees of brackets with a class for each part, and that of the whole.

    Example:
        >>> labeled_trees("(3 (2 calm) (4 seas))\\n" * FEWEST_LINES)["text"][0]
        'calm seas'
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < FEWEST_LINES or not all(map(_TREE.match, lines)):
        return None
    if any(line.count("(") != line.count(")") for line in lines):
        return None
    return {
        "text": [" ".join(_LEAF.findall(line)) for line in lines],
        "label": [found[1] or found[2] for line in lines if (found := _TREE.match(line))],
    }


_TREE, _LEAF = re.compile(r"\((\d) \(\d .*\)$|\((\d) [^()]+\)$"), re.compile(r"\(\d ([^()]+)\)")
"""A line that is a tree with a class for the whole and for each part, and a word in it."""


def _with_labels(texts: list[Any], labels: Sequence[Sequence[str]]) -> dict[str, list[Any]]:
    """Return texts with a label each, or with a list of labels where one of them has several."""
    if any(len(each) > 1 for each in labels):
        return {"text": texts, "labels": list(labels)}
    return {"text": texts, "label": [each[0] for each in labels]}


def labels_below(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of lines below or above each of which its label stands, and these; None for other text.

    Between both may stand a line of what the label is about, as in data on the sentiment about a name: "ferry" below
    "The $T$ is late", and "-1" below that. Empty lines may stand between the groups.
    """
    blocks = [block.split("\n") for block in _GAP.split(with_line_feeds(text).strip())]
    sizes = {len(block) for block in blocks}
    lines = [line.strip() for block in blocks for line in block]
    for size in (2, 3):
        if len(lines) % size or len(lines) < FEWEST_LINES * size or (len(blocks) > 1 and sizes != {size}):
            continue
        for place in (size - 1, 0):
            labels, others = lines[place::size], [line for at, line in enumerate(lines) if at % size != place]
            if _are_classes(labels, others):
                sides = dict(zip(("text", "aspect"), (others[at :: size - 1] for at in range(size - 1)), strict=False))
                return {**sides, "label": labels}
    return None


_GAP = re.compile(r"\n(?:[^\S\n]*\n)+")


def _are_classes(lines: Sequence[str], others: Sequence[str]) -> bool:
    """Say whether lines are a few words or numbers that come again, of which none stands among the others."""
    few = 2 <= len(set(lines)) <= min(_MOST_BELOW, len(lines) // 2)
    return few and all(_ONE_WORD.fullmatch(line) for line in lines) and set(lines).isdisjoint(others)


_ONE_WORD, _MOST_BELOW = re.compile(r"[-+]?\d|[A-Za-z][\w-]{0,20}"), 12
"""A class that stands in a line of its own, and the most different ones."""
