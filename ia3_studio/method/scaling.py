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

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method.experts import GateHook, activation_width, down_tensor
from ia3_studio.method.layers import channel_axis
from ia3_studio.method.layers import widths as widths
from ia3_studio.method.sites import Selection, Side, Site

if TYPE_CHECKING:
    from ia3_studio.method.adapter import Adapter

PARAMETER_NAME = "ia3_scales"
"""The name under which the flat parameter is registered on the model while attached."""


def rescale(activation: Tensor, scale: Tensor) -> Tensor:
    """Return ``activation`` ⊙ ``scale``: the one place where (IA)³ takes its product.

    Args:
        activation: shape (batch, …, channels), any floating dtype.
        scale: float32, shape (channels,) or, with one vector per row, (batch, 1, …, channels).

    Returns:
        The product in the activation's shape and dtype; it is computed in the scale's dtype.
    """
    scale = scale.to(activation.device)  # a model spread over several devices
    return (activation.to(scale.dtype) * scale).to(activation.dtype)


def strengthen(scale: Tensor, strength: float) -> Tensor:
    """Return 1 + strength · (scale − 1); strengths 0 and 1 are exact, not rounded."""
    if strength == 0:
        return torch.ones_like(scale)
    return scale if strength == 1 else 1 + strength * (scale - 1)


@dataclass(frozen=True, eq=False)
class Place:
    """One side of one module, with the sites that share its channels (k and v of a fused projection do)."""

    path: str
    side: Side
    channels: int
    """Width of the activation that is scaled."""
    sites: tuple[Site, ...]
    axis: int = -1
    """Where the channels of that activation are; a convolution has them before its space."""


