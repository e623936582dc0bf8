"""How does a causal model take one more token, without the ways that its general code goes?

With a small model on a CPU, a third of the time of a token is spent between the products: calls of modules, hooks,
masks and views that a single token does not need. This is the same arithmetic in one loop over the blocks, for all
models whose parts :mod:`ia3_studio.models.decoder_parts` knows. A trial on the model itself decides; any other model
goes its own way.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers.cache_utils import DynamicSlidingWindowLayer

from ia3_studio.models import decoder_parts as parts
from ia3_studio.models.decoder_parts import Factors, FeedForward, Projection, Scales, UnknownShapeError
from ia3_studio.models.fast_linear import layer_version
from ia3_studio.models.preallocated_kv_cache import PreallocatedLayer
from ia3_studio.models.row_costs import RowCosts

if TYPE_CHECKING:
    from ia3_studio.method.rows import Key
    from ia3_studio.models.rounded_weights import RoundedWeights

Rotation = tuple[Tensor, Tensor]
"""Cosines, and sines with the sign of the half they multiply, each of shape (rows, 1, rotated channels)."""


class FastDecodeStep:
    """One token more for a causal model, with keys and values that grow in place."""

    def __init__(self, model: Any) -> None:
        """Read a model's parts.

        Raises:
            UnknownShapeError: a part has another name or shape than those known here.
        """
        inner_name = parts.name_of(model, parts.INNER)
        inner = getattr(model, inner_name)
        blocks_name = parts.name_of(inner, parts.BLOCKS)
        config = model.config.get_text_config(decoder=True)
        path = f"{inner_name}.{blocks_name}"
        self._blocks = [_Block(f"{path}.{n}", block, config) for n, block in enumerate(getattr(inner, blocks_name))]
        self._embed = model.get_input_embeddings().forward
        self._positions = parts.part(inner, parts.POSITIONS).forward if parts.has(inner, *parts.POSITIONS) else None
        self._rotary: Any = getattr(inner, "rotary_emb", None)
        if (self._positions is None) == (self._rotary is None):
            raise UnknownShapeError
        kinds = list(getattr(config, "layer_types", None) or [])
        by_kind = self._rotary is not None and "layer_type" in inspect.signature(self._rotary.forward).parameters
        self._kinds: list[str] = kinds if by_kind else [""] * len(self._blocks)
        self._norm = parts.norm_of(parts.part(inner, parts.FINAL_NORM)) or (lambda hidden: hidden)
        self._head = model.get_output_embeddings()
        self._known: frozenset[Key] = frozenset(
            key for block in self._blocks for each in block.projections for pair in each.keys for key in pair
        )
        self._prepared: tuple[Scales | None, list[tuple[Factors, ...]]] = None, []
        embeddings = {id(model.get_input_embeddings().weight), id(self._head.weight)}
        read = [module for module in inner.modules() if isinstance(vars(module)["_parameters"].get("weight"), Tensor)]
        self._read = [(each, layer_version(each)) for each in read if id(each.weight) not in embeddings]
        scaled = {path for path, _side in self._known}
        self.is_right_for_several = True
        """Whether a few tokens at once have the logits that they have one by one; a trial decides."""
        self.row_costs = RowCosts()
        """What more rows cost, once that was timed."""
        self.rounded: RoundedWeights | None = None
        """Weights that draft tokens, once they were timed; None where none are faster than the exact ones."""
        self._passed = [module for path, module in model.named_modules() if path and path not in scaled]
        """Modules whose hooks a token does not run: those of adapters' own heads, and of others."""

    def serves(self, scales: Scales, cache: Any) -> bool:
        """Say whether all scales act on projections that are known here, and the cache grows in place.

        A weight that was replaced or written to since the model was read, as merging does, is left to the model's code,
        and so is a module with hooks other than the scales, such as an adapter's own head.
        """
        grows = all(isinstance(layer, (PreallocatedLayer, DynamicSlidingWindowLayer)) for layer in cache.layers)
        if not grows or len(cache.layers) != len(self._blocks) or not self._known.issuperset(scales):
            return False
        if any(module._forward_hooks or module._forward_pre_hooks for module in self._passed):
            return False
        return all(layer_version(module) == version for module, version in self._read)

    def __call__(self, ids: Tensor, positions: Tensor, cache: Any, mask: Tensor | None, scales: Scales) -> Tensor:
        """Return the next token's logits, shape (rows, vocabulary), and let the cache grow by one token.

        Args:
            ids: shape (rows, 1).
            positions: shape (rows, 1).
            cache: keys and values of all tokens before.
            mask: shape (rows, tokens with this one), 0 where there is padding; None without any.
            scales: of the adapters of these rows.
        """
        return self.several(ids, positions, cache, mask, scales)[:, -1]

    def several(self, ids: Tensor, positions: Tensor, cache: Any, mask: Tensor | None, scales: Scales) -> Tensor:
        """Return the logits after each of a few tokens, shape (rows, tokens, vocabulary); the cache grows by them all.

        Args:
            ids: shape (rows, tokens).
            positions: shape (rows, tokens).
            cache: keys and values of all tokens before.
            mask: shape (rows, tokens before and these), 0 where there is padding; None without any.
            scales: of the adapters of these rows.
        """
        hidden = self._embed(ids)
        if self._positions is not None:
            hidden = hidden + self._positions(positions)
        rotations = {kind: self._rotation(hidden, positions, kind) for kind in dict.fromkeys(self._kinds)}
        seen = _seen(mask, ids, cache)
        factors = self._factors(scales)
        for block, kept, kind, mine in zip(self._blocks, cache.layers, self._kinds, factors, strict=True):
            hidden = block(hidden, rotations[kind], kept, seen, mine)
        return self._head.forward(self._norm(hidden))  # type: ignore[no-any-return]

    def _rotation(self, hidden: Tensor, positions: Tensor, kind: str) -> Rotation | None:
        if self._rotary is None:
            return None
        cos, sin = self._rotary.forward(hidden, positions, *([kind] if kind else []))
        cos, sin = (each.expand(*positions.shape, -1).reshape(positions.numel(), 1, -1) for each in (cos, sin))
        half = sin.shape[-1] // 2
        return cos, torch.cat((-sin[..., :half], sin[..., half:]), dim=-1)

    def takes_several(self, cache: Any) -> bool:
        """Say whether tokens can be taken out of the cache again, which one that forgets the first tokens cannot."""
        return self.is_right_for_several and all(isinstance(layer, PreallocatedLayer) for layer in cache.layers)

    def _factors(self, scales: Scales) -> list[tuple[Factors, ...]]:
        """Return the factors of each block's projections, made once for all tokens of an answer."""
        made_for, made = self._prepared
        if made_for is not scales:
            made = [tuple(each.factors(scales) for each in block.projections) for block in self._blocks]
            self._prepared = scales, made  # one assignment: other threads see both or neither
        return made


