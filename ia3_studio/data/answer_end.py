"""Which token ends an answer? The one that the chat template closes an assistant's turn with; else the end token."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.answer_spans import conversation_tokens
from ia3_studio.data.conversations import Message
from ia3_studio.data.words import special_ids
from ia3_studio.errors import DataError

PROBE = (Message("user", "harbor"), Message("assistant", "anchor"))


def closing_id(tokenizer: Any) -> int | None:
    """Return the token that closes an assistant's turn as it is trained; None where a tokenizer has none.

    Raises:
        ModelError: the chat template takes too long.
    """
    try:
        tokens = conversation_tokens(PROBE, tokenizer)
    except DataError:  # a template that refuses a plain question: no answer is trained, and none asked for
        return _number(tokenizer.eos_token_id)
    last = tokens.ids[tokens.answers[-1][1] - 1] if tokens.answers else None
    return last if last in special_ids(tokenizer) else _number(tokenizer.eos_token_id)


def ends_of(model: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end a model's answer: its own, the tokenizer's, and the one it learns.

    Raises:
        ModelError: the chat template takes too long.
    """
    configured = getattr(model.generation_config, "eos_token_id", None)
    ends = configured if isinstance(configured, list) else [configured]
    apart = bool(getattr(model.config, "is_encoder_decoder", False))  # an encoder-decoder writes no template
    closing = tokenizer.eos_token_id if apart else closing_id(tokenizer)
    return sorted({int(token) for token in (*ends, tokenizer.eos_token_id, closing) if token is not None})


def endless(tokenizer: Any) -> str:
    """Return a note if no token ends an answer; empty if one does.

    Raises:
        ModelError: the chat template takes too long.
    """
    if closing_id(tokenizer) is not None:
        return ""
    return "This model's tokenizer has no end-of-answer token: answers run to the max length."


def _number(token: Any) -> int | None:
    return None if token is None else int(token)
