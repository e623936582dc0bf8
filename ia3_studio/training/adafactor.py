"""Adafactor with the settings of T-Few, over the vectors of one flat parameter.

transformers' class, since T-Few used it. torch.optim.Adafactor caps the rate at 1/√step, which is the relative step
that T-Few turns off, and guards the square root otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn
from transformers.optimization import Adafactor


class VectorAdafactor(Adafactor):
    """Adafactor that sees each scale vector by itself: its step is scaled and clipped by that vector's own size.

    T-Few keeps a vector as a (size, 1) matrix; factoring the second moment of one column changes nothing, so the
    steps are T-Few's.
    """

    def __init__(
        self, flat: nn.Parameter, sizes: Sequence[int], rate: float, others: Sequence[nn.Parameter] = ()
    ) -> None:
        self.flat = flat
        self.sizes = list(sizes)
        vectors = [part.requires_grad_() for part in flat.detach().split(self.sizes)]  # share the parameter's memory
        super().__init__(  # type: ignore[no-untyped-call]
            [*vectors, *others], lr=rate, scale_parameter=True, relative_step=False, warmup_init=False, weight_decay=0.0
        )

    def step(self, closure: Any = None) -> Any:
        """Take one step. **Changes the flat parameter in place.**"""
        gradient = self.flat.grad
        parts = [None] * len(self.sizes) if gradient is None else gradient.split(self.sizes)
        for vector, part in zip(self.param_groups[0]["params"], parts, strict=False):  # heads stand behind them
            vector.grad = part
        return super().step(closure)  # type: ignore[no-untyped-call]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradient."""
        super().zero_grad(set_to_none)
        self.flat.grad = None
