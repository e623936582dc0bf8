"""How the files of an archive or a folder are read while a table is sought in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ia3_studio.data.decode import Decoded
from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found
from ia3_studio.data.problem import clause
from ia3_studio.errors import DataError

ReadOne = Callable[[str, bytes], Found]
"""Reads one file by its name and bytes."""


@dataclass(frozen=True)
class Readers:
    """Reads a table, or texts together, so that all of them have one encoding."""

    table: ReadOne
    texts: Callable[[Sequence[str]], Mapping[str, Decoded]]
    """Decodes the files of some paths."""


def read_each(tables: Mapping[str, bytes], readers: Readers) -> tuple[dict[str, Found], dict[str, str]]:
    """Return the tables that can be read, and a sentence on each that cannot: it does not take the others down.

    Raises:
        DataError: none can be read, or more than a few cannot, each of which may take long to try.
    """
    found: dict[str, Found] = {}
    failed: dict[str, str] = {}
    for path, data in tables.items():
        try:
            found[path] = readers.table(member_path(path).name, data)
        except DataError as error:
            failed[path] = f"Not read: {path} ({clause(error)})."
            if len(failed) > _MOST_DAMAGED or len(failed) == len(tables):
                raise
    return found, failed


def read_any(tables: Mapping[str, bytes], readers: Readers) -> tuple[dict[str, Found], dict[str, str]]:
    """Return the tables that can be read, and a sentence on each that cannot; none where :func:`read_each` refuses.

    What is raised on all files of a folder says more of them then.
    """
    try:
        return read_each(tables, readers)
    except DataError:
        return {}, {}


_MOST_DAMAGED = 5
"""Files that may be damaged beside others."""


def lines_in(text: str) -> list[str]:
    """Return the lines of a text, without the empty ones at its end."""
    return lines_of(text.rstrip("\r\n"))
