"""Paths of the files in a folder or an archive: each is taken apart once, however many rules look at it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath

_KEPT = 30_000
"""Paths that are kept apart: those of a data set of small files such as 25,000 reviews."""


@lru_cache(_KEPT)
def member_path(path: str) -> PurePosixPath:
    """Return a path, which cannot be changed."""
    return PurePosixPath(path)
