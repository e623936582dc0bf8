"""How are the linear layers of a model applied to a few rows fast on a CPU?

A token at a time, a language model multiplies one row (or one per conversation) by every weight: reading the weights is
all the work. The kernel that torch chooses for that may use a single core, and is slower for two rows than for four;
oneDNN's, which torch ships for compiled models, uses all cores at any count. Which one is faster depends on the
machine, so both are timed once, on the model's own weights. And layers that are given the same activations (queries,
keys and values; gate and up) are multiplied in one go: their weights become parts of one tensor, at no cost in memory.
Sums are taken in another order: results differ by rounding, as between any two kernels.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ia3_studio.models.fast_paths import FastPath, failed_trial

if TYPE_CHECKING:
    from ia3_studio.models.fast_decode import FastDecodeStep

Product = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""(rows, weight, bias) → rows · weightᵀ + bias."""

NAME = "oneDNN products for few rows"
_STEP = "ia3_fast_decode_step"
"""The attribute of a model that holds its fast decoding step."""
_ROWS = (1, 2)
"""Counts of rows that are timed: one conversation and two."""
_REPEATS = 8
_BUSY = 1.5
"""A machine that is busy while a model is loaded holds up the kernel on all cores more than the one on a single core:
only a clear loss counts against it."""
_TIMED_BYTES = 48 * 2**20
"""Of weights that are read while timing, so that they do not all come from the processor's cache."""


def enable_fast_linear(model: nn.Module) -> tuple[FastPath, FastPath]:
    """Let the plain linear layers of a float32 model on a CPU compute in the faster way, and decode in one loop.

    For inference: where gradients are recorded, and on other devices, the layers compute as before. Nothing may be
    attached to the model yet: what is attached later acts as ever. :func:`disable_fast_linear` undoes it.

    Returns:
        The two fast paths (layers, decoding), and why one is off.
    """
    from ia3_studio.models.fast_decode import fast_decode_step

    vars(model)[_STEP], decoding = fast_decode_step(model)
    layers = [module for module in model.modules() if isinstance(module, nn.Linear) and _is_plain(module)]
    product, reason = _faster_product(layers)
    if product is None:
        return FastPath(NAME, False, reason), decoding
    calls, note = _calls(model, layers)
    for siblings in _siblings(model, layers, calls):
        stack = Stack(siblings, product)
        for number, layer in enumerate(siblings):
            layer.forward = partial(_forward, stack, number)  # type: ignore[method-assign]
    return FastPath(NAME, True, note), decoding


def step_of(model: nn.Module) -> FastDecodeStep | None:
    """Return the fast decoding step that :func:`enable_fast_linear` found for a model; None if there is none."""
    return vars(model).get(_STEP)


def disable_fast_linear(model: nn.Module) -> None:
    """Give the linear layers their own ``forward`` back, and forget the fast decoding step."""
    vars(model).pop(_STEP, None)
    for module in model.modules():
        if getattr(vars(module).get("forward"), "func", None) is _forward:
            del module.forward


class Stack:
    """Layers that are given the same rows, multiplied together when the first of them is asked."""

    def __init__(self, layers: list[nn.Linear], product: Product) -> None:
        self.layers = layers
        self._product = product
        self._sizes = [layer.out_features for layer in layers]
        self._weight = _joined(layers, "weight")
        self._bias = _joined(layers, "bias") if layers[0].bias is not None else None
        self._places = [layer.weight.data_ptr() for layer in layers]
        self._given: Tensor | None = None
        self._ready: dict[int, Tensor] = {}

    def part(self, number: int, rows: Tensor) -> Tensor:
        """Return one layer's output, shape (…, out). What is kept for the others is handed out once."""
        if not self._holds(number):  # somebody replaced a weight, as merging does
            layer = self.layers[number]
            return self._product(rows, layer.weight, layer.bias)
        if self._given is not rows or number not in self._ready:
            parts = self._product(rows, self._weight, self._bias).split(self._sizes, dim=-1)
            self._given, self._ready = rows, dict(enumerate(parts))
        mine = self._ready.pop(number)
        if not self._ready:
            self._given = None
        return mine

    def _holds(self, number: int) -> bool:
        return self.layers[number].weight.data_ptr() == self._places[number]


def _forward(stack: Stack, number: int, rows: Tensor) -> Tensor:
    layer = stack.layers[number]
    if torch.is_grad_enabled() or rows.dtype != torch.float32 or layer.weight.dtype != torch.float32:
        return linear(rows, layer.weight, layer.bias)
    return stack.part(number, rows)


