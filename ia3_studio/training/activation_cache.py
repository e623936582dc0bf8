"""Where are hidden states cached? In memory up to a limit, then on disk if a folder is given."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ia3_studio.models.device import local_processes
from ia3_studio.models.machine import system_memory

MEMORY_SHARE = 0.25
"""Maximum share of the free memory for hidden states: training needs the rest."""


class ActivationCache:
    """Hidden states by key; those that do not fit are not stored.

    Args:
        room: bytes of memory, at most a quarter of what is free now; processes that share a machine divide it.
        folder: for overflow when the memory is full; None disables it. Files are removed with the store.
    """

    def __init__(self, room: int, folder: Path | None = None) -> None:
        self._room = min(room, int(MEMORY_SHARE * system_memory().free)) // local_processes()
        self._kept: dict[Hashable, Tensor] = {}
        self._written: dict[Hashable, tuple[Path, torch.dtype]] = {}
        self._place = Path(tempfile.mkdtemp(dir=folder)) if folder else None
        if self._place:
            weakref.finalize(self, shutil.rmtree, self._place, ignore_errors=True)
        self.bytes = 0
        """Memory taken so far."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._written)

    def get(self, key: Hashable) -> Tensor | None:
        """Return what is kept of a key; None where nothing is."""
        if key in self._kept:
            return self._kept[key]
        if key in self._written:
            path, dtype = self._written[key]
            return torch.from_numpy(np.load(path)).view(dtype)
        return None

    def put(self, key: Hashable, hidden: Tensor) -> None:
        """Keep a copy where there is room for it."""
        if key in self._kept or key in self._written:
            return
        size = hidden.numel() * hidden.element_size()
        if self.bytes + size <= self._room:
            self._kept[key] = hidden.detach().clone()
            self.bytes += size
        elif self._place:
            path = self._place / f"{len(self._written)}.npy"
            np.save(path, hidden.detach().cpu().contiguous().view(torch.uint8).numpy())  # numpy has no bfloat16
            self._written[key] = path, hidden.dtype

    def clear(self) -> None:
        """Forget everything."""
        self._kept, self.bytes = {}, 0
        for path, _dtype in self._written.values():
            path.unlink(missing_ok=True)
        self._written = {}
