"""Which adapter does each row of the running thread's call use? PEFT's ``adapter_names``, taken at its word."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from ia3_studio.method.rows import RowAssignment
from ia3_studio.method.serving import BASE


class NamedRows:
    """The name of each row's adapter; "__base__" is the base model."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.distinct = set(names) - {BASE}
        self._shape = RowAssignment(((None, 1.0),) * len(self.names), "adapter names")

    def stacked(self, scales: Mapping[str, Tensor]) -> Tensor | None:
        """Return each row's scale, shape (rows, channels); None where no row has one."""
        like = next(iter(scales.values()), None)
        if like is None:
            return None
        return torch.stack([scales.get(name, torch.ones_like(like)) for name in self.names])

    def broadcast(self, scale: Tensor, activation: Tensor, path: str) -> Tensor:
        """Return the rows' scales in the shape that multiplies an activation; beams repeat their row's."""
        return self._shape.broadcast(scale, activation, path)

    def of_batch(self, batch: int) -> list[str]:
        """Return the name of the adapter of each row of a batch."""
        each = self._shape.repeats(batch)
        return [name for name in self.names for _ in range(each)]


class ActiveRows(threading.local):
    """The rows of the running thread's call, None where all rows use the active adapters."""

    def __init__(self) -> None:
        self.rows: NamedRows | None = None

    def __reduce__(self) -> tuple[type[ActiveRows], tuple[()]]:
        return ActiveRows, ()  # a copied model starts with no rows

    @contextmanager
    def during(self, rows: NamedRows) -> Iterator[None]:
        """Name the rows for this thread inside a ``with`` block."""
        before, self.rows = self.rows, rows
        try:
            yield
        finally:
            self.rows = before
