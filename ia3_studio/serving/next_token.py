"""Which token does a row take next, and are its logits sure of it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ia3_studio.chat.settings import NotFiniteError, draw, penalized
from ia3_studio.serving.row_batch import Outcome
from ia3_studio.serving.row_trial import HALVES

if TYPE_CHECKING:
    from ia3_studio.serving.row import Row

NEAR = 5e-5
"""Two float32 logits closer than this share of the larger one count as equal. What sharing a pass was seen to change
is 3e-6 in tiny models of six kinds and 6e-6 in the starter (``benchmarks/rounding.py``)."""

Likeliest = tuple[tuple[float, float], int]
"""The two largest logits, and the token of the first."""


@dataclass(frozen=True)
class Choice:
    """The next token of a row."""

    token: int
    is_sure: bool = True
    """Whether another pass with other rows would choose it too, up to what rounding was seen to change."""


def near(dtype: torch.dtype) -> float:
    """Return the share of the larger logit within which two count as equal.

    A model in a type of half precision shares passes only if rounding may decide.
    """
    return 0.0 if dtype in HALVES else NEAR


def two_likeliest(outcomes: Tensor | Sequence[Outcome]) -> list[Likeliest | None]:
    """Return the two likeliest tokens of all rows, in one go where their logits are one tensor; None without logits."""
    if not isinstance(outcomes, Tensor):
        return [two_likeliest(each[None])[0] if isinstance(each, Tensor) else None for each in outcomes]
    values, tokens = (each.tolist() for each in outcomes.topk(2))
    return [((first, second), token) for (first, second), (token, _other) in zip(values, tokens, strict=True)]


def choose(row: Row, scores: Tensor, likeliest: Likeliest | None, tolerance: float) -> Choice:
    """Return the next token of a row: drawn, or the likeliest one.

    Args:
        row: the row.
        scores: logits, shape (vocabulary,).
        likeliest: the two likeliest tokens by these.
        tolerance: share of the larger logit within which two count as equal.

    Raises:
        NotFiniteError: a logit is NaN, or the largest one infinite.
    """
    settings = row.generation.settings
    if settings.repetition_penalty != 1:
        seen = torch.tensor(row.text_ids, device=scores.device)
        scores, likeliest = penalized(scores, seen, settings.repetition_penalty), None
    if not row.is_greedy:
        return Choice(draw(scores, settings, row.generator))
    (first, second), token = likeliest or _likeliest(scores)
    if not math.isfinite(first):  # NaN counts as the largest
        raise NotFiniteError
    return Choice(token, first - second > tolerance * max(abs(first), 1.0))


def _likeliest(scores: Tensor) -> Likeliest:
    (found,) = two_likeliest(scores[None])
    assert found is not None
    return found
