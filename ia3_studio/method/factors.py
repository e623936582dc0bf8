"""Which weights does a scale multiply, so that the module computes the same as with a hook?

    linear, convolution     y = (W x + b) ⊙ l = (diag(l) W) x + l ⊙ b        W (x ⊙ l) = (W diag(l)) x
    experts as one tensor   down_e (a ⊙ l) = (down_e diag(l)) a              for every expert e

Every factor has the axes of its weight, of length 1 where it is the same number throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ia3_studio.errors import AdapterError
from ia3_studio.method.experts import GATE, down_tensor, experts_above
from ia3_studio.method.layers import Convolution, TransposedConvolution, widths
from ia3_studio.method.sites import Side


@dataclass(frozen=True, eq=False)
class Factor:
    """What one weight or bias is multiplied by."""

    path: str
    """The module that holds the weight."""
    module: nn.Module
    name: str
    """"weight", "bias" or "down_proj"."""
    numbers: Tensor
    """Float32, broadcasts over the weight."""


def factors_of(model: nn.Module, path: str, side: Side, scale: Tensor) -> tuple[Factor, ...]:
    """Return what scaling one side of a module means for its weights.

    Raises:
        AdapterError: this kind of module keeps no weight that the scale could go into.
    """
    experts = experts_above(model, path)
    if experts is not None:
        return (_into_experts(model, path, side, experts, scale),)
    module = model.get_submodule(path)
    weight = Factor(path, module, "weight", _over_weight(path, module, side, scale))
    has_bias = side == "output" and getattr(module, "bias", None) is not None
    return (weight, Factor(path, module, "bias", scale)) if has_bias else (weight,)


def _into_experts(model: nn.Module, path: str, side: Side, experts: nn.Module, scale: Tensor) -> Factor:
    at_gate = hasattr(experts, GATE) and experts is model.get_submodule(path)
    if side == "input" and not at_gate:
        raise AdapterError(
            f"{path} is an activation function, and a scale on its input cannot be merged into weights; keep "
            "the adapter attached, or scale its output."
        )
    found = down_tensor(experts)
    if found is None:
        raise AdapterError(f"{path} has no down tensor to merge into; keep the adapter attached.")
    home = path if at_gate else path.rpartition(".")[0]
    return Factor(home, experts, "down_proj", _along(scale, found[1], 3))


def _over_weight(path: str, module: nn.Module, side: Side, scale: Tensor) -> Tensor:
    if isinstance(module, nn.Linear):
        return _along(scale, 0 if side == "output" else 1, 2)
    if isinstance(module, Convolution):  # (out, in / groups, …)
        return _over_kernel(module, scale, is_whole=side == "output")
    if isinstance(module, TransposedConvolution):  # (in, out / groups, …)
        return _over_kernel(module, scale, is_whole=side == "input")
    if isinstance(getattr(module, "nf", None), int):  # transformers' Conv1D: (in, out)
        return _along(scale, 1 if side == "output" else 0, 2)
    weight = module._parameters.get("weight")
    if weight is not None and weight.dim() == 3 and hasattr(module, "num_experts"):  # parallel experts: (E, out, in)
        return _along(scale, 1 if side == "output" else 2, 3)
    raise AdapterError(f"{path} is a {type(module).__name__}, which cannot be merged; keep the adapter attached.")


def _along(scale: Tensor, axis: int, axes: int) -> Tensor:
    return scale.view([-1 if each == axis else 1 for each in range(axes)])


def _over_kernel(module: Convolution | TransposedConvolution, scale: Tensor, *, is_whole: bool) -> Tensor:
    """Return the factor of a convolution's weight, shape (first or 1, second or 1, 1, …).

    The first axis holds the channels of all groups one after another; the second those of one group, so that a scale
    of that side takes other values in the rows of every group.
    """
    space = [1] * len(module.kernel_size)
    if is_whole:
        return scale.view(-1, 1, *space)
    first = module.in_channels if isinstance(module, TransposedConvolution) else module.out_channels
    by_group = scale.view(module.groups, -1)  # (groups, channels of a group)
    return by_group.repeat_interleave(first // module.groups, dim=0).view(first, -1, *space)


def computes_in_its_own_way(module: nn.Module) -> bool:
    """Say whether a linear layer or convolution is of a class with a ``forward`` of its own."""
    plain = next((kind for kind in _PLAIN if isinstance(module, kind)), None)
    return plain is not None and type(module).forward is not plain.forward


def sample_for(module: nn.Module, weight: Tensor) -> Tensor:
    """Return a random activation such as a linear layer or convolution takes, shape (2, input channels, space…)."""
    generator = torch.Generator().manual_seed(0)
    space: list[int] = []
    if isinstance(module, Convolution | TransposedConvolution):
        space = [2 + step * (size - 1) for size, step in zip(module.kernel_size, module.dilation, strict=True)]
    channels = widths(module)
    sample = torch.randn(2, channels[0] if channels else 1, *space, generator=generator)
    return sample.to(weight.device, weight.dtype)


_PLAIN: tuple[type[nn.Module], ...] = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d
)  # fmt: skip
