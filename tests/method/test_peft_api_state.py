"""Tensors of adapters and of the base model, in and out, under PEFT's names and in PEFT's files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf
from safetensors.torch import load_file
from torch import nn

import ia3_studio.peft as ours
from ia3_studio.errors import AdapterError
from ia3_studio.peft import IA3Config, PeftModel, get_peft_model
from tests.families import logits_of, tiny_model
from tests.method.test_interchange import classifier, rows, stirred

LLAMA: dict[str, Any] = {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}


def tuned(seed: int = 5, name: str = "default", **config: Any) -> Any:
    model = get_peft_model(tiny_model("llama"), IA3Config(**(config or LLAMA)), name)
    stirred(model, seed)
    return model


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key].cpu(), other[key].cpu()) for key in one)


def test_an_adapters_tensors_have_the_keys_of_pefts_and_come_back(tmp_path: Path) -> None:
    model = tuned(name="mine")
    tensors = ours.get_peft_model_state_dict(model, adapter_name="mine")
    theirs = peft.get_peft_model(tiny_model("llama"), peft.IA3Config(**LLAMA), "mine")
    assert list(tensors) == list(peft.get_peft_model_state_dict(theirs, adapter_name="mine"))
    other = tuned(seed=6, name="another")
    result = ours.set_peft_model_state_dict(other, tensors, adapter_name="another")
    assert not result.unexpected_keys and not [key for key in result.missing_keys if "ia3_l" in key]
    assert torch.equal(logits_of(other, rows(other)), logits_of(model, rows(model)))


def test_layers_without_a_wrapper_keep_their_state_too() -> None:
    model = ours.inject_adapter_in_model(IA3Config(**LLAMA, init_ia3_weights=False), tiny_model("llama"))
    tensors = ours.get_peft_model_state_dict(model)
    assert set(tensors) == {key.removeprefix("base_model.model.") for key in ours.get_peft_model_state_dict(tuned())}
    other = ours.inject_adapter_in_model(IA3Config(**LLAMA), tiny_model("llama"))
    ours.set_peft_model_state_dict(other, {f"base_model.model.{key}": each for key, each in tensors.items()})
    assert torch.equal(logits_of(other, rows(other)), logits_of(model, rows(model)))
    by_keys = ours.inject_adapter_in_model(IA3Config(**LLAMA), tiny_model("llama"), state_dict=tensors)
    assert ours.get_peft_model_state_dict(by_keys).keys() == tensors.keys()


class Nested(nn.Module):
    """Modules called like adapters, prefixes and each other."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.default = nn.Linear(4, 4)
        self.ia3_weight = nn.Linear(4, 4)
        self.base_layer = nn.Linear(4, 4)
        self.modules_to_save = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.modules_to_save(self.base_layer(self.ia3_weight(self.default(x))))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["default", "base_layer", "ia3_weight", "adapter"])
def test_names_that_contain_one_another_are_not_confused(name: str, tmp_path: Path) -> None:
    config = IA3Config(target_modules=["default", "base_layer"], feedforward_modules=[], init_ia3_weights=False)
    model = get_peft_model(Nested(), config, name)
    model.add_adapter(f"{name}2", config)
    tensors = ours.get_peft_model_state_dict(model, adapter_name=name)
    assert set(tensors) == {"base_model.model.default.ia3_l", "base_model.model.base_layer.ia3_l"}
    model.save_pretrained(tmp_path)
    folder = tmp_path if name == "default" else tmp_path / name
    x = torch.randn(2, 4)
    again = PeftModel.from_pretrained(Nested(), folder, name)
    assert torch.equal(again(x), model.eval()(x))
    assert same(ours.get_base_model_state_dict(model), dict(Nested().state_dict()))


def test_the_base_models_tensors_come_and_go_under_their_own_names() -> None:
    plain, model = classifier(), get_peft_model(classifier(), IA3Config(task_type="SEQ_CLS"))
    assert same(ours.get_base_model_state_dict(model), dict(plain.state_dict()))
    changed = {key: each + 1 if each.is_floating_point() else each for key, each in plain.state_dict().items()}
    ours.set_base_model_state_dict(model, changed)
    assert same(ours.get_base_model_state_dict(model), changed)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        ours.set_base_model_state_dict(model, {**changed, "nothing": torch.ones(1)})
    result = ours.set_base_model_state_dict(model, {"nothing": torch.ones(1)}, strict=False)
    assert result.unexpected_keys == ["nothing"] and len(result.missing_keys) == len(changed)


def test_a_pickle_is_written_with_a_warning_and_read_without_running_what_is_in_it(tmp_path: Path) -> None:
    model = tuned()
    with pytest.warns(UserWarning, match="writes a pickle"):
        model.save_pretrained(tmp_path, safe_serialization=False)
    assert (tmp_path / "adapter_model.bin").is_file() and not (tmp_path / "adapter_model.safetensors").exists()
    for library in (ours, peft):
        again = library.PeftModel.from_pretrained(tiny_model("llama"), str(tmp_path)).eval()
        assert torch.equal(logits_of(again, rows(again)), logits_of(model, rows(model)))
    torch.save({"base_model.model.x.ia3_l": Nested()}, tmp_path / "adapter_model.bin")
    with pytest.raises(pickle.UnpicklingError, match="weights_only"):
        PeftModel.from_pretrained(tiny_model("llama"), tmp_path)


def test_selected_adapters_are_written_and_a_files_path_is_refused(tmp_path: Path) -> None:
    model = tuned()
    model.add_adapter("other", IA3Config(**LLAMA))
    model.save_pretrained(tmp_path / "some", selected_adapters=["other"])
    assert (tmp_path / "some" / "other" / "adapter_config.json").is_file()
    assert not (tmp_path / "some" / "adapter_config.json").exists()
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="should be a directory, not a file"):
        model.save_pretrained(tmp_path / "file")


