"""Adapters with heads of their own in one batch: each row goes through its own head."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, discover
from ia3_studio.method.loading import attach_adapter
from ia3_studio.method.peft.targets import name_targets
from ia3_studio.method.serving import Serving, serve
from tests.families import SMALL

NAMES = ("first", "__base__", "second", "plain", "first")
TOKENS = torch.randint(3, 97, (5, 7), generator=torch.Generator().manual_seed(1))


def classifier() -> Any:
    torch.manual_seed(0)
    config = hf.RobertaConfig(
        **SMALL, intermediate_size=48, num_labels=3, attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0
    )
    return hf.RobertaForSequenceClassification(config).eval().requires_grad_(False)


def adapters(model: Any) -> dict[str, Adapter]:
    """Two adapters with the whole classifier, and one without."""
    torch.manual_seed(5)
    chosen = discover(model).select("paper")
    names = [f"classifier.{name}" for name in model.classifier.state_dict()]
    own = {name: model.state_dict()[name] for name in names}
    drawn = [Adapter(chosen, 1 + 0.3 * torch.randn(chosen.parameters)) for _ in range(3)]
    heads = [{name: torch.randn_like(tensor) for name, tensor in own.items()} for _ in range(2)]
    targets = name_targets(chosen, model, ["classifier"])
    headed = [replace(adapter, heads=head, targets=targets) for adapter, head in zip(drawn, heads, strict=False)]
    return {"first": headed[0], "second": headed[1], "plain": drawn[2]}


def run(model: Any, tokens: torch.Tensor = TOKENS) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=tokens).logits  # type: ignore[no-any-return]


def test_each_row_goes_through_its_own_head_as_if_run_alone() -> None:
    model, alone = classifier(), classifier()
    serving = serve(model, adapters(model))
    with serving.rows(*NAMES):
        together = run(model)
    for number, name in enumerate(NAMES):
        attachment = attach_adapter(alone, adapters(alone)[name]) if name != "__base__" else None
        torch.testing.assert_close(together[number : number + 1], run(alone, TOKENS[number : number + 1]))
        if attachment:
            attachment.detach()
    assert not torch.allclose(together[0], run(alone, TOKENS[:1])[0], atol=1e-3)


def test_a_row_at_strength_zero_goes_through_the_models_own_head() -> None:
    model = classifier()
    base, serving = run(model), serve(model, adapters(model))
    with serving.rows("first", strengths=[0.0]):
        assert torch.equal(run(model), base)
    assert torch.equal(run(model), base)
    with serving.rows("first"):
        whole = run(model)
    serving.switch("first")
    assert torch.equal(run(model), whole) and not torch.equal(whole, base)


def test_one_choice_stands_for_the_rows_that_generation_makes_of_it() -> None:
    model = classifier()
    serving = serve(model, adapters(model))
    doubled = TOKENS[:2].repeat_interleave(2, dim=0)
    with serving.rows("first", "second"):
        torch.testing.assert_close(run(model, doubled), run(model, TOKENS[:2]).repeat_interleave(2, dim=0))


@pytest.mark.parametrize("leave", [Serving.detach, lambda serving: [serving.remove(n) for n in list(serving.names)]])
def test_the_models_head_is_its_own_again_afterwards(leave: Any) -> None:
    model = classifier()
    base, keys = run(model), list(model.state_dict())
    serving = serve(model, adapters(model))
    serving.switch("first")
    leave(serving)
    assert torch.equal(run(model), base) and list(model.state_dict()) == keys
    assert not any(module._forward_hooks for module in model.modules())


def test_a_head_that_the_model_has_no_place_for_is_refused() -> None:
    model = classifier()
    (_name, adapter), serving = next(iter(adapters(model).items())), serve(model, {})
    with pytest.raises(AdapterError, match=r"contains score\.weight, which this model does not have"):
        serving.add("x", replace(adapter, heads={"score.weight": torch.ones(2)}))
    with pytest.raises(AdapterError, match="number of labels"):
        serving.add("x", replace(adapter, heads={"classifier.out_proj.weight": torch.ones(5, 32)}))
    assert serving.names == () and not any(module._forward_hooks for module in model.modules())