def _joined(layers: list[nn.Linear], name: str) -> Tensor:
    """Return weights (or biases) as one tensor, shape (all outputs, …), **of which they are parts from now on**."""
    if len(layers) == 1:
        return getattr(layers[0], name).data  # type: ignore[no-any-return]
    whole = torch.cat([getattr(layer, name).data for layer in layers])
    for layer, part in zip(layers, whole.split([layer.out_features for layer in layers]), strict=True):
        getattr(layer, name).data = part
    return whole


def _siblings(
    model: nn.Module, layers: list[nn.Linear], calls: list[tuple[nn.Linear, Tensor]]
) -> Iterator[list[nn.Linear]]:
    """Yield groups of layers of one parent that were called one after the other with the same activations."""
    times = Counter(layer for layer, _given in calls)
    parents = {child: parent for parent in model.modules() for child in parent.children()}
    for _same, group in groupby(calls, key=lambda call: (id(call[1]), parents.get(call[0]))):
        called = [layer for layer, _given in group if times[layer] == 1]
        alike = len({(layer.in_features, layer.bias is None) for layer in called}) == 1
        yield from [called] if alike else ([layer] for layer in called)
    yield from ([layer] for layer in layers if times[layer] != 1)  # never called here, or from several places


def _calls(model: nn.Module, layers: Iterable[nn.Linear]) -> tuple[list[tuple[nn.Linear, Tensor]], str]:
    """Return which layers a pass over a few tokens calls with what, in order; nothing where it fails, and why."""
    from ia3_studio.method.inputs import example_inputs

    calls: list[tuple[nn.Linear, Tensor]] = []
    with ExitStack() as hooks, torch.no_grad():
        for layer in layers:
            hook = layer.register_forward_pre_hook(lambda module, args: calls.append((module, args[0])))
            hooks.callback(hook.remove)
        try:
            model(**example_inputs(model))
        except Exception as error:  # a foreign forward may raise anything: each layer is fast on its own
            return [], f"each layer on its own: {failed_trial(error)}"
    return calls, ""


def _is_plain(module: nn.Linear) -> bool:
    if type(module) is not nn.Linear or "forward" in vars(module):
        return False
    return module.weight.device.type == "cpu" and module.weight.dtype == torch.float32


def _other_kernel() -> Product | None:
    """Return oneDNN's product; None where this build of torch has none."""
    if not torch.backends.mkldnn.is_available():
        return None
    kernel = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    return kernel and (lambda rows, weight, bias: kernel(rows, weight, bias, "none", [], ""))


def _faster_product(layers: list[nn.Linear]) -> tuple[Product | None, str]:
    """Return the product that computes some layers faster than torch's own; None if there is none, and why."""
    if not layers:
        return None, "the model has no float32 linear layers on the CPU"
    product = _other_kernel()
    if product is None:
        return None, "this build of PyTorch has no oneDNN"
    try:
        if not _is_right(product, layers[0]):
            return None, "they differ from the products of PyTorch"
        return (product, "") if _is_faster(product, layers) else (None, "they are not faster on this machine")
    except Exception as error:  # a kernel that torch keeps to itself may change or raise anything
        return None, failed_trial(error)


@torch.no_grad()
def _is_right(product: Product, layer: nn.Linear) -> bool:
    rows = torch.linspace(-1, 1, layer.in_features)[None]
    return torch.allclose(product(rows, layer.weight, layer.bias), layer(rows), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def _is_faster(product: Product, layers: list[nn.Linear]) -> bool:
    """Return whether the product is faster over a good part of the weights."""
    some = _some_of(layers)
    return _seconds(product, some) < _BUSY * _seconds(linear, some)


def _some_of(layers: list[nn.Linear]) -> list[nn.Linear]:
    """Return the first layers that together hold enough weights to time with, or all."""
    chosen, held = [], 0
    for layer in layers:
        if held >= _TIMED_BYTES:
            break
        chosen.append(layer)
        held += layer.weight.nbytes
    return chosen


def _seconds(product: Product, layers: list[nn.Linear]) -> float:
    given = [[torch.ones(rows, layer.in_features) for layer in layers] for rows in _ROWS]
    least = float("inf")
    for _repeat in range(_REPEATS):
        started = time.perf_counter()
        for inputs in given:
            for layer, rows in zip(layers, inputs, strict=True):
                product(rows, layer.weight, layer.bias)
        least = min(least, time.perf_counter() - started)
    return least
