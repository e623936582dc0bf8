"""The method on a live model: equal to PEFT, to the base model, and removable without a trace."""

from __future__ import annotations

import copy
from typing import Any

import peft
import pytest
import torch

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.method import Selection, Site, attach, discover
from tests.checkpointing import checkpoint_activations
from tests.families import FAMILIES, batch_of, logits_of, tiny_model

DTYPES = [torch.float32, torch.bfloat16]


def randomized(attachment: Any, seed: int = 5) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        attachment.parameter.copy_(1 + 0.3 * torch.randn(attachment.parameter.shape, generator=generator))


def peft_twin(model: Any, attachment: Any) -> Any:
    """Return PEFT's model with the same vectors on the same modules, fused parts widened with ones."""
    targets = [site.path for site in attachment.selection]
    inputs = [site.path for site in attachment.selection if site.side == "input"]
    conv1d = model.config.model_type == "gpt2"
    config = peft.IA3Config(
        target_modules=sorted(set(targets)), feedforward_modules=sorted(set(inputs)), fan_in_fan_out=conv1d
    )
    twin = peft.get_peft_model(copy.deepcopy(model), config)
    with torch.no_grad():
        for site, vector in attachment.vectors().items():
            layer = twin.base_model.model.get_submodule(site.path).ia3_l["default"]
            layer.view(-1)[site.positions] = vector
    return twin


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_equal_peft_exactly(family: str, dtype: torch.dtype) -> None:
    model = tiny_model(family).to(dtype)
    twin_base = copy.deepcopy(model)
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    twin = peft_twin(twin_base, attachment)
    batch = batch_of(model)

    loss, twin_loss = model(**batch).loss, twin(**batch).loss
    loss.backward()
    twin_loss.backward()

    assert loss.item() == twin_loss.item()
    pieces = attachment.parameter.grad.split([site.size for site in attachment.selection])
    for site, gradient in zip(attachment.selection, pieces, strict=True):
        theirs = twin.base_model.model.get_submodule(site.path).ia3_l["default"].grad.flatten()
        assert torch.equal(gradient, theirs[site.positions]), site.name
        assert gradient.abs().sum() > 0, f"{site.name} is dead"


@pytest.mark.parametrize("family", FAMILIES)
def test_ones_change_nothing(family: str) -> None:
    model = tiny_model(family)
    batch = batch_of(model)
    before = logits_of(model, batch)
    attach(model, discover(model).select("paper"))
    assert torch.equal(logits_of(model, batch), before)


@pytest.mark.parametrize("family", FAMILIES)
def test_detach_restores_the_model_bit_for_bit(family: str) -> None:
    model = tiny_model(family)
    batch, keys = batch_of(model), list(model.state_dict())
    before = logits_of(model, batch)
    attachment = attach(model, discover(model).select("all"))
    randomized(attachment)
    assert not torch.equal(logits_of(model, batch), before)
    attachment.detach()
    assert torch.equal(logits_of(model, batch), before)
    assert list(model.state_dict()) == keys


@pytest.mark.parametrize("family", FAMILIES)
def test_the_weights_are_never_changed(family: str) -> None:
    model = tiny_model(family)
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    model(**batch_of(model)).loss.backward()
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in weights.items())


def tuned_llama() -> tuple[Any, Any, dict[str, torch.Tensor]]:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    return model, attachment, batch_of(model)


def test_disabled_is_the_base_model_exactly() -> None:
    base = tiny_model("llama")
    model, attachment, batch = tuned_llama()
    with attachment.disabled():
        assert torch.equal(logits_of(model, batch), logits_of(base, batch))
    assert not torch.equal(logits_of(model, batch), logits_of(base, batch))


def test_strength_one_is_the_tuned_model_exactly() -> None:
    model, attachment, batch = tuned_llama()
    tuned = logits_of(model, batch)
    with attachment.strengths(1):
        assert torch.equal(logits_of(model, batch), tuned)


def test_strength_a_half_scales_half_the_deviation() -> None:
    model, attachment, batch = tuned_llama()
    with attachment.strengths(0.5):
        halved = logits_of(model, batch)
    with torch.no_grad():
        attachment.parameter.copy_(1 + 0.5 * (attachment.parameter - 1))
    assert torch.equal(logits_of(model, batch), halved)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "t5"])
def test_each_row_of_a_batch_has_its_own_strength(family: str) -> None:
    model = tiny_model(family)
    attachment = attach(model, discover(model).select("paper"))
    randomized(attachment)
    batch = batch_of(model, rows=1)
    with attachment.disabled():
        base = logits_of(model, batch)
    tuned = logits_of(model, batch)
    pair = {name: tensor.repeat(2, 1) for name, tensor in batch.items()}
    with attachment.strengths(0, 1):
        both = logits_of(model, pair)
    torch.testing.assert_close(both, torch.cat([base, tuned]))


