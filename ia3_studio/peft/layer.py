"""What stands in a model where a module is scaled? A layer around it, which owns the vectors of all adapters there.

    <path>.base_layer      the module itself
    <path>.ia3_l.<name>    one vector an adapter, in PEFT's shape

The product is the method's (:mod:`ia3_studio.method.product`). Every adapter has its own side, and its own channels of
a fused projection. A merge gives the module new weights and keeps the originals, so that undoing it is a swap.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from ia3_studio.method.experts import GateHook, down_tensor
from ia3_studio.method.factors import Factor, factors_of
from ia3_studio.method.layers import channel_axis, width_of, widths
from ia3_studio.method.merging import require_same_function
from ia3_studio.method.peft.layout import vector_shape
from ia3_studio.method.peft.targets import spatial_axes
from ia3_studio.method.product import Source, rescale
from ia3_studio.method.scaling import source_of
from ia3_studio.method.sites import Side, Span
from ia3_studio.method.weight_swaps import Swap, swaps_of
from ia3_studio.peft.config import IA3Config
from ia3_studio.peft.errors import KindError, StateError, as_peft_raises
from ia3_studio.peft.rows import ActiveRows, NamedRows


class _Scale(nn.LayerNorm):
    """What a norm's weight is: a factor a channel, whose identity is 1."""

    def __init__(self) -> None:
        nn.Module.__init__(self)


class Vectors(nn.ParameterDict, _Scale):
    """The vectors of one module by the names of their adapters.

    A LayerNorm for whoever asks, since weight decay, which pulls towards 0, has to leave both alone: transformers'
    Trainer excludes the parameters of a LayerNorm.
    """

    def extra_repr(self) -> str:
        """Return the vectors' shapes by name."""
        return nn.ParameterDict.extra_repr(self)

    def reset_parameters(self) -> None:
        """Set every vector to the identity."""
        for vector in self.values():
            nn.init.ones_(vector)


@dataclass(frozen=True)
class Place:
    """Where one adapter's vector acts on one module."""

    side: Side
    channels: int
    spans: tuple[Span, ...] = ()
    """The channels that are scaled; empty for all."""


