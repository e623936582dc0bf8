"""Which parameters does a job train, and which values of them were the best? The attached vectors, and new heads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.scaling import Attachment

Copies = tuple[Tensor, ...]
"""The trainable parameters at one time: the vectors first."""


@dataclass(frozen=True, eq=False)
class BestParameters:
    """The parameters with the lowest held-out loss so far."""

    step: int = 0
    """The step they are of; 0 before the first held-out loss."""
    held_out: float = math.inf
    copies: Copies = ()
    waited: int = 0
    """Held-out losses since then."""


class TrainableParameters:
    """The parameters of one job. **A head's parameters are set to require gradients.**"""

    def __init__(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.vectors = attachment.parameter
        heads = attachment.heads.parameters() if isinstance(attachment, HeadedAttachment) else ()
        self.heads: Sequence[nn.Parameter] = tuple(heads)
        for head in self.heads:
            head.requires_grad_()

    @property
    def parameters(self) -> tuple[nn.Parameter, ...]:
        """Return all trainable parameters, the vectors first."""
        return (self.vectors, *self.heads)

    def copies(self) -> Copies:
        """Return a copy of the current parameters."""
        return tuple(parameter.detach().clone() for parameter in self.parameters)

    def restore(self, copies: Copies) -> None:
        """Restore the parameters. **Overwrites later training**; the gradient is cleared."""
        self.forget_gradient()
        with torch.no_grad():
            for parameter, copy in zip(self.parameters, copies, strict=True):
                parameter.copy_(copy)

    def forget_gradient(self) -> None:
        """Forget the gradient."""
        for parameter in self.parameters:
            parameter.grad = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Restore everything at the end of a ``with`` block."""
        copies = self.copies()
        try:
            yield
        finally:
            self.restore(copies)
