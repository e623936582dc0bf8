"""Which matrix products of training may use bfloat16?

Those of the backward pass, through weights that are frozen. The forward pass stays as it is, so the loss of given
vectors is exact; the gradient is rounded as in any half-precision training, its sums still taken in float32.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from ia3_studio.models.fast_paths import FastPath
from ia3_studio.training.config import BackwardDtype


def backward_format(wanted: BackwardDtype, device: torch.device) -> BackwardDtype:
    """Return "float32" or "bfloat16": the setting, with "auto" resolved for this machine.

    "auto" takes bfloat16 on a CPU that multiplies it in hardware, where it is about twice as fast as float32.
    """
    if wanted != "auto":
        return wanted
    return "bfloat16" if device.type == "cpu" and has_fast_bfloat16() else "float32"


def backward_products(wanted: BackwardDtype, device: torch.device) -> AbstractContextManager[Any]:
    """Return the block to run forward passes in, time and again, so that their backward passes compute as wanted."""
    return RoundedBackward() if backward_format(wanted, device) == "bfloat16" else nullcontext()


def backward_path(wanted: BackwardDtype, device: torch.device) -> FastPath:
    """Return whether backward products are rounded, and why not."""
    is_on = backward_format(wanted, device) == "bfloat16"
    if is_on or wanted != "auto":
        return FastPath("backward matrix products in bfloat16", is_on, f"as set: {wanted}" if wanted != "auto" else "")
    reason = "this CPU does not support them" if device.type == "cpu" else "CPU only"
    return FastPath("backward matrix products in bfloat16", False, reason)


def has_fast_bfloat16() -> bool:
    """Return whether this CPU has bfloat16 matrix instructions."""
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


class RoundedBackward(TorchFunctionMode):
    """Inside this block, linear layers with frozen float32 weights get a backward product in bfloat16.

    The rounded weights are kept as long as the block's object: 2 bytes a weight, for 4 % of a step's time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rounded: Any = WeakTensorKeyDictionary()

    def _of(self, weight: Tensor) -> Tensor:
        """Return a weight in bfloat16, rounded again once it has changed."""
        kept = self._rounded.get(weight)
        if kept is None or kept[0] != weight._version:
            kept = weight._version, weight.detach().to(torch.bfloat16)
            self._rounded[weight] = kept
        rounded: Tensor = kept[1]
        return rounded

    def __torch_function__(
        self, func: Any, _types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Take the layer's own product, and leave every other operation alone."""
        if func is F.linear and _is_frozen_layer(*args[:2]):
            bias = args[2] if len(args) > 2 else (kwargs or {}).get("bias")
            return _Linear.apply(args[0], args[1], bias, self._of(args[1]))  # type: ignore[no-untyped-call]
        return func(*args, **(kwargs or {}))


def _is_frozen_layer(given: Tensor, weight: Tensor | None = None) -> bool:
    if weight is None or weight.requires_grad or not (given.requires_grad and torch.is_grad_enabled()):
        return False
    if not given.numel():  # as a head is given whose loss is taken from its input: a copy would be for nothing
        return False
    return weight.dtype == given.dtype == torch.float32 and type(weight.data) is Tensor


class _Linear(Function):
    """x Wᵀ + b in float32; the gradient of x is g W in bfloat16, summed in float32."""

    @staticmethod
    def forward(given: Tensor, weight: Tensor, bias: Tensor | None, _rounded: Tensor) -> Tensor:
        return F.linear(given, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(inputs[3])
        ctx.format = inputs[1].dtype

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        product = gradients[0].to(torch.bfloat16) @ weight
        return product.to(ctx.format), None, None, None
