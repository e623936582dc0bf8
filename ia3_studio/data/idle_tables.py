"""Are the tables of a folder beside the point? They are settings, or numbers of a run, and its texts are the data."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ia3_studio.data.column_profile import profile
from ia3_studio.data.document_files import OF_PROGRAMS
from ia3_studio.data.member_files import ReadOne
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.split_names import split_of
from ia3_studio.errors import DataError

_FEWEST_TEXTS = 2
_MOST_TABLES = 5
_LARGEST = 100_000
"""Bytes of a file of settings, or of the numbers of a run."""


def texts_instead(tables: Mapping[str, bytes], texts: Mapping[str, bytes], read: ReadOne) -> Mapping[str, bytes]:
    """Return the texts of a folder where each of its tables is settings beside pages, or numbers beside texts
    named by splits.

    Otherwise return the tables.
    """
    small = all(len(data) <= _LARGEST for data in tables.values()) and 0 < len(tables) <= _MOST_TABLES
    if not small or len(texts) < _FEWEST_TEXTS:
        return tables
    names = [member_path(path).name.lower() for path in texts]
    are_pages = all(not name.endswith(".txt") or name in OF_PROGRAMS for name in names)
    splits = {split_of(member_path(path).stem) for path in texts} - {""}
    for path, data in tables.items():
        if member_path(path).suffix.lower() == ".json":
            is_idle = are_pages and _are_settings(path, data, read)
        else:
            is_idle = len(splits) > 1 and not split_of(member_path(path).stem) and _are_numbers(path, data, read)
        if not is_idle:
            return tables
    return texts


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


def _are_numbers(path: str, data: bytes, read: ReadOne) -> bool:
    try:
        frame = read(member_path(path).name, data).frame
    except DataError:  # told when it is read as a table
        return False
    return len(frame.columns) > 1 and all(profile(frame, str(name)).is_number for name in frame.columns)
