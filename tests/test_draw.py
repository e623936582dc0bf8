"""Tokens are drawn as often as their probabilities say, among those that the settings allow."""

from __future__ import annotations

import pytest
import torch

from ia3_studio.chat.settings import ChatSettings, NotFiniteError, draw

COUNT = 4000


def shares(scores: torch.Tensor, **settings: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    drawn = [draw(scores, ChatSettings(**settings), generator) for _draw in range(COUNT)]  # type: ignore[arg-type]
    return torch.bincount(torch.tensor(drawn), minlength=len(scores)) / COUNT


def test_all_tokens_are_drawn_by_their_probabilities_at_a_temperature() -> None:
    scores = torch.tensor([0.0, 2.0, -1.0, 1.0])
    wanted = (scores / 0.7).softmax(-1)
    assert torch.allclose(shares(scores, temperature=0.7, top_p=1.0), wanted, atol=0.03)


def test_the_nucleus_is_the_likeliest_tokens_that_together_have_the_probability() -> None:
    scores = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    found = shares(scores, temperature=1.0, top_p=0.65)  # 0.4 + 0.3
    assert torch.allclose(found, torch.tensor([0.0, 4 / 7, 0.0, 3 / 7]), atol=0.03)


def test_a_nucleus_of_very_many_tokens_is_found_too() -> None:
    scores = torch.zeros(1000)
    scores[::2] = -20.0
    assert shares(scores, temperature=1.0, top_p=0.99)[::2].sum() == 0


def test_the_k_likeliest_are_drawn_from_and_then_the_nucleus() -> None:
    scores = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    assert shares(scores, temperature=1.0, top_p=1.0, top_k=2)[[0, 2]].sum() == 0
    assert shares(scores, temperature=1.0, top_p=0.5, top_k=2)[1] == 1  # 4/7 of the two


@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_numbers_that_are_not_finite_are_not_drawn_from(number: float) -> None:
    with pytest.raises(NotFiniteError):
        draw(torch.tensor([0.0, number]), ChatSettings(temperature=1.0, top_p=1.0), torch.Generator())