class _Attention:
    """The attention of a block: each query sees the keys and values of all tokens so far."""

    def __init__(self, path: str, module: Any, config: Any) -> None:
        names = next((names for names in parts.QUERY_KEY_VALUE if parts.has(module, *names)), None)
        if names is None:
            raise UnknownShapeError
        self.given = Projection(path, module, names)
        self.output = Projection(path, module, (parts.name_of(module, parts.ATTENTION_OUTPUT),))
        self._queries = int(config.num_attention_heads)
        self._keys = int(getattr(config, "num_key_value_heads", None) or self._queries)
        heads = self._queries + 2 * self._keys
        self._size = sum(self.given.sizes) // heads
        if self._size * heads != sum(self.given.sizes):
            raise UnknownShapeError
        self._is_by_head = names == (parts.BY_HEAD,)
        self._scaling = float(getattr(module, "scaling", self._size**-0.5))
        self._rotates = bool(getattr(module, "use_rope", True))
        self._query_norm, self._key_norm = (
            parts.norm_of(next((getattr(module, name, None) for name in names if parts.has(module, name)), None))
            for names in (parts.QUERY_NORM, parts.KEY_NORM)
        )

    def __call__(
        self, given: Tensor, rotation: Rotation | None, kept: Any, seen: Tensor | None, scales: tuple[Factors, Factors]
    ) -> Tensor:
        projected, (count, tokens) = self.given(given, scales[0]), given.shape[:2]
        if self._is_by_head:
            both, value = projected.view(count * tokens, self._queries, -1).split((2 * self._size, self._size), dim=-1)
            turning = torch.cat(both.chunk(2, dim=-1), dim=1)
        else:
            heads = projected.view(count * tokens, -1, self._size)
            turning, value = heads.split((self._queries + self._keys, self._keys), dim=1)
        if self._query_norm is not None and self._key_norm is not None:
            query, key = turning.split((self._queries, self._keys), dim=1)
            turning = torch.cat((self._query_norm(query), self._key_norm(key)), dim=1)
        if rotation is not None and self._rotates:
            turning = _turned(turning, *rotation)
        query, key = turning.split((self._queries, self._keys), dim=1)
        new = (each.reshape(count, tokens, self._keys, -1).transpose(1, 2) for each in (key, value))
        keys, values = kept.update(*new)  # (rows, key heads, tokens, size)
        # Queries that share a key stand where other models have tokens, so that no key is repeated.
        shape = (count, tokens, self._keys, self._queries // self._keys, -1)
        grouped = query.reshape(shape).permute(0, 2, 3, 1, 4).reshape(count, self._keys, -1, self._size)
        if seen is not None:
            seen = seen[..., -keys.shape[-2] :]  # a layer with a window has dropped the first ones
            if tokens > 1:
                seen = seen.repeat(1, 1, shape[3], 1)
        mixed = scaled_dot_product_attention(grouped, keys, values, attn_mask=seen, scale=self._scaling)
        mixed = mixed.reshape(count, self._keys, shape[3], tokens, -1).permute(0, 3, 1, 2, 4)
        return self.output(mixed.reshape(count, tokens, -1), scales[1])


class _Block:
    """One block: attention and feed-forward part, each added to the residual stream."""

    def __init__(self, path: str, block: Any, config: Any) -> None:
        attention, feed_forward = (parts.name_of(block, names) for names in (parts.ATTENTION, parts.FEED_FORWARD))
        self._attention = _Attention(f"{path}.{attention}", getattr(block, attention), config)
        self._feed_forward = FeedForward(f"{path}.{feed_forward}", getattr(block, feed_forward))
        self._before = parts.norm_of(parts.part(block, parts.BEFORE_ATTENTION)) or (lambda hidden: hidden)
        between = next((getattr(block, name) for name in parts.BETWEEN if parts.has(block, name)), None)
        own = getattr(block, parts.BEFORE_FEED_FORWARD, None)
        self._after_attention = None if own is None else parts.norm_of(between)
        self._between = parts.norm_of(between if own is None else own)
        self._after = parts.norm_of(getattr(block, parts.AFTER_FEED_FORWARD, None))
        self._is_parallel = bool(getattr(block, "use_parallel_residual", self._between is None))
        self.projections = (
            self._attention.given, self._attention.output, self._feed_forward.first, self._feed_forward.second,
        )  # fmt: skip

    def __call__(
        self, hidden: Tensor, rotation: Rotation | None, kept: Any, seen: Tensor | None, scales: tuple[Factors, ...]
    ) -> Tensor:
        given = self._before(hidden)
        mixed = self._attention(given, rotation, kept, seen, (scales[0], scales[1]))
        if self._after_attention is not None:
            mixed = self._after_attention(mixed)
        if self._is_parallel:
            given = given if self._between is None else self._between(hidden)
            return hidden + mixed + self._feed_forward(given, scales[2], scales[3])
        hidden = hidden + mixed
        inner = self._feed_forward(hidden if self._between is None else self._between(hidden), scales[2], scales[3])
        return hidden + (inner if self._after is None else self._after(inner))


def _seen(mask: Tensor | None, ids: Tensor, cache: Any) -> Tensor | None:
    """Return which tokens each new one sees, shape (rows, 1, new, all): those before it, and itself; None for all."""
    count, tokens = ids.shape
    if tokens == 1:
        return None if mask is None else mask.bool()[:, None, None, :]
    held = cache.get_seq_length()
    seen = torch.ones(tokens, held + tokens, dtype=torch.bool, device=ids.device).tril(held)
    return seen.expand(count, 1, -1, -1) if mask is None else seen & mask.bool()[:, None, None, :]


def _turned(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Return queries and keys turned by their positions (RoFormer, https://arxiv.org/abs/2104.09864, equation 34).

    Args:
        states: shape (rows, heads, channels); channels after those that cosines are given for stay as they are.
        cos: shape (rows, 1, rotated channels).
        sin: the same, negative for the first half.
    """
    width = cos.shape[-1]
    if width < states.shape[-1]:
        turned = _turned(states[..., :width], cos, sin)
        return torch.cat((turned, states[..., width:]), dim=-1)
    return torch.addcmul(states * cos, states.roll(width // 2, -1), sin)
