"""How do the base model and the tuned one answer the same prompt, side by side?

All conversations run as rows of one batch over one copy of the weights: row i at its own strength, so that 0 is the
base model and 1 the tuned one. Where a vector cannot tell rows apart (experts see tokens without their rows), they run
one after another. Every row draws from a generator of its own with the same seed: where both models
agree, they say the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError, StudioError

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from ia3_studio.data.examples import Message
    from ia3_studio.method.scaling import Attachment
    from ia3_studio.models.loaded import LoadedModel


@dataclass(frozen=True)
class ChatSettings:
    """How an answer is drawn."""

    temperature: float = 0.7
    """0 always takes the likeliest token."""
    top_p: float = 0.9
    """Draw among the likeliest tokens that together have this probability."""
    max_new_tokens: int = 160
    """Tokens of an answer at most."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 5:
            raise StudioError(f"The temperature is {self.temperature}; choose a number from 0 to 5.")
        if not 0 < self.top_p <= 1:
            raise StudioError(f"Top-p is {self.top_p}; choose a number above 0, at most 1.")
        if not 1 <= self.max_new_tokens <= 4096:
            raise StudioError(f"The answer's length is {self.max_new_tokens}; choose 1 to 4096 tokens.")


@dataclass
class _Row:
    """One conversation while it is answered."""

    strength: float
    generator: Generator
    tokens: list[int] = field(default_factory=list)
    text: str = ""


def reply(
    loaded: LoadedModel,
    attachment: Attachment | None,
    conversations: Sequence[Sequence[Message]],
    strengths: Sequence[float],
    settings: ChatSettings,
) -> Iterator[tuple[str, ...]]:
    """Answer every conversation at its strength; yield all answers so far after each token.

    The model is used between yields only, and left as it was; closing the generator stops.

    Raises:
        ModelError: the model cannot chat.
        StudioError: a conversation does not fit the model's context.
    """
    import torch

    if loaded.task not in ("causal-lm", "seq2seq"):
        raise ModelError(f"{loaded.source} is not a chat or text-generation model, so it cannot answer prompts.")
    if len(conversations) != len(strengths) or (attachment is None and any(strengths)):
        raise ValueError("one strength a conversation, and a strength only with an attachment")
    prompts = [_encode(loaded, conversation, settings) for conversation in conversations]
    device = loaded.model.device
    rows = [_Row(float(strength), torch.Generator(device).manual_seed(settings.seed)) for strength in strengths]
    together = attachment is None or attachment.tells_rows_apart
    asked = list(zip(prompts, rows, strict=True))
    for batch in [asked] if together else [[one] for one in asked]:
        for _token in _answer(loaded, attachment, [ids for ids, _ in batch], [row for _, row in batch], settings):
            yield tuple(row.text for row in rows)


def _answer(
    loaded: LoadedModel,
    attachment: Attachment | None,
    prompts: list[list[int]],
    rows: list[_Row],
    settings: ChatSettings,
) -> Iterator[None]:
    """Let the rows of one batch grow to their ends, a token at a time."""
    ends = _end_tokens(loaded)
    decode = _decode_answers if loaded.task == "seq2seq" else _decode
    for logits, keep in decode(loaded.model, attachment, prompts, rows):
        for row, scores in zip(rows, logits, strict=True):
            row.tokens.append(_draw(scores, settings, row.generator))
            row.text = _text(loaded.tokenizer, row.tokens)
        yield
        keep[:] = [row.tokens[-1] not in ends and len(row.tokens) < settings.max_new_tokens for row in rows]
        rows = [row for row, stays in zip(rows, keep, strict=True) if stays]


def _decode(
    model: Any, attachment: Attachment | None, prompts: list[list[int]], rows: list[_Row]
) -> Iterator[tuple[Tensor, list[bool]]]:
    """Yield (next-token logits of the rows still going, which of them go on: filled in by the caller).

    A row that has ended leaves the batch, so that the other one does not pay for it.
    """
    import torch

    ids, mask = _pad_left(prompts, model.device)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    takes_positions = "position_ids" in inspect.signature(model.forward).parameters
    cache = None
    while rows:
        extra = {"position_ids": positions} if takes_positions else {}
        with torch.inference_mode(), _at(attachment, rows):
            result = model(
                input_ids=ids,
                attention_mask=None if mask.all() else mask,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
                **extra,
            )
        cache, keep = result.past_key_values, [True] * len(rows)
        yield result.logits[:, -1].float(), keep
        rows, (mask, positions) = _left_over(rows, keep, cache, mask, positions)
        if not rows:
            return
        ids = torch.tensor([[row.tokens[-1]] for row in rows], device=mask.device)
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
        positions = positions[:, -1:] + 1


