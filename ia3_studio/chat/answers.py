"""What is an answer while it grows: its text, its tokens with their probabilities, and how fast they come?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from ia3_studio.chat.variants import Variant

ALTERNATIVES = 5
"""Of the likeliest tokens at each place, this many are kept for the reader."""

End = Literal["", "end", "length", "context"]
"""Why an answer ended: not yet, the model ended it, it reached the length asked for, or the model's context is full."""


@dataclass(frozen=True)
class Token:
    """One token of an answer, and what the model thought of it."""

    text: str
    probability: float
    """Of this token before temperature and nucleus, by the model alone."""
    alternatives: tuple[tuple[str, float], ...]
    """The likeliest tokens at this place with their probabilities, the likeliest first."""


@dataclass(frozen=True)
class Answer:
    """An answer so far."""

    text: str
    tokens: tuple[Token, ...] = ()
    prompt_tokens: int = 0
    dropped_messages: int = 0
    """Messages from the start of the conversation that no longer fit the model's context."""
    time_to_first_token: float = 0.0
    """Seconds from the question to the first token."""
    seconds: float = 0.0
    """Seconds from the question until now."""
    ended: End = ""
    notes: tuple[str, ...] = ()
    """How the model reads the conversation otherwise than it is written."""

    def __str__(self) -> str:
        return self.text

    @property
    def tokens_per_second(self) -> float:
        """Return how fast tokens follow the first one; 0 until there is a second."""
        after = self.seconds - self.time_to_first_token
        return (len(self.tokens) - 1) / after if len(self.tokens) > 1 and after > 0 else 0.0


@dataclass
class Row:
    """One conversation while it is answered."""

    variant: Variant
    generator: Generator
    prompt: list[int]
    dropped_messages: int = 0
    most: int = 10**9
    """Tokens of the answer, at most."""
    started: float = field(default_factory=time.perf_counter)
    ids: list[int] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    text: str = ""
    first: float = 0.0
    now: float = 0.0
    ended: End = ""
    notes: tuple[str, ...] = ()
    key: str = ""
    """What its keys and values depend on besides its tokens; empty if they are not kept."""

    def take(self, token: int, scores: Tensor, tokenizer: Any) -> None:
        """Add a token sampled from logits, shape (vocabulary,)."""
        self.ids.append(token)
        self.tokens.append(_judged(token, scores, tokenizer))
        self.text = text_of(tokenizer, self.ids)
        self.now = time.perf_counter() - self.started
        self.first = self.first or self.now

    def answer(self) -> Answer:
        """Return the answer so far."""
        tokens, count = tuple(self.tokens), len(self.prompt)
        return Answer(self.text, tokens, count, self.dropped_messages, self.first, self.now, self.ended, self.notes)


def text_of(tokenizer: Any, ids: list[int]) -> str:
    """Return the text so far; half a character waits for its other half."""
    return str(tokenizer.decode(ids, skip_special_tokens=True)).rstrip("\ufffd")


def _judged(token: int, scores: Tensor, tokenizer: Any) -> Token:
    odds = scores.softmax(-1)
    likeliest = odds.topk(min(ALTERNATIVES, len(odds)))
    alternatives = zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    return Token(
        _piece(tokenizer, token), float(odds[token]), tuple((_piece(tokenizer, id), p) for id, p in alternatives)
    )


def _piece(tokenizer: Any, token: int) -> str:
    """Return a token's own text, special tokens included."""
    return str(tokenizer.decode([token]))
