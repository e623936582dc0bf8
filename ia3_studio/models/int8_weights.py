"""How is a float32 weight read at a quarter of its bytes? As int8 numbers with one scale for each output channel.

Unlike copies in float16 these lose something: a weight is off by up to 1/254 of its row's largest. torch multiplies
them by activations in bfloat16 and adds up in float32. The other products of int8 weights that torch ships for CPUs
round activations to int8 too, all by one scale, which the few large channels of a language model take for themselves,
and their sums saturate on processors without VNNI.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from ia3_studio.models.half_weights import in_chunks

MOST_ROWS = 16
"""With more rows (reading a prompt) multiplying is the work, and the float32 weights are as fast."""
_LARGEST = 127
_CHANNELS = 64
"""Input channels are filled up to a multiple of this: the kernel reads them by vectors."""


class Int8Weight:
    """A weight in int8, ready to be multiplied by float32 rows."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        """Pack a weight.

        Args:
            weight: float32, shape (out, in).
            bias: float32, shape (out,).

        Raises:
            ValueError: the weight has values that are infinite or NaN.
        """
        outputs, inputs = weight.shape
        self._bias, self._padding = bias, -inputs % _CHANNELS
        self._packed = torch.zeros(outputs, inputs + self._padding, dtype=torch.int8)
        self._scales = torch.empty(outputs, dtype=torch.bfloat16)
        reached = 0
        for part in in_chunks(weight):
            stop = reached + len(part)
            if not part.isfinite().all():
                raise ValueError("the weight has infinite values or NaN")
            # Divided by the scale as bfloat16 holds it, so that rounding the scale costs nothing.
            scales = (part.abs().amax(1) / _LARGEST).bfloat16()
            self._scales[reached:stop] = scales
            steps = part / scales.float().clamp_min(torch.finfo(torch.float32).tiny)[:, None]
            self._packed[reached:stop, :inputs] = steps.round_().clamp_(-_LARGEST, _LARGEST)
            reached = stop

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows · weightᵀ + bias, shape (…, out)."""
        given = rows.reshape(-1, rows.shape[-1]).bfloat16()
        if self._padding:
            given = pad(given, (0, self._padding))
        result = torch._weight_int8pack_mm(given, self._packed, self._scales).float()
        if self._bias is not None:
            result.add_(self._bias)
        return result.view(*rows.shape[:-1], -1)

    def suits(self, rows: int) -> bool:
        """Say whether this is the way to multiply that many rows."""
        return rows <= MOST_ROWS

    def is_right(self, rows: Tensor) -> bool:
        """Try the product: return whether it is what the int8 numbers say, to the precision of bfloat16."""
        inputs = rows.shape[-1]
        weight = self._packed[:, :inputs].float() * self._scales.float()[:, None]
        given = rows.bfloat16().float()
        found = self(rows) if self._bias is None else self(rows) - self._bias
        return bool(((found - linear(given, weight)).abs() <= linear(given.abs(), weight.abs()) / 2**7).all())


def int8_kernel() -> type[Int8Weight] | None:
    """Return what packs weights; None where this build of torch has no such product."""
    return Int8Weight if hasattr(torch, "_weight_int8pack_mm") else None
