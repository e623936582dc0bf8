"""What is one answer while it grows, and what is told of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ia3_studio.chat.variants import Variant
from ia3_studio.serving.answer_text import StopStrings, TokenText
from ia3_studio.serving.generation import Delta, Finished, FinishReason, Generation, TokenScore

if TYPE_CHECKING:
    from torch import Tensor


class Row:
    """One choice of a generation."""

    def __init__(self, generation: Generation, choice: int, tokenizer: Any, device: torch.device) -> None:
        adapter = generation.adapter
        self.generation = generation
        self.variant = Variant(adapter.strength, adapter.name) if adapter else Variant(0.0)
        self.generator = torch.Generator(device).manual_seed((generation.settings.seed + choice) % 2**63)
        self.ids: list[int] = []
        self._choice = choice
        self._tokenizer = tokenizer
        self._decoder = TokenText(tokenizer)
        self._stops = StopStrings(generation.stop)
        self._decoded = self._told = 0  # characters
        self._scores: list[TokenScore] = []
        """Tokens that were not told yet."""

    @property
    def is_greedy(self) -> bool:
        """Return whether it always takes the likeliest token."""
        return self.generation.settings.temperature == 0

    @property
    def text_ids(self) -> list[int]:
        """Return the prompt and the answer so far."""
        return [*self.generation.prompt, *self.ids]

    @property
    def key(self) -> str:
        """Return what keys and values depend on besides the tokens, while the model's weights stay as they are."""
        return f"{self.variant.adapter}@{self.variant.strength}"

    def take(self, token: int, scores: Tensor, ends: frozenset[int]) -> bool:
        """Add a token and tell what it makes certain; return whether the answer goes on.

        Args:
            token: chosen from the scores.
            scores: logits, shape (vocabulary,).
            ends: tokens that end an answer.
        """
        self.ids.append(token)
        is_end, is_full = token in ends, len(self.ids) >= self.generation.settings.max_new_tokens
        if self.generation.logprobs is not None and not is_end:
            self._scores.append(scored(token, scores, self.generation.logprobs, self._tokenizer, self._decoded))
        text = "" if is_end else self._decoder.add(token)
        text += self._decoder.end() if is_end or is_full else ""
        self._decoded += len(text)
        certain, is_stopped = self._stops.add(text)
        if (is_end or is_full) and not is_stopped:
            certain += self._stops.end()
        reason: FinishReason | None = "stop" if is_end or is_stopped else "length" if is_full else None
        self._tell(certain, everything=reason is not None and not is_stopped)
        if reason:
            self.generation.deliver(Finished(self._choice, reason, len(self.ids)))
        return reason is None

    def _tell(self, text: str, *, everything: bool) -> None:
        self._told += len(text)
        certain = [score for score in self._scores if everything or score.start < self._told]
        self._scores = self._scores[len(certain) :]
        if text or certain:
            self.generation.deliver(Delta(self._choice, text, tuple(certain)))


def scored(token: int, scores: Tensor, count: int, tokenizer: Any, start: int) -> TokenScore:
    """Return a token's log probability and those of the likeliest ones, from logits of shape (vocabulary,)."""
    logprobs = scores.log_softmax(-1)
    likeliest = logprobs.topk(min(count, len(logprobs)))
    top = tuple(
        (int(each), str(tokenizer.decode([each])), float(value))
        for each, value in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    )
    return TokenScore(token, str(tokenizer.decode([token])), float(logprobs[token]), top, start)
