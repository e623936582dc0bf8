"""How does a batch of conversations grow, a step at a time? Causal models, and encoder-decoders.

A step is one token of each row, and those of the next that were guessed right (:mod:`ia3_studio.chat.drafts`). A row
that has ended leaves the batch, so that the others do not pay for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ia3_studio.chat.answers import Row
from ia3_studio.chat.drafts import Drafts
from ia3_studio.chat.kept_rows import remember, resumed
from ia3_studio.chat.write_ahead import Guess, Writer
from ia3_studio.models.chat_weights import int8_copies, row_costs_of
from ia3_studio.models.fast_inference import step_of
from ia3_studio.models.model_call import KEYS_AND_VALUES, cache_name, called, read
from ia3_studio.models.preallocated_kv_cache import cache_argument, cache_of, preallocate
from ia3_studio.models.reading_trial import keeps_text

if TYPE_CHECKING:
    from torch import Tensor

    from ia3_studio.chat.settings import Weights
    from ia3_studio.models.decoder_parts import Scales
    from ia3_studio.models.fast_decode import FastDecodeStep
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

Logits = Iterator[list[tuple[Row, "Tensor"]]]
"""Rows with their next-token logits, shape (vocabulary,): each takes a token, or ends, before more are asked for."""


def decode(
    model: Any,
    rows: list[Row],
    scaling: Scaling,
    kept: KeptPrefixes | None = None,
    *,
    weights: Weights = "exact",
    guess: Guess | None = None,
) -> Logits:
    """Let a causal model read the prompts as one batch, then a token of each row at a time and those guessed right.

    The rows of a model that gives back no keys and values (Mamba, RWKV, GPT-1) are read one after the other.

    Args:
        model: the model.
        rows: to be answered.
        scaling: the context in which it is called.
        kept: keys and values of earlier conversations, which those of these rows are **added to** once they end.
        weights: that tokens of the answers multiply by; keys and values of inexact ones are not kept.
        guess: how a row takes a token, so that rounded weights can write ahead; without it they do not.
    """
    ids, mask = pad_left([row.prompt for row in rows], model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    cache, held = resumed(kept, rows) if kept is not None else (None, 0)
    ids, positions = ids[:, held:], positions[:, held:]
    keeps = cache_name(inspect.signature(model.forward).parameters) in KEYS_AND_VALUES
    step, writer, writes = step_of(model), _writer(model, weights, guess), False
    drafts = Drafts(rows, row_costs_of(model, int8=weights == "int8"), writer.rounded.row_costs if writer else None)
    guessed: list[list[int]] = [[] for _row in rows]
    while rows and keeps:
        with scaling(rows, writes=writes) as scales, torch.inference_mode():
            if writes:
                fast = step if step is not None and step.serves(scales, cache) else None
                guessed = [[] for _row in rows]
                if fast is not None and fast.takes_several(cache):
                    guessed = drafts.of(rows, partial(writer.ahead, rows, cache, mask, scales) if writer else None)
                logits, mask = _read_on(model, fast, rows, guessed, cache, mask, scales)
            else:
                logits, cache = called(model, ids, positions, _seen(mask), cache)
                logits = logits[:, None]
        if cache is None:
            break
        is_left, writes = True, True
        counts = [0] * len(rows)
        """Guessed tokens that each row has taken."""
        try:
            yield from _taken(rows, logits, guessed, counts)
            is_left = False
        finally:
            mask = _without_wrong(cache, mask, guessed, counts)
            drafts.told(rows, guessed, counts)
            for number, row in enumerate(rows):
                if kept is not None and (is_left or row.ended):
                    remember(kept, row, cache, number, mask, keeps_answers=weights == "exact")
        rows, (mask,) = left_over(rows, cache, mask)
    if rows:
        yield from decode_apart(model, rows, scaling)


def _writer(model: Any, weights: Weights, guess: Guess | None) -> Writer | None:
    """Return what writes ahead of answers that multiply by the exact weights; None where nothing does."""
    step = step_of(model)
    if step is None or step.rounded is None or guess is None:
        return None
    if weights == "int8" and int8_copies(model).is_on:  # these are as fast
        return None
    return Writer(step, step.rounded, guess)


def _read_on(
    model: Any,
    step: FastDecodeStep | None,
    rows: Sequence[Row],
    guessed: Sequence[Sequence[int]],
    cache: Any,
    mask: Tensor,
    scales: Scales,
) -> tuple[Tensor, Tensor]:
    """Let the model read the last token of each row, and those that may come next. **The cache grows by them.**

    Returns:
        Logits, shape (rows, tokens, vocabulary), and the mask with all tokens.
    """
    longest = max(map(len, guessed))
    lines = [[row.ids[-1], *more, *[0] * (longest - len(more))] for row, more in zip(rows, guessed, strict=True)]
    ids = torch.tensor(lines, device=mask.device)
    positions = mask.sum(1, keepdim=True) + torch.arange(1 + longest, device=mask.device)
    mask = torch.cat([mask, mask.new_ones(len(rows), 1 + longest)], dim=1)
    if step is not None:
        return step.several(ids, positions, cache, _seen(mask), scales), mask
    return called(model, ids, positions, _seen(mask), cache)[0][:, None], mask


def _seen(mask: Tensor) -> Tensor | None:
    """Return a mask where there is padding: without one, attention is faster."""
    return None if bool(mask.all()) else mask


def _taken(rows: Sequence[Row], logits: Tensor, guessed: Sequence[Sequence[int]], counts: list[int]) -> Logits:
    """Yield the rows with the logits after their last token, then those whose next token was guessed with the next.

    Args:
        rows: of the batch.
        logits: shape (rows, tokens, vocabulary).
        guessed: tokens of each row that were read after its last one.
        counts: **is told** how many of these each row has taken.
    """
    going = list(range(len(rows)))
    while going:
        yield [(rows[number], logits[number, counts[number]]) for number in going]
        going = [number for number in going if _was_right(rows[number], guessed[number], counts[number])]
        for number in going:
            counts[number] += 1


def _was_right(row: Row, guessed: Sequence[int], count: int) -> bool:
    """Return whether the row goes on, and the token it has taken now is the one that was guessed after so many."""
    return not row.ended and count < len(guessed) and guessed[count] == row.ids[-1]


def _without_wrong(cache: Any, mask: Tensor, guessed: Sequence[Sequence[int]], counts: Sequence[int]) -> Tensor:
    """Return the mask without the guesses that were wrong; **columns that no row needs go from the cache's end**."""
    longest = max(map(len, guessed))
    if not longest:
        return mask
    wrong = longest - max(counts)
    if wrong:
        cache.crop(-wrong)
    right = torch.tensor(counts, device=mask.device)[:, None]
    after = torch.arange(1, longest - wrong + 1, device=mask.device) <= right  # (rows, guessed right by any)
    return torch.cat([mask[:, :-longest], after.long()], dim=1)


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
        yield list(zip(rows, found, strict=True))
        caches = [cache for row, cache in zip(rows, caches, strict=True) if not row.ended]
        rows = [row for row in rows if not row.ended]


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
        cache = cache or preallocate(cache_of(result))
        yield list(zip(rows, result.logits[:, -1].float(), strict=True))
        rows, (mask, read) = left_over(rows, cache, mask, read)
        if not rows:
            return
        given = torch.tensor([[row.ids[-1]] for row in rows], device=mask.device)


def left_over(rows: list[Row], cache: Any, *tensors: Tensor) -> tuple[list[Row], tuple[Tensor, ...]]:
    """Return the rows that continue, and their part of each tensor. **The cache is reduced to them.**"""
    going = [number for number, row in enumerate(rows) if not row.ended]
    if going and len(going) < len(rows):
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
