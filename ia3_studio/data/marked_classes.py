"""Which texts have their class at the beginning or the end of their line, in brackets or behind a hash?"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ia3_studio.data.delimiters import LINE_END
from ia3_studio.data.plain_texts import FEWEST_LINES

_LONGEST, _WORDS = 40, 4
"""Characters and words of the name of a class."""
_BRACKETS = (("[", "]"), ("(", ")"), ("{", "}"), ("<", ">"))
_COMES_AGAIN = 4
"""Lines that a class has on average, at least, where it stands in a line with its text."""
_SECTION = re.compile(r"\[([^\[\]\n]{1,40})\]|(={2,6}|-{2,6}|\*{2,6})\s?([^=*\n]{1,40}?)\s?\2")
"""A line that stands above texts of one class."""
_LINES_OF_A_SECTION = 3

Labeled = tuple[str, str]
"""A text and its class."""


def classes_in_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of lines and the classes that stand at the same end of each of them; None for other text.

    Example:
        >>> classes_in_lines("\\n".join(f"Berth {n} is free ({'ab'[n % 2]})" for n in range(8)))["label"][:2]
        ['a', 'b']
    """
    lines = [line.strip() for line in LINE_END.split(text) if line.strip()]
    if len(lines) < FEWEST_LINES:
        return None
    for part in (_in_brackets_first, _in_brackets_last, _behind_hash):
        if found := _all(lines, part):
            return {"text": [each[0] for each in found], "label": [each[1] for each in found]}
    return None


def classes_above(text: str) -> dict[str, list[Any]] | None:
    """Return the lines below names of classes in brackets or between rules, with these; None for other text.

    Example:
        >>> classes_above("[go]\\nsail now\\noff we go\\nleave\\n\\n[stay]\\nwait\\nhold on\\nnot yet")["label"][:4]
        ['go', 'go', 'go', 'stay']
    """
    if not _SECTION.fullmatch(text.lstrip().split("\n", 1)[0].strip()):
        return None
    lines = [line.strip() for line in LINE_END.split(text) if line.strip()]
    heads = [_SECTION.fullmatch(line) for line in lines]
    names = [(head[1] or head[3]).strip() for head in heads if head]
    few = len({re.sub(r"\d+", "", name) for name in names}) == len(names) >= len(("one", "other"))  # no numbered parts
    if not few or not heads[0] or len(lines) < (1 + _LINES_OF_A_SECTION) * len(names):
        return None
    rows: dict[str, list[Any]] = {"text": [], "label": []}
    name = ""
    for line, head in zip(lines, heads, strict=True):
        if head:
            name = (head[1] or head[3]).strip()
        else:
            rows["text"].append(line)
            rows["label"].append(name)
    settings = sum("=" in line for line in rows["text"])  # of a program, not texts
    return rows if {*rows["label"]} == {*names} and 2 * settings < len(rows["text"]) else None


def _all(lines: Sequence[str], part: Callable[[str], Labeled | None]) -> list[Labeled]:
    """Return texts and classes where each line has both, and there are few classes."""
    found: list[Labeled] = []
    for line in lines:
        each = part(line)
        if each is None or not each[0] or len(each[1]) > _LONGEST or not 0 < len(each[1].split()) <= _WORDS:
            return []
        found.append(each)
    names, texts = {name for _text, name in found}, {text for text, _name in found}
    comes_again = 2 <= len(names) <= max(2, len(found) // _COMES_AGAIN)
    return found if comes_again and 2 * len(texts) > len(found) and not all(map(str.isdecimal, names)) else []


def _in_brackets_first(line: str) -> Labeled | None:
    for opening, closing in _BRACKETS:
        if line.startswith(opening):
            name, closed, text = line[1:].partition(closing)
            return (text.strip().lstrip(":-–—").strip(), name.strip()) if closed else None
    return None


def _in_brackets_last(line: str) -> Labeled | None:
    for opening, closing in _BRACKETS:
        if line.endswith(closing):
            text, opened, name = line[:-1].rpartition(opening)
            return (text.strip(), name.strip()) if opened else None
    return None


def _behind_hash(line: str) -> Labeled | None:
    text, sign, name = line.rpartition(" #")
    return (text.strip(), name) if sign and re.fullmatch(r"[\w-]+", name) else None
