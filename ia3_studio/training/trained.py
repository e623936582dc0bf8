"""Which parameters does a job train? The attached vectors, and new heads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.scaling import Attachment

Copies = tuple[Tensor, ...]
"""The trainable parameters at one time: the vectors first."""


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
