"""Which tensor of the base model's files becomes which tensor of a merged model, and times what?

The model is described without its numbers, as it would be loaded: transformers says which tensors it would save, under
which names, and which of them are tied. Each of them is found in the files, and the factors of its weight are turned as
the weight itself is turned when it is saved (experts that are one tensor in memory and many in the files). What cannot
be told so is left to :func:`~ia3_studio.export.merged.write_merged`, which loads the whole model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ia3_studio.method.factors import computes_in_its_own_way
from ia3_studio.method.loading import fit, heads_in
from ia3_studio.method.merging import Merged, all_factors, scales_of
from ia3_studio.method.weight_swaps import Swap

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter
    from ia3_studio.models.stored import StoredTensor

MOVING = (
    "Chunk", "Concatenate", "Interleave", "MergeModulelist", "PermuteForRope", "Split", "SplitModulelist", "Transpose",
)  # fmt: skip
"""transformers' conversions that move numbers and change none: factors are moved in the same way."""


class NotByFile(Exception):
    """A merged model cannot be written tensor by tensor; the text says why, as the end of a sentence."""


@dataclass(frozen=True, eq=False)
class PlannedTensor:
    """One tensor of a merged model."""

    name: str
    path: str
    """Its name in the model, for messages."""
    source: StoredTensor | Tensor
    """A tensor of the base model's files, or one that the adapter brings whole."""
    factors: tuple[Tensor, ...]
    """What it is multiplied by, one after another, float32, each broadcasting over it."""
    shape: tuple[int, ...]
    dtype: torch.dtype
    """In which it is written."""

    @property
    def bytes(self) -> int:
        """Return its size in the merged model's files."""
        return math.prod(self.shape) * self.dtype.itemsize


def plan_tensors(
    model: Any, adapter: Adapter, stored: Mapping[str, StoredTensor], dtype: torch.dtype
) -> list[PlannedTensor]:
    """Return all tensors of a merged model. **The described model is merged afterwards**: tied weights are its own.

    Args:
        model: as it would be loaded, on the meta device.
        adapter: to merge.
        stored: the tensors of the base model's files.
        dtype: of the floating-point tensors of the merged model.

    Raises:
        NotByFile: something in this model can only be merged once it is loaded.
        AdapterError: the adapter is one of another model.
    """
    fitting = fit(model, adapter)
    heads = _heads(model, fitting)
    factors = _factors(model, fitting)
    _tie_equal(model, stored)
    names = _names_by_parameter(model)
    _untie(model, factors)
    planned: dict[str, PlannedTensor] = {}
    for path, tensor in _saved(model).items():
        scaled = factors.get(path, ())
        for name, shape, own in _as_saved(model, path, tensor, scaled):
            if name in planned:
                raise NotByFile(f"{name} is made of several weights of the model")
            source = heads.get(path) if path in heads else _source(model, name, path, names.get(path, ()), stored)
            if tuple(source.shape) != shape:  # type: ignore[union-attr]
                raise NotByFile(f"{name} has another shape in the files of the base model")
            planned[name] = PlannedTensor(
                name, path, source, own, shape, dtype if tensor.is_floating_point() else tensor.dtype  # type: ignore[arg-type]
            )  # fmt: skip
    return list(planned.values())


def _heads(model: Any, adapter: Adapter) -> dict[str, Tensor]:
    """Return the tensors that the adapter brings whole, by their names in the model."""
    paths = heads_in(model, adapter)
    return {
        name: tensor for name, tensor in adapter.heads.items() if name.startswith(tuple(f"{each}." for each in paths))
    }


def _factors(model: Any, adapter: Adapter) -> dict[str, tuple[Tensor, ...]]:
    """Return the factors of each weight by its name in the model."""
    scales = scales_of(model, adapter)
    odd = next((path for path, _side in scales if computes_in_its_own_way(model.get_submodule(path))), None)
    if odd is not None:
        raise NotByFile(f"{odd} may change its weights before it uses them, which has to be tried")
    paths = {module: path for path, module in model.named_modules()}
    found: dict[str, tuple[Tensor, ...]] = {}
    for factor in all_factors(model, scales):
        name = f"{paths[factor.module]}.{factor.name}"
        if factor.module._parameters.get(factor.name) is None:
            raise NotByFile(f"{name} is computed from other weights")
        found[name] = (*found.get(name, ()), factor.numbers)
    return found


def _names_by_parameter(model: nn.Module) -> dict[str, tuple[str, ...]]:
    """Return for each parameter all names that it has: tied weights have several."""
    same: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        same.setdefault(id(parameter), []).append(name)
    return {name: tuple(names) for names in same.values() for name in names}


