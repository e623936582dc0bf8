"""What nearly says the same as a model, and reads half the bytes? The first of the two float16 parts of its weights.

Where a weight is copied as the sum of two float16 numbers (:mod:`ia3_studio.models.half_weights`), the larger one alone
is the weight rounded to 11 bits. A token with these takes little more than half the time, and is nearly always the one
that the exact weights choose: they draft tokens that the exact weights then check together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

from ia3_studio.models.fast_linear import Stack, WeightChoice
from ia3_studio.models.row_costs import RowCosts, timed_rows


@dataclass(frozen=True)
class RoundedWeights:
    """The rounded weights of a model, and what rows cost with them."""

    choice: WeightChoice
    row_costs: RowCosts

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let the model multiply by its rounded weights **until the block ends**."""
        self.choice.rounded = True
        try:
            yield
        finally:
            self.choice.rounded = False


@dataclass(frozen=True)
class _Rounded:
    """A stack to be timed by its rounded weights, while others may answer by the exact ones."""

    stack: Stack

    @property
    def weight(self) -> Tensor:
        return self.stack.weight

    def whole(self, rows: Tensor, /) -> Tensor:
        return self.stack.rounded(rows)


def rounded_weights(stacks: Sequence[Stack]) -> RoundedWeights | None:
    """Return the rounded weights of stacks that are copied in float16; None where rounding leaves nothing out."""
    if not any(stack.has_two_parts for stack in stacks):
        return None
    return RoundedWeights(stacks[0].choice, timed_rows([_Rounded(stack) for stack in stacks]))
