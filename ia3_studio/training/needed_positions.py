"""Which projections are needed at a few positions only? Those whose output no later attention reads elsewhere.

In the last layer of a causal model, only keys and values count at all positions: queries, output projection and
feed-forward count where the loss is taken. In an encoder with a classifier, that is the first position. One backward
pass of the model itself shows which projections these are, whatever they are called: their outputs have a gradient of
exactly 0 at all other positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.method.layers import channel_axis, widths
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.models.sharding import is_offloaded

NAME = "last layer at needed positions only"
LARGEST_SHARE = 0.8
"""Share of the positions up to which it is worth taking them out and putting them back."""


class NeededPositions:
    """Projections whose outputs are needed at a few positions only.

    Args:
        modules: the projections.
        reason: why there is none.
    """

    def __init__(self, modules: Sequence[nn.Module], reason: str = "") -> None:
        self._modules = modules
        self.path = FastPath(NAME, bool(modules), "" if modules else reason)
        """Whether there are any."""

    @contextmanager
    def only(self, needed: Tensor) -> Iterator[None]:
        """Run the model inside this block, these projections at some positions only: elsewhere they give zeros.

        Args:
            needed: where the model's output is used, (rows, tokens).
        """
        if not self._modules:
            yield
            return
        where = needed.flatten().nonzero().squeeze(1)
        if not 0 < len(where) <= LARGEST_SHARE * needed.numel():
            yield
            return
        with ExitStack() as stack:
            for module in self._modules:
                chosen = _Chosen(tuple(needed.shape), where)
                # Prepended: a site on the projection scales what is left. Appended: it scales before the zeros come.
                stack.callback(module.register_forward_pre_hook(chosen.take, prepend=True).remove)
                stack.callback(module.register_forward_hook(chosen.put_back).remove)
            yield


class _Chosen:
    """Takes some positions out of what a projection is given, and puts its outputs back to their places."""

    def __init__(self, shape: tuple[int, ...], where: Tensor) -> None:
        self._shape = shape
        self._where = where
        self._taken_from: torch.Size | None = None

    def take(self, _module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return the positions that are needed; None, which changes nothing, for what are no positions of the rows."""
        given = args[0] if args else None
        self._taken_from = None
        if not isinstance(given, Tensor) or not _holds(given, self._shape):
            return None
        self._taken_from = given.shape[:-1]
        flat = given.reshape(-1, given.shape[-1]).index_select(0, self._where.to(given.device))
        return (flat.view(*(1,) * (given.dim() - 2), *flat.shape), *args[1:])

    def put_back(self, _module: nn.Module, _args: tuple[Any, ...], result: Tensor) -> Tensor | None:
        """Return the outputs at their places, zeros elsewhere."""
        if self._taken_from is None:
            return None
        flat = result.reshape(-1, result.shape[-1])
        whole = flat.new_zeros(self._taken_from.numel(), flat.shape[-1])
        return whole.index_copy(0, self._where.to(flat.device), flat).view(*self._taken_from, -1)


def _holds(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    """Say whether a tensor has channels for each position of the rows, (rows, tokens, d) or (rows · tokens, d)."""
    return tuple(tensor.shape[:-1]) in (shape, (shape[0] * shape[1],))


class ProjectionOutputs:
    """What the projections of a model gave in one forward pass; for those that were called once."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._of: dict[nn.Module, list[Tensor]] = {}

    def note(self, module: nn.Module, _args: Any, result: Any) -> Any:
        """Note what one call gave, and make it something that has a gradient."""
        if isinstance(result, Tensor) and result.is_floating_point() and not result.requires_grad:
            result = result.detach().requires_grad_().clone()  # a copy may be changed in place
        self._of.setdefault(module, []).append(result)
        return result

    def tensors(self) -> dict[nn.Module, Tensor]:
        """Return the output of each projection with one output for each position of the rows."""
        # A layer that is computed several times with the same weights (ALBERT) needs all positions but the last time.
        once = {module: calls[0] for module, calls in self._of.items() if len(calls) == 1}
        return {
            module: given
            for module, given in once.items()
            if isinstance(given, Tensor) and given.requires_grad and _holds(given, self._shape)
        }


@contextmanager
def watched_projections(model: nn.Module, shape: tuple[int, int]) -> Iterator[ProjectionOutputs]:
    """Note the outputs of a model's projections in a forward pass inside this block.

    Args:
        shape: rows and tokens of the pass.
    """
    outputs = ProjectionOutputs(shape)
    with ExitStack() as stack:
        for module in _projections(model):
            stack.callback(module.register_forward_hook(outputs.note).remove)
        yield outputs


def _projections(model: nn.Module) -> Iterable[nn.Module]:
    """Return the projections of a model, but for those of experts: these see other tokens in another order."""
    experts = {part for layer in _lists_in(model) for group in _lists_in(layer) for part in _alike(group)}
    inside = {part for expert in experts for part in expert.modules()}
    for module in model.modules():
        if module not in inside and widths(module) and channel_axis(module) == -1:
            yield module


def _lists_in(module: nn.Module) -> Iterable[nn.ModuleList]:
    return (part for part in module.modules() if isinstance(part, nn.ModuleList) and part is not module)


def _alike(members: nn.ModuleList) -> Sequence[nn.Module]:
    """Return the members of a list if all are of one class, as experts are and the parts of a layer (T5) are not."""
    return list(members) if len({type(each) for each in members}) == 1 else []


def needed_alone(
    model: nn.Module, outputs: Mapping[nn.Module, Tensor], gradients: Iterable[Tensor | None], needed: Tensor
) -> NeededPositions:
    """Return the projections of a model whose outputs matter at some positions only, by their gradients there.

    Args:
        outputs: what each projection gave in a trial, as :class:`ProjectionOutputs` returns it.
        gradients: of something that is computed from these positions alone, by each of the outputs.
        needed: the positions, (rows, tokens).
    """
    if is_offloaded(model):
        return NeededPositions((), "layers of an offloaded model are computed again in the backward pass")
    found = []
    for module, gradient in zip(outputs, gradients, strict=True):
        if gradient is not None and _is_zero_elsewhere(gradient, needed):
            found.append(module)
    return NeededPositions(found, "all projections are needed at all positions")


def _is_zero_elsewhere(gradient: Tensor, needed: Tensor) -> bool:
    """Say whether a gradient is 0 at other positions, and not at these: a projection that does nothing says nothing."""
    each = gradient.reshape(needed.numel(), -1).abs().amax(1)
    where = needed.flatten().to(each.device)
    return bool((each[~where] == 0).all() and (each[where] > 0).all())
