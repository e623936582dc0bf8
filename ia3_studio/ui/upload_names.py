"""What several uploaded files are called together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_LONGEST_NAME = 80


def name_together(files: Mapping[str, Path]) -> str:
    """Return the name of the largest of several files and how many more there are, so that data sets are told apart.

    Args:
        files: paths by the names under which they are kept.
    """
    largest = min(files, key=lambda name: (-files[name].stat().st_size, name))
    return f"{PurePosixPath(largest).name[:_LONGEST_NAME]} and {len(files) - 1} more"
