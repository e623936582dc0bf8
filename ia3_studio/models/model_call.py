"""How is a model given the next tokens of a text, and what does it need of what it was given before?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ia3_studio.models.preallocated_kv_cache import preallocate

KEYS_AND_VALUES = ("cache", "past_key_values")
"""Names by which models take and return keys and values."""
CACHES = (*KEYS_AND_VALUES, "cache_params", "state")
"""Names by which models take and return what they keep of a text: these, or recurrent states."""


def read(model: Any, ids: Tensor, start: int | None, cache: Any) -> tuple[Tensor, Any]:
    """Let a model read the next tokens of one text; return the last one's logits, (vocabulary,), and what it keeps.

    A model that keeps nothing between two calls is given its whole text again: what is kept of it is its tokens.

    Args:
        model: the model.
        ids: shape (1, tokens).
        start: tokens before them, which the cache holds; None lets the model count them in its own way.
        cache: what it kept of the tokens before; None for the model's own kind of cache.
    """
    if isinstance(cache, Tensor):
        ids = torch.cat([cache, ids], dim=1)
        logits, _nothing = called(model, ids, None, None, None, use_cache=False)
        return logits[0], ids
    positions = None if start is None else torch.arange(start, start + ids.shape[1], device=ids.device)[None]
    logits, kept = called(model, ids, positions, None, cache)
    return logits[0], ids if kept is None else kept


def called(
    model: Any, ids: Tensor, positions: Tensor | None, mask: Tensor | None, cache: Any, *, use_cache: bool = True
) -> tuple[Tensor, Any]:
    """Return the logits of the last tokens, shape (rows, vocabulary), and what the model keeps; None for nothing."""
    parameters = inspect.signature(model.forward).parameters
    wanted = {cache_name(parameters): cache, "attention_mask": mask, "position_ids": positions, "logits_to_keep": 1}
    given = {name: value for name, value in wanted.items() if name in parameters and value is not None}
    result = model(input_ids=ids, use_cache=use_cache, **given)
    kept = next((found for name in CACHES if (found := getattr(result, name, None)) is not None), None)
    return result.logits[:, -1].float(), kept if kept is None else preallocate(kept)


def cache_name(parameters: Mapping[str, Any]) -> str:
    """Return by which name a model takes what it keeps, among the parameters of its ``forward``; empty for none."""
    return next((name for name in CACHES if name in parameters), "")
