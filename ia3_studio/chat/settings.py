"""How are answers sampled?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ia3_studio.errors import StudioError

if TYPE_CHECKING:
    from torch import Generator, Tensor

MOST_TOKENS = 4096
_FEW = 256
"""Among so many of the likeliest tokens a nucleus is looked for first."""
Weights = Literal["exact", "int8"]
"""Weights that answers multiply by, as in :mod:`ia3_studio.models.chat_weights`."""


class NotFiniteError(StudioError):
    """The model computed numbers that are not finite."""

    def __init__(self) -> None:
        super().__init__("The model computed numbers that are not finite; use a smaller strength, or another adapter.")


@dataclass(frozen=True)
class ChatSettings:
    """Sampling settings."""

    temperature: float = 0.7
    """0 always takes the likeliest token."""
    top_p: float = 0.9
    """Draw among the likeliest tokens that together have this probability."""
    max_new_tokens: int = 160
    """Max new tokens of an answer."""
    seed: int = 0
    top_k: int = 0
    """Draw among this many of the likeliest tokens; 0 among all."""
    repetition_penalty: float = 1.0
    """Above 1, tokens that the conversation already holds become less likely."""
    weights: Weights = "exact"
    """int8 is faster and less exact: float32 models on a CPU only."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 5:
            raise StudioError(f"The temperature is {self.temperature}; use a number from 0 to 5.")
        if not 0 < self.top_p <= 1:
            raise StudioError(f"Top-p is {self.top_p}; use a number above 0 and at most 1.")
        if not 1 <= self.max_new_tokens <= MOST_TOKENS:
            raise StudioError(f"Max new tokens is {self.max_new_tokens}; use 1 to {MOST_TOKENS}.")
        if not 0 <= self.top_k <= 100_000:
            raise StudioError(f"Top-k is {self.top_k}; use a whole number from 0 (all tokens) to 100,000.")
        if not 1 <= self.repetition_penalty <= 2:
            raise StudioError(f"The repetition penalty is {self.repetition_penalty}; use a number from 1 to 2.")
        if self.weights not in get_args(Weights):
            raise StudioError(f"The weights are {self.weights!r}; use {' or '.join(get_args(Weights))}.")


PRESETS: Mapping[str, ChatSettings] = {
    "Precise": ChatSettings(temperature=0.0, top_p=1.0),
    "Balanced": ChatSettings(),
    "Creative": ChatSettings(temperature=1.1, top_p=0.95, repetition_penalty=1.1),
}
"""Sampling presets, by their names on the page."""


def penalized(scores: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Return logits, shape (vocabulary,), with those of seen tokens made smaller (Keskar et al. 2019, CTRL).

    Args:
        scores: logits.
        seen: token ids, in any order, repeated or not.
        penalty: a positive logit is divided by it, a negative one multiplied.
    """
    if penalty == 1:
        return scores
    found = scores[seen]
    return scores.scatter(0, seen, (found / penalty).where(found > 0, found * penalty))


def draw(scores: Tensor, settings: ChatSettings, generator: Generator) -> int:
    """Draw a token from logits, shape (vocabulary,): by temperature, the k likeliest, the nucleus (Holtzman 2020).

    One random number is drawn, which is where it falls on the summed probabilities that decides: to sort a vocabulary
    took a third of the time of a token, and to draw a number for each of its tokens a tenth.

    Raises:
        NotFiniteError: a logit is NaN, or the largest one infinite.
    """
    import torch

    if settings.temperature == 0:
        return int(scores.argmax())
    order, scores = None, scores / settings.temperature
    if 0 < settings.top_k < len(scores):
        scores, order = scores.topk(settings.top_k)
    odds = scores.softmax(-1)
    if settings.top_p < 1:
        odds, kept = _nucleus(odds, settings.top_p)
        order = kept if order is None else order[kept]
    reached = odds.cumsum(-1)
    if not float(reached[-1]) > 0:
        raise NotFiniteError
    wanted = torch.rand(1, generator=generator, device=scores.device) * reached[-1]
    place = min(int(torch.searchsorted(reached, wanted, right=True)), len(reached) - 1)
    return place if order is None else int(order[place])


def _nucleus(odds: Tensor, top_p: float) -> tuple[Tensor, Tensor]:
    """Return the likeliest tokens that together have a probability, the likeliest first: probabilities and places."""
    found = odds.topk(min(_FEW, len(odds)))
    if float(found.values.sum()) < top_p:
        found = odds.topk(len(odds))
    count = int((found.values.cumsum(-1) - found.values < top_p).sum())
    return found.values[:count], found.indices[:count]
