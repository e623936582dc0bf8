"""Why do gradients of a float16 model not vanish? They are taken of the loss times a large number.

float16 has no values below 6e-8, where most gradients of a mean loss are, and none above 65,504. The factor is halved
when a gradient overflows, and doubled after many steps without: dynamic loss scaling as in Micikevicius et al.,
"Mixed Precision Training" (2018), section 3.2. Unlike there, an overflow costs no step: its batch is taken again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

FIRST = 2.0**16
SMALLEST, LARGEST = 1.0, 2.0**24
"""Between them every factor is a power of two, so that multiplying by it rounds nothing."""
GROWS_AFTER = 200
"""Steps without an overflow after which the factor is doubled."""


@dataclass
class LossScale:
    """The factor, and how it changes; 1 for good where the model's format needs none."""

    value: float
    changes: bool
    steps: int = 0
    """Steps since it last changed."""

    @classmethod
    def of(cls, model: nn.Module) -> LossScale:
        """Return the first factor for a model: activations' gradients have the format of its weights."""
        changes = any(parameter.dtype == torch.float16 for parameter in model.parameters())
        return cls(FIRST if changes else 1.0, changes)

    def unscale(self, parameters: Iterable[nn.Parameter]) -> None:
        """Divide gradients by the factor. **Changes them in place.**"""
        if self.value == 1.0:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.div_(self.value)

    def lower(self) -> bool:
        """Halve the factor after an overflow; say whether a smaller one was left to try."""
        if not self.changes or self.value <= SMALLEST:
            return False
        self.value, self.steps = self.value / 2, 0
        return True

    def count_step(self) -> None:
        """Count a step without an overflow; double the factor when there have been many."""
        if not self.changes:
            return
        self.steps += 1
        if self.steps >= GROWS_AFTER and self.value < LARGEST:
            self.value, self.steps = self.value * 2, 0
