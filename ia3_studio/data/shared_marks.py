"""Which marks come again in every unit of a text, and what stands behind them? Whatever the marks are called.

A mark is a few characters that end with a sign ("Student - ", "#Q ", "问：", "User (10:05): "), or a line of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.asked_lines import asks
from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.turn_roles import ONESELF, known_role

_FEWEST, _MOSTLY = 5, 0.8
"""Units of a text at least, and the share of the first sides that ask where nothing else tells what they are."""
_MARK = re.compile(
    r"\s*(?P<mark>[^\w\s\"']{0,3}\s?[^\W\d_][\w '-]{0,24}?\s?(?:\(?\d[\d:.]{0,8}\)?)?\s?[^\w\s\"']{0,2}"
    r"[:：．.|>)\]=→–—-][^\w\s\"']{0,2})(?:\s+|(?<=[：．]))(?P<said>.*)"
)
_SIGNED = re.compile(r"\s*(?P<mark>[#@\\/%$&!]{1,3}[^\W\d_]\w{0,15}|[^\w\s\"']{1,3}|\(?\d{1,4}[.)])\s+(?P<said>.*)")
_DIGITS = re.compile(r"\d+")
_LONGEST_ALONE, _LONGEST_CLASS, _COMES_AGAIN = 24, 40, 4
"""Characters of a mark in a line of its own and of a class, and how often a class comes again on average."""
_NAME = re.compile(r"[^\W\d_][\w '-]*[:：]")
"""A mark that may as well be the name of somebody who speaks."""
_SIGNS = re.compile(r"\s[^\w\s\"']{2,4}\s|(?<=\S)[^\w\s\"'().,!?-]{2,4}(?=\S)|\s?[→⇒]\s?|\s?[;|]\s?| {3,}")
"""Signs that stand between two sides of a line."""
_WORDS = re.compile(r"\s?[^\w\s\"'.!?,;]{0,3}\s[^\w\s\"'.!?,;]{0,3}[^\W\d_]{1,15}\s?[:=][^\w\s\"']{0,3}\s?")
"""A word with a colon between two sides, such as " | a: " and " **A:** "."""

Sides = list[tuple[str, str]]


def sides_by_marks(text: str) -> dict[str, list[Any]] | None:
    """Return what stands behind two marks that take turns through a text; None for other text.

    What stands behind the second is a class if it comes again; else an answer, if the first asks.

    Example:
        >>> sides_by_marks("\\\\question Late?\\n\\\\answer No.\\n\\n" * 5)["answer"][0]
        'No.'
    """
    lines = [line for line in lines_of(text) if line.strip()]
    pair = _marks_of(lines[:_LOOKED_AT])
    sides = _by_turns(lines, list(map(_parts, lines)), *pair) if pair else []
    if pair is None or not sides or any(mark.strip(" :.*").casefold() in ONESELF for mark in pair):
        return None
    are_names = all(map(_NAME.fullmatch, pair))
    return _columns(sides, are_marked=not are_names, mark=pair[0])


def marks_note(text: str) -> tuple[str, ...]:
    """Return the sentence on the marks that :func:`sides_by_marks` takes away, in the first of their forms."""
    lines = [line for line in lines_of(text) if line.strip()][:_LOOKED_AT]
    pair = _marks_of(lines)
    if pair is None:
        return ()
    one, other = (next(line for line in lines if mark in (_plain(line), _parts(line)[0])) for mark in pair)
    shown = [
        line.strip() if _plain(line) in pair else line.strip().removesuffix(_parts(line)[1]).strip()
        for line in (one, other)
    ]
    return (f"The marks before what is said, such as '{shown[0]}' and '{shown[1]}', are not read as text.",)


_LOOKED_AT, _MOST_TRIED = 400, 6
"""Lines at the beginning that tell the marks, and how many of these are tried."""


def _marks_of(lines: Sequence[str]) -> tuple[str, str] | None:
    """Return two marks that take turns, from the first line on; None where there are none."""
    found = list(map(_parts, lines))
    whole = Counter(line for line in map(_plain, lines) if _may_be_alone(line))
    counts = [each.most_common(_MOST_TRIED) for each in (whole, Counter(mark for mark, _said in found if mark))]
    marks = list(dict.fromkeys(mark for each in counts for mark, count in each if count >= _FEWEST))
    first = {found[0][0], _plain(lines[0])} if lines else set()
    for one in (mark for mark in marks if mark in first):
        for other in marks:
            if one != other and _by_turns(lines, found, one, other, is_part=True):
                return one, other
    return None


def sides_in_lines(text: str) -> dict[str, list[Any]] | None:
    """Return both sides of lines between which the same sign or word stands; None for other text.

    Example:
        >>> sides_in_lines("q: Late? | a: No.\\n" * 5)["prompt"][0]
        'Late?'
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < _FEWEST or "\t" in text:
        return None
    between = [found[0] for form in (_WORDS, _SIGNS) for found in form.finditer(lines[0])]
    for sign in dict.fromkeys(between):
        if any(line.count(sign) != 1 for line in lines):
            continue
        sides = [(one.strip(" |,;"), other.strip()) for one, _sign, other in (line.partition(sign) for line in lines)]
        sides = list(zip(_without_mark([one for one, _other in sides]), (other for _one, other in sides), strict=True))
        columns = _columns(sides, are_marked=_is_sure(sign), mark="")
        if columns and (sign.strip() or "prompt" in columns):  # blanks stand inside verses as well
            return columns
    return None


