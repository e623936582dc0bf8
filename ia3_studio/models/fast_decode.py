"""How does a model of Llama's shape take one more token, without the ways that its general code goes?

With a small model on a CPU, a third of the time of a token is spent between the products: calls of modules, hooks,
masks and views that a single token does not need. This is the same arithmetic in one loop over the layers, for Llama,
Mistral, Qwen2 and all whose code is theirs. A trial on the model itself decides; any other model goes its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm, scaled_dot_product_attention, silu

from ia3_studio.method.product import rescale
from ia3_studio.models.fast_paths import FastPath, failed_trial

if TYPE_CHECKING:
    from ia3_studio.method.rows import Key

Scales = Mapping["Key", "Tensor | None"]
"""(path, side) → the scale there, shape (channels,) or (rows, channels); None for ones."""

NAME = "decoding in one loop"
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_FEED_FORWARD = ("gate_proj", "up_proj", "down_proj")
_TOLERANCE = 1e-4


class FastDecodeStep:
    """One token more for a model of Llama's shape, with keys and values that grow in place."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._layers = [_Layer(f"model.layers.{number}", layer) for number, layer in enumerate(model.model.layers)]
        self._known = frozenset(
            (f"{layer.path}.{part}.{name}", side)
            for layer in self._layers
            for part, names in (("self_attn", _ATTENTION), ("mlp", _FEED_FORWARD))
            for name in names
            for side in ("input", "output")
        )

    def serves(self, scales: Scales, cache: Any) -> bool:
        """Say whether all scales act on projections that are known here, and the cache grows in place."""
        grows = all(getattr(layer, "grows_in_place", False) for layer in cache.layers)
        return grows and len(cache.layers) == len(self._layers) and self._known.issuperset(scales)

    def __call__(self, ids: Tensor, positions: Tensor, cache: Any, mask: Tensor | None, scales: Scales) -> Tensor:
        """Return the next token's logits, shape (rows, vocabulary), and let the cache grow by one token.

        Args:
            ids: shape (rows, 1).
            positions: shape (rows, 1).
            cache: keys and values of all tokens before.
            mask: shape (rows, tokens with this one), 0 where there is padding; None without any.
            scales: of the adapters of these rows.
        """
        inner = self._model.model
        hidden = inner.embed_tokens.forward(ids)
        cos, sin = (each.unsqueeze(1) for each in inner.rotary_emb.forward(hidden, positions))  # (rows, 1, 1, head)
        seen = None if mask is None else mask.bool()[:, None, None, :]
        for layer, kept in zip(self._layers, cache.layers, strict=True):
            hidden = layer(hidden, cos, sin, kept, seen, scales)
        return self._model.lm_head.forward(_norm(inner.norm, hidden))[:, -1]  # type: ignore[no-any-return]


class _Layer:
    """One block: attention and feed-forward part, each added to the residual stream."""

    def __init__(self, path: str, layer: Any) -> None:
        self.path = path
        self._layer = layer
        self._head = int(layer.self_attn.head_dim)
        self._scaling = float(layer.self_attn.scaling)
        self._keys: dict[tuple[str, str], Key] = {}
        for part, names in (("self_attn", _ATTENTION), ("mlp", _FEED_FORWARD)):
            for name in names:
                for side in ("input", "output"):
                    self._keys[name, side] = (f"{path}.{part}.{name}", side)

    def __call__(
        self, hidden: Tensor, cos: Tensor, sin: Tensor, kept: Any, seen: Tensor | None, scales: Scales
    ) -> Tensor:
        layer, attention, mlp = self._layer, self._layer.self_attn, self._layer.mlp
        given = _norm(layer.input_layernorm, hidden)
        query, key, value = (
            self._project(getattr(attention, name), name, given, scales).unflatten(-1, (-1, self._head)).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )  # (rows, heads, 1, head)
        keys, values = kept.update(_turned(key, cos, sin), value)
        mixed = scaled_dot_product_attention(
            _turned(query, cos, sin), keys, values, attn_mask=seen, scale=self._scaling,
            enable_gqa=query.shape[1] != keys.shape[1],
        )  # fmt: skip
        hidden = hidden + self._project(attention.o_proj, "o_proj", mixed.transpose(1, 2).flatten(2), scales)
        given = _norm(layer.post_attention_layernorm, hidden)
        inner = silu(self._project(mlp.gate_proj, "gate_proj", given, scales))
        inner = inner * self._project(mlp.up_proj, "up_proj", given, scales)
        return hidden + self._project(mlp.down_proj, "down_proj", inner, scales)

    def _project(self, module: nn.Module, name: str, given: Tensor, scales: Scales) -> Tensor:
        before, after = scales.get(self._keys[name, "input"]), scales.get(self._keys[name, "output"])
        if before is not None:
            given = rescale(given, _over(before))
        result: Tensor = module.forward(given)
        return result if after is None else rescale(result, _over(after))


