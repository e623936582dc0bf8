"""Which channels of which projections become queries, keys, values and inner feed-forward activations?

One forward pass over a few tokens is watched operation by operation. The output of every projection
carries, element by element, which module and channel it came from; views, concatenations and element-wise
operations hand that origin on. Where attention multiplies scores by values, the origins tell the roles, so
a fused projection shows its spans whatever its layout (thirds, per head, grouped). The pass works on the
meta device, where it needs neither weights nor time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakTensorKeyDictionary

from ia3_studio.method.deterministic import deterministic
from ia3_studio.method.layers import channel_axis, is_depthwise, widths

# Operations that move elements without computing: run on the origins themselves.
_MOVES = frozenset(
    """
    view _unsafe_view reshape _reshape_alias transpose permute t expand split split_with_sizes chunk slice
    select squeeze unsqueeze clone _to_copy alias detach unbind cat stack index_select index flip roll repeat
    unfold constant_pad_nd movedim narrow swapaxes unsafe_split unsafe_chunk lift_fresh contiguous gather
    view_as_complex view_as_real
    """.split()  # noqa: SIM905
)
_PRODUCTS = frozenset(
    """
    mm addmm bmm baddbmm matmul linear convolution addbmm einsum dot mv _grouped_mm
    """.split()  # noqa: SIM905
)
_ACTIVATIONS = frozenset(
    """
    silu silu_ gelu gelu_ relu relu_ tanh tanh_ sigmoid sigmoid_ mish softplus hardswish leaky_relu leaky_relu_
    elu elu_ erf expm1 hardtanh clamp_min relu6 log_sigmoid celu selu hardsigmoid prelu rrelu
    """.split()  # noqa: SIM905
)
_SUMS = frozenset(
    """
    add add_ sub sub_ rsub
    """.split()  # noqa: SIM905
)
_WEIGHING = frozenset(("_softmax", "softmax", "_safe_softmax"))
_VIEWS = frozenset(("view", "_unsafe_view", "reshape", "_reshape_alias"))
_NOWHERE = -1


@dataclass(frozen=True)
class Provenance:
    """Where a tensor's elements come from."""

    ids: Tensor | None = None
    """module number · 2³² + channel for each element, -1 for none; None when no element has an origin."""
    activated: bool = False
    """An activation function has been applied since the last projection."""
    attended: bool = False
    """This is what attention returns: values weighted by scores."""
    scores: tuple[Provenance, Provenance] | None = None
    """The (query, key) whose product these are."""
    alone: bool = True
    """Nothing of another projection has been added."""


