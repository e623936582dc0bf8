"""How many bytes does a folder hold, while others write and remove files in it?"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def bytes_in(folder: Path) -> int:
    """Count the bytes of all regular files below a folder; 0 if there is no such folder."""
    return sum(file_sizes(folder))


def file_sizes(folder: Path) -> list[int]:
    """List the sizes in bytes of all regular files below a folder, without what vanishes meanwhile."""
    sizes = []
    for place, _folders, names in os.walk(folder):  # passes over folders that are gone, where Path.rglob raises
        for name in names:
            try:
                found = os.lstat(os.path.join(place, name))
            except OSError:  # renamed or removed by the one who writes it
                continue
            if stat.S_ISREG(found.st_mode):
                sizes.append(found.st_size)
    return sizes