def fast_decode_step(model: Any) -> tuple[FastDecodeStep | None, FastPath]:
    """Return the fast decoding step of a model, tried on the model itself; None where it would differ, and why."""
    reason = _why_not(model)
    if not reason:
        try:
            step = FastDecodeStep(model)
            reason = _difference(step, model)
            if not reason:
                return step, FastPath(NAME, True)
        except Exception as error:  # a foreign forward may raise anything
            reason = failed_trial(error)
    return None, FastPath(NAME, False, reason)


def _why_not(model: Any) -> str:
    """Return what tells a model from Llama's shape, without running it; empty if nothing does."""
    inner: Any = getattr(model, "model", None)
    layers = getattr(inner, "layers", None)
    if not layers or not all(hasattr(inner, name) for name in ("embed_tokens", "rotary_emb", "norm")):
        return "the model's layers are not Llama's"
    norms = [inner.norm]
    for layer in layers:
        parts = ((layer, "self_attn", (*_ATTENTION, "head_dim", "scaling")), (layer, "mlp", _FEED_FORWARD))
        if not all(hasattr(getattr(parent, part, None), name) for parent, part, names in parts for name in names):
            return "the model's layers are not Llama's"
        norms += [getattr(layer, name, None) for name in ("input_layernorm", "post_attention_layernorm")]
    if not all(hasattr(norm, "variance_epsilon") for norm in norms):
        return "the model's normalization is not Llama's"
    dtype = next(model.parameters()).dtype
    if dtype != torch.float32:
        return f"the model is in {str(dtype).removeprefix('torch.')}, not in float32"
    return "" if isinstance(getattr(model, "lm_head", None), nn.Linear) else "the model's head is not a linear layer"


@torch.no_grad()
def _difference(step: FastDecodeStep, model: Any) -> str:
    """Try the step after two short rows of different lengths; return how it differs from the model, or nothing."""
    from ia3_studio.models.preallocated_kv_cache import cache_of, preallocate

    device = next(model.parameters()).device
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    ids = torch.arange(1, 11, device=device).view(2, 5) * 37 % vocabulary
    mask = torch.tensor([[0, 1, 1, 1, 1], [1, 1, 1, 1, 1]], device=device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    wanted = model(input_ids=ids, attention_mask=mask, position_ids=positions).logits[:, -1]
    before = model(input_ids=ids[:, :4], attention_mask=mask[:, :4], position_ids=positions[:, :4], use_cache=True)
    cache = preallocate(cache_of(before))
    if not step.serves({}, cache):
        return "the model's cache of keys and values does not keep all tokens"
    found = step(ids[:, 4:], positions[:, 4:], cache, mask, {})
    same = torch.allclose(found, wanted, atol=_TOLERANCE, rtol=_TOLERANCE)
    return "" if same else "it gives different logits than the model"


def _norm(norm: Any, hidden: Tensor) -> Tensor:
    return rms_norm(hidden, (hidden.shape[-1],), norm.weight, norm.variance_epsilon)


def _turned(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return queries or keys turned by their positions (RoFormer, https://arxiv.org/abs/2104.09864, equation 34)."""
    first, second = states.chunk(2, dim=-1)
    return states * cos + torch.cat((-second, first), dim=-1) * sin


def _over(scale: Tensor) -> Tensor:
    """Return a scale in the shape that multiplies (rows, 1, channels)."""
    return scale if scale.dim() == 1 else scale[:, None, :]