class IA3Layer(nn.Module):
    """A module of the base model with the vectors of some adapters."""

    adapter_layer_names: tuple[str, ...] = ("ia3_l",)
    other_param_names: tuple[str, ...] = ()
    quantization_backend: None = None
    cast_input_dtype_enabled = True

    def __init__(self, home: nn.Module, name: str, path: str, rows: ActiveRows) -> None:
        super().__init__()
        self.base_layer: nn.Module = home.get_submodule(name)
        self.ia3_l = Vectors()
        self.merged_adapters: list[str] = []
        self.fan_in_fan_out = isinstance(getattr(self.base_layer, "nf", None), int)
        self._home = (home,)
        """The module that holds this one; in a tuple, since it is no part of it."""
        self._name, self._path, self._rows = name, path, rows
        self._places: dict[str, Place] = {}
        self._swaps: list[Swap] = []
        self._is_paused = False
        self._disable_adapters = False
        self._active_adapter: list[str] = []
        self.recomputed = False
        """Whether the backward pass runs the projection once more instead of keeping its output."""
        self._axis = channel_axis(self.base_layer)
        self._gate: GateHook | None = None
        if down_tensor(self.base_layer):
            self._gate = GateHook(self.base_layer, self._at_gate)
        size = widths(self.base_layer) or (width_of(home, name, "input"),) * 2
        self.in_features, self.out_features = size

    @property
    def is_feedforward(self) -> bool:
        """Say whether the first adapter's vector acts on the input."""
        return any(place.side == "input" for place in list(self._places.values())[:1])

    @property
    def disable_adapters(self) -> bool:
        """Say whether the module works alone."""
        return self._disable_adapters

    @property
    def active_adapter(self) -> list[str]:
        """Return the names of the adapters at work; those that have no vector here count as 1."""
        return self._active_adapter

    @property
    def active_adapters(self) -> list[str]:
        """Return the names of the adapters at work."""
        return self._active_adapter

    @property
    def merged(self) -> bool:
        """Say whether vectors are in the weights."""
        return bool(self.merged_adapters)

    @property
    def weight(self) -> Tensor:
        """Return the module's weight, which some models read without calling the module."""
        return self.base_layer.weight  # type: ignore[return-value]

    @property
    def bias(self) -> Tensor | None:
        """Return the module's bias."""
        return self.base_layer.bias  # type: ignore[return-value]

    def __getattr__(self, name: str) -> Any:
        """Return what only the module has: models read the attributes of their parts."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if "_modules" not in self.__dict__ or name == "base_layer":
                raise
            return getattr(self.base_layer, name)

    def get_base_layer(self) -> nn.Module:
        """Return the module."""
        return self.base_layer

    def place_of(self, adapter_name: str) -> Place:
        """Return where an adapter's vector acts."""
        return self._places[adapter_name]

    def update_layer(self, adapter_name: str, config: IA3Config, place: Place, **_other: Any) -> None:
        """Add an adapter's vector: ones, or random numbers where the config asks for them."""
        shape = vector_shape(place.side, place.channels, spatial_axes(self.base_layer))
        self.ia3_l[adapter_name] = nn.Parameter(torch.randn(shape))
        if config.init_ia3_weights:
            self.reset_ia3_parameters(adapter_name)
        self._places[adapter_name] = place
        self.restrict(adapter_name, place.spans)
        self._move_adapter_to_device_of_base_layer(adapter_name)

    def restrict(self, adapter_name: str, spans: tuple[Span, ...]) -> None:
        """Let an adapter scale some channels only; the numbers of the others stay 1."""
        place = self._places[adapter_name]
        self._places[adapter_name] = Place(place.side, place.channels, spans)
        with torch.no_grad():
            vector = self.ia3_l[adapter_name]
            vector.copy_(self.scale(adapter_name).view_as(vector))

    def reset_ia3_parameters(self, adapter_name: str) -> None:
        """Set an adapter's vector to the identity."""
        if adapter_name in self.ia3_l:
            nn.init.ones_(self.ia3_l[adapter_name])

    def scale(self, adapter_name: str) -> Tensor:
        """Return the scale of an adapter, shape (channels,): its vector, and 1 on channels that it leaves alone."""
        vector: Tensor = self.ia3_l[adapter_name].flatten()
        spans = self._places[adapter_name].spans
        if not spans:
            return vector
        parts, reached = [], 0
        for start, stop in sorted(spans):
            parts += [vector.new_ones(start - reached), vector[start:stop]]
            reached = stop
        return torch.cat([*parts, vector.new_ones(len(vector) - reached)])

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the module, its input and output scaled by the active adapters, or by each row's own."""
        rows = self._rows.rows
        if self._disable_adapters or (rows is None and self.merged):
            return self.base_layer(*args, **kwargs)
        if self._gate:
            return self.base_layer(*args, **kwargs)
        inputs, outputs = self._scale("input", rows), self._scale("output", rows)
        if inputs is not None and args:
            args = (self._rescaled(args[0], inputs, rows), *args[1:])
        elif inputs is not None:
            name = next(iter(kwargs))  # a projection called by keyword has its activation first
            kwargs = {**kwargs, name: self._rescaled(kwargs[name], inputs, rows)}
        result = self.base_layer(*args, **kwargs)
        if outputs is None:
            return result
        if isinstance(result, tuple):  # some projections return (activation, bias)
            return (self._rescaled(result[0], outputs, rows), *result[1:])
        source = source_of(self.base_layer, args, result, hooks=0) if self.recomputed and not kwargs else None
        return self._rescaled(result, outputs, rows, source)

    def merge(self, safe_merge: bool = False, adapter_names: Sequence[str] | None = None) -> None:
        """Put adapters into the weights: the active ones, or those that are named. Merged ones stay merged.

        Args:
            safe_merge: whether the error names the adapter that breaks a weight or bias; NaN or infinite values are
                rejected in any case.
            adapter_names: names of adapters; those without a vector here are passed over.

        Raises:
            StateError: the weights cannot be scaled, or would not be finite.
        """
        names = check_adapters_to_merge(self, adapter_names)
        if names := [name for name in names if name in self.ia3_l]:
            self._merge([*self.merged_adapters, *names], says_which=safe_merge)

    def merge_exactly(self, names: Sequence[str]) -> None:
        """Have these adapters in the weights and no other."""
        if list(names) != self.merged_adapters:
            self._put_originals()
            self._swaps, self.merged_adapters = [], []
            if names:
                self._merge(list(names))

    @property
    def swaps(self) -> list[Swap]:
        """Return the weights that a merge has replaced."""
        return self._swaps

    def unmerge(self) -> None:
        """Give the module its own weights back, bit for bit."""
        if not self.merged:
            warnings.warn("Already unmerged. Nothing to do.", stacklevel=2)
            return
        self._put_originals()
        self._swaps, self.merged_adapters = [], []

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Work with the module's own weights inside a ``with`` block."""
        before = self._is_paused
        self._pause(True)
        try:
            yield
        finally:
            self._pause(before)

    def enable_adapters(self, enabled: bool) -> None:
        """Let the adapters work and be trained, or not; a merge rests with them and comes back with them."""
        if enabled:
            self.set_adapter(self.active_adapters)
        else:
            self._require_grad(lambda _name: False)
        self._disable_adapters = not enabled
        self._pause(not enabled)

    def set_adapter(self, adapter_names: str | Sequence[str], inference_mode: bool = False) -> None:
        """Let adapters work, and be trained unless ``inference_mode``; several are multiplied."""
        names = [adapter_names] if isinstance(adapter_names, str) else list(adapter_names)
        self._require_grad(lambda name: name in names and not inference_mode)
        self._active_adapter = names

    def set_requires_grad(self, adapter_names: str | Sequence[str], requires_grad: bool = True) -> None:
        """Let the vectors of some adapters be trained, or not."""
        names = {adapter_names} if isinstance(adapter_names, str) else set(adapter_names)
        for name in names & set(self.ia3_l):
            self.ia3_l[name].requires_grad_(requires_grad)

    def delete_adapter(self, adapter_name: str) -> None:
        """Forget an adapter's vector; where it was the only active one, the first of the others takes its place."""
        if adapter_name in self.ia3_l:
            del self.ia3_l[adapter_name], self._places[adapter_name]
        if adapter_name not in self.active_adapters:
            return
        active = [name for name in self.active_adapters if name != adapter_name]
        left = sorted(self.ia3_l)
        if not active and left:
            active = left[:1]
            warnings.warn(
                f"Adapter {adapter_name} was active which is now deleted. Setting active adapter to {active[0]}.",
                stacklevel=2,
            )
        self.set_adapter(active)

    def remove(self) -> nn.Module:
        """Return the module as it stood in the model before."""
        if self._gate:
            self._gate.remove()
        return self.base_layer

    def keep_merge(self) -> None:
        """Make the merge final: forget the originals."""
        self._pause(False)
        self._swaps = []

    def supports_lora_conversion(self, adapter_name: str = "default") -> bool:
        """Say that a scale is no low-rank sum."""
        return False

    def _get_available_adapters(self) -> set[str]:
        return set(self.ia3_l.keys())

    def _all_available_adapter_names(self) -> list[str]:
        return sorted(self.ia3_l.keys())

    def _require_grad(self, is_trained: Callable[[str], bool]) -> None:
        for name, vector in self.ia3_l.items():
            vector.requires_grad_(is_trained(name))

    def _scale(self, side: Side, rows: NamedRows | None) -> Tensor | None:
        """Return what multiplies a side: (channels,), or (rows, channels); None for nothing."""
        here = {name for name, place in self._places.items() if place.side == side}
        if rows is not None:
            return rows.stacked({name: self.scale(name) for name in here & rows.distinct})
        product: Tensor | None = None
        for name in self._active_adapter:
            if name in here:
                product = self.scale(name) if product is None else product * self.scale(name)
        return product

    def _rescaled(
        self, activation: Tensor, scale: Tensor, rows: NamedRows | None, source: Source | None = None
    ) -> Tensor:
        last = activation if self._axis == -1 else activation.movedim(self._axis, -1)
        if rows is not None:
            scale = rows.broadcast(scale, last, self._path)
        product = rescale(last, scale, source if self._axis == -1 else None)
        return product if self._axis == -1 else product.movedim(-1, self._axis)

    def _at_gate(self, activation: Tensor) -> Tensor:
        rows = self._rows.rows
        if self._disable_adapters or (rows is None and self.merged):
            return activation
        for side in ("input", "output"):
            scale = self._scale(side, rows)
            activation = activation if scale is None else self._rescaled(activation, scale, rows)
        return activation

    def _merge(self, names: list[str], says_which: bool = False) -> None:
        """Scale the original weights by all of the adapters at once; they are rounded once."""
        before = self._swaps
        self._put_originals()
        try:
            with as_peft_raises():
                self._require_finite(names, says_which)
                swaps = swaps_of([factor for name in names for factor in self._factors(name)])
                scales = {(self._path, side): self._product(names, side) for side in ("input", "output")}
                found = {key: scale for key, scale in scales.items() if scale is not None}
                require_same_function(self._path, self.base_layer, swaps, found)  # type: ignore[arg-type]
            self._swaps, self.merged_adapters = swaps, names
        except StateError:
            self._swaps = before
            raise
        finally:
            if not self._is_paused:
                self._put_scaled()

    def _factors(self, name: str) -> tuple[Factor, ...]:
        home, scale = self._home[0], self.scale(name).detach().float()
        home._modules[self._name] = self.base_layer  # what is above experts decides what their activation means
        try:
            return factors_of(home, self._name, self._places[name].side, scale)
        finally:
            home._modules[self._name] = self

    def _product(self, names: Sequence[str], side: str) -> Tensor | None:
        scales = [self.scale(name).detach().float() for name in names if self._places[name].side == side]
        return torch.stack(scales).prod(dim=0) if scales else None

    def _require_finite(self, names: Sequence[str], says_which: bool) -> None:
        for name in names:
            if not self.ia3_l[name].isfinite().all():
                raise StateError(_broken("weights", name, self._path))
            for factor in self._factors(name) if says_which else ():
                weight = factor.module._parameters[factor.name]
                if weight is not None and not (weight.detach() * factor.numbers).to(weight.dtype).isfinite().all():
                    raise StateError(_broken("bias" if factor.name == "bias" else "weights", name, self._path))

    def _pause(self, paused: bool) -> None:
        if paused != self._is_paused:
            self._is_paused = paused
            (self._put_originals if paused else self._put_scaled)()

    def _put_originals(self) -> None:
        for swap in self._swaps:
            if swap.module._parameters[swap.name] is swap.scaled:
                swap.put(swap.original)

    def _put_scaled(self) -> None:
        for swap in self._swaps:
            swap.put(swap.scaled)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Self:
        """Move and convert the weights that wait while others stand in their place, too."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for swap in self._swaps:
            waiting = swap.scaled if self._is_paused else swap.original
            waiting.data = fn(waiting.data)
        return self

    def _move_adapter_to_device_of_base_layer(self, adapter_name: str, device: torch.device | None = None) -> None:
        vector, like = self.ia3_l[adapter_name], self._like()
        if like is None or vector.is_meta:
            return
        dtype = getattr(self.base_layer, "compute_dtype", None) or like.dtype
        target = device if device is not None else like.device
        if target.type == "meta":  # offloaded: its weights come and go, the vector stays
            target = torch.device("cpu")
        with torch.no_grad():
            moved = vector.to(target, dtype=dtype if dtype.is_floating_point else None)
        if moved is not vector:
            self.ia3_l[adapter_name] = nn.Parameter(moved, vector.requires_grad)

    def _like(self) -> Tensor | None:
        """Return the weight whose device and type a new vector gets."""
        weights = (getattr(self.base_layer, name, None) for name in ("weight", "qweight", "down_proj"))
        own = next((each for each in weights if isinstance(each, Tensor)), None)
        return own if own is not None else next(self._home[0].parameters(), None)


class Linear(IA3Layer):
    """A linear layer, or transformers' Conv1D, with vectors."""


