"""How are the linear layers of a model applied to a few rows fast on a CPU?

A token at a time, a language model multiplies one row (or one per conversation) by every weight: reading the weights is
all the work. The kernel that torch chooses for that may use a single core, and is slower for two rows than for four;
oneDNN's, which torch ships for compiled models, uses all cores at any count; FBGEMM's reads float16 copies of the
weights (:mod:`ia3_studio.models.half_weights`); and copies in int8 are multiplied where a message asks for them
(:mod:`ia3_studio.models.chat_weights`). Which one is faster depends on the machine, so all are timed once, on
the model's own weights. And layers that are given the same activations (queries, keys and values; gate and up) are
multiplied in one go: their weights become parts of one tensor, at no cost in memory. Sums are taken in another order:
results differ by rounding, as between any two kernels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from ia3_studio.models.fast_paths import failed_trial
from ia3_studio.models.few_rows import HalfPack, Pack, PackedWeight, Product
from ia3_studio.models.half_weights import HalfWeight

COPIES = "ia3_int8_copies"
"""The attribute of a model that says what became of its int8 copies (:mod:`ia3_studio.models.chat_weights`)."""
_MOST_ROWS = 16
"""With more rows multiplying is the work, and torch's own product is the best at it."""


def plain_layers(model: nn.Module) -> list[nn.Module]:
    """Return the float32 linear layers of a model on the CPU that compute in the way of their class."""
    return [module for module in model.modules() if _is_plain(module)]


def weights_of(layers: Iterable[nn.Module]) -> list[Tensor]:
    """Return the weight of each layer, shape (out, in)."""
    return [_as_linear(layer, _weight(layer).data) for layer in layers]


def stack_layers(model: nn.Module, layers: list[nn.Module], product: Product | None) -> tuple[list[Stack], str]:
    """Let the layers compute in stacks from now on: those that are given the same rows together.

    Args:
        model: in evaluation mode; it is run once on a few tokens to see which these are.
        layers: of the model, in float32 on the CPU.
        product: that they multiply by; None for torch's own.

    Returns:
        The stacks, and why each layer is alone if the run failed.
    """
    calls, note = _calls(model, layers)
    choice = WeightChoice()
    return [_stacked(siblings, product, choice) for siblings in _siblings(model, layers, calls)], note


def unstack_layers(model: nn.Module) -> None:
    """Give the linear layers their own ``forward`` back."""
    vars(model).pop(COPIES, None)
    for module in model.modules():
        if stack_of(module) is not None:
            del module.forward


def stacks_of(model: nn.Module) -> list[Stack]:
    """Return the stacks of a model's plain linear layers; **a layer without one gets its own**."""
    for module in plain_layers(model):
        _stacked([module], None, WeightChoice())
    found = [stack for module in model.modules() if (stack := stack_of(module)) is not None]
    return list(dict.fromkeys(found))


def stack_of(layer: nn.Module) -> Stack | None:
    """Return what multiplies a layer together with its siblings; None if nothing does."""
    forward: Any = vars(layer).get("forward")
    return forward.args[0] if getattr(forward, "func", None) is _forward else None


class WeightChoice:
    """Which weights the layers of one model multiply by now."""

    int8 = False
    rounded = False
    """The first of the two float16 parts of each weight that has two."""


