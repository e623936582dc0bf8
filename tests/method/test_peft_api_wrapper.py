"""A wrapped model has PEFT's surface: paths, names, types, reports. PEFT itself says what that is."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import peft
import pytest
import torch
import transformers as hf
from torch import nn

import ia3_studio.peft as ours
from tests.families import SMALL, batch_of, logits_of, tiny_model

LIBRARIES = (ours, peft)
LLAMA: dict[str, Any] = {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
BERT: dict[str, Any] = {"target_modules": ["key", "value"], "feedforward_modules": []}


class Convolved(nn.Module):
    """A model of nobody's library."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3)
        self.lin0 = nn.Linear(6, 8)
        self.lin1 = nn.Linear(8, 2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.lin1(self.lin0(self.conv(image).mean(dim=(2, 3))).relu())  # type: ignore[no-any-return]


def bert(kind: type) -> Any:
    torch.manual_seed(0)
    return kind(hf.BertConfig(**SMALL, intermediate_size=48, num_labels=2)).eval()


MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "CAUSAL_LM": (lambda: tiny_model("llama"), LLAMA),
    "SEQ_CLS": (lambda: bert(hf.BertForSequenceClassification), BERT),
    "TOKEN_CLS": (lambda: bert(hf.BertForTokenClassification), BERT),
    "QUESTION_ANS": (lambda: bert(hf.BertForQuestionAnswering), BERT),
    "FEATURE_EXTRACTION": (lambda: bert(hf.BertModel), BERT),
    "SEQ_2_SEQ_LM": (
        lambda: tiny_model("t5"),
        {"target_modules": ["k", "v", "wo"], "feedforward_modules": ["wo"]},
    ),
    "custom": (Convolved, {"target_modules": ["conv", "lin0"], "feedforward_modules": ["lin0"]}),
}


def pair(kind: str, **more: Any) -> tuple[Any, Any]:
    """Return the same model with our names around it, and with PEFT's."""
    make, config = MODELS[kind]
    task = None if kind == "custom" else kind
    mine, theirs = (each.get_peft_model(make(), each.IA3Config(task_type=task, **config), **more) for each in LIBRARIES)
    return mine, theirs


