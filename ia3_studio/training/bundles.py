"""Which rows of a batch share their beginnings, so that a system prompt or a document runs once for all its answers?

Packed rows form bundles: what all rows of a bundle begin with is computed once. Rows in the order of their tokens have
the most in common with their neighbors, so that bundles are runs of that order; the runs are chosen so that the fewest
tokens are left. Tokens that are trained, and the one before, are never shared: each row has its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ia3_studio.data.tokens import IGNORED

if TYPE_CHECKING:
    from ia3_studio.data.tokens import TokenRow

MOST_ROWS = 64
"""Rows of a bundle at most: the search for bundles takes so many looks at each row."""


@dataclass(frozen=True)
class RowBundle:
    """Rows that begin with the same tokens."""

    rows: tuple[TokenRow, ...]
    shared: int
    """How many tokens all rows begin with that are computed once."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Return the tokens that are shared, then what each row has of its own."""
        return (self.shared, *(len(row.input_ids) - self.shared for row in self.rows))


def bundled(rows: Sequence[TokenRow]) -> list[RowBundle]:
    """Return bundles that hold every row once and have the fewest tokens.

    The order of rows depends on their tokens and labels alone, so that bundles of bundled rows are the same.
    """
    order = sorted(rows, key=lambda row: (row.input_ids, _untrained(row)))
    alike = [_common(one, other) for one, other in pairwise(order)]
    most = [_untrained(row) - 1 for row in order]
    saved, began = [0] * (len(order) + 1), [0] * (len(order) + 1)
    for stop in range(1, len(order) + 1):
        saved[stop], began[stop], shared = saved[stop - 1], stop - 1, most[stop - 1]
        for first in range(stop - 2, max(-1, stop - 1 - MOST_ROWS), -1):
            shared = min(shared, alike[first], most[first])
            if shared <= 0:
                break
            together = saved[first] + shared * (stop - 1 - first)
            if together > saved[stop]:
                saved[stop], began[stop] = together, first
    found: list[RowBundle] = []
    stop = len(order)
    while stop:
        first = began[stop]
        found.append(_bundle(order[first:stop], min([*alike[first : stop - 1], *most[first:stop]])))
        stop = first
    return found[::-1]


def bundle_batches(rows: Sequence[TokenRow], budget: int) -> Iterator[list[TokenRow]]:
    """Yield the rows, the largest bundles first, in groups of at most ``budget`` tokens; shared ones count once.

    A bundle that is larger is divided; a row that is larger stands alone.
    """
    parts = [part for bundle in bundled(rows) for part in _divided(bundle, budget)]
    group: list[TokenRow] = []
    held = 0
    for part in sorted(parts, key=lambda part: -sum(part.lengths)):
        size = sum(part.lengths)
        if group and held + size > budget:
            yield group
            group, held = [], 0
        group += part.rows
        held += size
    if group:
        yield group


def _divided(bundle: RowBundle, budget: int) -> Iterator[RowBundle]:
    rows: list[TokenRow] = []
    held = bundle.shared
    for row, own in zip(bundle.rows, bundle.lengths[1:], strict=True):
        if rows and held + own > budget:
            yield _bundle(rows, bundle.shared)
            rows, held = [], bundle.shared
        rows.append(row)
        held += own
    yield _bundle(rows, bundle.shared)


def _bundle(rows: Sequence[TokenRow], shared: int) -> RowBundle:
    return RowBundle(tuple(rows), shared if len(rows) > 1 else 0)


def packed_labels(bundles: Sequence[RowBundle], device: torch.device) -> Tensor:
    """Return the labels of bundles as one line, (1, tokens), what rows share once and in front of them.

    No row's last token is asked for the next row's first.
    """
    labels: list[int] = []
    for bundle in bundles:
        labels += [IGNORED] * bundle.shared
        for row in bundle.rows:
            labels += (IGNORED, *row.labels[bundle.shared + 1 :])
    return torch.tensor([labels], device=device)


def _common(one: TokenRow, other: TokenRow) -> int:
    """Return with how many tokens both rows begin."""
    pairs = zip(one.input_ids, other.input_ids, strict=False)
    shorter = min(len(one.input_ids), len(other.input_ids))
    return next((place for place, (first, second) in enumerate(pairs) if first != second), shorter)


def _untrained(row: TokenRow) -> int:
    """Return the number of tokens before the first trained one."""
    return next((place for place, label in enumerate(row.labels) if label != IGNORED), len(row.labels))
