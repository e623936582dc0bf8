"""How many rows does this machine multiply by a model's weights in hardly more time than one?

A token at a time, reading the weights is most of the work, so that a few rows more are nearly free: they are what a
response can guess ahead (:mod:`ia3_studio.chat.drafts`). How many depends on the kernels and on the machine, so that it
is timed once on the weights themselves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear

COUNTS = (1, 2, 3, 4, 6, 8)
"""Counts of rows that are timed."""
_BETWEEN = 0.35
"""What a token takes besides these products (attention, norms, drawing, the page), in products of one row."""
_REPEATS = 4
_BYTES = 48 * 2**20
"""Of weights that are read while timing, so that they do not all come from the processor's cache."""


class Multiplied(Protocol):
    """A weight that rows are multiplied by."""

    @property
    def weight(self) -> Tensor:
        """Return the weight, shape (out, in)."""

    def whole(self, rows: Tensor, /) -> Tensor:
        """Return rows · weightᵀ, shape (…, out)."""


@dataclass(frozen=True)
class PlainWeight:
    """A weight that torch multiplies in its own way."""

    weight: Tensor

    def whole(self, rows: Tensor, /) -> Tensor:
        """Return rows · weightᵀ, shape (…, out)."""
        return linear(rows, self.weight)


@dataclass(frozen=True)
class RowCosts:
    """The time of products by the number of rows; nothing is known without any."""

    seconds: dict[int, float] = field(default_factory=dict)
    """By counts of rows, in ascending order from 1."""

    @property
    def most(self) -> int:
        """Return how many rows were timed at most; 0 if none were."""
        return max(self.seconds, default=0)

    def of(self, rows: int, one: float | None = None) -> float:
        """Return about what one step with so many rows takes, in products of one row; infinite if that is not known.

        Args:
            rows: that are multiplied together.
            one: seconds of the product of one row, where other weights are what is compared with.
        """
        spent = next((spent for count, spent in self.seconds.items() if count >= rows), None)
        return math.inf if spent is None else _BETWEEN + spent / (one or self.seconds[COUNTS[0]])


@torch.inference_mode()
def timed_rows(stacks: Sequence[Multiplied]) -> RowCosts:
    """Time the products of each count of rows with the first of these weights; the shortest of a few turns counts."""
    some: list[Multiplied] = []
    for stack in stacks:
        if sum(each.weight.nbytes for each in some) >= _BYTES:
            break
        some.append(stack)
    if not some:
        return RowCosts()
    least = dict.fromkeys(COUNTS, float("inf"))
    for _repeat in range(_REPEATS):
        for count in COUNTS:
            given = [torch.ones(count, each.weight.shape[1]) for each in some]
            began = time.perf_counter()
            for stack, rows in zip(some, given, strict=True):
                stack.whole(rows)
            least[count] = min(least[count], time.perf_counter() - began)
    return RowCosts(least)
