"""How are answers written? As OpenAI's objects: a whole completion, or one piece after the other."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ia3_studio.serving.generation import Delta, Finished, TokenScore


@dataclass
class Completion:
    """The choices of one request while they grow."""

    kind: str
    """"chat" or "text"."""
    model: str
    prompt_tokens: int
    choices: int
    offsets: tuple[int, ...]
    """Characters of each choice's prompt: text_offset counts from its beginning, whether it is echoed or not."""
    id: str = ""
    created: int = field(default_factory=lambda: int(time.time()))
    _texts: dict[int, list[str]] = field(default_factory=dict)
    _tokens: dict[int, list[TokenScore]] = field(default_factory=dict)
    _ends: dict[int, Finished] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = self.id or f"{'chatcmpl' if self.kind == 'chat' else 'cmpl'}-{secrets.token_hex(12)}"

    @property
    def is_complete(self) -> bool:
        """Return whether all choices have ended."""
        return len(self._ends) == self.choices

    def add(self, event: Delta | Finished) -> None:
        """Let a choice grow or end."""
        if isinstance(event, Finished):
            self._ends[event.choice] = event
        else:
            self._texts.setdefault(event.choice, []).append(event.text)
            self._tokens.setdefault(event.choice, []).extend(event.tokens)

    def usage(self) -> dict[str, int]:
        """Return how many tokens were read and written."""
        written = sum(each.completion_tokens for each in self._ends.values())
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
        }

    def whole(self, *, scores: bool) -> dict[str, Any]:
        """Return the completion, with log probabilities or without."""
        kind = "chat.completion" if self.kind == "chat" else "text_completion"
        return {**self._head(kind), "choices": [self._choice(n, scores=scores) for n in range(self.choices)],
                "usage": self.usage()}  # fmt: skip

    def opening(self) -> Iterator[dict[str, Any]]:
        """Yield the first chunks of a chat's stream, which say who speaks."""
        if self.kind == "chat":
            for number in range(self.choices):
                yield self._chunk(number, {"role": "assistant", "content": ""}, (), None)

    def chunk(self, event: Delta | Finished, *, scores: bool) -> dict[str, Any]:
        """Return what an event adds, as a chunk of a stream, **after adding it**."""
        self.add(event)
        if isinstance(event, Finished):
            return self._chunk(event.choice, {}, (), event.reason)
        return self._chunk(event.choice, {"content": event.text}, event.tokens if scores else (), None)

    def last(self) -> dict[str, Any]:
        """Return the chunk with the usage, which has no choices."""
        return {**self._head(self._chunk_kind), "choices": [], "usage": self.usage()}

    @property
    def _chunk_kind(self) -> str:
        return "chat.completion.chunk" if self.kind == "chat" else "text_completion"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _choice(self, number: int, *, scores: bool) -> dict[str, Any]:
        text, tokens = "".join(self._texts.get(number, ())), self._tokens.get(number, [])
        found = _scores(self.kind, tokens, self.offsets[number]) if scores else None
        if self.kind == "chat":
            said: dict[str, Any] = {"message": {"role": "assistant", "content": text, "refusal": None}}
        else:
            said = {"text": text}
        return {"index": number, **said, "logprobs": found, "finish_reason": self._ends[number].reason}

    def _chunk(
        self, number: int, delta: dict[str, Any], tokens: Sequence[TokenScore], reason: str | None
    ) -> dict[str, Any]:
        said = {"delta": delta} if self.kind == "chat" else {"text": delta.get("content", "")}
        found = _scores(self.kind, tokens, self.offsets[number]) if tokens else None
        choice = {"index": number, **said, "logprobs": found, "finish_reason": reason}
        return {**self._head(self._chunk_kind), "choices": [choice]}


def _scores(kind: str, tokens: Sequence[TokenScore], offset: int) -> dict[str, Any]:
    """Return log probabilities in the form of the interface.

    Args:
        kind: "chat" or "text".
        tokens: whose.
        offset: characters of the prompt.
    """
    if kind == "chat":
        return {"content": [_chat_score(each) for each in tokens], "refusal": None}
    return {
        "tokens": [each.text for each in tokens],
        "token_logprobs": [each.logprob for each in tokens],
        "top_logprobs": [{text: value for _id, text, value in each.top} for each in tokens],
        "text_offset": [offset + each.start for each in tokens],
    }


def _chat_score(score: TokenScore) -> dict[str, Any]:
    return {
        **_spelled(score.text, score.logprob),
        "top_logprobs": [_spelled(text, value) for _id, text, value in score.top],
    }


def _spelled(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}
