"""Which rows go into which optimiser step, and into which forward pass?

Rows of similar length share a batch, so that little of a batch is padding; a batch is cut into micro-batches of a
bounded number of padded tokens, so that memory does not depend on the batch size.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ia3_studio.data.tokens import TokenRow

POOL_BATCHES = 16
"""Batches sorted by length together: enough to save padding, few enough to stay a random order."""

IGNORED = -100
"""The label of a token that is not trained."""


def batches(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return one epoch's batches of row numbers; every row stands in exactly one of them.

    The order depends on (seed, epoch) alone.
    """
    order = list(range(len(lengths)))
    generator = random.Random(f"{seed}/{epoch}")
    generator.shuffle(order)
    pool = batch_size * POOL_BATCHES
    cut: list[list[int]] = []
    for start in range(0, len(order), pool):
        by_length = sorted(order[start : start + pool], key=lambda row: -lengths[row])
        cut += [by_length[first : first + batch_size] for first in range(0, len(by_length), batch_size)]
    generator.shuffle(cut)
    return cut


def micro_batches(rows: Sequence[TokenRow], budget: int) -> Iterator[list[TokenRow]]:
    """Yield the rows, longest first, in groups of at most ``budget`` padded tokens (a longer row stands alone)."""
    group: list[TokenRow] = []
    for row in sorted(rows, key=lambda row: -len(row.input_ids)):
        if group and len(group[0].input_ids) * (len(group) + 1) > budget:
            yield group
            group = []
        group.append(row)
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
