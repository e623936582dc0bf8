"""How do several variants (adapter, strength) answer in one batch?

All conversations run as rows of one batch over one copy of the weights: row i with its own adapter at its own strength,
so that strength 0 is the base model and 1 the tuned one. Where a vector cannot tell rows apart (experts see tokens
without their rows), they run one after another. Every row samples from its own generator with the same seed: variants
with equal logits give equal answers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ia3_studio.chat.answers import Answer, End, Row
from ia3_studio.chat.prompts import fitting, room_for
from ia3_studio.chat.settings import ChatSettings, draw, penalized
from ia3_studio.chat.variants import Variant, with_variants
from ia3_studio.errors import ModelError

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from ia3_studio.data.conversations import Message
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.method.serving import Serving
    from ia3_studio.models.decoder_parts import Scales
    from ia3_studio.models.kept_prefixes import KeptPrefixes
    from ia3_studio.models.loaded import LoadedModel


def reply(
    loaded: LoadedModel,
    handle: Attachment | Serving | None,
    conversations: Sequence[Sequence[Message]],
    variants: Sequence[Variant | float],
    settings: ChatSettings,
    turn: AbstractContextManager[Any] | None = None,
    kept: KeptPrefixes | None = None,
) -> Iterator[tuple[Answer, ...]]:
    """Answer every conversation with its variant; yield all answers so far after each token.

    The model is used between yields only, and left as it was; closing the generator stops. A conversation that has
    grown too long for the model loses its oldest exchanges, and its answer says how many messages.

    Args:
        loaded: the model.
        handle: the attached or served adapters; None if all variants are the base model.
        conversations: the last message of each is the one to be answered.
        variants: one variant per conversation; a number is the strength of the attached adapter.
        settings: the sampling settings.
        turn: held while the model is called, where others use it too.
        kept: keys and values of earlier conversations with this model, so that only what follows is computed; **those
            of these conversations are added**.

    Raises:
        ModelError: the model cannot chat.
        StudioError: a message does not fit the model's context.
    """
    import torch

    from ia3_studio.data.answer_end import endless, ends_of

    if loaded.head not in ("causal-lm", "seq2seq"):
        raise ModelError(f"{loaded.source} is not a chat or text-generation model, so it cannot answer prompts.")
    spoken = [variant if isinstance(variant, Variant) else Variant(float(variant)) for variant in variants]
    if len(conversations) != len(spoken) or (handle is None and any(variant.strength for variant in spoken)):
        raise ValueError("one variant per conversation, and a strength only with an attached or served adapter")
    rows: list[Row] = []
    asked_at = time.perf_counter()  # of all: what is looked up for one of them is not time of the next
    without_end = endless(loaded.tokenizer) if loaded.head != "seq2seq" else ""
    turn = turn or nullcontext()
    rounded = _about_int8(loaded, turn) if settings.weights == "int8" else ""
    for conversation, variant in zip(conversations, spoken, strict=True):
        prompt = fitting(loaded, conversation, settings.max_new_tokens)
        generator = torch.Generator(loaded.model.device).manual_seed(settings.seed)
        room = room_for(loaded, prompt.ids, settings.max_new_tokens)
        notes = tuple(filter(None, (*prompt.notes, without_end, rounded)))
        rows.append(Row(variant, generator, prompt.ids, prompt.dropped_messages, room, asked_at, notes=notes))
    if kept is not None:
        with turn:
            _set_keys(loaded, handle, rows, kept)
    ends = frozenset(ends_of(loaded.model, loaded.tokenizer))
    together = handle is None or handle.supports_per_row
    for batch in [rows] if together else [[row] for row in rows]:
        for _token in _answer(loaded, handle, batch, settings, ends, turn, kept):
            yield tuple(row.answer() for row in rows)


def _answer(
    loaded: LoadedModel,
    handle: Attachment | Serving | None,
    rows: list[Row],
    settings: ChatSettings,
    ends: frozenset[int],
    turn: AbstractContextManager[Any],
    kept: KeptPrefixes | None,
) -> Iterator[None]:
    """Let the rows of one batch grow to their ends, a token at a time."""
    from ia3_studio.chat.decoding import decode, decode_answers
    from ia3_studio.models.chat_weights import int8_in_use

    @contextmanager
    def scaling(going: Sequence[Row], *, writes: bool = False) -> Iterator[Scales]:
        weights = int8_in_use(loaded.model) if writes and settings.weights == "int8" else nullcontext()
        with turn, weights, with_variants(handle, [row.variant for row in going]):
            yield handle.scales() if handle else {}

    def guess(row: Row, scores: Tensor, ahead: Sequence[int], generator: Generator) -> int | None:
        return None if ahead and ahead[-1] in ends else _next(row, scores, settings, ahead, generator)

    grown = (
        decode_answers(loaded.model, rows, scaling)
        if loaded.head == "seq2seq"
        else decode(loaded.model, rows, scaling, kept, weights=settings.weights, guess=guess)
    )
    for given in grown:
        for row, scores in given:
            row.take(_next(row, scores, settings, (), row.generator), scores, loaded.tokenizer)
            full: End = "length" if len(row.ids) >= settings.max_new_tokens else "context"
            row.ended = "end" if row.ids[-1] in ends else full if len(row.ids) >= row.most else ""
        yield


def _set_keys(
    loaded: LoadedModel, handle: Attachment | Serving | None, rows: Sequence[Row], kept: KeptPrefixes
) -> None:
    """Set what keys and values of each row depend on, where they are worth keeping.

    A GPU computes them in no time, and its memory is short. Whether the model reads on is tried before the first time.
    """
    from ia3_studio.models.kept_prefixes import key_of, positions_move, reads_on

    if loaded.head != "causal-lm" or loaded.model.device.type != "cpu" or positions_move(loaded.model):
        return
    with with_variants(handle, [Variant(0.0)]):
        if kept.nbytes and not reads_on(loaded.model):
            kept.clear()
            return
    for row in rows:
        with with_variants(handle, [row.variant]):
            row.key = key_of(loaded.model, handle.scales() if handle else {})


def _about_int8(loaded: LoadedModel, turn: AbstractContextManager[Any]) -> str:
    """Let a model have int8 copies of its weights; return the note on an answer that asked for them."""
    from ia3_studio.models.chat_weights import int8_copies

    with turn:
        path = int8_copies(loaded.model)
    if path.is_on:
        return f"int8 weights: {path.reason}; the response may differ from that of the exact weights"
    return f"exact weights, as int8 is off: {path.reason}"


def _next(row: Row, scores: Tensor, settings: ChatSettings, ahead: Sequence[int], generator: Generator) -> int:
    """Draw the token after a row's last one, and after some that may follow it, from logits, shape (vocabulary,)."""
    import torch

    if settings.repetition_penalty != 1:
        seen = torch.tensor([*row.prompt, *row.ids, *ahead], device=scores.device)
        scores = penalized(scores, seen, settings.repetition_penalty)
    return draw(scores, settings, generator)
