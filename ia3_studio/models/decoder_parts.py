"""What are the parts of a causal model, and how is each applied to one token?

Models name the same parts in different ways: this page knows the names of Llama, Mistral, Qwen, Gemma, Phi, StableLM,
GPT-2, GPT-NeoX and all that are written like them. It looks at names and shapes alone: whether the parts are put
together as they are here is for :mod:`ia3_studio.models.fast_decode` to try.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, rms_norm, silu

from ia3_studio.method.product import multiply
from ia3_studio.models.fast_linear import stack_of

if TYPE_CHECKING:
    from ia3_studio.method.rows import Key

Scales = Mapping["Key", "Tensor | None"]
"""(path, side) → the scale there, shape (channels,) or (rows, channels); None for ones."""
Function = Callable[[Tensor], Tensor]

INNER = ("model", "transformer", "gpt_neox")
BLOCKS = ("layers", "h")
ATTENTION = ("self_attn", "attn", "attention")
FEED_FORWARD = ("mlp",)
POSITIONS = ("wpe",)
FINAL_NORM = ("norm", "ln_f", "final_layer_norm", "final_layernorm")
BEFORE_ATTENTION = ("input_layernorm", "ln_1")
BETWEEN = ("post_attention_layernorm", "ln_2")
"""The norm before the feed-forward part; where that has norms of its own, the one after attention."""
BEFORE_FEED_FORWARD, AFTER_FEED_FORWARD = "pre_feedforward_layernorm", "post_feedforward_layernorm"
QUERY_KEY_VALUE = (("q_proj", "k_proj", "v_proj"), ("qkv_proj",), ("c_attn",), ("query_key_value",))
BY_HEAD = "query_key_value"
"""Its outputs are query, key and value of the first head, then of the second; all others have all queries first."""
ATTENTION_OUTPUT = ("o_proj", "dense", "c_proj")
QUERY_NORM, KEY_NORM = ("q_norm", "q_layernorm"), ("k_norm", "k_layernorm")
GATED = (("gate_proj", "up_proj"), ("gate_up_proj",))
PLAIN = (("c_fc",), ("fc1",), ("dense_h_to_4h",))
FEED_FORWARD_OUTPUT = ("down_proj", "c_proj", "fc2", "dense_4h_to_h")
ACTIVATION = ("act_fn", "activation_fn", "act")
_TRIED = 7
"""Rows that a norm is tried on."""


class UnknownShapeError(Exception):
    """A model has a part that this page has no name for."""


class Factors(NamedTuple):
    """The scales of one projection, in the shapes that multiply (rows, 1, channels); None for ones."""

    before: tuple[Tensor | None, ...]
    """Of what each layer is given."""
    after: Tensor | None
    """Of the outputs of all layers."""


class Projection:
    """Linear layers that are given the same rows, multiplied together."""

    def __init__(self, path: str, parent: Any, names: Sequence[str]) -> None:
        self.layers: list[Any] = [part(parent, (name,)) for name in names]
        self.keys: list[tuple[Key, Key]] = [((f"{path}.{n}", "input"), (f"{path}.{n}", "output")) for n in names]
        """Where scales can act on each layer."""
        self.sizes = [int(getattr(layer, "out_features", 0) or layer.nf) for layer in self.layers]
        stack = stack_of(self.layers[0])
        self._stack = stack if stack is not None and list(stack.layers) == self.layers else None

    def factors(self, scales: Scales) -> Factors:
        """Return which of these scales act here."""
        before = tuple(_over(scales.get(key)) for key, _after in self.keys)
        after = [scales.get(key) for _before, key in self.keys]
        like = next((scale for scale in after if scale is not None), None)
        if like is not None and len(after) > 1:
            ones = [like.new_ones(*like.shape[:-1], size) for size in self.sizes]
            like = torch.cat([one if s is None else s for s, one in zip(after, ones, strict=True)], dim=-1)
        return Factors(before, _over(like))

    def __call__(self, rows: Tensor, factors: Factors) -> Tensor:
        """Return the outputs of all layers, shape (…, all outputs)."""
        before, after = factors
        if all(scale is None for scale in before):
            result = self._together(rows)
        else:
            given = (rows if scale is None else multiply(rows, scale) for scale in before)
            result = _joined([layer.forward(each) for layer, each in zip(self.layers, given, strict=True)])
        return result if after is None else multiply(result, after)

    def _together(self, rows: Tensor) -> Tensor:
        if self._stack is not None:
            return self._stack.whole(rows)
        return _joined([layer.forward(rows) for layer in self.layers])


class FeedForward:
    """The feed-forward part of a block: a gate times its other half, or an activation alone."""

    def __init__(self, path: str, module: Any) -> None:
        gated = next((names for names in GATED if has(module, *names)), None)
        plain = next((names for names in PLAIN if has(module, *names)), None)
        if not (names := gated or plain):
            raise UnknownShapeError
        self.first = Projection(path, module, names)
        self.second = Projection(path, module, (name_of(module, FEED_FORWARD_OUTPUT),))
        activation = part(module, ACTIVATION)
        self._activate: Function = silu if type(activation) is nn.SiLU else activation.forward
        self._is_gated = gated is not None

    def __call__(self, given: Tensor, first: Factors, second: Factors) -> Tensor:
        """Return the output, shape (rows, 1, channels)."""
        inner = self.first(given, first)
        if self._is_gated:
            gate, other = inner.chunk(2, dim=-1)
            inner = self._activate(gate) * other
        else:
            inner = self._activate(inner)
        return self.second(inner, second)


def norm_of(module: nn.Module | None) -> Function | None:
    """Return what a normalization computes, without the ways of its module; None without one."""
    if module is None or isinstance(module, nn.Identity):
        return None
    if type(module) is nn.LayerNorm:
        return partial(
            layer_norm, normalized_shape=list(module.normalized_shape), weight=module.weight, bias=module.bias,
            eps=module.eps,
        )  # fmt: skip
    weight: Any = getattr(module, "weight", None)
    eps: Any = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    if isinstance(weight, Tensor) and weight.dim() == 1 and isinstance(eps, float):
        shape = list(weight.shape)
        rows = torch.linspace(-2, 3, _TRIED * shape[0], dtype=weight.dtype, device=weight.device).view(_TRIED, -1)
        wanted = module(rows)
        for factor in (weight.detach(), 1 + weight.detach()):  # Gemma's are stored as differences from 1
            found = rms_norm(rows, shape, factor, eps)
            if torch.allclose(found, wanted, rtol=1e-5, atol=1e-6):
                return partial(rms_norm, normalized_shape=shape, weight=factor, eps=eps)
    return module.forward


def has(parent: Any, *names: str) -> bool:
    """Say whether a module has all these parts."""
    return all(getattr(parent, name, None) is not None for name in names)


def name_of(parent: Any, names: Sequence[str]) -> str:
    """Return the first of these names that a module has a part of.

    Raises:
        UnknownShapeError: it has none.
    """
    for name in names:
        if has(parent, name):
            return name
    raise UnknownShapeError


def part(parent: Any, names: Sequence[str]) -> Any:
    """Return the first part of a module that has one of these names.

    Raises:
        UnknownShapeError: it has none.
    """
    return getattr(parent, name_of(parent, names))


def _joined(results: list[Tensor]) -> Tensor:
    return results[0] if len(results) == 1 else torch.cat(results, dim=-1)


def _over(scale: Tensor | None) -> Tensor | None:
    """Return a scale in the shape that multiplies (rows, 1, channels)."""
    return scale if scale is None or scale.dim() == 1 else scale[:, None, :]
