"""How do bytes that are no characters go through a reader? As marks in the text that carry their line.

The marks are noncharacters, which Unicode reserves for use within a program, so that any reader can make rows of the
text; the rows that contain marks are known by them (:mod:`ia3_studio.data.damaged_bytes`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_START, _ZERO = "\ufdd0", 0xFDE0
_MARK = re.compile(f"{_START}([{chr(_ZERO)}-{chr(_ZERO + 15)}]+)")
_ESCAPED, _REPLACED = re.compile("[\udc80-\udcff]+"), re.compile("\ufffd+")


def text_with_marks(data: bytes, codec: str) -> tuple[str, bool]:
    """Return bytes as text, and whether some of them are no characters, which become marks.

    Raises:
        UnicodeDecodeError: they are no text in UTF-16 or UTF-32, where everything after such bytes would be in doubt.
    """
    try:
        return data.decode(codec), False
    except UnicodeDecodeError:
        if codec.startswith(("utf-16", "utf-32")):
            raise
    # Only UTF-8 has the replacement character as a character of its own.
    escaped = codec.startswith("utf-8")
    text = data.decode(codec, "surrogateescape" if escaped else "replace")
    line_end = "\n" if "\n" in text else "\r"
    parts: list[str] = []
    line, place = 1, 0
    for broken in (_ESCAPED if escaped else _REPLACED).finditer(text):
        line += text.count(line_end, place, broken.start())
        parts += [text[place : broken.start()], _mark(line)]
        place = broken.end()
    return "".join((*parts, text[place:])), True


def _mark(line: int) -> str:
    return _START + "".join(chr(_ZERO + int(digit, 16)) for digit in f"{line:x}")


def line_of_mark(cell: Any) -> int:
    """Return the line of the first mark in a cell, counted from 1; 0 where there is none."""
    if isinstance(cell, str):
        found = _MARK.search(cell) if _START in cell else None
        return int("".join(f"{ord(digit) - _ZERO:x}" for digit in found[1]), 16) if found else 0
    if isinstance(cell, dict):
        cell = (*cell.keys(), *cell.values())
    if isinstance(cell, Sequence):
        return next(filter(None, map(line_of_mark, cell)), 0)
    return 0


def without_marks(text: str) -> str:
    """Return a text as it is shown: U+FFFD in place of each mark."""
    return _MARK.sub("\ufffd", text) if _START in text else text
