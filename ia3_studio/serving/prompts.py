"""What does the model read of a request? Nothing is cut in silence: what does not fit is refused."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ia3_studio.chat.settings import ChatSettings
from ia3_studio.data.conversations import Message
from ia3_studio.serving.api_errors import ApiError
from ia3_studio.serving.requests import Asked, Prompt

if TYPE_CHECKING:
    from ia3_studio.models.limits import ModelLimits
    from ia3_studio.models.loaded import LoadedModel


@dataclass(frozen=True)
class Reader:
    """How texts become tokens; it needs no weights, and several threads may use it."""

    tokenizer: Any
    limits: ModelLimits
    _turn: threading.Lock = field(default_factory=threading.Lock)
    """A tokenizer serves one thread at a time."""

    @classmethod
    def of(cls, loaded: LoadedModel) -> Reader:
        """Return the reader of a model."""
        return cls(loaded.tokenizer, loaded.limits)

    def read(self, prompt: Prompt) -> tuple[int, ...]:
        """Return the tokens of a prompt.

        Raises:
            ApiError: there is none.
            ModelError: the embedding has no row for a token.
            DataError: the chat template refuses the conversation.
        """
        from ia3_studio.data.answer_spans import asked

        with self._turn:
            if isinstance(prompt, str):
                ids = tuple(self.tokenizer(prompt)["input_ids"])
            elif isinstance(prompt[0], Message):
                ids = tuple(asked([each for each in prompt if isinstance(each, Message)], self.tokenizer).ids)
            else:
                ids = tuple(each for each in prompt if isinstance(each, int))
        if not ids:
            raise ApiError(400, "The prompt is empty; use at least one token.", code="invalid_value", param="prompt")
        self.limits.require_known(ids, self.tokenizer)
        return ids

    def characters(self, prompt: Prompt) -> int:
        """Return the characters of a text, or of the text that tokens stand for; 0 for a conversation."""
        if isinstance(prompt, str):
            return len(prompt)
        ids = [each for each in prompt if isinstance(each, int)]
        with self._turn:
            return len(self.tokenizer.decode(ids, skip_special_tokens=True)) if ids else 0

    def settings_for(self, asked: Asked, prompt: tuple[int, ...]) -> ChatSettings:
        """Return the settings, with as many tokens as were asked for, or as there is room.

        Raises:
            ApiError: the prompt and the answer are longer than the model's context.
        """
        context, length = self.limits.positions, asked.settings.max_new_tokens
        if not context:
            return asked.settings
        room = context - len(prompt)
        if room < 1 or (asked.names_length and length > room):
            raise ApiError(
                400,
                f"The context length of the model is {context} tokens, but the prompt has {len(prompt)}"
                f"{f' and the answer up to {length}' if asked.names_length else ''}; shorten one of them.",
                code="context_length_exceeded",
                param="prompt" if isinstance(asked.prompts[0], str) else "messages",
            )
        return replace(asked.settings, max_new_tokens=min(length, room))