class Attachment:
    """Vectors attached to a live model; the handle to train, read, mute and remove them.

    **The model's weights are never changed**: attaching freezes nothing, adds forward hooks and registers
    ``parameter`` on the model, so that optimisers and Trainer find it. :meth:`detach` undoes all of it.
    """

    def __init__(self, model: nn.Module, selection: Selection) -> None:
        if not selection.sites:
            raise SelectionError("The selection holds no site, so there is nothing to train; tick at least one.")
        if hasattr(model, PARAMETER_NAME):
            raise SelectionError("This model already carries (IA)³ vectors; detach them before attaching others.")
        self.model = model
        self.selection = selection
        self._places = places(model, selection)
        self.parameter = nn.Parameter(torch.ones(selection.numbers, device=_device_of(model)))
        model.register_parameter(PARAMETER_NAME, self.parameter)
        self._strengths: tuple[float, ...] = (1.0,)
        self._scales: dict[Place, Tensor] = {}
        self._scales_made_for: tuple[object, ...] = ()
        self._hooks = [self._hook(place) for place in self._places]

    def vectors(self) -> dict[Site, Tensor]:
        """Return each site's vector, shape (site.size,), as a view into the flat parameter."""
        sizes = [site.size for site in self.selection]
        return dict(zip(self.selection, self.parameter.detach().split(sizes), strict=True))

    def adapter(self, metadata: Mapping[str, str] | None = None) -> Adapter:
        """Return a copy of what has been learned, independent of the model."""
        from ia3_studio.method.adapter import Adapter, name_targets

        vector = self.parameter.detach().float().cpu().clone()
        return Adapter(self.selection, vector, dict(metadata or {}), name_targets(self.selection, self.model))

    def load(self, adapter: Adapter) -> None:
        """Copy an adapter's vectors into this attachment. **Overwrites what was learned here.**

        Raises:
            AdapterError: the adapter was made for other sites.
        """
        if adapter.selection != self.selection:
            raise AdapterError(
                f"The adapter scales {len(adapter.selection)} sites that are not the {len(self.selection)} attached"
                " here; attach the adapter's own selection."
            )
        with torch.no_grad():
            self.parameter.copy_(adapter.vector)

    @contextmanager
    def strengths(self, *strengths: float) -> Iterator[None]:
        """Run the model at one strength, or at one strength per batch row, inside a ``with`` block.

        Example:
            >>> with attachment.strengths(0, 1):          # doctest: +SKIP
            ...     model(two_rows)                       # row 0 is the base model, row 1 the tuned one
        """
        before, self._strengths = self._strengths, tuple(float(value) for value in strengths) or (1.0,)
        try:
            yield
        finally:
            self._strengths = before

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """Run the base model, bit for bit, inside a ``with`` block."""
        with self.strengths(0.0):
            yield

    def detach(self) -> None:
        """Remove hooks and parameter; the model is the base model again, bit for bit."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        if getattr(self.model, PARAMETER_NAME, None) is self.parameter:
            delattr(self.model, PARAMETER_NAME)

    def _hook(self, place: Place) -> torch.utils.hooks.RemovableHandle | GateHook:
        module = self.model.get_submodule(place.path)
        if down_tensor(module):
            return GateHook(module, lambda inner: self._rescale(place, inner))
        if place.side == "output":
            return module.register_forward_hook(lambda _module, _args, result: self._after(place, result))
        return module.register_forward_pre_hook(
            lambda _module, args, kwargs: self._before(place, args, kwargs), with_kwargs=True
        )

    def _after(self, place: Place, result: Any) -> Any:
        if self._off:
            return result
        if isinstance(result, tuple):  # some projections return (activation, bias)
            return (self._rescale(place, result[0]), *result[1:])
        return self._rescale(place, result)

    def _before(self, place: Place, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._off:
            return None
        if args:
            return (self._rescale(place, args[0]), *args[1:]), kwargs
        name = next(iter(kwargs))  # a projection called by keyword has its activation first
        return args, {**kwargs, name: self._rescale(place, kwargs[name])}

    @property
    def _off(self) -> bool:
        return all(strength == 0 for strength in self._strengths)

    def _rescale(self, place: Place, activation: Tensor) -> Tensor:
        if place.axis != -1:
            return self._rescale_last(place, activation.movedim(place.axis, -1)).movedim(-1, place.axis)
        return self._rescale_last(place, activation)

    def _rescale_last(self, place: Place, activation: Tensor) -> Tensor:
        scale = self._scale(place)
        if scale.dim() == 1:
            return rescale(activation, scale)
        if activation.shape[0] != len(scale):
            raise SelectionError(f"{len(scale)} strengths were given for a batch of {activation.shape[0]} rows.")
        ones = [1] * (activation.dim() - 2)
        return rescale(activation, scale.view(len(scale), *ones, place.channels))

    def _scale(self, place: Place) -> Tensor:
        """Return a place's scale: shape (channels,), or (batch, channels) with one strength per row.

        The flat parameter is split once per optimiser step, not once per site: every slice of its own would
        cost a gradient as long as the whole parameter. A split node saves no tensor, so that several backward
        passes (accumulation) may go through it; a changed parameter, strength or grad mode makes a new one.
        """
        flat = self.parameter
        modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        made_for = (flat._version, flat.data_ptr(), self._strengths, *modes)
        if made_for != self._scales_made_for:
            self._scales, self._scales_made_for = self._split(), made_for
        return self._scales[place]

    def _split(self) -> dict[Place, Tensor]:
        pieces = torch.split(self.parameter, [site.size for site in self.selection])
        by_site = dict(zip(self.selection, pieces, strict=True))
        return {place: self._strong(_spread(place, [by_site[site] for site in place.sites])) for place in self._places}

    def _strong(self, scale: Tensor) -> Tensor:
        if len(self._strengths) == 1:
            return strengthen(scale, self._strengths[0])
        return torch.stack([strengthen(scale, strength) for strength in self._strengths])


def attach(model: nn.Module, selection: Selection) -> Attachment:
    """Attach vectors of ones to a model: it computes what it did before, and can now be tuned.

    Raises:
        SelectionError: a site does not exist in the model or has another size there.
    """
    return Attachment(model, selection)


def places(model: nn.Module, selection: Selection) -> tuple[Place, ...]:
    """Group a selection's sites by module and side, checked against the model.

    Raises:
        SelectionError: a site does not exist in the model or has another size there.
    """
    grouped: dict[tuple[str, Side], list[Site]] = {}
    for site in selection:
        grouped.setdefault((site.path, site.side), []).append(site)
    return tuple(_place(model, path, side, sites) for (path, side), sites in grouped.items())


def _place(model: nn.Module, path: str, side: Side, sites: list[Site]) -> Place:
    channels = _width(model, path, side)
    wrong = next((site for site in sites if site.channels != channels), None)
    if wrong:
        raise SelectionError(
            f"{path} has {channels} channels on its {side} side, the selection expects {wrong.channels};"
            " it was made for another model."
        )
    return Place(path, side, channels, tuple(sites), channel_axis(model.get_submodule(path)))


def _width(model: nn.Module, path: str, side: Side) -> int:
    try:
        module = model.get_submodule(path)
    except AttributeError as error:
        raise SelectionError(f"The model has no module {path!r}; the selection was made for another model.") from error
    size = widths(module)
    inner = activation_width(model, path) if size is None else None
    if inner is not None:
        return inner
    if size is None:
        raise SelectionError(f"{path} is a {type(module).__name__}, which has no channels to scale; pick a projection.")
    return size[0] if side == "input" else size[1]


def _spread(place: Place, pieces: list[Tensor]) -> Tensor:
    """Return the sites' numbers on their channels and ones elsewhere, shape (channels,).

    Made by concatenation, not by indexing: a node that saves an index allows one backward pass only.
    """
    spans = [span for site in place.sites for span in site.spans]
    if not spans:
        return pieces[0]
    numbers = torch.cat(pieces).split([stop - start for start, stop in spans])
    scale: list[Tensor] = []
    reached = 0
    for (start, stop), part in sorted(zip(spans, numbers, strict=True), key=lambda pair: pair[0]):
        scale += [part.new_ones(start - reached), part]
        reached = stop
    return torch.cat([*scale, numbers[0].new_ones(place.channels - reached)])


def _device_of(model: nn.Module) -> torch.device:
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
