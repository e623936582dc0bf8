"""How do learned vectors rescale a frozen transformer? The method itself.

(IA)³ (Liu et al. 2022, https://arxiv.org/abs/2205.05638, section 3.3) multiplies inner activations by
learned vectors and changes nothing else:

    output side    y = base(x) ⊙ l         l of shape (out,)
    input side     y = base(x ⊙ l)         l of shape (in,)

Forward hooks do it, so no module is replaced and removing them gives back the base model bit for bit.
The vectors of one attachment are views into one flat parameter of shape (numbers,), float32 also on a
half-precision base: the product is taken in float32 and cast back to the activation's dtype.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.adapter import Adapter
from ia3_studio.method.experts import GateHook, down_tensor
from ia3_studio.method.layers import channel_axis, width_of, widths
from ia3_studio.method.peft.targets import name_targets
from ia3_studio.method.product import Source, rescale
from ia3_studio.method.quantized import keep_differentiable
from ia3_studio.method.rows import ActiveAssignment, HookPoint, Key, RowAssignment, Vectors, mixes_rows
from ia3_studio.method.sites import Selection, Side, Site

PARAMETER_NAME = "ia3_scales"
"""The name under which the flat parameter is registered on the model while attached."""


class MergedWeights(Protocol):
    """Weights that hold a scaling for the time being (:mod:`ia3_studio.method.merging`)."""

    applied: bool

    def paused(self) -> AbstractContextManager[None]:
        """Put the original weights back inside a ``with`` block."""

    def undo(self) -> None:
        """Put the original weights back for good."""


class Hooks:
    """Forward hooks that scale activations of a model by the vectors that the running thread has assigned."""

    def __init__(self, model: nn.Module, default: RowAssignment) -> None:
        self.model = model
        self._default = default
        """What a call without an assignment uses."""
        self._active = ActiveAssignment()
        self._merged: MergedWeights | None = None
        self._hooks: dict[Key, torch.utils.hooks.RemovableHandle | GateHook] = {}
        self._recomputed: frozenset[Key] = frozenset()

    @contextmanager
    def keeping_outputs(self) -> Iterator[None]:
        """Keep what scaled projections return for the backward pass, inside a ``with`` block.

        Elsewhere some are computed again from their common input (:func:`cheaper_from_input`), which takes less memory
        and a matrix product each. The gradients are the same, bit for bit.
        """
        before, self._recomputed = self._recomputed, frozenset()
        try:
            yield
        finally:
            self._recomputed = before

    def detach(self) -> None:
        """Remove the hooks, undo a merge; the model is the base model again, bit for bit."""
        if self._merged:
            self._merged.undo()
        for hook in self._hooks.values():
            hook.remove()
        self._hooks = {}

    def suspend_hooks(self, merged: MergedWeights | None) -> None:
        """Disable the hooks while the weights are merged, or enable them with None; for :mod:`method.merging`."""
        self._merged = merged

    def scales(self) -> Mapping[Key, Tensor | None]:
        """Return what the running thread's next call multiplies where: (channels,), or (rows, channels).

        For code that computes a model in its own way. Merged vectors are in the weights, so there is nothing left.
        """
        if self._merged and self._merged.applied:
            return {}
        return (self._active.assignment or self._default).scales()

    @property
    def is_merged(self) -> bool:
        """Say whether the model's weights hold the vectors, so that the hooks rest."""
        return self._merged is not None

    @contextmanager
    def _assigned(self, assignment: RowAssignment) -> Iterator[None]:
        with self._merged.paused() if self._merged else nullcontext(), self._active.during(assignment):
            yield

    def _add_hooks(self, hook_points: Iterable[HookPoint]) -> None:
        for point in hook_points:
            if point.key not in self._hooks:
                self._hooks[point.key] = self._hook(point)

    def _hook(self, point: HookPoint) -> torch.utils.hooks.RemovableHandle | GateHook:
        module = self.model.get_submodule(point.path)
        if down_tensor(module):
            return GateHook(module, partial(self._rescale, point))
        # Partials of methods, not closures: a copied model gets hooks of its own copied vectors.
        if point.side == "output":
            return module.register_forward_hook(partial(self._after, point))
        return module.register_forward_pre_hook(partial(self._before, point), with_kwargs=True)

    def _after(self, point: HookPoint, module: nn.Module, args: tuple[Any, ...], result: Any) -> Any:
        if isinstance(result, tuple):  # some projections return (activation, bias)
            return (self._rescale(point, result[0]), *result[1:])
        source = source_of(module, args, result) if point.key in self._recomputed else None
        return self._rescale(point, result, source)

    def _before(self, point: HookPoint, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if args:
            return (self._rescale(point, args[0]), *args[1:]), kwargs
        name = next(iter(kwargs))  # a projection called by keyword has its activation first
        return args, {**kwargs, name: self._rescale(point, kwargs[name])}

    def _rescale(self, point: HookPoint, activation: Tensor, source: Source | None = None) -> Tensor:
        if self._merged and self._merged.applied:
            return activation
        assignment = self._active.assignment or self._default
        scale = assignment.scale(point.key)
        if scale is None:
            return activation
        if point.axis == -1:
            return rescale(activation, assignment.broadcast(scale, activation, point.path), source)
        last = activation.movedim(point.axis, -1)
        return rescale(last, assignment.broadcast(scale, last, point.path)).movedim(-1, point.axis)


class Attachment(Hooks):
    """Vectors attached to a live model; the handle to train, read, mute and remove them.

    **The model's weights are never changed**: attaching freezes nothing, adds forward hooks and registers
    ``parameter`` on the model, so that optimizers and Trainer find it. :meth:`detach` undoes all of it.
    """

    def __init__(self, model: nn.Module, selection: Selection) -> None:
        if not selection.sites:
            raise SelectionError("The selection is empty, so there is nothing to train; select at least one site.")
        if hasattr(model, PARAMETER_NAME):
            raise SelectionError("This model already has (IA)³ vectors; detach them before you attach others.")
        self.selection = selection
        found = hook_points(model, selection)
        keep_differentiable(model)
        self.parameter = nn.Parameter(torch.ones(selection.parameters, device=device_of(model)))
        self._vectors = Vectors(selection, found, self.parameter)
        self._recent: tuple[tuple[float, ...], RowAssignment] | None = None
        super().__init__(model, RowAssignment(((self._vectors, 1.0),), "strengths"))
        model.register_parameter(PARAMETER_NAME, self.parameter)
        self._recomputed = cheaper_from_input(model, found)
        self._add_hooks(found)

    def vectors(self) -> dict[Site, Tensor]:
        """Return each site's vector, shape (site.size,), as a view into the flat parameter."""
        sizes = [site.size for site in self.selection]
        return dict(zip(self.selection, self.parameter.detach().split(sizes), strict=True))

    def adapter(self, metadata: Mapping[str, str] | None = None) -> Adapter:
        """Return a copy of what has been learned, independent of the model."""
        vector = self.parameter.detach().float().cpu().clone()
        return Adapter(self.selection, vector, dict(metadata or {}), name_targets(self.selection, self.model))

    def load(self, adapter: Adapter) -> None:
        """Load an adapter's vectors into this attachment. **Overwrites the trained values.**

        Raises:
            AdapterError: the adapter has other sites, or this attachment is merged.
        """
        if self.is_merged:
            raise AdapterError("The attached vectors are merged into the weights; undo the merge, then load.")
        if adapter.selection != self.selection:
            raise AdapterError(
                f"The adapter scales {len(adapter.selection)} sites, which differ from the "
                f"{len(self.selection)} attached sites; attach the adapter's own selection."
            )
        with torch.no_grad():
            self.parameter.copy_(adapter.vector)

    @property
    def supports_per_row(self) -> bool:
        """Say whether the rows of one batch may have strengths of their own."""
        return not any(mixes_rows(site.path) for site in self.selection)

    @contextmanager
    def strengths(self, *strengths: float) -> Iterator[None]:
        """Run the model at one strength, or at one strength per batch row, inside a ``with`` block.

        Example:
            >>> with attachment.strengths(0, 1):          # doctest: +SKIP
            ...     model(two_rows)                       # row 0 is the base model, row 1 the tuned one
        """
        with self._assigned(self._at(*(float(value) for value in strengths or (1,)))):
            yield

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Run the base model, bit for bit, inside a ``with`` block."""
        with self.strengths(0.0):
            yield

    def detach(self) -> None:
        """Remove hooks and parameter, undo a merge; the model is the base model again, bit for bit."""
        super().detach()
        if getattr(self.model, PARAMETER_NAME, None) is self.parameter:
            delattr(self.model, PARAMETER_NAME)

    def _at(self, *strengths: float) -> RowAssignment:
        recent = self._recent
        if recent is None or recent[0] != strengths:  # a chat makes the same assignment for every token
            assignment = RowAssignment(tuple((self._vectors, strength) for strength in strengths), "strengths")
            recent = self._recent = (strengths, assignment)
        return recent[1]


def attach(model: nn.Module, selection: Selection) -> Attachment:
    """Attach vectors of ones to a model: it computes what it did before, and can now be tuned.

    Raises:
        SelectionError: a site does not exist in the model or has another size there.
    """
    return Attachment(model, selection)


def hook_points(model: nn.Module, selection: Selection) -> tuple[HookPoint, ...]:
    """Group a selection's sites by module and side, checked against the model.

    Raises:
        SelectionError: a site does not exist in the model or has another size there.
    """
    grouped: dict[tuple[str, Side], list[Site]] = {}
    for site in selection:
        grouped.setdefault((site.path, site.side), []).append(site)
    return tuple(_hook_point(model, path, side, sites) for (path, side), sites in grouped.items())


def _hook_point(model: nn.Module, path: str, side: Side, sites: list[Site]) -> HookPoint:
    channels = width_of(model, path, side)
    wrong = next((site for site in sites if site.channels != channels), None)
    if wrong:
        raise SelectionError(
            f"{path} has {channels} channels on its {side} side, but the selection expects {wrong.channels}; "
            "it was made for another model."
        )
    return HookPoint(path, side, channels, tuple(sites), channel_axis(model.get_submodule(path)))


def cheaper_from_input(model: nn.Module, found: Iterable[HookPoint]) -> frozenset[Key]:
    """Return the output sides whose siblings together are wider than the input they share.

    Keys and values of one attention have the same input tensor: saving it takes less memory than saving both,
    unless they are narrow (grouped queries). A guess by name; a wrong one costs memory, never a wrong gradient.
    """
    siblings: dict[tuple[str, int], list[HookPoint]] = {}
    for point in found:
        size = widths(model.get_submodule(point.path))
        if point.side == "output" and size:
            siblings.setdefault((point.path.rpartition(".")[0], size[0]), []).append(point)
    wide = (group for (_, width), group in siblings.items() if sum(point.channels for point in group) > width)
    return frozenset(point.key for group in wide for point in group)


def source_of(module: nn.Module, args: tuple[Any, ...], result: Tensor, hooks: int = 1) -> Source | None:
    """Return how a plain projection makes its output again, bit for bit; None where that is not certain.

    Args:
        module: the projection.
        args: what it was called with.
        result: what it returned.
        hooks: how many hooks on its output are the caller's.
    """
    is_plain = type(module) is nn.Linear or not isinstance(module, nn.Linear)  # a subclass may draw, or quantize
    is_alone = len(module._forward_hooks) == hooks and "forward" not in vars(module)  # accelerate moves weights there
    if not (is_plain and is_alone and len(args) == 1) or torch.compiler.is_compiling():
        return None
    given = args[0]
    return Source(module.forward, given) if given.dtype == result.dtype else None  # autocast computes in another


def device_of(model: nn.Module) -> torch.device:
    """Return where a model computes; offloaded weights (accelerate) wait on the meta device."""
    devices = [parameter.device for parameter in model.parameters()]
    real = next((device for device in devices if device.type != "meta"), None)
    is_offloaded = hasattr(model, "hf_device_map")
    return real or (torch.device("cpu") if is_offloaded or not devices else devices[0])