class Stack:
    """Layers that are given the same rows, multiplied together when the first of them is asked."""

    def __init__(self, layers: Sequence[nn.Module], product: Product | None, choice: WeightChoice) -> None:
        self.layers, self.choice = layers, choice
        self._product = product
        self._weight = _joined(layers, "weight")
        self._bias = _joined(layers, "bias") if layers[0].bias is not None else None
        self._sizes = [_outputs(layer) for layer in layers]
        self._versions = [layer_version(layer) for layer in layers]
        self._half: HalfWeight | None = None
        self._int8: PackedWeight | None = None
        self._given: Tensor | None = None
        self._ready: dict[int, Tensor] = {}

    def pack(self, pack: HalfPack) -> None:
        """Copy the weights in float16, which are multiplied from then on."""
        self._half = pack(self.weight, self._bias)

    def pack_int8(self, pack: Pack, choice: WeightChoice) -> None:
        """Copy the weights, to be multiplied whenever int8 is chosen."""
        self._int8, self.choice = pack(self.weight, self._bias), choice

    @property
    def weight(self) -> Tensor:
        """Return the weights of all layers as of one linear layer, shape (all outputs, in)."""
        return _as_linear(self.layers[0], self._weight)

    def part(self, number: int, rows: Tensor) -> Tensor:
        """Return one layer's output, shape (…, out). What is kept for the others is handed out once."""
        if self._versions[number] != layer_version(self.layers[number]):  # somebody changed a weight, as merging does
            layer: Any = self.layers[number]
            return self._multiply(layer, rows, layer.weight, layer.bias)
        if self._given is not rows or number not in self._ready:
            self._given, self._ready = rows, dict(enumerate(self.whole(rows).split(self._sizes, dim=-1)))
        mine = self._ready.pop(number)
        if not self._ready:
            self._given = None
        return mine

    def whole(self, rows: Tensor) -> Tensor:
        """Return the outputs of all layers, shape (…, all outputs)."""
        if self.choice.rounded and self.has_two_parts:
            return self.rounded(rows)
        for copy in (self._int8 if self.choice.int8 else None, self._half):
            if copy is not None and copy.suits(_rows(rows)):
                return copy(rows)
        return self._multiply(self.layers[0], rows, self._weight, self._bias)

    @property
    def has_two_parts(self) -> bool:
        """Say whether the weights are copied as the sum of two float16 numbers."""
        return self._half is not None and self._half.has_two_parts

    def rounded(self, rows: Tensor) -> Tensor:
        """Return about the outputs of all layers, shape (…, all outputs), by weights that are rounded to float16."""
        return self.whole(rows) if self._half is None else self._half.rounded(rows)

    def _multiply(self, layer: nn.Module, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not isinstance(layer, nn.Linear):
            return own_forward(layer, rows)
        if self._product is not None and _rows(rows) <= _MOST_ROWS:
            return self._product(rows, weight, bias)
        return linear(rows, weight, bias)


def _stacked(siblings: Sequence[nn.Module], product: Product | None, choice: WeightChoice) -> Stack:
    stack = Stack(siblings, product, choice)
    for number, layer in enumerate(siblings):
        layer.forward = partial(_forward, stack, number)
    return stack


def _forward(stack: Stack, number: int, rows: Tensor) -> Tensor:
    layer: Any = stack.layers[number]
    if torch.is_grad_enabled() or rows.dtype != torch.float32 or layer.weight.dtype != torch.float32:
        return own_forward(layer, rows)
    return stack.part(number, rows)


def own_forward(layer: nn.Module, rows: Tensor) -> Tensor:
    """Return what a layer computes in the way of its class."""
    return type(layer).forward(layer, rows)  # type: ignore[no-any-return]


def _joined(layers: Sequence[nn.Module], name: str) -> Tensor:
    """Return weights (or biases) as one tensor, shape (all outputs, …), **of which they are parts from now on**."""
    if len(layers) == 1:
        return getattr(layers[0], name).data  # type: ignore[no-any-return]
    whole = torch.cat([getattr(layer, name).data for layer in layers])
    for layer, part in zip(layers, whole.split([_outputs(layer) for layer in layers]), strict=True):
        getattr(layer, name).data = part
    return whole


def _as_linear(layer: nn.Module, weight: Tensor) -> Tensor:
    """Return a weight as linear layers have it, shape (out, in); transformers' Conv1D has (in, out)."""
    return weight if isinstance(layer, nn.Linear) else weight.t()


def _rows(activations: Tensor) -> int:
    return activations.numel() // activations.shape[-1]


def _weight(layer: nn.Module) -> nn.Parameter:
    return layer.weight  # type: ignore[return-value]


def _outputs(layer: nn.Module) -> int:
    return int(layer.out_features if isinstance(layer, nn.Linear) else layer.nf)  # type: ignore[arg-type]


def layer_version(layer: nn.Module) -> tuple[int, int]:
    """Return what differs once a layer's weight was replaced, or written to."""
    weight = _weight(layer)
    return weight.data_ptr(), -1 if weight.is_inference() else weight._version


def _siblings(
    model: nn.Module, layers: list[nn.Module], calls: list[tuple[nn.Module, Tensor]]
) -> Iterator[list[nn.Module]]:
    """Yield groups of layers of one parent that were called one after the other with the same activations."""
    times = Counter(layer for layer, _given in calls)
    parents = {child: parent for parent in model.modules() for child in parent.children()}
    for _same, group in groupby(calls, key=lambda call: (id(call[1]), parents.get(call[0]))):
        called = [layer for layer, _given in group if times[layer] == 1]
        alike = len({(_inputs(layer), layer.bias is None) for layer in called}) == 1
        yield from [called] if alike else ([layer] for layer in called)
    yield from ([layer] for layer in layers if times[layer] != 1)  # never called here, or from several places


def _inputs(layer: nn.Module) -> object:
    """Return what layers that are multiplied together have in common; a Conv1D, laid out otherwise, is alone."""
    return layer.in_features if isinstance(layer, nn.Linear) else layer


def _calls(model: nn.Module, layers: Iterable[nn.Module]) -> tuple[list[tuple[nn.Module, Tensor]], str]:
    """Return which layers a pass over a few tokens calls with what, in order; nothing where it fails, and why."""
    from ia3_studio.method.inputs import example_inputs

    calls: list[tuple[nn.Module, Tensor]] = []
    with ExitStack() as hooks, torch.no_grad():
        for layer in layers:
            hook = layer.register_forward_pre_hook(lambda module, args: calls.append((module, args[0])))
            hooks.callback(hook.remove)
        try:
            model(**example_inputs(model))
        except Exception as error:  # a foreign forward may raise anything: each layer is fast on its own
            return [], f"each layer on its own: {failed_trial(error)}"
    return calls, ""


def _is_plain(module: nn.Module) -> bool:
    if type(module) not in (nn.Linear, Conv1D) or "forward" in vars(module):
        return False
    weight = _weight(module)
    return weight.device.type == "cpu" and weight.dtype == torch.float32
