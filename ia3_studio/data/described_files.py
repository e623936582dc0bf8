"""Do rows describe files of text, each by its path, so that the category is that of the file?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.column_profile import cells_of

if TYPE_CHECKING:
    import pandas as pd

_PATH = re.compile(r"[^\s\"']+\.(?:md|mdx|markdown|rst|txt|ya?ml|toml|json|html?|py|js|ts|sh|ipynb)")
_DESCRIBED = frozenset(("purpose", "description", "summary", "desc", "about"))
_SHELVES = frozenset(("category", "categories", "section", "group", "folder"))


def shelves(frame: pd.DataFrame, columns: Sequence[str]) -> frozenset[str]:
    """Return the columns that sort files which the rows describe; none where the rows are no such catalogue."""
    if not any(bare_name(name) in _DESCRIBED for name in columns):
        return frozenset()
    sorted_by = frozenset(name for name in columns if bare_name(name) in _SHELVES)
    return sorted_by if sorted_by and any(_are_paths(frame, name) for name in columns) else frozenset()


def _are_paths(frame: pd.DataFrame, name: str) -> bool:
    """Say whether each cell is the path of another file of text."""
    cells = cells_of(frame, name)
    paths = {cell for cell in cells if isinstance(cell, str) and _PATH.fullmatch(cell)}
    return len(paths) == len(frame) > 1
