"""The quick kernels of linear layers: the same function, and only where it holds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from ia3_studio.method import attach, discover
from ia3_studio.method.inputs import example_inputs
from ia3_studio.models import fast_linear as quick
from ia3_studio.models.fast_linear import disable_fast_linear, enable_fast_linear
from tests.families import tiny_model
from tests.method.test_scaling import randomised


@pytest.fixture(autouse=True)
def _faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny weights do not show which kernel is faster; what is tested here is that they compute the same."""
    monkeypatch.setattr(quick, "_is_faster", lambda product, layers: True)


def logits_of(model: Any) -> torch.Tensor:
    result = model(**example_inputs(model, tokens=7))
    return getattr(result, "logits", result[0])  # type: ignore[no-any-return]


@pytest.mark.parametrize("family", ["llama", "t5", "bert", "roberta", "opt", "gpt_neox", "mixtral"])
def test_quick_layers_compute_what_the_layers_did_with_hooks_on_them(family: str) -> None:
    model = tiny_model(family)
    attachment = attach(model, discover(model).select("paper"))
    randomised(attachment)
    with torch.no_grad():
        before = logits_of(model)
    attachment.detach()
    assert enable_fast_linear(model)
    attachment = attach(model, attachment.selection)
    randomised(attachment)
    with torch.no_grad():
        torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(logits_of(model), before, atol=1e-5, rtol=1e-5)
    with torch.enable_grad():
        logits_of(model).sum().backward()
    assert attachment.parameter.grad is not None and bool(attachment.parameter.grad.any())
    attachment.detach()
    disable_fast_linear(model)
    assert not any("forward" in vars(module) for module in model.modules())


def test_keys_and_values_are_multiplied_with_the_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("llama")
    made: list[int] = []
    kernel = quick._other_kernel()
    assert kernel is not None
    monkeypatch.setattr(quick, "_other_kernel", lambda: lambda *given: made.append(1) or kernel(*given))
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    enable_fast_linear(model)
    with torch.no_grad():
        logits_of(model)
    layers = model.config.num_hidden_layers  # type: ignore[union-attr]
    assert len(made) == 4 * layers + 1  # q k v, o, gate up, down; the head
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_cross_attention_is_not_multiplied_with_what_it_does_not_share() -> None:
    model = tiny_model("t5")
    assert enable_fast_linear(model)
    stacks = {id(stack): stack for module in model.modules() if (stack := _stack_of(module))}
    sizes = sorted(len(stack.layers) for stack in stacks.values())
    # Of each decoder block: q k v together, o, the cross-attention's q, its k v together, o, and the feed-forward part.
    assert 2 in sizes and 3 in sizes and 1 in sizes


def _stack_of(module: nn.Module) -> Any:
    forward = vars(module).get("forward")
    return forward.args[0] if forward is not None else None


def test_a_weight_that_was_replaced_is_used() -> None:
    model = tiny_model("llama")
    enable_fast_linear(model)
    with torch.no_grad():
        before = logits_of(model)
        projection = model.get_submodule("model.layers.0.self_attn.k_proj")
        projection.weight = nn.Parameter(projection.weight * 2)  # type: ignore[operator]
        changed = logits_of(model)
        disable_fast_linear(model)
        torch.testing.assert_close(logits_of(model), changed, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(before, changed)


def test_a_model_in_half_precision_is_left_alone() -> None:
    model = tiny_model("llama").to(torch.bfloat16)
    assert not enable_fast_linear(model)
