"""How is a chat template applied? Within limits of time and memory, as templates are untrusted programs."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ia3_studio.errors import DataError, ModelError
from ia3_studio.limited import FailedError, Limited, LimitError

SECONDS = 5.0
MEGABYTES = 512
Tools = Sequence[dict[str, Any]] | None
Request = tuple[Sequence[dict[str, Any]], bool, Tools]
"""Turns, whether what stands before the assistant's answer is added, and the tools that may be called."""


def rendered(requests: Sequence[Request], tokenizer: Any) -> list[str | DataError]:
    """Return each conversation as a tokenizer's chat template writes it, or why the template refuses it.

    Raises:
        ModelError: the template exceeds its limits, or is invalid.
    """
    if is_own(tokenizer):
        return [_by_class(tokenizer, *request) for request in requests]
    special = tokenizer.special_tokens_map
    templates = [template_of(tokenizer, bool(tools)) for _turns, _ask, tools in requests]
    found: dict[int, str | DataError] = {}
    for template in dict.fromkeys(templates):
        places = [place for place, each in enumerate(templates) if each == template]
        texts = written(template, [requests[place] for place in places], special)
        found |= zip(places, texts, strict=True)
    return [found[place] for place in range(len(requests))]


def template_of(tokenizer: Any, tools: bool) -> str:
    """Return the chat template of a tokenizer; some have one of their own for conversations with tools.

    Raises:
        ModelError: there is none for such conversations.
    """
    try:
        return str(tokenizer.get_chat_template(tools=[] if tools else None))
    except ValueError as error:
        raise ModelError(f"The model's chat template cannot be used: {_line(str(error))}.") from error


def written(template: str, requests: Sequence[Request], special: dict[str, Any]) -> list[str | DataError]:
    """Return each conversation as a template writes it, or why the template refuses it.

    Raises:
        ModelError: the template takes too long or too much memory.
    """
    try:
        found = _limited()(template, requests, special)
    except LimitError as error:
        raise ModelError(
            f"The model's chat template cannot be used: writing a conversation {error}; use another model, or "
            "fix the template."
        ) from error
    except FailedError as error:
        raise ModelError(f"The model's chat template cannot be used: {_line(str(error))}.") from error
    return [_refusal(text) if is_refusal else text for text, is_refusal in found]


def is_own(tokenizer: Any) -> bool:
    """Return whether a tokenizer's class formats conversations in code, without an untrusted template."""
    from transformers import PreTrainedTokenizerBase

    return type(tokenizer).apply_chat_template is not PreTrainedTokenizerBase.apply_chat_template


def _by_class(tokenizer: Any, turns: Any, ask: bool, tools: Any) -> str | DataError:
    given = {"tools": tools} if tools else {}
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask, **given))
    except (ValueError, TypeError) as error:
        return _refusal(str(error))


def _refusal(said: str) -> DataError:
    return DataError(f"The model's chat template rejects the conversation: {_line(said)}")


def _line(said: str) -> str:
    return said.partition("\n")[0].rstrip(".")


@functools.cache
def _limited() -> Limited:
    return Limited("ia3_studio.data.template_writer:write", SECONDS, MEGABYTES)