class Conv2d(IA3Layer):
    """A two-dimensional convolution with vectors."""


class Conv3d(IA3Layer):
    """A three-dimensional convolution with vectors."""


BaseTunerLayer = IA3Layer
"""(IA)³ is the only method here, so its layer is every method's."""


def layer_for(home: nn.Module, name: str, path: str, rows: ActiveRows) -> IA3Layer:
    """Return a layer around a module, of the class that PEFT gives it."""
    module = home.get_submodule(name)
    if isinstance(module, nn.Conv2d):
        return Conv2d(home, name, path, rows)
    if isinstance(module, nn.Conv3d):
        return Conv3d(home, name, path, rows)
    is_linear = isinstance(module, nn.Linear) or isinstance(getattr(module, "nf", None), int)
    return (Linear if is_linear else IA3Layer)(home, name, path, rows)


def _broken(what: str, adapter_name: str, path: str) -> str:
    return (
        f"NaNs detected in the merged {what}. The adapter {adapter_name} seems to be broken at {path}; train it again, "
        "or load an earlier checkpoint."
    )


def check_adapters_to_merge(module: IA3Layer, adapter_names: Sequence[str] | None = None) -> list[str]:
    """Return the adapters of a layer that are to be merged and are not yet.

    Raises:
        KindError: one name is given instead of a list.
    """
    if isinstance(adapter_names, str):
        raise KindError(f"adapter_names should be a list of strings, got {adapter_names!r}.")
    wanted = module.active_adapters if adapter_names is None else list(adapter_names)
    if module.merged_adapters:
        new = [name for name in wanted if name not in module.merged_adapters]
        merged = ", ".join(module.merged_adapters)
        if new:
            warnings.warn(
                f"Already following adapters were merged {merged}. You are now additionally merging {','.join(new)}.",
                stacklevel=3,
            )
        else:
            warnings.warn("All adapters are already merged, nothing to do.", stacklevel=3)
        return new
    return list(wanted)
