"""What is the product of (IA)³, and what does its backward pass save?

The only place where an activation meets a scale vector. A plain ``activation * scale`` keeps a float32 copy of a
half-precision activation for the backward pass; this one keeps the activation as it is, or nothing but the input of
the projection that made it, which the siblings of an attention share, and runs that projection once more. Values
and gradients are those of the plain product bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


@dataclass(frozen=True)
class Source:
    """How an activation can be made again: a projection without hooks, and what it was given."""

    project: Callable[[Tensor], Tensor]
    given: Tensor
    """Shape (batch, …, input channels)."""


def rescale(activation: Tensor, scale: Tensor, source: Source | None = None) -> Tensor:
    """Return ``activation`` ⊙ ``scale``: the one place where (IA)³ takes its product.

    Args:
        activation: shape (batch, …, channels), any floating dtype.
        scale: float32, shape (channels,) or, with one vector per row, (batch, 1, …, channels).
        source: keep this for the backward pass instead of the activation; saves memory where it is smaller.

    Returns:
        The product in the activation's shape and dtype; it is computed in the scale's dtype.
    """
    scale = scale.to(activation.device)  # a model spread over several devices
    learns = torch.is_grad_enabled() and (activation.requires_grad or scale.requires_grad)
    if not learns or torch.compiler.is_compiling():  # a compiler decides itself what to recompute
        return multiply(activation, scale)
    given, project = (source.given, source.project) if source else (None, None)
    return _Product.apply(activation, scale, given, project)  # type: ignore[no-any-return, no-untyped-call]


def strengthen(scale: Tensor, strength: float) -> Tensor:
    """Return 1 + strength · (scale − 1); strengths 0 and 1 are exact, not rounded."""
    if strength == 0:
        return torch.ones_like(scale)
    return scale if strength == 1 else 1 + strength * (scale - 1)


def multiply(activation: Tensor, scale: Tensor) -> Tensor:
    """Return the product alone, computed in the scale's dtype: for code that takes no gradients."""
    return (activation.to(scale.dtype) * scale).to(activation.dtype)


class _Product(Function):
    """The product with a backward pass that stores one tensor, in the activation's own dtype."""

    @staticmethod
    def forward(
        activation: Tensor, scale: Tensor, given: Tensor | None, project: Callable[[Tensor], Tensor] | None
    ) -> Tensor:
        return multiply(activation, scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        activation, scale, given, project = inputs
        ctx.project = project
        kept = activation if given is None else given
        ctx.save_for_backward(scale, kept if ctx.needs_input_grad[1] else None)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        scale, kept = ctx.saved_tensors
        wide = gradient.to(scale.dtype)
        to_activation = (wide * scale).to(gradient.dtype) if ctx.needs_input_grad[0] else None
        if kept is None:
            return to_activation, None, None, None
        activation = ctx.project(kept) if ctx.project else kept
        return to_activation, (wide * activation.to(scale.dtype)).sum_to_size(scale.shape), None, None
