"""Which rows go into which optimizer step, and into which forward pass?

Where a model needs padding, rows of similar length share a batch, so that little of it is padding; with packing, a
batch is any rows. A batch is cut into micro-batches of a bounded number of tokens, so that memory does not depend on
the batch size.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from ia3_studio.data.tokens import IGNORED

if TYPE_CHECKING:
    from ia3_studio.data.tokens import TokenRow

POOL_BATCHES = 16
"""Batches sorted by length together: enough to save padding, few enough to stay a random order."""


def batches(rows: int, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return one epoch's batches of row numbers in random order; every row is in exactly one of them.

    The order depends on (seed, epoch) alone.
    """
    order = list(range(rows))
    _generator(seed, epoch).shuffle(order)
    return _cut(order, batch_size)


def batches_by_length(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return one epoch's batches of row numbers, rows of similar length together; every row is in one of them.

    The order depends on (seed, epoch) and the lengths alone.
    """
    order = list(range(len(lengths)))
    generator = _generator(seed, epoch)
    generator.shuffle(order)
    pools = _cut(order, batch_size * POOL_BATCHES)
    cut = [batch for pool in pools for batch in _cut(sorted(pool, key=lambda row: -lengths[row]), batch_size)]
    generator.shuffle(cut)
    return cut


def _generator(seed: int, epoch: int) -> random.Random:
    return random.Random(f"{seed}/{epoch}")


def _cut(order: list[int], size: int) -> list[list[int]]:
    return [order[first : first + size] for first in range(0, len(order), size)]


Tokens = TypeVar("Tokens")
"""A row of any kind that a model reads."""


def token_count(row: Any) -> int:
    """Return how many tokens a row of tokens has."""
    return len(row.input_ids)


def micro_batches(
    rows: Sequence[Tokens], budget: int, padded: bool = True, length: Callable[[Tokens], int] = token_count
) -> Iterator[list[Tokens]]:
    """Yield the rows, longest first, in groups of at most ``budget`` tokens (a longer row stands alone).

    Args:
        padded: count every row of a group as long as its longest.
        length: of a row.
    """
    group: list[Tokens] = []
    held = 0
    for row in sorted(rows, key=lambda row: -length(row)):
        size = length(group[0]) if padded and group else length(row)
        if group and held + size > budget:
            yield group
            group, held, size = [], 0, length(row)
        group.append(row)
        held += size
    if group:
        yield group


def pad(rows: Sequence[TokenRow], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return input ids and labels of the rows, each (rows, longest), padded on the right.

    The padding token is 0: in a causal model no real token can see what stands to its right.
    """
    longest = max(len(row.input_ids) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    labels = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
    for number, row in enumerate(rows):
        ids[number, : len(row.input_ids)] = torch.tensor(row.input_ids)
        labels[number, : len(row.labels)] = torch.tensor(row.labels)
    return ids.to(device), labels.to(device)


def label_count(rows: Sequence[TokenRow]) -> int:
    """Return how many tokens of the rows are trained; a first token has nothing before it to predict it."""
    return sum(label != IGNORED for row in rows for label in row.labels[1:])