def _untie(model: nn.Module, factors: Mapping[str, Sequence[Tensor]]) -> None:
    """Give each scaled weight a parameter of its own, as merging does. **Changes the model.**"""
    swaps = []
    for name in factors:
        path, _dot, last = name.rpartition(".")
        module = model.get_submodule(path)
        original = module._parameters[last]
        swaps.append(Swap(path, module, last, original, nn.Parameter(torch.empty_like(original), False)))  # type: ignore[arg-type]
    Merged(model, swaps, None).keep()


def _saved(model: Any) -> dict[str, Tensor]:
    """Return the tensors that transformers saves of a model, by their names in it."""
    from transformers.modeling_utils import remove_tied_weights_from_state_dict

    state: dict[str, Tensor] = dict(model.state_dict())
    for name in model._keys_to_ignore_on_save or ():
        state.pop(name, None)
    kept: dict[str, Tensor] = remove_tied_weights_from_state_dict(state, model)
    parameters = {name for name, _parameter in model.named_parameters(remove_duplicate=False)}
    buffer = next((name for name, each in kept.items() if name not in parameters and each.is_floating_point()), None)
    if buffer is not None:
        raise NotByFile(f"{buffer} is a buffer and not a weight")
    return kept


def _as_saved(
    model: Any, path: str, tensor: Tensor, factors: Sequence[Tensor]
) -> Iterator[tuple[str, tuple[int, ...], tuple[Tensor, ...]]]:
    """Yield (name, shape, factors) of what one weight of the model is in its files."""
    shapes = {name: tuple(each.shape) for name, each in _reverted(model, path, tensor).items()}
    if factors and set(shapes) != {path}:
        _require_moving(model)
    turned = [_reverted(model, path, factor.expand(tensor.shape)) for factor in factors]
    for name, shape in shapes.items():
        yield name, shape, tuple(_compact(each[name]) for each in turned)


def _reverted(model: Any, path: str, tensor: Tensor) -> dict[str, Tensor]:
    """Return what becomes of one tensor of the model when it is saved, by the names in its files."""
    from transformers.core_model_loading import revert_weight_conversion

    try:
        found: dict[str, Tensor] = revert_weight_conversion(model, {path: tensor})
    except (KeyError, ValueError, RuntimeError, AttributeError, NotImplementedError, TypeError) as error:
        raise NotByFile(f"{path} is saved together with other weights") from error
    return found


def _require_moving(model: Any) -> None:
    """Check that no conversion of this model changes numbers."""
    for conversion in getattr(model, "_weight_conversions", None) or ():
        for operation in getattr(conversion, "operations", ()):
            if type(operation).__name__ not in MOVING:
                raise NotByFile(f"weights are changed by {type(operation).__name__} when they are loaded")


def _compact(factor: Tensor) -> Tensor:
    """Return a factor with each axis along which it is the same shortened to 1, so that it takes little memory."""
    for axis in range(factor.dim()):
        if factor.shape[axis] > 1:
            first = factor.narrow(axis, 0, 1)
            if factor.stride(axis) == 0 or bool((factor == first).all()):
                factor = first
    return factor.contiguous().clone()


def _tie_equal(model: Any, stored: Mapping[str, StoredTensor]) -> None:
    """Tie weights that the files hold twice, as loading them does where both are equal. **Changes the model.**"""
    for target, source in getattr(model, "all_tied_weights_keys", {}).items():
        if model.get_parameter(target) is model.get_parameter(source):
            continue
        one, other = (_spelled(model, _names_as_saved(model, name), stored) for name in (target, source))
        if one is not None and other is not None and one.equals(other):
            path, _dot, last = target.rpartition(".")
            model.get_submodule(path)._parameters[last] = model.get_parameter(source)


def _source(model: Any, name: str, path: str, tied: Sequence[str], stored: Mapping[str, StoredTensor]) -> StoredTensor:
    """Return the tensor of the files that one of the merged model comes from.

    Args:
        model: the described model.
        name: of the tensor, as it is saved.
        path: of the weight, in the model.
        tied: all names of that weight in the base model.
        stored: the tensors of the files.
    """
    found = _spelled(model, [name], stored)
    for other in tied if found is None else ():
        if other != path and found is None:
            found = _spelled(model, _names_as_saved(model, other), stored)
    if found is None:
        raise NotByFile(f"the files of the base model have no {name}")
    return found


def _names_as_saved(model: Any, path: str) -> list[str]:
    return list(_reverted(model, path, torch.empty_like(model.get_parameter(path))))


def _spelled(model: Any, names: Sequence[str], stored: Mapping[str, StoredTensor]) -> StoredTensor | None:
    """Return the tensor of the files that has one of these names, with or without the prefix of a bare model."""
    prefix = f"{model.base_model_prefix}."
    spelled = [each for name in names for each in (name, name.removeprefix(prefix), prefix + name)]
    return next((stored[each] for each in spelled if each in stored), None)
