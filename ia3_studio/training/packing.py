"""How do rows of different lengths share one forward pass without a padded token?

Packed into one sequence: every projection gets one long matrix, and only attention is computed per row, so that rows
do not attend to each other. What all rows begin with (a system prompt, the question of several answers) runs once.
Models that compute something else across positions are padded; a test on the model itself decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from ia3_studio.models.fast_paths import FastPath, failed_trial
from ia3_studio.models.sharding import is_offloaded, raise_if_alone
from ia3_studio.training.row_attention import attend_row, fits

NAME = "packed rows"
ATTENTION = "row_by_row"
"""The name under which transformers finds :func:`attend`; masks are made for known names only, so none is made."""
KNOWN_LAYERS = {"full_attention", "sliding_attention"}
TRIAL = ((1, 2, 3, 4, 5), (1, 2, 7), (1, 2, 8, 9))
"""Token ids of the rows on which a model is tried; the first two are shared."""
ROUNDING = 1e-2
"""Largest difference for its largest logit: bfloat16 stays below it, a row that sees another goes far beyond it."""

Bundle = tuple[Sequence[Sequence[int]], int]
"""Rows of token ids, and with how many tokens all of them begin: every row has more than these."""

_lengths: ContextVar[tuple[tuple[int, ...], ...]] = ContextVar("lengths")
"""Of each bundle: tokens that its rows share, then what each row has of its own."""


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, _mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """Take causal attention within each row of one packed sequence.

    Args:
        query, key, value: shape (1, heads, tokens, head channels), the common prefix and then the packed rows.
        options: what the model gives its attention: scaling, dropout, sliding window.

    Returns:
        The weighted values, shape (1, tokens, heads, head channels).
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    bundles, window = _lengths.get(), options.pop("sliding_window", None)
    lengths = [length for bundle in bundles for length in bundle]
    parts = zip(*(tensor.split(lengths, 2) for tensor in (query, key, value)), strict=True)
    seen: list[Tensor] = []
    for common, *own in bundles:
        shared = next(parts)
        for place in range(len(own)):
            row = next(parts)
            q, k, v = row
            if common:
                k, v = torch.cat([shared[1], k], 2), torch.cat([shared[2], v], 2)
            is_plain = (window is None or k.shape[2] <= window) and fits(q, k, v, options)
            asks_alone = place > 0 and (is_plain or common > q.shape[2])  # a mask may cost more than asking once more
            if common and not asks_alone:
                q = torch.cat([shared[0], q], 2)
            if is_plain:
                seen.append(attend_row(q, k, v, options.get("scaling")))
                continue
            mask = _visible(q, k, window)
            result, _weights = sdpa_attention_forward(module, q, k, v, mask, is_causal=mask is None, **options)
            seen.append(result[:, common if place and not asks_alone else 0 :])  # (1, length, heads, channels)
    return torch.cat(seen, 1), None


def _visible(query: Tensor, key: Tensor, window: int | None) -> Tensor | None:
    """Return which keys each query sees, (1, 1, queries, keys); None where both are one row and it sees all before it.

    The queries are those of the last keys.
    """
    queries, keys = query.shape[2], key.shape[2]
    if queries == keys and (window is None or keys <= window):
        return None
    place = torch.arange(keys, device=query.device)
    asking = place[keys - queries :, None]
    seen = place <= asking
    if window is not None:
        seen &= place > asking - window
    return seen[None, None]


class Packing:
    """Runs a causal model on packed rows. **Changes the model's attention during a call only.**"""

    def __init__(self, model: Any) -> None:
        from transformers import AttentionInterface

        AttentionInterface.register(ATTENTION, attend)
        self.model = model
        self._configs = _configs_of(model)

    def run(self, bundles: Sequence[Bundle]) -> Any:
        """Return the model's output for bundles of rows as one sequence of shape (1, tokens).

        Bundles are concatenated: shared tokens once, then the remaining tokens of each row.
        """
        ids: list[int] = []
        positions: list[int] = []
        for rows, shared in bundles:
            ids += [*rows[0][:shared], *(token for row in rows for token in row[shared:])]
            positions += [*range(shared), *(place for row in rows for place in range(shared, len(row)))]
        device = self.model.device
        with self._row_by_row(tuple((shared, *(len(row) - shared for row in rows)) for rows, shared in bundles)):
            return self.model(
                input_ids=torch.tensor([ids], device=device),
                position_ids=torch.tensor([positions], device=device),
                use_cache=False,
            )

    @contextmanager
    def _row_by_row(self, lengths: tuple[tuple[int, ...], ...]) -> Iterator[None]:
        usual = [config._attn_implementation_internal for config in self._configs]
        token = _lengths.set(lengths)
        try:
            for config in self._configs:
                config._attn_implementation_internal = ATTENTION
            yield
        finally:
            for config, name in zip(self._configs, usual, strict=True):
                config._attn_implementation_internal = name
            _lengths.reset(token)


def packing_of(model: Any) -> tuple[Packing | None, FastPath]:
    """Return how a causal model runs packed rows, None if results would differ from single rows; and why."""
    if reason := _why_not(model):
        return None, FastPath(NAME, False, reason)
    packing = Packing(model)
    try:
        is_right = _is_right(packing)
    except Exception as error:  # a foreign forward may raise anything
        raise_if_alone(model, error)
        return None, FastPath(NAME, False, failed_trial(error))
    if not is_right:
        return None, FastPath(NAME, False, "packed rows give different logits than single rows")
    return packing, FastPath(NAME, True)


def _why_not(model: Any) -> str:
    """Return what else than an attention of a known kind meets other positions; empty where nothing does."""
    if is_offloaded(model):
        return "layers of an offloaded model are computed again in the backward pass"
    config = model.config.get_text_config()
    attention = getattr(config, "_attn_implementation", None)
    if attention != "sdpa":
        return f"the model's attention is {attention}, not sdpa"
    strange = sorted(set(getattr(config, "layer_types", None) or KNOWN_LAYERS) - KNOWN_LAYERS)
    if strange:
        return f"the model has layers of the type {', '.join(strange)}"
    if getattr(config, "attention_chunk_size", None) is not None:
        return "the model uses chunked attention"
    return "" if "position_ids" in signature(model.forward).parameters else "the model does not accept position ids"


@torch.no_grad()
def _is_right(packing: Packing) -> bool:
    """Test it: packed rows of a causal model give the same logits as rows side by side, except for rounding."""
    shared, device = 2, packing.model.device
    together = packing.run([(TRIAL, shared)]).logits[0].float()
    longest = max(map(len, TRIAL))
    filled = [(*row, *row[-1:] * (longest - len(row))) for row in TRIAL]  # which no token in front of it sees
    logits = packing.model(input_ids=torch.tensor(filled, device=device), use_cache=False).logits
    rows = [each[: len(row)] for row, each in zip(TRIAL, logits, strict=True)]
    alone = [rows[0][:shared], *(row[shared:] for row in rows)]
    expected = torch.cat(alone).float()
    return bool((together - expected).abs().max() <= ROUNDING * expected.abs().max())


def _configs_of(model: nn.Module) -> list[Any]:
    """Return every config that a module of the model asks for its attention."""
    found: dict[int, Any] = {id(part.config): part.config for part in model.modules() if hasattr(part, "config")}
    return [config for config in found.values() if hasattr(config, "_attn_implementation_internal")]
