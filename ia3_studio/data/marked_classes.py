"""Which texts have their class at the beginning or the end of their line, in brackets or before or behind a sign?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.plain_texts import FEWEST_LINES
from ia3_studio.data.turn_roles import known_role

_LONGEST, _WORDS = 40, 4
"""Characters and words of the name of a class."""
_BRACKETS = (("[", "]"), ("(", ")"), ("{", "}"), ("<", ">"))
_MOST_GRADES = 5
"""Different figures at the ends of lines that are grades; more of them count things."""
_COMES_AGAIN = 4
"""Lines that a class has on average, at least, where it stands in a line with its text."""
_HEADED = re.compile(r"#{1,6}\s+(?P<name>[^\W\d_][\w /&-]{0,39})")
_COLON = re.compile(r"(?P<name>[^\W\d_][\w/&-]{0,39}):")
_SECTIONS = (
    re.compile(r"\[(?P<name>[^\[\]\n]{1,40})\]"),
    re.compile(r"(={2,6}|-{2,6}|\*{2,6})\s?(?P<name>[^=*\n]{1,40}?)\s?\1"),
    _HEADED,
    _COLON,
)
"""Lines that stand above texts of one class; a heading or a colon, which stand above others as well, above many."""
_LOOSE, _FEWEST_LOOSE = (_HEADED, _COLON), 20
_ITEM = re.compile(r"(?:[-*+•]|\d{1,4}[.)])\s+(?P<said>\S.*)")
_LINES_OF_A_SECTION = 3

Labeled = tuple[str, str]
"""A text and its class."""


def classes_in_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of lines and the classes that stand at the same end of each of them; None for other text.

    Example:
        >>> classes_in_lines("\\n".join(f"Berth {n} is free ({'ab'[n % 2]})" for n in range(8)))["label"][:2]
        ['a', 'b']
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < FEWEST_LINES:
        return None
    for part in (_in_tags, *_FIRST, _in_brackets_last, _behind_hash, _behind_sign, _number_last):
        found = _all(lines, part)
        if found and not (part in _FIRST and _are_speakers([name for _text, name in found])):
            return {"text": [each[0] for each in found], "label": [each[1] for each in found]}
    return None


def names_note(text: str) -> tuple[str, ...]:
    """Return the sentence on words before a colon that are read as labels, as they may be names of who speaks.

    Example:
        >>> names_note("Ann: Aye.")[0].partition(":")[0]
        'The words before the colon of each line are read as its label'
    """
    first = text.lstrip().partition("\n")[0].strip()
    if not _NAMED.match(first):
        return ()
    return (
        "The words before the colon of each line are read as its label: if they are names of people who speak, call "
        "the one to learn from assistant and the others user in the file.",
    )


_NAMED = re.compile(r"[^\W\d_][\w .'-]{0,39}?\s?[:：]\s")


def classes_above(text: str) -> dict[str, list[Any]] | None:
    """Return the lines below names of classes with these: names in brackets, between rules, or before a colon.

    In Markdown they are headings, below which there is nothing but items of lists. None for other text.

    Example:
        >>> classes_above("[go]\\nsail now\\noff we go\\nleave\\n\\n[stay]\\nwait\\nhold on\\nnot yet")["label"][:4]
        ['go', 'go', 'go', 'stay']
    """
    first = text.lstrip().partition("\n")[0].strip()
    head = next((each for each in _SECTIONS if each.fullmatch(first)), None)
    if head is None:
        return None
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    heads = [head.fullmatch(line) for line in lines]
    names = [found["name"].strip() for found in heads if found]
    few = len({re.sub(r"\d+", "", name) for name in names}) == len(names) >= len(("one", "other"))  # no numbered parts
    if not few or len(lines) < (1 + _LINES_OF_A_SECTION) * len(names):
        return None
    rows: dict[str, list[Any]] = {"text": [], "label": []}
    name = ""
    for line, found in zip(lines, heads, strict=True):
        if found:
            name = found["name"].strip()
            continue
        item = _ITEM.fullmatch(line)
        if item is None and head is _HEADED:
            return None
        rows["text"].append(item["said"] if item else line)
        rows["label"].append(name)
    settings = sum("=" in line or line.endswith(":") for line in rows["text"])  # of a program, not texts
    is_whole = {*rows["label"]} == {*names} and 2 * settings < len(rows["text"])
    return rows if is_whole and (head not in _LOOSE or len(rows["text"]) >= _FEWEST_LOOSE) else None


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
    may_be_grades = part is _number_last and len(names) <= _MOST_GRADES
    counted = all(map(str.isdecimal, names)) and not may_be_grades  # of a list, or years
    if len({text.split()[-1] for text in texts}) == 1:  # the name of a field, such as Label
        return []
    return found if comes_again and 2 * len(texts) > len(found) and not counted else []


def _are_speakers(names: Sequence[str]) -> bool:
    """Say whether the names before lines are of those who speak: known roles, or others who take turns."""
    if any(map(known_role, {*names})):
        return True
    shares = [count / len(names) for count in Counter(names).values()]
    again = sum(one == other for one, other in pairwise(names)) / max(1, len(names) - 1)
    return again < _BY_CHANCE * sum(share * share for share in shares)


_BY_CHANCE = 0.5
"""How many lines of one name follow each other, compared with chance; fewer where people take turns."""


def _in_tags(line: str) -> Labeled | None:
    """Return what stands between a tag and its end."""
    name, closed, rest = line[1:].partition(">")
    end = f"</{name}>"
    is_whole = line.startswith("<") and bool(closed) and rest.endswith(end)
    return (rest.removesuffix(end).strip(), name) if is_whole and "<" not in rest.removesuffix(end) else None


def _before_sign(line: str) -> Labeled | None:
    found = _SIGN_BEHIND.match(line)
    return (_unquoted(line[found.end() :]), found[1].strip()) if found else None


def _behind_sign(line: str) -> Labeled | None:
    for sign in (" // ", " / ", " | ", " - ", " – ", " — ", ": ", ", "):
        text, found, name = line.rpartition(sign)
        if found and _CLASS.fullmatch(name.strip()):
            return _unquoted(text), name.strip()
    return None


def _number_last(line: str) -> Labeled | None:
    text, _blank, name = line.rpartition(" ")
    return (text.strip(), name) if _DIGIT.fullmatch(name) and text.strip() else None


_SIGN_BEHIND = re.compile(r"([^\W\d_][\w /-]{0,39}?)(?:\s?:\s|\s[-–—|]\s|,\s?(?=\"))")
"""The name of a class at the beginning of a line and the sign behind it."""
_CLASS, _DIGIT = re.compile(r"[^\W\d_][\w-]{0,30}(?: [\w-]{1,20}){0,2}"), re.compile(r"[-+]?\d")


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def _in_brackets_first(line: str) -> Labeled | None:
    for opening, closing in _BRACKETS:
        if line.startswith(opening):
            name, closed, text = line[1:].partition(closing)
            if opening == "<" and "</" in text:  # an element of a document
                return None
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


_FIRST = (_in_brackets_first, _before_sign)
"""Where a class stands before its text, as the name of somebody who speaks does."""