def test_embeddings_are_written_where_they_are_asked_for_and_where_the_vocabulary_grew(tmp_path: Path) -> None:
    tiny_model("llama").save_pretrained(tmp_path / "base")
    base = hf.AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    base.resize_token_embeddings(99, mean_resizing=False)
    model = get_peft_model(base, IA3Config(**LLAMA))
    stirred(model)
    with pytest.warns(UserWarning, match="has been resized"):
        model.save_pretrained(tmp_path / "auto")
    model.save_pretrained(tmp_path / "never", save_embedding_layers=False)
    embeddings = {"base_model.model.model.embed_tokens.weight", "base_model.model.lm_head.weight"}
    assert embeddings < set(load_file(tmp_path / "auto" / "adapter_model.safetensors"))
    assert not embeddings & set(load_file(tmp_path / "never" / "adapter_model.safetensors"))
    fresh = hf.AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    fresh.resize_token_embeddings(99, mean_resizing=False)
    again = PeftModel.from_pretrained(fresh, tmp_path / "auto")
    assert torch.equal(logits_of(again, rows(again)), logits_of(model.eval(), rows(model)))


def test_a_state_that_somebody_else_gathered_is_what_is_written(tmp_path: Path) -> None:
    model = tuned()
    gathered = {key: each + 1 if "ia3_l" in key else each for key, each in model.state_dict().items()}
    model.save_pretrained(tmp_path, state_dict=gathered)
    written = load_file(tmp_path / "adapter_model.safetensors")
    own = ours.get_peft_model_state_dict(model)
    assert same(written, {key: each + 1 for key, each in own.items()})


def test_misshapen_tensors_raise_as_torch_does_or_are_left_out() -> None:
    model = tuned()
    tensors = ours.get_peft_model_state_dict(model)
    key = next(iter(tensors))
    wrong = {**tensors, key: torch.ones(3, 1)}
    with pytest.raises(RuntimeError, match="size mismatch"):
        ours.set_peft_model_state_dict(model, wrong)
    before = copy.deepcopy(tensors)
    with pytest.warns(UserWarning, match="ignore_mismatched_sizes"):
        ours.set_peft_model_state_dict(model, wrong, ignore_mismatched_sizes=True)
    assert same(ours.get_peft_model_state_dict(model), before)


def test_an_adapter_that_lacks_vectors_is_refused_and_the_model_left_alone_unless_that_is_wanted(
    tmp_path: Path,
) -> None:
    tuned().save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "adapter_model.safetensors")
    tensors.pop(next(iter(tensors)))
    from safetensors.torch import save_file

    save_file(tensors, tmp_path / "adapter_model.safetensors")
    base = tiny_model("llama")
    with pytest.raises(ValueError, match=r"does not fit this model.*\n.*expected"):
        PeftModel.from_pretrained(base, tmp_path)
    assert not any(isinstance(module, ours.IA3Layer) for module in base.modules())
    loaded = PeftModel.from_pretrained(base, tmp_path, strict=False)
    assert len(ours.get_peft_model_state_dict(loaded)) == len(tensors) + 1
    with pytest.raises(AdapterError, match="does not fit"):
        loaded.load_adapter(tmp_path, "other")
    assert set(loaded.peft_config) == {"default"}


def test_keys_are_renamed_by_the_mapping_that_is_given(tmp_path: Path) -> None:
    model = tuned()
    model.save_pretrained(tmp_path)
    weights = ours.load_peft_weights(tmp_path, key_mapping={r"^model\.layers": "decoder.blocks"})
    assert all(key.startswith("base_model.model.decoder.blocks.") for key in weights)


def test_vectors_without_memory_are_filled_by_the_file(tmp_path: Path) -> None:
    model = tuned()
    model.save_pretrained(tmp_path)
    empty = ours.inject_adapter_in_model(IA3Config(**LLAMA), tiny_model("llama"), low_cpu_mem_usage=True)
    assert {each.is_meta for name, each in empty.named_parameters() if "ia3_l" in name} == {True}
    loaded = PeftModel.from_pretrained(tiny_model("llama"), tmp_path, low_cpu_mem_usage=True)
    assert torch.equal(logits_of(loaded, rows(loaded)), logits_of(model, rows(model)))


def test_the_channels_that_were_trained_survive_a_round_trip_and_the_file_is_pefts(tmp_path: Path) -> None:
    model = get_peft_model(tiny_model("gpt2"), IA3Config(task_type="CAUSAL_LM"))
    stirred(model)
    model.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(tiny_model("gpt2"), tmp_path)
    assert [site.spans for site in again.adapter().selection] == [site.spans for site in model.adapter().selection]
    theirs = peft.PeftModel.from_pretrained(tiny_model("gpt2"), tmp_path).eval()
    for each in (again, theirs):
        torch.testing.assert_close(logits_of(each, rows(each)), logits_of(model.eval(), rows(model)))


def test_a_compiled_model_is_wrapped_under_the_names_of_the_model_inside(tmp_path: Path) -> None:
    compiled = torch.compile(tiny_model("llama"), backend="eager")
    model = get_peft_model(compiled, IA3Config(**LLAMA))  # type: ignore[arg-type]
    stirred(model)
    model.save_pretrained(tmp_path)
    plain = PeftModel.from_pretrained(tiny_model("llama"), tmp_path)
    assert same(ours.get_peft_model_state_dict(model), ours.get_peft_model_state_dict(plain))
