"""Which numbers does a job train? The attached vectors, and the new heads that come with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.scaling import Attachment

Copies = tuple[Tensor, ...]
"""The trained numbers at one moment: the vectors first."""


class Trained:
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
        """Return all that is trained, the vectors first."""
        return (self.vectors, *self.heads)

    def copies(self) -> Copies:
        """Return what the numbers are now."""
        return tuple(parameter.detach().clone() for parameter in self.parameters)

    def restore(self, copies: Copies) -> None:
        """Make the numbers what they were. **Overwrites what was learned since**; the gradient is forgotten."""
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
        """Put everything back at the end of a ``with`` block."""
        copies = self.copies()
        try:
            yield
        finally:
            self.restore(copies)
