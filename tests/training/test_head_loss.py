"""The loss of a language-model head in tiles: the loss and the gradient of the whole matrix of logits."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ia3_studio.training import head_loss
from ia3_studio.training.head_loss import frozen_head, head_losses, head_losses_and_gradient


def made(tokens: int, vocabulary: int, bias: bool = False, size: float = 1.0) -> tuple[nn.Linear, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(tokens + vocabulary)
    head = nn.Linear(24, vocabulary, bias=bias).requires_grad_(False)
    head.weight.copy_(torch.randn(vocabulary, 24, generator=generator) * size)
    hidden = torch.randn(tokens, 24, generator=generator)
    return head, hidden, torch.randint(0, vocabulary, (tokens,), generator=generator)


def whole(head: nn.Linear, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    leaf = hidden.double().requires_grad_()
    bias = None if head.bias is None else head.bias.double()
    losses = F.cross_entropy(F.linear(leaf, head.weight.double(), bias), targets, reduction="none")
    losses.sum().backward()
    assert leaf.grad is not None
    return losses.detach(), leaf.grad


@pytest.mark.parametrize("bias", [False, True], ids=["plain", "bias"])
@pytest.mark.parametrize("size", [1e-3, 1.0, 40.0], ids=["even", "usual", "sharp"])
@pytest.mark.parametrize(("tokens", "vocabulary"), [(1, 5), (7, 64), (9, 65), (33, 200), (16, 63)])
def test_it_is_the_loss_and_the_gradient_of_all_logits(
    tokens: int, vocabulary: int, size: float, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_loss, "TILE", 64)
    monkeypatch.setattr(head_loss, "TOKENS", 16)
    head, hidden, targets = made(tokens, vocabulary, bias, size)
    expected, slope = whole(head, hidden, targets)
    losses, gradient = head_losses_and_gradient(head, hidden, targets)
    rounding = 2e-6 * max(1.0, size)  # of float32, in logits up to 15 times that size
    torch.testing.assert_close(losses.double(), expected, rtol=1e-5, atol=15 * rounding)
    torch.testing.assert_close(gradient.double(), slope, rtol=1e-5, atol=15 * rounding * size)
    assert head_losses(head, hidden, targets).equal(losses)


def test_no_tokens_have_no_loss() -> None:
    head, hidden, targets = made(0, 64)
    losses, gradient = head_losses_and_gradient(head, hidden, targets)
    assert losses.shape == (0,) and gradient.shape == (0, 24) and head_losses(head, hidden, targets).shape == (0,)


def test_a_head_that_is_trained_scaled_or_of_another_kind_is_left_to_itself() -> None:
    head = made(1, 8)[0]
    assert frozen_head(head) is head
    assert frozen_head(nn.Sequential(head)) is None
    assert frozen_head(nn.Linear(4, 8)) is None  # trained
    assert frozen_head(made(1, 8)[0].to(torch.bfloat16)) is None

    class Capped(nn.Linear):
        def forward(self, given: Tensor) -> Tensor:
            return super().forward(given).tanh()

    assert frozen_head(Capped(4, 8).requires_grad_(False)) is None
    handle = head.register_forward_hook(lambda _head, _given, result: result * 2)
    assert frozen_head(head) is None
    handle.remove()
    assert frozen_head(head) is head
