"""How is a conversation written by a model's chat template? Within limits: a template is a program of a stranger's."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ia3_studio.errors import DataError, ModelError
from ia3_studio.limited import FailedError, Limited, LimitError

SECONDS = 5.0
MEGABYTES = 512
Turns = Sequence[dict[str, Any]]


def rendered(requests: Sequence[tuple[Turns, bool]], tokenizer: Any) -> list[str | DataError]:
    """Return each conversation as text, or why the template refuses it.

    Args:
        requests: turns, and whether what stands before the assistant's answer is added.
        tokenizer: its chat template writes them.

    Raises:
        ModelError: the template takes too long or too much memory.
    """
    asked = [([dict(turn) for turn in turns], ask) for turns, ask in requests]
    if _is_own(tokenizer):  # no template of a stranger's: the tokenizer's class writes the conversation
        return [_by_class(tokenizer, turns, ask) for turns, ask in asked]
    try:
        written = _limited()(tokenizer.get_chat_template(), asked, tokenizer.special_tokens_map)
    except LimitError as error:
        raise ModelError(
            f"The model's chat template cannot be used: writing a conversation {error}; take another model, or mend"
            " the template."
        ) from error
    except (FailedError, ValueError) as error:
        raise ModelError(f"The model's chat template cannot be used: {error}.") from error
    return [_refusal(text) if is_refusal else text for text, is_refusal in written]


def write(template: str, requests: Sequence[tuple[Any, bool]], special: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return each conversation as a template writes it, or what it says against it, and which of both it is."""
    from transformers.utils.chat_template_utils import render_jinja_template

    found: list[tuple[str, bool]] = []
    for turns, ask in requests:
        try:
            if not turns:  # as transformers does
                raise ValueError("an empty conversation")
            texts, _places = render_jinja_template(
                [turns], chat_template=template, add_generation_prompt=ask, **special
            )
            found.append((texts[0], False))
        except MemoryError:
            raise
        except Exception as error:  # whatever a template does wrong is told of the conversation
            found.append((str(error) or type(error).__name__, True))
    return found


def _is_own(tokenizer: Any) -> bool:
    from transformers import PreTrainedTokenizerBase

    return type(tokenizer).apply_chat_template is not PreTrainedTokenizerBase.apply_chat_template


def _by_class(tokenizer: Any, turns: Any, ask: bool) -> str | DataError:
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask))
    except (ValueError, TypeError) as error:
        return _refusal(str(error))


def _refusal(said: str) -> DataError:
    return DataError(f"The model's chat template refuses the conversation: {said.partition(chr(10))[0]}")


@functools.cache
def _limited() -> Limited:
    return Limited(f"{__name__}:write", SECONDS, MEGABYTES)
