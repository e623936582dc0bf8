"""Which number does a cell of a table say? A comma is a decimal mark in one column and groups thousands in another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from ia3_studio.data.units import parted

DecimalMark = Literal["", ".", ","]
"""The decimal mark of a column: the other mark groups thousands; where it is empty, either mark is a decimal one."""

_MARKS: tuple[DecimalMark, ...] = (".", ",")
_OF_TOP = re.compile(r"(?<=\d)\s*(?:/|out of|von|sur|de|su|van|z|из)\s*(?:5|6|7|10|20|100)(?:[.,]0+)?", re.IGNORECASE)
"""How a rating says out of how many it is, as in 7.5/10."""
_UNITS = " \u00a0\u202f\t%$€£¥"
_PLAIN = re.compile(r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:([,.\u00a0\u202f ’'])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_ONLY_GROUPS = {mark: re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in _MARKS}
_MINUS = ("\u2212", "–")
"""Marks that stand for the minus before a number."""
_WHOLE = re.compile(r"-?\d{1,18}")
_ROUND = re.compile(r"(?<=\d)[.,]\s?[-–—]{1,2}$")
"""How a price says that it has no cents, as in 300.–"""
_SPACES = re.compile(r"(?<=\d)[\u00a0\u202f ’'](?=\d{3})")


_DIGIT, _LONGEST = re.compile(r"\d"), 100
"""Characters of a number: double precision in full takes 80."""


def whole_number(text: str) -> int | None:
    """Return the whole number that a text writes in decimal digits, perhaps negative; None for anything else.

    Superscripts are digits to Python and no numbers; thousands of digits are refused by it.
    """
    return int(text) if _WHOLE.fullmatch(text) else None


def number_text(cell: Any) -> str:
    """Return the number of a cell without its unit and without blanks between thousands; empty if there is none."""
    text = str(cell).strip(_UNITS)
    # Most cells of text are longer than a number, and of them nothing else needs to be looked at.
    return "" if len(text) > _LONGEST or not _DIGIT.search(text) else _number_in(text, is_written=isinstance(cell, str))


@lru_cache(maxsize=1 << 14)
def _number_in(text: str, *, is_written: bool) -> str:
    """Return the number in a short text. The cells of a column are the same few ones, or are asked for many times."""
    if text[:1] in _MINUS and text[1:2].isdigit():
        text = f"-{text[1:]}"
    if is_written and (ends := _OF_TOP.search(text)) and ends.end() == len(text):
        text = text[: ends.start()]
    if is_written and not (text[-1:].isdigit() and text[:1].isdigit()):
        text = parted(text)[0]
    text = _ROUND.sub("", text)
    if _PLAIN.fullmatch(text):
        return text
    return _SPACES.sub("", text) if _GROUPED.fullmatch(text) else ""


def decimal_mark(cells: Iterable[Any]) -> DecimalMark:
    """Return the decimal mark of a column.

    One cell decides where it can be read in one way only: "0,5" and "1.234,5" have a decimal comma, "1,234.5" and
    "1,234,567" a decimal point. Where every comma stands before three digits, as in "1,234", commas group thousands.
    """
    texts = {number_text(cell) for cell in cells if isinstance(cell, str)} - {""}
    points, commas = (any(_is_decimal(text, mark) for text in texts) for mark in _MARKS)
    if points and commas:
        return ""
    if commas:
        return ","
    return "." if any("," in text for text in texts) else ""


def _is_decimal(text: str, mark: DecimalMark) -> bool:
    """Say whether a number can be read only with this decimal mark."""
    other = "," if mark == "." else "."
    if mark in text and other in text:
        return text.rindex(mark) > text.rindex(other)
    if text.count(other) > 1:
        return True
    return text.count(mark) == 1 and not _ONLY_GROUPS[mark].fullmatch(text)


def plain_number(cell: Any, mark: DecimalMark) -> str:
    """Return the number of a cell as Python writes it; the cell's text if it has none.

    Args:
        cell: read in its own way where there is only one, whatever its column says.
        mark: the decimal mark of the column.
    """
    text = number_text(cell)
    certain = [each for each in _MARKS if _is_decimal(text, each)]
    mark = certain[0] if len(certain) == 1 else mark
    if mark:
        text = text.replace("," if mark == "." else ".", "")
    return text.replace(",", ".") or str(cell)


_PYTHON = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
"""A number that can be read in one way, which is that of Python, unless a point groups thousands."""


def number_of(cell: Any, mark: DecimalMark = "") -> float | None:
    """Return a cell as a number, also in percent or a currency; None where it is none."""
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return float(cell)
    if mark != "," and isinstance(cell, str) and _PYTHON.fullmatch(cell):  # most numbers, of which there may be many
        return float(cell)
    return float(plain_number(cell, mark)) if number_text(cell) else None