def test_a_batch_of_another_size_than_the_strengths_is_refused() -> None:
    model, attachment, batch = tuned_llama()
    with attachment.strengths(0, 1, 1), pytest.raises(SelectionError, match="3 strengths were given for a batch of 2"):
        model(**batch)


def test_strengths_are_restored_after_an_error() -> None:
    model, attachment, batch = tuned_llama()
    tuned = logits_of(model, batch)
    with pytest.raises(KeyError), attachment.disabled():
        raise KeyError
    assert torch.equal(logits_of(model, batch), tuned)


def test_gradients_accumulate_over_micro_batches_like_one_batch() -> None:
    model, attachment, _batch = tuned_llama()
    batch = batch_of(model, rows=4)
    model(**batch).loss.backward()
    whole = attachment.parameter.grad.clone()
    attachment.parameter.grad = None
    for half in (slice(0, 2), slice(2, 4)):
        (model(**{name: tensor[half] for name, tensor in batch.items()}).loss / 2).backward()
    torch.testing.assert_close(attachment.parameter.grad, whole)


def test_an_optimizer_step_is_seen_by_the_next_forward() -> None:
    model, attachment, batch = tuned_llama()
    first = model(**batch).loss
    first.backward()
    torch.optim.SGD([attachment.parameter], lr=0.5).step()
    assert model(**batch).loss < first


@pytest.mark.parametrize("reentrant", [False, True])
def test_gradients_survive_gradient_checkpointing(reentrant: bool) -> None:
    model, attachment, batch = tuned_llama()
    model(**batch).loss.backward()
    plain = attachment.parameter.grad.clone()
    attachment.parameter.grad = None
    checkpoint_activations(model, reentrant=reentrant)
    model.enable_input_require_grads()
    model.train()
    model(**batch).loss.backward()
    assert torch.equal(attachment.parameter.grad, plain)


def test_inference_mode_and_training_may_alternate() -> None:
    model, attachment, batch = tuned_llama()
    with torch.inference_mode():
        model(**batch)
    model(**batch).loss.backward()
    assert attachment.parameter.grad.abs().sum() > 0


def test_greedy_generation_equals_peft() -> None:
    model, attachment, batch = tuned_llama()
    twin = peft_twin(tiny_model("llama"), attachment)
    settings = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 0}
    ours = model.generate(input_ids=batch["input_ids"], **settings)
    assert torch.equal(ours, twin.generate(input_ids=batch["input_ids"], **settings))


def test_an_optimizer_over_the_model_finds_one_parameter_that_trains() -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).select("paper"))
    assert [parameter.shape for parameter in model.parameters() if parameter.requires_grad] == [
        (attachment.selection.parameters,)
    ]


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(SelectionError, match="select at least one"):
        attach(tiny_model("llama"), Selection(()))


def test_a_site_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(SelectionError, match=r"no module .model\.layers\.9\.k_proj."):
        attach(tiny_model("llama"), Selection((Site("model.layers.9.k_proj", "output", 4),)))


def test_a_site_of_another_size_is_refused() -> None:
    with pytest.raises(SelectionError, match="has 16 channels on its output side, but the selection expects 99"):
        attach(tiny_model("llama"), Selection((Site("model.layers.0.self_attn.k_proj", "output", 99),)))


def test_attaching_twice_is_refused_and_changes_nothing() -> None:
    model, attachment, batch = tuned_llama()
    tuned = logits_of(model, batch)
    with pytest.raises(SelectionError, match="already has"):
        attach(model, attachment.selection)
    assert torch.equal(logits_of(model, batch), tuned)


def test_scaling_a_channel_twice_is_refused() -> None:
    with pytest.raises(SelectionError, match="scaled twice"):
        Selection((Site("a", "output", 4), Site("a", "output", 2, "key", ((0, 2),), 4)))


def test_a_selection_survives_json() -> None:
    selection = discover(tiny_model("gpt_neox"), "some/model").select("paper")
    again = Selection.from_json(selection.to_json())
    assert again == selection and again.base_model == "some/model"
    assert [site.role for site in again] == [site.role for site in selection]


def test_loading_an_adapter_of_other_sites_is_refused() -> None:
    _model, attachment, _batch = tuned_llama()
    other = tiny_model("opt")
    stranger = attach(other, discover(other).select("paper")).adapter()
    with pytest.raises(AdapterError, match="differ from the 6 attached"):
        attachment.load(stranger)
