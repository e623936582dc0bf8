"""A weight as it is and with the scaling in it; merging and undoing exchange the two."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from ia3_studio.errors import AdapterError
from ia3_studio.method.factors import Factor

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

MERGEABLE = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
"""Weights of these types are plain numbers; any other type is a quantized code."""


@dataclass(frozen=True, eq=False)
class Swap:
    """One weight or bias of one module, as it was and as it is with the scaling in it."""

    path: str
    module: nn.Module
    name: str
    original: nn.Parameter
    scaled: nn.Parameter

    def put(self, wanted: nn.Parameter) -> None:
        """Give the module this one of the two."""
        self.module._parameters[self.name] = wanted

    def is_put(self, wanted: nn.Parameter) -> bool:
        """Say whether the module has this one of the two."""
        return self.module._parameters[self.name] is wanted


@dataclass(frozen=True, eq=False)
class PartSwap(Swap):
    """This process's part of a weight that several share (FSDP2), as it was and as it is with the scaling in it.

    FSDP2 holds on to the parameter itself, so that its numbers are written and not the parameter replaced.
    """

    kept: Tensor
    """The original numbers of the part."""

    @torch.no_grad()
    def put(self, wanted: nn.Parameter) -> None:
        """Write these numbers into the part."""
        part = cast("DTensor", self.original).to_local()
        part.copy_(self.kept if wanted is self.original else wanted)

    def is_put(self, wanted: nn.Parameter) -> bool:
        """Say whether the module still has the parameter; whose numbers they are is not looked at."""
        return self.module._parameters[self.name] is self.original


def free_gathered(model: nn.Module) -> None:
    """Let every process go back to its own part of weights that are still gathered from a forward pass (FSDP2)."""
    fsdp = sys.modules.get("torch.distributed.fsdp")  # whoever has divided weights has loaded it
    if fsdp is None:
        return
    for module in model.modules():
        if isinstance(module, fsdp.FSDPModule):
            module.reshard()


def swaps_of(factors: list[Factor]) -> list[Swap]:
    """Return each scaled weight once, with all its factors in it."""
    by_weight: dict[tuple[nn.Module, str], list[Factor]] = {}
    for factor in factors:
        by_weight.setdefault((factor.module, factor.name), []).append(factor)
    return [_swap(factors) for factors in by_weight.values()]


def _swap(factors: list[Factor]) -> Swap:
    """Return one weight as it is and scaled; it is rounded once, also when both its sides are scaled."""
    path, module, name = factors[0].path, factors[0].module, factors[0].name
    weight = _plain(path, module, name)
    if _is_divided(weight):
        return _part_swap(factors, cast("DTensor", weight))
    product = weight.detach().to(torch.promote_types(weight.dtype, torch.float32))
    for factor in factors:
        product = product * factor.numbers.to(product.device)
    return Swap(path, module, name, weight, _cast(path, product, weight))


def _part_swap(factors: list[Factor], weight: DTensor) -> PartSwap:
    """Return this process's part of a weight as it is and scaled."""
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    path, module, name = factors[0].path, factors[0].module, factors[0].name
    _shape, begin = compute_local_shape_and_global_offset(weight.shape, weight.device_mesh, weight.placements)
    own = weight.to_local()
    product = own.to(torch.promote_types(weight.dtype, torch.float32))
    for factor in factors:
        numbers = factor.numbers.expand(weight.shape)  # a view: (out, 1) or (1, in) takes no memory
        mine = tuple(slice(start, start + size) for start, size in zip(begin, own.shape, strict=True))
        product = product * numbers[mine].to(product.device)
    parameter = cast("nn.Parameter", weight)
    return PartSwap(path, module, name, parameter, _cast(path, product, parameter), own.clone())


def _plain(path: str, module: nn.Module, name: str) -> nn.Parameter:
    """Return a weight or bias that can be scaled directly."""
    found = module._parameters.get(name)
    if found is None:
        raise AdapterError(
            f"The {name} of {path} is computed from other weights, so it cannot be merged; keep the adapter attached."
        )
    if found.dtype not in MERGEABLE or (type(found.data) is not Tensor and not _is_divided(found)):
        raise AdapterError(
            f"{path} is quantized ({str(found.dtype).removeprefix('torch.')}), and its codes cannot be "
            "scaled; load the base model without quantization and merge there (models.merge_into_unquantized "
            "does both)."
        )
    if found.is_meta:
        raise AdapterError(
            f"The {name} of {path} is not in memory (it is offloaded, or the model was built without weights); load the"
            " whole model on one device and merge there."
        )
    return found


def _cast(path: str, product: Tensor, like: nn.Parameter) -> nn.Parameter:
    scaled = product.to(like.dtype)
    if not bool(scaled.isfinite().all()) and bool(like.detach().isfinite().all()):
        raise AdapterError(
            f"The scaled weights of {path} are too large for {str(like.dtype).removeprefix('torch.')}; load the base"
            " model in bfloat16 or float32 and merge there."
        )
    return nn.Parameter(scaled, like.requires_grad)


def _is_divided(weight: Tensor) -> bool:
    """Say whether several processes have a part of a weight each (torch's DTensor)."""
    return hasattr(weight, "device_mesh")