@dataclass
class DataFlow:
    """What one forward pass showed about the projections, by module path."""

    channels: dict[str, dict[str, set[int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    """path → role ("query", "key", "value") → output channels that play it."""
    attended: set[str] = field(default_factory=set)
    """Projections whose input is what attention returned."""
    activated: set[str] = field(default_factory=set)
    """Projections whose input is an inner feed-forward activation."""
    visited: set[str] = field(default_factory=set)
    """Projections and activation functions of experts that the forward pass called."""
    followed: set[str] = field(default_factory=set)
    """Projections whose output goes through an activation function before anything is added to it."""
    choosing: set[str] = field(default_factory=set)
    """Projections whose output ranks something: routers and indexers."""
    attends: bool = False
    """Somewhere one activation is weighed by another: by a softmax, or by a product of two."""
    convolved: list[list[tuple[str, int]]] = field(default_factory=list)
    """For each depthwise convolution the (path, channel) its input channels come from, in their order."""


class TraceMode(TorchDispatchMode):
    """Hand origins on from operation to operation."""

    def __init__(self, paths: list[str], flow: DataFlow) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._paths = paths
        self._flow = flow
        self._origins: Any = WeakTensorKeyDictionary()
        self._written: dict[int, tuple[Any, Tensor]] = {}
        """For storage that is filled piece by piece: the storage, kept alive, and the ids of its elements."""

    def mark(self, tensor: Tensor, module: int, axis: int) -> None:
        """Say that a tensor is the output of a projection, with its channels on an axis."""
        with torch.utils._python_dispatch._disable_current_modes():
            ids = (module << 32) + torch.arange(tensor.shape[axis], device="cpu")
            self._origins[tensor] = Provenance(ids.view(-1, *[1] * (-1 - axis)).expand(tensor.shape))

    def origin(self, tensor: Any) -> Provenance | None:
        """Return where a tensor's elements come from."""
        if not isinstance(tensor, Tensor) or not (tensor.is_floating_point() or tensor.is_complex()):
            return None  # an index chooses elements, it does not hold them
        found: Provenance | None = self._origins.get(tensor)
        if found is None and self._written and (written := self._written.get(tensor.untyped_storage()._cdata)):
            return Provenance(written[1].as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()))
        return found

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        """Run an operation and note the origin of what it returns."""
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        before = [origin for tensor in tensors if (origin := self.origin(tensor))]
        if name in _WEIGHING or "scaled_dot_product" in name:
            self._flow.attends = True
        if name == "_local_scalar_dense" and tensors[0].device.type == "meta":
            return 0  # a branch on values, which the meta device has not
        result = func(*args, **kwargs)
        if before:
            with torch.utils._python_dispatch._disable_current_modes():
                self._follow(name, func, args, kwargs, before, result)
        return result

    def _follow(self, name: str, func: Any, args: Any, kwargs: Any, before: list[Provenance], result: Any) -> None:
        if name in ("topk", "sort", "argmax"):
            self._flow.choosing |= self._sources(before)
        elif name == "copy_":
            self._write(args[0], self.origin(args[1]))
        elif "scaled_dot_product" in name and "backward" not in name:
            self._attend(*(self.origin(tensor) for tensor in args[:3]))
            self._origins[result[0] if isinstance(result, tuple) else result] = Provenance(attended=True)
        elif name == "convolution" and args[8] == args[0].shape[1] > 1:
            self._mix(args[0], result)
        elif name in _PRODUCTS:
            self._multiply(args, result)
        elif name in _MOVES:
            self._move(func, args, kwargs, before, result)
        else:
            self._combine(name, before, result)

    def _multiply(self, args: Any, result: Tensor) -> None:
        origins = [self.origin(leaf) for leaf in args if isinstance(leaf, Tensor)][-2:]
        if len(origins) < 2 or None in origins:
            return
        left, right = origins
        assert left is not None and right is not None
        if left.scores and right.ids is not None:
            self._attend(*left.scores, right)
            self._origins[result] = Provenance(attended=True)
        elif right.scores and left.ids is not None:  # values on the left of transposed scores
            self._attend(*right.scores, left)
            self._origins[result] = Provenance(attended=True)
        elif left.ids is not None and right.ids is not None:
            self._origins[result] = Provenance(scores=(left, right))
            self._flow.attends = True

    def _write(self, target: Tensor, origin: Provenance | None) -> None:
        """Note the origin of elements that are written into a part of a larger tensor."""
        if origin is None or origin.ids is None:
            return
        storage = target.untyped_storage()
        if storage._cdata not in self._written:
            if target in self._origins:  # it already holds what came from elsewhere
                return
            blank = torch.full((storage.nbytes() // target.element_size(),), _NOWHERE, device="cpu")
            self._written[storage._cdata] = (storage, blank)
        buffer = self._written[storage._cdata][1]
        part = buffer.as_strided(target.shape, target.stride(), target.storage_offset())
        part.copy_(origin.ids.expand(target.shape))

    def _sources(self, origins: list[Provenance]) -> set[str]:
        numbers = {code >> 32 for o in origins if o.ids is not None for code in o.ids.unique().tolist()}
        return {self._paths[number] for number in numbers if number >= 0}

    def _mix(self, mixed: Tensor, result: Tensor) -> None:
        """Hand origins through a depthwise convolution: each channel stays what it is."""
        origin = self.origin(mixed)
        if origin is None or origin.ids is None:
            return
        first = origin.ids[(0, slice(None)) + (-1,) * (mixed.dim() - 2)]  # the last step: the first may be padding
        codes = [(self._paths[code >> 32], code & 0xFFFFFFFF) for code in first.tolist() if code != _NOWHERE]
        self._flow.convolved.append(codes)
        if result.shape[1] == len(first):
            ids = first.view(1, -1, *[1] * (result.dim() - 2)).expand(result.shape)
            self._origins[result] = Provenance(ids, origin.activated, origin.attended)

    def _attend(self, query: Provenance | None, key: Provenance | None, value: Provenance | None) -> None:
        for role, origin in (("query", query), ("key", key), ("value", value)):
            if origin is None or origin.ids is None:
                continue
            for code in origin.ids.unique().tolist():
                if code != _NOWHERE:
                    self._flow.channels[self._paths[code >> 32]][role].add(code & 0xFFFFFFFF)

    def _move(self, func: Any, args: Any, kwargs: Any, before: list[Provenance], result: Any) -> None:
        """Move the origins as the operation moved the elements."""
        flags = _merge(before)
        moved: list[Any]
        if flags.ids is None:
            moved = [None for _ in tree_leaves(result)]
        else:
            arguments = tree_map_only(Tensor, self._ids_like, (args, kwargs))
            arguments[1].pop("device", None)
            arguments[1].pop("dtype", None)
            moved = tree_leaves(self._moved(func, arguments, result))
        for tensor, ids in zip(tree_leaves(result), moved, strict=True):
            self._origins[tensor] = Provenance(ids, flags.activated, flags.attended, flags.scores, flags.alone)

    def _moved(self, func: Any, arguments: Any, result: Any) -> Any:
        name = func.overloadpacket.__name__
        if name in _VIEWS:  # origins may lie in memory otherwise than the elements they belong to
            return arguments[0][0].reshape(result.shape)
        if name == "view_as_complex":  # rotations in the complex plane keep two channels in one element
            return torch.view_as_complex(arguments[0][0].double().contiguous())
        if name == "view_as_real":
            ids = arguments[0][0]  # of a Fourier transform they are not complex: both parts come from one element
            return torch.view_as_real(ids).long() if ids.is_complex() else torch.stack((ids, ids), -1)
        if name == "constant_pad_nd":
            return func(*arguments[0][:2], _NOWHERE)
        return func(*arguments[0], **arguments[1])

    def _ids_like(self, tensor: Tensor) -> Tensor:
        origin = self.origin(tensor)
        if origin is not None and origin.ids is not None:
            return origin.ids
        if tensor.dtype in (torch.int64, torch.int32, torch.bool):  # an index, not a source of elements
            return torch.zeros(tensor.shape, dtype=tensor.dtype) if tensor.device.type == "meta" else tensor.cpu()
        return torch.full(tensor.shape, _NOWHERE, device="cpu")

    def _combine(self, name: str, before: list[Provenance], result: Any) -> None:
        """Hand origins through an element-wise operation or a normalization."""
        merged = _merge(before)
        if name in _SUMS and len({_module_of(origin) for origin in before}) > 1 and not merged.scores:
            merged = Provenance(
                merged.ids, alone=False
            )  # the residual stream is neither an activation nor attention's result
        elif name in _ACTIVATIONS and merged.alone and merged.ids is not None and not merged.activated:
            self._flow.followed.add(self._paths[max(0, _module_of(merged) or 0)])
        for tensor in tree_leaves(result):
            if not isinstance(tensor, Tensor):
                continue
            ids = _spread_over(tensor.shape, [origin.ids for origin in before])
            if ids is None and not (merged.scores or merged.attended):
                continue
            activated = merged.activated or name in _ACTIVATIONS
            self._origins[tensor] = Provenance(ids, activated, merged.attended, merged.scores, merged.alone)


def _module_of(origin: Provenance) -> int | None:
    """Return the index of the module that most elements come from."""
    return None if origin.ids is None else int(origin.ids.flatten()[-1].real) >> 32


def _merge(origins: list[Provenance]) -> Provenance:
    ids = next((origin.ids for origin in origins if origin.ids is not None), None)
    scores = next((origin.scores for origin in origins if origin.scores), None)
    activated, attended = any(origin.activated for origin in origins), any(origin.attended for origin in origins)
    return Provenance(ids, activated, attended, scores, all(origin.alone for origin in origins))


def _spread_over(shape: torch.Size, candidates: list[Tensor | None]) -> Tensor | None:
    """Return the first origins that broadcast to a shape without changing the channel axis."""
    for ids in candidates:
        if ids is None or ids.dim() > len(shape):
            continue
        if all(have in (1, want) for have, want in zip(ids.shape[::-1], shape[::-1], strict=False)):
            return ids.expand(shape)
    return None


def trace(model: nn.Module, inputs: dict[str, Any]) -> DataFlow:
    """Watch one forward pass and return the part each projection plays.

    Raises:
        RuntimeError, NotImplementedError, …: whatever the model's own forward raises on these inputs.
    """
    flow = DataFlow()
    # Embeddings count too: they start the residual stream.
    modules = [
        (path, module)
        for path, module in model.named_modules()
        if (widths(module) and not is_depthwise(module)) or isinstance(module, nn.Embedding)
    ]
    watch = TraceMode([path for path, _module in modules], flow)
    with ExitStack() as stack, torch.no_grad():
        for number, (path, module) in enumerate(modules):
            stack.enter_context(_hooked(module, _entering(watch, flow, path), _leaving(watch, number)))
        stack.enter_context(deterministic(model))
        stack.enter_context(watch)
        model(**inputs)
    return flow


def _entering(watch: TraceMode, flow: DataFlow, path: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
    def enter(_module: nn.Module, args: tuple[Any, ...]) -> None:
        flow.visited.add(path)
        origin = watch.origin(args[0]) if args else None
        if origin and origin.attended:
            flow.attended.add(path)
        elif origin and origin.activated:
            flow.activated.add(path)

    return enter


def _leaving(watch: TraceMode, number: int) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
    def leave(module: nn.Module, _args: tuple[Any, ...], result: Any) -> None:
        output = result[0] if isinstance(result, tuple) else result
        if isinstance(output, Tensor):
            watch.mark(output, number, channel_axis(module))

    return leave


@contextmanager
def _hooked(module: nn.Module, before: Any, after: Any) -> Iterator[None]:
    handles = (module.register_forward_pre_hook(before), module.register_forward_hook(after))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
