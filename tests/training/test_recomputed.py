"""What a backward pass can make again is not kept: the gradients are the same bit for bit."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ia3_studio.method import attach, discover
from ia3_studio.training.batches import label_count
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.recomputed import Recomputed
from tests.families import tiny_model
from tests.training.rows import rows_of


def gated(gate: Tensor, up: Tensor, scale: Tensor) -> tuple[Tensor, list[weakref.ref[Tensor]]]:
    """Return the scaled product of a gated block, and references to what it made on the way."""
    opened = F.silu(gate)
    product = opened * up
    return product * scale, [weakref.ref(opened), weakref.ref(product)]


def leaves() -> list[Tensor]:
    torch.manual_seed(0)
    return [
        torch.randn(4, 8, requires_grad=True),
        torch.randn(4, 8, requires_grad=True),
        torch.ones(8).requires_grad_(),
    ]


def test_a_gated_block_keeps_neither_its_activation_nor_its_product() -> None:
    _result, made = gated(*leaves())
    assert all(each() is not None for each in made)
    with Recomputed(smallest=1):
        result, made = gated(*leaves())
    assert all(each() is None for each in made) and result.requires_grad


def test_the_gradients_of_a_gated_block_are_the_same_bit_for_bit() -> None:
    kept, made_again = leaves(), leaves()
    gated(*kept)[0].square().sum().backward()
    with Recomputed(smallest=1):
        loss = gated(*made_again)[0].square().sum()
    loss.backward()
    for one, other in zip(kept, made_again, strict=True):
        assert one.grad is not None and other.grad is not None and one.grad.equal(other.grad)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "mixtral"])
def test_the_gradients_of_a_model_are_the_same_bit_for_bit(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(family)
    attachment = attach(model, discover(model).select("paper"))
    rows, found = rows_of(6), []
    for smallest in (1 << 40, 1):
        monkeypatch.setattr("ia3_studio.training.recomputed.SMALLEST", smallest)
        attachment.parameter.grad = None
        CausalLoss(model).group_backward(rows, label_count(rows))
        found.append(attachment.parameter.grad)
    one, other = found
    assert one is not None and other is not None and one.equal(other)


def test_what_was_changed_in_place_is_kept_as_it_became() -> None:
    gate, up, scale = leaves()
    with Recomputed(smallest=1):
        opened = F.silu(gate)
        opened.mul_(2.0)
        loss = (opened * up * scale).sum()
    loss.backward()
    assert up.grad is not None and torch.allclose(up.grad, 2 * F.silu(gate.detach()))


def test_a_tensor_that_is_changed_after_it_was_kept_is_an_error_as_without() -> None:
    gate, up, scale = leaves()
    inner = nn.Identity()(gate * 1.0)
    with Recomputed(smallest=1):
        loss = gated(inner, up, scale)[0].sum()
    with torch.no_grad():
        inner.add_(1.0)
    with pytest.raises(RuntimeError):
        loss.backward()


def test_a_product_with_a_factor_that_does_not_learn_is_kept_where_it_is_needed() -> None:
    gate, _up, scale = leaves()
    fixed = torch.rand(4, 8)
    with Recomputed(smallest=1):
        loss = (gate * fixed * scale).sum()  # autograd keeps the factor alone
    loss.backward()
    assert scale.grad is not None and torch.allclose(scale.grad, (gate.detach() * fixed).sum(0))
