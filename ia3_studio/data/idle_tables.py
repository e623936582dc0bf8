"""Are the tables of a folder beside the point? They are settings, or only numbers, and its texts are the data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ia3_studio.data.column_profile import cells_of, profile
from ia3_studio.data.document_files import OF_PROGRAMS
from ia3_studio.data.member_files import ReadOne
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.split_names import split_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_TEXTS = 2
_MOST_TABLES = 5
_LARGEST, _LARGEST_NUMBERS = 100_000, 5_000_000
"""Bytes of a file of settings, or of the numbers of a run; of tables that are read to see whether they hold words."""


def texts_instead(tables: Mapping[str, bytes], texts: Mapping[str, bytes], read: ReadOne) -> Mapping[str, bytes]:
    """Return the texts of a folder where each of its tables is settings beside pages, or numbers beside texts
    named by splits, or where none holds a word to learn from and each of the texts has several lines.

    Otherwise return the tables.
    """
    small = sum(map(len, tables.values())) <= _LARGEST_NUMBERS and 0 < len(tables) <= _MOST_TABLES
    if not small or len(texts) < _FEWEST_TEXTS:
        return tables
    names = [member_path(path).name.lower() for path in texts]
    are_pages = all(not name.endswith(".txt") or name in OF_PROGRAMS for name in names)
    splits = {split_of(member_path(path).stem) for path in texts} - {""}
    have_lines = _have_lines(texts) and not any(name in OF_PROGRAMS for name in names)
    for path, data in tables.items():
        if member_path(path).suffix.lower() == ".json":
            are_larger = have_lines and len(data) < sum(map(len, texts.values()))
            is_idle = len(data) <= _LARGEST and (are_pages or are_larger) and _are_settings(path, data, read)
        elif split_of(member_path(path).stem):
            is_idle = False
        else:
            named = len(splits) > 1 and len(data) <= _LARGEST
            is_idle = (named or have_lines) and _are_numbers(path, data, read, with_dates=have_lines)
        if not is_idle:
            return tables
    return texts


def _have_lines(texts: Mapping[str, bytes]) -> bool:
    """Say whether all files are texts of several lines, whose names are no numbers to which a table could refer."""
    files = [(member_path(path), data) for path, data in texts.items()]
    return all(
        file.suffix.lower() in _LINES and data.strip().count(b"\n") >= _FEWEST_LINES and not file.stem.isdigit()
        for file, data in files
    )


_LINES, _FEWEST_LINES = (".txt", ".text"), 4


def _are_settings(path: str, data: bytes, read: ReadOne) -> bool:
    """Say whether a file is an object of JSON without rows."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):  # told of the file when it is read as a table
        return False
    try:
        read(member_path(path).name, data)
    except DataError:  # it has no rows
        return isinstance(document, dict)
    return False


def _are_numbers(path: str, data: bytes, read: ReadOne, *, with_dates: bool) -> bool:
    """Say whether all columns of a table are numbers, or hold no words beside its dates and ids either."""
    try:
        frame = read(member_path(path).name, data).frame
    except DataError:  # told when it is read as a table
        return False
    columns = [profile(frame, str(name)) for name in frame.columns]
    if len(columns) < _FEWEST_COLUMNS or not any(each.is_number for each in columns):
        return False
    return all(each.is_number or (with_dates and _is_without_words(frame, each.name)) for each in columns)


def _is_without_words(frame: pd.DataFrame, name: str) -> bool:
    return not any(isinstance(cell, list | dict) or _WORD.search(str(cell)[:2000]) for cell in cells_of(frame, name))


_FEWEST_COLUMNS = 2
_WORD = re.compile(r"[^\W\d_]\s+[^\W\d_]|^\s*[^\W\d_]+\s*$|[\u0e00-\u0eff\u3040-\u9fff]")
"""Words, or one that stands alone."""