def classes_first(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of lines and the first word of each, where that is one of a few signs; None for other text.

    Example:
        >>> classes_first("\\n".join(f"{'+-'[n % 2]} Fog on day {n}" for n in range(10)))["label"][:2]
        ['+', '-']
    """
    written = [line for line in lines_of(text) if line.strip()]
    halves = (line.split(maxsplit=1) for line in written)
    if len(written) < 2 * _FEWEST or not all(len(each) == 2 and _SIGN.fullmatch(each[0]) for each in halves):
        return None
    lines = [line.strip().split(maxsplit=1) for line in written]
    names = [each[0].removeprefix("#") for each in lines]
    take_turns = all(one != other for one, other in pairwise(names))
    if {*names} & _OF_MARKDOWN or ("-" in names and "+" not in names):
        return None
    if take_turns or not _are_classes(names) or all(name.rstrip(".)").isdecimal() for name in names):
        return None
    return {"text": [each[1] for each in lines], "label": names}


_OF_MARKDOWN = frozenset(("*", "•", "|", ">", ">>", "", *("#" * level for level in range(1, 7))))
"""Signs of headings, items, tables and quotations, which say nothing of a text."""
_SIGN = re.compile(r"[^\w\s\"'<>\[\](){}]{1,5}|\(\W\)|#[^\W\d_]\w{0,20}|\d(?:[./]\d{1,2})+|[A-Z]{2,8}")
"""A word that is a sign: "+", "★★", "#spam", "5/5", "NEG"."""


def _parts(line: str) -> tuple[str, str]:
    """Return the mark of a line, its numbers as 0, and what stands behind it."""
    for form in (_SIGNED, _MARK):
        if found := form.fullmatch(line):
            return _plain(found["mark"]), found["said"].strip()
    return "", line.strip()


def _plain(mark: str) -> str:
    return _DIGITS.sub("0", mark.strip())


def _may_be_alone(line: str) -> bool:
    return len(line) <= _LONGEST_ALONE and any(map(str.isalpha, line))


def _by_turns(
    lines: Sequence[str], found: Sequence[tuple[str, str]], one: str, other: str, *, is_part: bool = False
) -> Sides:
    """Return what stands behind two marks of which each begins a turn; nothing where they do not take turns.

    Args:
        lines: of the text.
        found: the mark of each, and what stands behind it.
        one: the mark of the first turn.
        other: that of the second.
        is_part: whether the lines are the beginning of a text, which may end in the middle of a pair.
    """
    turns: list[tuple[str, list[str]]] = []
    for line, (mark, said) in zip(lines, found, strict=True):
        whole = _plain(line)
        if whole in (one, other):
            turns.append((whole, []))
        elif mark in (one, other):
            turns.append((mark, [said]))
        elif turns:
            turns[-1][1].append(line.rstrip())
        else:
            return []
    turns = turns[: len(turns) // 2 * 2] if is_part else turns
    in_turn = [mark for mark, _said in turns] == [one, other] * (len(turns) // 2)
    texts = ["\n".join(said).strip() for _mark, said in turns]
    return list(zip(texts[::2], texts[1::2], strict=True)) if in_turn and len(turns) >= 2 * _FEWEST else []


def _columns(sides: Sides, *, are_marked: bool, mark: str) -> dict[str, list[Any]] | None:
    """Return two sides as texts and classes, or as prompts and answers; None where it is unclear what they are."""
    if not all(map(all, sides)):
        return None
    one, other = [first for first, _second in sides], [second for _first, second in sides]
    for texts, names in ((one, other), (other, one)):
        if _are_classes(classes := _without_field(names)):
            return {"text": list(map(_unquoted, texts)), "label": classes}
    asking = sum(map(asks, one))
    if asking >= _MOSTLY * len(one) or (are_marked and known_role(mark.strip(" :：-[]<>#@*")) == "user"):
        return {"prompt": one, "answer": other}
    return None


def _are_classes(cells: Sequence[str]) -> bool:
    names = {*cells}
    short = all(len(name) <= _LONGEST_CLASS and len(name.split()) <= _COMES_AGAIN for name in names)
    return short and 2 <= len(names) <= max(2, len(cells) // _COMES_AGAIN) and len(cells) >= 2 * _FEWEST


def _without_field(cells: Sequence[str]) -> list[str]:
    """Return cells without the name of a field that all of them begin with, such as "label=spam"."""
    found = [_FIELD.match(cell) for cell in cells]
    names = {each[0] if each else "" for each in found}
    return [cell[len(next(iter(names))) :] for cell in cells] if len(names) == 1 else list(cells)


_FIELD = re.compile(r"[^\W\d_]{1,15}[=:]\s*")


def _without_mark(cells: Sequence[str]) -> list[str]:
    """Return cells without the marks that all of them begin with, such as that of an item and one for a question."""
    for _mark in range(_MOST_MARKS):
        parts = list(map(_parts, cells))
        marks = {mark for mark, _said in parts}
        if len(marks) != 1 or "" in marks:
            break
        cells = [said for _mark, said in parts]
    return list(cells)


_MOST_MARKS = 3


def _is_sure(sign: str) -> bool:
    return sign.strip() not in ("", ";", "|")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