def _decode_answers(
    model: Any, attachment: Attachment | None, prompts: list[list[int]], rows: list[_Row]
) -> Iterator[tuple[Tensor, list[bool]]]:
    """Do what :func:`_decode` does with an encoder-decoder: the prompts are read once, by the encoder."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    longest = max(len(prompt) for prompt in prompts)  # on the right: encoders count positions from the left
    ids = torch.tensor([prompt + [0] * (longest - len(prompt)) for prompt in prompts], device=model.device)
    mask = torch.tensor([[1] * len(prompt) + [0] * (longest - len(prompt)) for prompt in prompts], device=model.device)
    with torch.inference_mode(), _at(attachment, rows):
        read = model.get_encoder()(input_ids=ids, attention_mask=mask)[0]  # (rows, longest, d)
    begin = int(model.config.decoder_start_token_id)
    given = torch.full((len(rows), 1), begin, device=mask.device)
    cache = None
    while rows:
        with torch.inference_mode(), _at(attachment, rows):
            result = model(
                encoder_outputs=BaseModelOutput(last_hidden_state=read),
                attention_mask=mask,
                decoder_input_ids=given,
                past_key_values=cache,
                use_cache=True,
            )
        cache, keep = result.past_key_values, [True] * len(rows)
        yield result.logits[:, -1].float(), keep
        rows, (mask, read) = _left_over(rows, keep, cache, mask, read)
        if not rows:
            return
        given = torch.tensor([[row.tokens[-1]] for row in rows], device=mask.device)


def _left_over(
    rows: list[_Row], keep: list[bool], cache: Any, *tensors: Tensor
) -> tuple[list[_Row], tuple[Tensor, ...]]:
    """Return the rows that go on, and their part of each tensor. **The cache is cut to them.**"""
    import torch

    going = [number for number, stays in enumerate(keep) if stays]
    if going and len(going) < len(keep):
        chosen = torch.tensor(going, device=tensors[0].device)
        cache.batch_select_indices(chosen)
        tensors = tuple(tensor[chosen] for tensor in tensors)
    return [rows[number] for number in going], tensors


def _at(attachment: Attachment | None, rows: list[_Row]) -> AbstractContextManager[None]:
    return attachment.strengths(*(row.strength for row in rows)) if attachment else nullcontext()


def _encode(loaded: LoadedModel, conversation: Sequence[Message], settings: ChatSettings) -> list[int]:
    from ia3_studio.data.targets import source_ids
    from ia3_studio.data.tokens import prompt_ids

    if loaded.task == "seq2seq":
        return list(source_ids(conversation, loaded.tokenizer))
    ids = prompt_ids(conversation, loaded.tokenizer)
    context = getattr(loaded.model.config, "max_position_embeddings", None)
    if context and len(ids) + settings.max_new_tokens > context:
        raise StudioError(
            f"The conversation has {len(ids)} tokens and the answer may take {settings.max_new_tokens}, but the model"
            f" holds {context}; clear the conversation or ask for a shorter answer."
        )
    return list(ids)


def _pad_left(prompts: list[list[int]], device: Any) -> tuple[Tensor, Tensor]:
    """Return ids and mask, (rows, longest): the last tokens of all prompts stand in the last column."""
    import torch

    longest = max(len(prompt) for prompt in prompts)
    ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    return ids, mask


def _draw(scores: Tensor, settings: ChatSettings, generator: Generator) -> int:
    """Draw a token from logits, shape (vocabulary,), by temperature and nucleus (Holtzman et al. 2020)."""
    import torch

    if settings.temperature == 0:
        return int(scores.argmax())
    odds, order = (scores / settings.temperature).softmax(-1).sort(descending=True)
    odds[odds.cumsum(-1) - odds >= settings.top_p] = 0
    return int(order[torch.multinomial(odds, 1, generator=generator)])


def _text(tokenizer: Any, tokens: list[int]) -> str:
    """Return the text so far; half a character waits for its other half."""
    return str(tokenizer.decode(tokens, skip_special_tokens=True)).rstrip("\ufffd")


def _end_tokens(loaded: LoadedModel) -> set[int]:
    configured = getattr(loaded.model.generation_config, "eos_token_id", None)
    ends = set(configured) if isinstance(configured, list) else {configured}
    return {token for token in (*ends, loaded.tokenizer.eos_token_id) if token is not None}
