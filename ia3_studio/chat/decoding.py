"""How does a batch of conversations grow, a token at a time? Causal models, and encoder-decoders.

A row that has ended leaves the batch, so that the others do not pay for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import torch

from ia3_studio.chat.answers import Row
from ia3_studio.models.fast_linear import step_of
from ia3_studio.models.preallocated_kv_cache import cache_argument, cache_of, preallocate

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.models.fast_decode import Scales

Scaling = Callable[[Sequence[Row]], AbstractContextManager["Scales"]]
"""Rows → the context in which the model is called, each row with its variant."""
Logits = Iterator[tuple["Tensor", list[bool]]]
"""(Next-token logits of the active rows, which of them continue: filled in by the caller)."""


def decode(model: Any, rows: list[Row], scaling: Scaling) -> Logits:
    """Let a causal model read the prompts as one batch, then one token of each row at a time."""
    ids, mask = pad_left([row.prompt for row in rows], model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    takes_positions = "position_ids" in inspect.signature(model.forward).parameters
    # Rows of one length need no mask, and an attention without one is faster.
    is_ragged, cache, step = not bool(mask.all()), None, step_of(model)
    argument = cache_argument(model)
    while rows:
        extra = {"position_ids": positions} if takes_positions else {}
        seen = mask if is_ragged else None
        with scaling(rows) as scales, torch.inference_mode():
            if cache is not None and step is not None and step.serves(scales, cache):
                logits = step(ids, positions, cache, seen, scales)
            else:
                held = {argument: cache}
                result = model(input_ids=ids, attention_mask=seen, use_cache=True, logits_to_keep=1, **held, **extra)
                logits, cache = result.logits[:, -1].float(), cache or preallocate(cache_of(result))
        keep = [True] * len(rows)
        yield logits, keep
        rows, (mask, positions) = left_over(rows, keep, cache, mask, positions)
        if not rows:
            return
        ids = torch.tensor([[row.ids[-1]] for row in rows], device=mask.device)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
        positions = positions[:, -1:] + 1


def decode_answers(model: Any, rows: list[Row], scaling: Scaling) -> Logits:
    """Let an encoder-decoder read the prompts once, then write one token of each row at a time."""
    from transformers.modeling_outputs import BaseModelOutput

    ids, mask = pad_right([row.prompt for row in rows], model.device)
    with scaling(rows), torch.inference_mode():
        read = model.get_encoder()(input_ids=ids, attention_mask=mask)[0]  # (rows, longest, d)
    begin = int(model.config.decoder_start_token_id)
    given = torch.full((len(rows), 1), begin, device=mask.device)
    cache, argument = None, cache_argument(model)
    while rows:
        with scaling(rows), torch.inference_mode():
            result = model(
                encoder_outputs=BaseModelOutput(last_hidden_state=read),
                attention_mask=mask,
                decoder_input_ids=given,
                use_cache=True,
                **{argument: cache},
            )
        logits, keep = result.logits[:, -1].float(), [True] * len(rows)
        cache = cache or preallocate(cache_of(result))
        yield logits, keep
        rows, (mask, read) = left_over(rows, keep, cache, mask, read)
        if not rows:
            return
        given = torch.tensor([[row.ids[-1]] for row in rows], device=mask.device)


def left_over(rows: list[Row], keep: list[bool], cache: Any, *tensors: Tensor) -> tuple[list[Row], tuple[Tensor, ...]]:
    """Return the rows that continue, and their part of each tensor. **The cache is reduced to them.**"""
    going = [number for number, stays in enumerate(keep) if stays]
    if going and len(going) < len(keep):
        chosen = torch.tensor(going, device=tensors[0].device)
        cache.batch_select_indices(chosen)
        tensors = tuple(tensor[chosen] for tensor in tensors)
    return [rows[number] for number in going], tensors


def pad_left(prompts: Sequence[Sequence[int]], device: Any) -> tuple[Tensor, Tensor]:
    """Return ids and mask, (rows, longest): the last tokens of all prompts stand in the last column."""
    longest = max(len(prompt) for prompt in prompts)
    ids = [[*[0] * (longest - len(prompt)), *prompt] for prompt in prompts]
    mask = [[*[0] * (longest - len(prompt)), *[1] * len(prompt)] for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def pad_right(prompts: Sequence[Sequence[int]], device: Any) -> tuple[Tensor, Tensor]:
    """Return ids and mask, (rows, longest): encoders count positions from the left."""
    longest = max(len(prompt) for prompt in prompts)
    ids = [[*prompt, *[0] * (longest - len(prompt))] for prompt in prompts]
    mask = [[*[1] * len(prompt), *[0] * (longest - len(prompt))] for prompt in prompts]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
