"""How does a batch of conversations grow, a token at a time? Causal models, and encoder-decoders.

A row that has ended leaves the batch, so that the others do not pay for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ia3_studio.chat.answers import Row
from ia3_studio.models.fast_inference import step_of
from ia3_studio.models.model_call import KEYS_AND_VALUES, cache_name, called, read
from ia3_studio.models.preallocated_kv_cache import cache_argument, cache_of, preallocate
from ia3_studio.models.reading_trial import keeps_text

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.models.decoder_parts import Scales
    from ia3_studio.models.kept_prefixes import KeptPrefixes


class Scaling(Protocol):
    """The context in which the model is called."""

    def __call__(self, rows: Sequence[Row], /, *, writes: bool = False) -> AbstractContextManager[Scales]:
        """Return the context in which each row has its variant.

        Args:
            rows: of the batch.
            writes: whether the model is given a token of the answers, and not the prompts.
        """


NOTHING_KEPT = "this model keeps nothing of what it has read, so that every token reads the whole text and takes longer"
"""Said on each answer of such a model."""

Logits = Iterator[tuple["Tensor", list[bool]]]
"""(Next-token logits of the active rows, which of them continue: filled in by the caller)."""


def decode(
    model: Any, rows: list[Row], scaling: Scaling, kept: KeptPrefixes | None = None, *, keeps_answers: bool = True
) -> Logits:
    """Let a causal model read the prompts as one batch, then one token of each row at a time.

    The rows of a model that gives back no keys and values (Mamba, RWKV, GPT-1) are read one after the other.

    Args:
        model: the model.
        rows: to be answered.
        scaling: the context in which it is called.
        kept: keys and values of earlier conversations, which those of these rows are **added to** once they end.
        keeps_answers: keep the answers' as well, not the prompts' alone.
    """
    ids, mask = pad_left([row.prompt for row in rows], model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    cache, held = resumed(kept, rows) if kept is not None else (None, 0)
    ids, positions = ids[:, held:], positions[:, held:]
    keeps = cache_name(inspect.signature(model.forward).parameters) in KEYS_AND_VALUES
    # Rows of one length need no mask, and an attention without one is faster.
    is_ragged, writes, step = not bool(mask.all()), False, step_of(model)
    while rows and keeps:
        seen = mask if is_ragged else None
        with scaling(rows, writes=writes) as scales, torch.inference_mode():
            if cache is not None and ids.shape[1] == 1 and step is not None and step.serves(scales, cache):
                logits = step(ids, positions, cache, seen, scales)
            else:
                logits, cache = called(model, ids, positions, seen, cache)
                if cache is None:
                    break
        keep, writes = [True] * len(rows), True
        try:
            yield logits, keep
        except GeneratorExit:
            keep[:] = [False] * len(rows)
            raise
        finally:
            for number, row in enumerate(rows):
                if kept is not None and not keep[number]:
                    remember(kept, row, cache, number, mask, keeps_answers=keeps_answers)
        rows, (mask, positions) = left_over(rows, keep, cache, mask, positions)
        if not rows:
            return
        ids = torch.tensor([[row.ids[-1]] for row in rows], device=mask.device)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
        positions = positions[:, -1:] + 1
    if rows:
        yield from decode_apart(model, rows, scaling)


def decode_apart(model: Any, rows: list[Row], scaling: Scaling) -> Logits:
    """Let a model that gives back no keys and values read each row alone, without padding.

    It goes on from the recurrent states that it keeps; one that keeps nothing reads the whole text for every token.
    """
    no_text = torch.empty(1, 0, dtype=torch.int64, device=model.device)
    caches: list[Any] = [None if keeps_text(model) else no_text for _row in rows]
    while rows:
        found = []
        for number, row in enumerate(rows):
            ids = torch.tensor([row.ids[-1:] or row.prompt], device=model.device)
            with scaling([row], writes=bool(row.ids)), torch.inference_mode():
                logits, caches[number] = read(model, ids, None, caches[number])
            found.append(logits)
            if isinstance(caches[number], torch.Tensor) and not row.ids:
                row.notes = (*row.notes, NOTHING_KEPT)
        keep = [True] * len(rows)
        yield torch.stack(found), keep
        rows, caches = ([each for each, stays in zip(all_, keep, strict=True) if stays] for all_ in (rows, caches))


def resumed(kept: KeptPrefixes, rows: Sequence[Row]) -> tuple[Any, int]:
    """Return a cache that the prompts of all rows can go on from, and its width in tokens; None and 0 without one.

    All rows go on at the same column, so that the one with the most new tokens decides how many are computed.
    """
    from ia3_studio.models.kept_prefixes import cache_from

    if not all(row.key for row in rows):
        return None, 0
    found = [kept.longest(row.key, row.prompt) for row in rows]
    longest = max(len(row.prompt) for row in rows)
    # A prompt's last token is computed in any case: its logits are asked for.
    new = max(max(1, len(row.prompt) - count) for row, (_prefix, count) in zip(rows, found, strict=True))
    width = longest - new
    if width <= 0:
        return None, 0
    parts = [(prefix, max(0, len(row.prompt) - new)) for row, (prefix, _count) in zip(rows, found, strict=True)]
    return cache_from(parts, width), width


def remember(kept: KeptPrefixes, row: Row, cache: Any, number: int, mask: Tensor, *, keeps_answers: bool) -> None:
    """Keep the keys and values of one row of a batch, if its cache holds those of all tokens."""
    from ia3_studio.models.kept_prefixes import Prefix, states_of

    if not row.key:
        return
    padding = int((mask[number] == 0).sum())
    tokens = tuple(row.prompt + row.ids)[: mask.shape[1] - padding if keeps_answers else len(row.prompt)]
    if states := states_of(cache, number, padding, len(tokens)):
        kept.keep(Prefix(row.key, tokens, states))


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
        with scaling(rows, writes=True), torch.inference_mode():
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
