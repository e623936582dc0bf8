"""Several adapters under PEFT's names: active together, merged in any order, combined, deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peft
import pytest
import torch
import transformers as hf

import ia3_studio.peft as ours
from ia3_studio.errors import StudioError
from ia3_studio.peft import IA3Config, PeftModel, get_peft_model
from tests.families import SMALL, batch_of, logits_of, tiny_model
from tests.method.test_interchange import classifier, rows, stirred

ONE: dict[str, Any] = {"target_modules": ["k_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
TWO: dict[str, Any] = {"target_modules": ["v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}


def several(library: Any = ours) -> Any:
    """Return a model with two random adapters that share a module."""
    model = library.get_peft_model(tiny_model("llama"), library.IA3Config(**ONE), "one")
    stirred(model, 1)
    model.add_adapter("two", library.IA3Config(**TWO))
    model.set_adapter("two")
    stirred(model, 2)
    model.set_adapter("one")
    return model.eval()


def test_adapters_that_are_active_together_are_multiplied_as_in_peft() -> None:
    mine, theirs = several(), several(peft)
    for model in (mine, theirs):
        model.base_model.set_adapter(["one", "two"])
    assert mine.active_adapters == ["one", "two"] == theirs.active_adapters
    assert torch.equal(logits_of(mine, rows(mine)), logits_of(theirs, rows(theirs)))
    assert sum(each.requires_grad for each in mine.parameters()) == 8
    mine.set_adapter(["one", "two"])  # the wrapper takes a list too
    assert torch.equal(logits_of(mine, rows(mine)), logits_of(theirs, rows(theirs)))


def test_merging_one_after_the_other_equals_merging_at_once_and_comes_back_bit_for_bit() -> None:
    model = several()
    state = {name: each.clone() for name, each in model.state_dict().items()}
    model.merge_adapter(["one"])
    with pytest.warns(UserWarning, match="additionally merging two"):
        model.merge_adapter(["two"])
    in_order = {name: each.clone() for name, each in model.state_dict().items()}
    model.unmerge_adapter()
    assert all(torch.equal(each, state[name]) for name, each in model.state_dict().items())
    model.merge_adapter(["one", "two"])
    assert all(torch.equal(each, in_order[name]) for name, each in model.state_dict().items())
    assert model.get_model_status().merged_adapters == ["one", "two"]


def test_a_merge_that_a_layer_refuses_leaves_every_layer_as_it_was() -> None:
    model = several()
    before = logits_of(model, rows(model))
    with torch.no_grad():
        model.base_model.model.model.layers[1].mlp.down_proj.ia3_l["one"].fill_(float("nan"))
    with pytest.raises(ValueError, match="NaNs detected in the merged weights"):
        model.merge_adapter(safe_merge=True)
    assert model.get_model_status().merged_adapters == []
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, ours.IA3Layer) and "one" in layer.ia3_l:
                layer.ia3_l["one"].nan_to_num_(1.0)
    assert logits_of(model, rows(model)).isfinite().all() and before.isfinite().all()


def test_a_merge_moves_with_the_model_and_still_comes_back() -> None:
    model = several()
    plain = logits_of(model, rows(model))
    model.merge_adapter()
    model.to(torch.float64)
    model.unmerge_adapter()
    model.to(torch.float32)
    assert torch.equal(logits_of(model, rows(model)), plain)


def test_an_adapter_is_deleted_as_peft_deletes_it_down_to_the_last() -> None:
    model = several()
    model.merge_adapter()
    with pytest.raises(ValueError, match="Cannot delete adapter"):
        model.delete_adapter("one")
    model.unmerge_adapter()
    with pytest.warns(UserWarning, match="Setting active adapter to two"):
        model.delete_adapter("one")
    assert model.active_adapters == ["two"] and model.active_adapter == "two" and list(model.peft_config) == ["two"]
    only = several()
    only.set_adapter("two")
    assert torch.equal(logits_of(model, rows(model)), logits_of(only, rows(only)))
    model.delete_adapter("two")
    assert model.active_adapters == [] and not model.peft_config
    base = tiny_model("llama")
    assert torch.equal(logits_of(model, rows(model)), logits_of(base, rows(base)))


def test_a_weighted_adapter_is_pefts_sum_where_all_have_a_vector_and_counts_one_where_one_has_none() -> None:
    models = [several(), several(peft)]
    for model in models:
        model.add_weighted_adapter(["one", "two"], [0.7, -0.2], "sum")
    mine, theirs = (
        {name: each for name, each in model.state_dict().items() if name.endswith(".sum")} for model in models
    )
    for name, vector in mine.items():
        if "down_proj" in name:
            torch.testing.assert_close(vector, theirs[name])
        else:  # PEFT counts 0
            weight = -0.2 if "k_proj" in name else 0.7
            torch.testing.assert_close(vector, theirs[name] + weight)
    with pytest.raises(ValueError, match="give one weight per adapter"):
        models[0].add_weighted_adapter(["one", "two"], [1.0], "other")
    models[0].set_adapter("sum")


def test_adapters_that_train_other_modules_whole_live_together_and_two_of_one_module_do_not() -> None:
    torch.manual_seed(0)
    base = hf.BertForSequenceClassification(hf.BertConfig(**SMALL, intermediate_size=48, num_labels=3)).eval()
    model = get_peft_model(base, IA3Config(modules_to_save=["classifier"]), "head")
    model.add_adapter("pooler", IA3Config(modules_to_save=["pooler"]))
    model.add_adapter("again", IA3Config(modules_to_save=["classifier"]))
    model.base_model.set_adapter(["head", "pooler"])
    status = {each.name: each.active_adapters for each in model.get_layer_status() if "layer" not in each.name}
    assert status == {"model.bert.pooler": ["pooler"], "model.classifier": ["head"]}
    with pytest.raises(ValueError, match="Only one adapter can be set at a time"):
        model.base_model.set_adapter(["head", "again"])


def test_rows_generate_with_their_own_adapters_and_merged_weights_step_aside() -> None:
    model = several()
    tokens = batch_of(model, rows=3)["input_ids"]
    model.merge_adapter()
    mixed = model.generate(
        input_ids=tokens, adapter_names=["one", "two", "__base__"], max_new_tokens=4, do_sample=False, num_beams=2
    )
    model.unmerge_adapter()
    for number, name in enumerate(["one", "two", "__base__"]):
        alone = model.generate(
            input_ids=tokens, adapter_names=[name] * 3, max_new_tokens=4, do_sample=False, num_beams=2
        )
        assert torch.equal(alone[number], mixed[number])
    with pytest.raises(ValueError, match="adapter names were given for a batch of 3 rows"):
        model(input_ids=tokens, adapter_names=["one", "two"])


def test_turning_layers_off_and_on_keeps_what_is_trained() -> None:
    model = several()
    trained = [name for name, each in model.named_parameters() if each.requires_grad]
    on = logits_of(model, rows(model))
    model.disable_adapter_layers()
    base = tiny_model("llama")
    assert torch.equal(logits_of(model, rows(model)), logits_of(base, rows(base)))
    assert model.get_model_status().enabled is False
    model.enable_adapter_layers()
    assert torch.equal(logits_of(model, rows(model)), on)
    assert [name for name, each in model.named_parameters() if each.requires_grad] == trained


ERRORS: dict[str, Callable[[Any, Any], Any]] = {
    "an unknown task": lambda library, _model: library.IA3Config(task_type="nonsense"),
    "an input that is no target": lambda library, _model: library.IA3Config(
        target_modules=["a"], feedforward_modules=["b"]
    ),
    "no such module": lambda library, _model: library.get_peft_model(
        tiny_model("llama"), library.IA3Config(target_modules=["nothing"], feedforward_modules=[])
    ),
    "all excluded": lambda library, _model: library.get_peft_model(
        tiny_model("llama"), library.IA3Config(**ONE, exclude_modules=r".*")
    ),
    "not to be scaled": lambda library, _model: library.get_peft_model(
        tiny_model("llama"), library.IA3Config(target_modules=["norm"], feedforward_modules=[])
    ),
    "a name that is taken": lambda library, model: model.add_adapter("one", library.IA3Config(**ONE)),
    "setting an unknown one": lambda _library, model: model.set_adapter("three"),
    "deleting an unknown one": lambda _library, model: model.delete_adapter("three"),
    "weighting an unknown one": lambda _library, model: model.add_weighted_adapter(["three"], [1.0], "x"),
    "saving an unknown one": lambda _library, model: model.save_pretrained("unused", selected_adapters=["three"]),
    "no folder": lambda library, _model: library.PeftModel.from_pretrained(tiny_model("llama"), "does/not/exist"),
    "no config": lambda library, _model: library.PeftConfig.from_pretrained("does/not/exist"),
    "names in a string": lambda _library, model: model.merge_adapter("one"),
    "no adapters": lambda library, _model: library.get_layer_status(tiny_model("llama")),
    "a container to save": lambda library, _model: library.get_peft_model(
        tiny_model("llama"), library.IA3Config(**ONE, modules_to_save=["layers"])
    ),
    "mixed": lambda library, _model: library.get_peft_model(tiny_model("llama"), library.IA3Config(**ONE), mixed=True),
    "a strange method to update": lambda library, model: _helpers(library).update_signature(model, "nothing"),
    "a scale for LoRA": lambda library, model: _helpers(library).rescale_adapter_scale(model, 0.5).__enter__(),
    "a scale that is no number": lambda library, model: _helpers(library).rescale_adapter_scale(model, "a").__enter__(),
}


def _helpers(library: Any) -> Any:
    from importlib import import_module

    return import_module(f"{library.__name__}.helpers")


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_sentences_of_the_classes_that_peft_raises(case: str) -> None:
    with pytest.raises(Exception) as theirs:
        ERRORS[case](peft, several(peft))
    builtin = next(kind for kind in type(theirs.value).__mro__ if kind.__module__ == "builtins")
    with pytest.raises(builtin) as mine:
        ERRORS[case](ours, several())
    assert isinstance(mine.value, StudioError) and len(str(mine.value)) > 20


def test_a_config_of_another_method_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="LORA; IA3 Studio supports IA3 only"):
        get_peft_model(tiny_model("llama"), peft.LoraConfig())
    assert isinstance(several(), PeftModel) and classifier() is not None
