"""Causal attention of one row on a CPU, with its gradient: several query heads share one product with their keys.

The probabilities are kept for the gradient, as a row of the usual lengths has few: then the backward pass has four
products instead of five. Queries are taken in chunks, each with the keys that it sees and no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

CHUNK = 64
"""Queries that are multiplied at once: a triangle of so many keys is computed in vain."""
LONGEST = 512
"""Keys up to which the probabilities are kept; those of a longer row would take more memory than they save time."""
_KNOWN = frozenset(("scaling", "dropout", "is_causal", "position_ids", "cache_position", "use_cache", "attention_mask"))
"""What models give their attention that changes nothing here, dropout and scaling aside."""


def fits(query: Tensor, key: Tensor, value: Tensor, options: Mapping[str, Any]) -> bool:
    """Say whether :func:`attend_row` computes what the model asks for, and a gradient is needed.

    Args:
        query, key, value: shape (1, heads, tokens, head channels).
        options: what the model gives its attention.
    """
    given = {name for name, option in options.items() if option is not None and option is not False}
    return (
        key.shape[2] <= LONGEST
        and given <= _KNOWN
        and not options.get("dropout")
        and query.device.type == "cpu"
        and query.dtype == key.dtype == value.dtype == torch.float32
        and torch.is_grad_enabled()
        and any(each.requires_grad for each in (query, key, value))
    )


def attend_row(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
    """Return causal attention; the queries are those of the last keys.

    Args:
        query: shape (1, query heads, queries, head channels).
        key: shape (1, key heads, keys, head channels); as many query heads in a row share each key head.
        value: shape (1, key heads, keys, value channels).
        scaling: of the scores; None for 1 / √(head channels).

    Returns:
        The weighted values, shape (1, queries, query heads, value channels).
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    mixed: Tensor = _RowAttention.apply(query[0], key[0], value[0], scale)  # type: ignore[no-untyped-call]
    return mixed.transpose(0, 1)[None]


class _RowAttention(torch.autograd.Function):
    """Softmax(q kᵀ · scale) v, masked, of heads (heads, tokens, channels).

    Gradients, with p the probabilities and o the result: dv = pᵀ do, dp = do vᵀ, ds = p ∘ (dp − Σ p ∘ dp),
    dq = scale · ds k, dk = scale · dsᵀ q.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        scaled = query * scale
        mixed = query.new_empty(query.shape[0], query.shape[1], value.shape[2])
        asking, answered = _grouped(scaled, key), _grouped(mixed, key)
        hidden = query.new_full((CHUNK, CHUNK), float("-inf")).triu_(1)
        kept: list[Tensor] = []
        for begin, end, seen in _chunks(query, key):
            scores = torch.bmm(_flat(asking, begin, end), key[:, :seen].transpose(1, 2))
            shaped = scores.view(*asking.shape[:2], end - begin, seen)
            shaped[..., begin - end :] += hidden[: end - begin, : end - begin]
            probabilities = torch.softmax(scores, -1)
            answered[:, :, begin:end] = torch.bmm(probabilities, value[:, :seen]).view_as(answered[:, :, begin:end])
            kept.append(probabilities)
        ctx.save_for_backward(scaled, key, value, *kept)
        ctx.scale = scale
        return mixed

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        scaled, key, value, *kept = ctx.saved_tensors
        to_query = torch.empty_like(scaled)
        to_key, to_value = torch.zeros_like(key), torch.zeros_like(value)
        asking, answered = _grouped(scaled, key), _grouped(gradients[0].contiguous(), key)
        asked = _grouped(to_query, key)
        for (begin, end, seen), probabilities in zip(_chunks(scaled, key), kept, strict=True):
            mixed = _flat(answered, begin, end)
            to_value[:, :seen].baddbmm_(probabilities.transpose(1, 2), mixed)
            to_probabilities = torch.bmm(mixed, value[:, :seen].transpose(1, 2))
            to_scores = torch.ops.aten._softmax_backward_data(to_probabilities, probabilities, -1, key.dtype)
            asked[:, :, begin:end] = torch.bmm(to_scores, key[:, :seen]).view_as(asked[:, :, begin:end])
            to_key[:, :seen].baddbmm_(to_scores.transpose(1, 2), _flat(asking, begin, end))
        return to_query.mul_(ctx.scale), to_key, to_value, None


def _chunks(query: Tensor, key: Tensor) -> Iterator[tuple[int, int, int]]:
    """Yield the first query of each chunk, the one behind its last, and how many keys this one sees."""
    queries, before = query.shape[1], key.shape[1] - query.shape[1]
    for begin in range(0, queries, CHUNK):
        end = min(begin + CHUNK, queries)
        yield begin, end, before + end


def _grouped(heads: Tensor, key: Tensor) -> Tensor:
    """Return query heads (heads, tokens, channels) as those of each key head, (key heads, heads, tokens, channels)."""
    return heads.view(key.shape[0], -1, *heads.shape[1:])


def _flat(groups: Tensor, begin: int, end: int) -> Tensor:
    """Return some tokens of the heads of each group below each other, (key heads, heads × tokens, channels)."""
    return groups[:, :, begin:end].flatten(1, 2)
