"""How is a float32 weight read at half its bytes? As float16 numbers that are multiplied and added up in float32.

A token at a time, reading the weights is all the work. FBGEMM, which torch ships for x86, multiplies float32 rows by
float16 weights and sums in float32, as fast for four rows as for one. A weight that a file holds in bfloat16 or float16
is a float16 number times a power of two, so that nothing is lost. Any other weight becomes the sum of two float16
numbers: 22 bits, and an error below that of one float32 addition. That reads as many bytes as before, but several rows
(base and tuned model side by side) cost what one costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

LOW = 2.0**11
"""By this the second part is larger than it counts: what float16 leaves of a number is below 2⁻¹¹ of it."""
ROUNDING = 2.0**-24
"""Half the distance of two float32 numbers around 1: what every float32 sum loses anyway."""
ROWS_OF_TWO_PARTS = (2, 8)
"""Fewest and most rows at which two parts pay. One row reads as many bytes of a float32 weight as of its two parts: the
faster kernel of the machine decides. With many rows multiplying is the work, and two parts have twice as much of it."""
_LARGEST_EXPONENT = 14
"""Weights are scaled to below 2¹⁵, far from float16's largest number and from its smallest."""
_CHUNK = 2**15
"""Numbers that are looked at together. They stay in the processor's cache, and torch divides no more than these among
cores: weights are packed while another thread answers."""


class HalfWeight:
    """A weight in float16, ready to be multiplied by float32 rows."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None = None, *, is_rounded: bool = False, serves_one: bool = False
    ) -> None:
        """Pack a weight.

        Args:
            weight: float32, shape (out, in).
            bias: float32, shape (out,).
            is_rounded: keep one part even if it loses something.
            serves_one: two parts are the way to multiply one row, too.

        Raises:
            ValueError: the weight has values that are infinite or NaN.
        """
        exponent = _exponent(weight)
        self.has_two_parts = not (is_rounded or _is_half(weight, exponent))
        self._outputs, self._bias, self._serves_one = weight.shape[0], bias, serves_one
        self._factor = math.ldexp(1.0, -exponent)
        parts = _parts(weight, exponent, 2 if self.has_two_parts else 1)
        self._packed = [torch.ops.quantized.linear_prepack_fp16(part, None) for part in parts.split(self._outputs)]

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows · weightᵀ + bias, shape (…, out)."""
        result = _product(rows, self._packed[0])
        if self.has_two_parts:
            result.add_(_product(rows, self._packed[1]), alpha=1 / LOW)
        return self._completed(result)

    def rounded(self, rows: Tensor) -> Tensor:
        """Return what the first part alone makes of that, shape (…, out): of two parts half the bytes are read."""
        return self._completed(_product(rows, self._packed[0]))

    def _completed(self, result: Tensor) -> Tensor:
        if self._factor != 1:
            result.mul_(self._factor)
        return result if self._bias is None else result.add_(self._bias)

    def suits(self, rows: int) -> bool:
        """Say whether this is the way to multiply that many rows."""
        fewest, most = ROWS_OF_TWO_PARTS
        return not self.has_two_parts or (1 if self._serves_one else fewest) <= rows <= most


def _product(rows: Tensor, packed: Any) -> Tensor:
    return torch.ops.quantized.linear_dynamic_fp16(rows, packed)  # type: ignore[no-any-return]


def half_kernel() -> type[HalfWeight] | None:
    """Return what packs weights; None where this build of torch has no such product."""
    known = "fbgemm" in torch.backends.quantized.supported_engines
    named = hasattr(torch.ops.quantized, "linear_prepack_fp16") and hasattr(torch.ops.quantized, "linear_dynamic_fp16")
    return HalfWeight if known and named else None


def _exponent(weight: Tensor) -> int:
    """Return the power of two by which a weight fills float16's range."""
    largest = max((float(part.abs().max()) for part in in_chunks(weight)), default=0.0)
    if not math.isfinite(largest):
        raise ValueError("the weight has infinite values or NaN")
    return _LARGEST_EXPONENT - math.floor(math.log2(largest)) if largest else 0


def _is_half(weight: Tensor, exponent: int) -> bool:
    """Return whether float16 loses less of each row than a float32 sum over it."""
    for part in in_chunks(weight):
        scaled = part * math.ldexp(1.0, exponent)
        lost = (scaled - scaled.half().float()).abs_().amax(1)
        if bool((lost > ROUNDING * scaled.abs_().amax(1)).any()):
            return False
    return True


def _parts(weight: Tensor, exponent: int, count: int) -> Tensor:
    """Return a weight times a power of two and, of two parts, what float16 leaves of it, shape (count · out, in)."""
    size = weight.shape[0]
    both = weight.new_empty(count * size, weight.shape[1])
    reached = 0
    for part in in_chunks(weight):
        stop = reached + len(part)
        scaled = torch.mul(part, math.ldexp(1.0, exponent), out=both[reached:stop])
        if count == 2:
            torch.sub(scaled, scaled.half().float(), out=both[size + reached : size + stop]).mul_(LOW)
        reached = stop
    return both


def in_chunks(weight: Tensor) -> Iterator[Tensor]:
    """Yield the rows of a weight in parts that stay in the processor's cache."""
    yield from weight.split(max(1, _CHUNK // max(1, weight.shape[1])))