@pytest.mark.parametrize("kind", MODELS)
def test_types_and_names_of_modules_parameters_and_tensors_are_pefts(kind: str) -> None:
    mine, theirs = pair(kind)
    assert type(mine).__name__ == type(theirs).__name__ and isinstance(mine, ours.PeftModel)
    assert {name: type(each).__name__ for name, each in mine.named_modules() if not name.endswith("ia3_l")} == {
        name: type(each).__name__ for name, each in theirs.named_modules() if not name.endswith("ia3_l")
    }
    for named in ("named_parameters", "named_buffers"):
        shapes = [{name: (each.shape, each.requires_grad) for name, each in getattr(model, named)()}
                  for model in (mine, theirs)]  # fmt: skip
        assert shapes[0] == shapes[1]
    assert list(mine.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("kind", MODELS)
def test_reports_are_pefts_field_by_field(kind: str) -> None:
    mine, theirs = pair(kind)
    for model in (mine, theirs):
        model.base_model.model.requires_grad_(True)
        model.set_adapter("default", inference_mode=True)
    assert dataclasses.asdict(mine.get_model_status()) == dataclasses.asdict(theirs.get_model_status())
    assert [dataclasses.asdict(each) for each in mine.get_layer_status()] == [
        dataclasses.asdict(each) for each in theirs.get_layer_status()
    ]


@pytest.mark.parametrize("kind", MODELS)
def test_attributes_of_the_wrapper_are_pefts(kind: str) -> None:
    mine, theirs = pair(kind)
    for name in (
        "prefix", "active_adapter", "active_adapters", "targeted_module_names", "modules_to_save", "training",
        "base_model_torch_dtype",
    ):  # fmt: skip
        assert getattr(mine, name) == getattr(theirs, name), name
    assert mine.peft_type == theirs.peft_type and mine.has_active_enabled_adapter
    assert mine.get_base_model() is mine.base_model.model
    assert mine.get_nb_trainable_parameters() == theirs.get_nb_trainable_parameters()


@pytest.mark.parametrize("function", ["get_peft_model", "inject_adapter_in_model", "get_peft_model_state_dict",
    "set_peft_model_state_dict", "load_peft_weights", "get_layer_status", "get_base_model_state_dict"])  # fmt: skip
def test_functions_take_every_parameter_that_pefts_take_in_the_same_places(function: str) -> None:
    mine, theirs = (list(inspect.signature(getattr(each, function)).parameters) for each in LIBRARIES)
    assert [name for name in mine if name != "hub"] == [name for name in theirs if name != "hf_hub_download_kwargs"]


@pytest.mark.parametrize("method", ["from_pretrained", "load_adapter", "add_adapter", "set_adapter", "save_pretrained",
                                    "delete_adapter", "set_requires_grad", "__init__"])  # fmt: skip
def test_methods_take_every_parameter_that_pefts_take_in_the_same_places(method: str) -> None:
    mine, theirs = (inspect.signature(getattr(each.PeftModel, method)).parameters for each in LIBRARIES)
    assert [name for name in mine if mine[name].kind != inspect.Parameter.KEYWORD_ONLY] == list(theirs)


def test_what_the_wrapper_lacks_the_base_model_is_asked_for() -> None:
    model = pair("CAUSAL_LM")[0]
    assert model.config is model.base_model.model.config and model.lm_head is model.base_model.model.lm_head
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        _ = model.nothing_of_the_kind


def test_other_libraries_take_the_wrapper_for_pefts_own_or_without_peft_for_the_base_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = pair("CAUSAL_LM")[0]
    assert isinstance(model, peft.PeftModel) and type(model) is ours.PeftModelForCausalLM
    monkeypatch.setattr("ia3_studio.peft.model._peft_wrapper", lambda: None)
    assert isinstance(model, hf.PreTrainedModel) and isinstance(model, hf.LlamaForCausalLM)
    assert isinstance(model, ours.PeftModel) and model.__class__.__name__ == "PeftModelForCausalLM"


@pytest.mark.parametrize("kind", MODELS)
def test_gradients_are_pefts_bit_for_bit(kind: str) -> None:
    mine, theirs = pair(kind)
    given: dict[str, Any] = {"image": torch.randn(2, 3, 5, 5)} if kind == "custom" else {
        "input_ids": batch_of(None)["input_ids"]}  # fmt: skip
    if kind == "SEQ_2_SEQ_LM":
        given["labels"] = given["input_ids"]
    found = []
    for model in (mine.eval(), theirs.eval()):
        output = model(**given)
        first = output if isinstance(output, torch.Tensor) else next(iter(output.values()))
        first.sum().backward()
        found.append({name: each.grad for name, each in model.named_parameters() if each.requires_grad})
    assert all(grad is not None or found[1][name] is None for name, grad in found[0].items())
    for name, gradient in found[0].items():
        if gradient is not None and ".ia3_l." in name:
            torch.testing.assert_close(gradient, found[1][name])


@pytest.mark.parametrize("autocast", [True, False])
def test_vectors_have_the_type_that_pefts_have(autocast: bool) -> None:
    make, config = MODELS["CAUSAL_LM"]
    types = []
    for each in LIBRARIES:
        base = make().to(torch.bfloat16)
        model = each.get_peft_model(base, each.IA3Config(**config), autocast_adapter_dtype=autocast)
        model.add_adapter("other", each.IA3Config(**config), autocast_adapter_dtype=autocast)
        types.append({name: value.dtype for name, value in model.named_parameters() if "ia3_l" in name})
    assert types[0] == types[1]


def test_a_second_call_on_a_wrapped_model_warns_and_goes_on() -> None:
    model = pair("CAUSAL_LM")[0]
    with pytest.warns(UserWarning, match=r"for a second time|Already found a `peft_config`"):
        again = ours.get_peft_model(model, ours.IA3Config(target_modules=["v_proj"], feedforward_modules=[]), "second")
    assert set(again.peft_config) == {"default", "second"} and again.active_adapters == ["second"]
    assert again.get_base_model() is model.get_base_model()


def test_updating_a_signature_changes_one_wrapper_and_no_other() -> None:
    from ia3_studio.peft import update_signature

    make, config = MODELS["CAUSAL_LM"]
    model, other = (ours.get_peft_model(make(), ours.IA3Config(**config)) for _ in range(2))
    update_signature(model)
    assert "input_ids" in inspect.signature(model.forward).parameters
    assert set(inspect.signature(other.forward).parameters) == {"args", "kwargs"}
    batch = batch_of(None)
    assert torch.equal(logits_of(model, batch), logits_of(other, batch))
