"""The backward pass in bfloat16: the loss is untouched, the gradient is rounded and nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ia3_studio.errors import TrainingError
from ia3_studio.method import attach, discover
from ia3_studio.training import TrainConfig
from ia3_studio.training.batches import label_count
from ia3_studio.training.config import BackwardDtype
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.precision import RoundedBackward, backward_format, has_fast_bfloat16
from tests.families import tiny_model
from tests.training.rows import rows_of


def test_the_loss_is_exact_and_the_gradient_rounded_by_less_than_a_hundredth() -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    rows = rows_of(6)
    found: dict[BackwardDtype, tuple[float, torch.Tensor]] = {}
    for backward in ("float32", "bfloat16"):
        attachment.parameter.grad = None
        loss = CausalLoss(model, backward).group_backward(rows, label_count(rows))
        assert attachment.parameter.grad is not None
        found[backward] = loss, attachment.parameter.grad
    (exact, gradient), (same, rounded) = found["float32"], found["bfloat16"]
    assert math.isclose(exact, same, rel_tol=1e-6)  # in float32 both, summed in another order
    assert not gradient.equal(rounded)
    assert (gradient - rounded).norm() < 0.01 * gradient.norm()


def test_a_weight_that_learns_keeps_its_own_gradient_in_float32() -> None:
    torch.manual_seed(0)
    layer, given = nn.Linear(8, 4), torch.randn(3, 8, requires_grad=True)
    F.linear(given, layer.weight, layer.bias).sum().backward()
    expected, (weight, bias) = given.grad, (layer.weight.grad, layer.bias.grad)
    given.grad = layer.weight.grad = layer.bias.grad = None
    with RoundedBackward():
        layer(given).sum().backward()
    assert given.grad is not None and expected is not None and given.grad.equal(expected)
    assert layer.weight.grad is not None and weight is not None and layer.weight.grad.equal(weight)
    assert layer.bias.grad is not None and bias is not None and layer.bias.grad.equal(bias)


def test_a_head_that_is_given_nothing_is_not_copied_in_bfloat16() -> None:
    layer, given = nn.Linear(8, 4).requires_grad_(False), torch.randn(3, 8, requires_grad=True)
    with RoundedBackward() as products:
        layer(given[:0])
        assert not len(products._rounded)
        layer(given)
        assert len(products._rounded) == 1


def test_auto_rounds_only_where_the_processor_is_made_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for able in ({"avx512_bf16": True}, {"amx_bf16": True}, {"avx512_bf16": False}, {}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert has_fast_bfloat16() is any(able.values())
        assert (backward_format("auto", torch.device("cpu")) == "bfloat16") is any(able.values())
        assert backward_format("auto", torch.device("cuda")) == "float32"
        assert backward_format("bfloat16", torch.device("cpu")) == "bfloat16"


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(TrainingError, match=r"backward_dtype is 'int8'.*auto.*float32.*bfloat16"):
        TrainConfig(backward_dtype="int8")  # type: ignore[arg-type]
