"""Paths of the files in a folder or an archive: each is taken apart once, however many rules look at it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

_KEPT = 30_000
"""Paths that are kept apart: those of a data set of small files such as 25,000 reviews."""


@lru_cache(_KEPT)
def member_path(path: str) -> PurePosixPath:
    """Return a path, which cannot be changed."""
    return PurePosixPath(path)


def by_ending(paths: Iterable[str]) -> dict[str, str]:
    """Return paths by every end of them, with and without the ending of the file; empty where several have the end.

    Example:
        >>> by_ending(["a/1.txt", "b/1.txt"])["b/1"], by_ending(["a/1.txt", "b/1.txt"])["1.txt"]
        ('b/1.txt', '')
    """
    found: dict[str, str] = {}
    for path in paths:
        file = member_path(path)
        for each in (file, file.with_suffix("")):
            for start in range(max(0, len(each.parts) - _DEEPEST), len(each.parts)):
                key = "/".join(each.parts[start:])
                found[key] = "" if found.get(key, path) != path else path
    return found


_DEEPEST = 6
"""Folders of a path that a table may name."""
