"""Which numbers did an adapter learn? Read once for all cards that show them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.method import Site


def vectors_of(folder: Path) -> Mapping[Site, Tensor]:
    """Return the scale vectors of an adapter folder.

    Raises:
        AdapterError: it cannot be read.
    """
    from ia3_studio.method import Adapter

    return Adapter.load(folder).vectors()
