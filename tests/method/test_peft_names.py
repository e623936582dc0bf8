"""A program written for PEFT runs with its import changed, and without PEFT's measured defects."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf

from ia3_studio.errors import AdapterError, SelectionError
from ia3_studio.peft import IA3Config, PeftConfig, PeftModel, TaskType, get_peft_model
from tests.families import batch_of, logits_of, tiny_model
from tests.method.test_interchange import classifier, rows, stirred

KINDS: dict[str, tuple[Any, str, str]] = {
    "classifier": (classifier, "SEQ_CLS", "classifier"),
    "decoder": (lambda: tiny_model("llama"), "CAUSAL_LM", ""),
}


def examples(model: Any, labels: bool) -> list[dict[str, Any]]:
    tokens = batch_of(model, rows=4)["input_ids"]
    return [{"input_ids": row, "labels": number % 3 if labels else row} for number, row in enumerate(tokens)]


def quick_start(library: Any, kind: str, folder: Path, decay: float = 0.0) -> tuple[Any, Any]:
    """Take the five steps of PEFT's quick start; return the model that was trained and the one that was loaded."""
    make, task, _head = KINDS[kind]
    base = make()
    model = library.get_peft_model(base, library.IA3Config(task_type=task))
    arguments = hf.TrainingArguments(
        str(folder / "run"), max_steps=3, learning_rate=1e-2, report_to=[], use_cpu=True, disable_tqdm=True,
        save_strategy="no", logging_strategy="no", seed=1, weight_decay=decay,
    )  # fmt: skip
    trainer = hf.Trainer(model=model, args=arguments, train_dataset=examples(base, task == "SEQ_CLS"))
    trainer.train()
    trainer.save_model(str(folder / "saved"))
    model.save_pretrained(str(folder / "again"))
    return model.eval(), library.PeftModel.from_pretrained(make(), str(folder / "saved")).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_the_quick_start_runs_with_only_the_import_changed(kind: str, tmp_path: Path) -> None:
    import ia3_studio.peft as ours

    model, loaded = quick_start(ours, kind, tmp_path)
    assert isinstance(model, PeftModel) and isinstance(loaded, PeftModel)
    assert {path.name for path in (tmp_path / "saved").iterdir()} >= {
        "adapter_config.json",
        "adapter_model.safetensors",
    }
    assert not (tmp_path / "saved" / "model.safetensors").exists()
    base = KINDS[kind][0]()
    after, before = logits_of(model, rows(model)), logits_of(base, rows(base))
    assert torch.equal(logits_of(loaded, rows(base)), after) and not torch.equal(after, before)
    theirs = peft.PeftModel.from_pretrained(KINDS[kind][0](), tmp_path / "again")
    assert torch.equal(logits_of(theirs, rows(base)), after)


def test_training_takes_the_same_steps_as_peft_takes(tmp_path: Path) -> None:
    import ia3_studio.peft as ours

    mine, theirs = (quick_start(library, "decoder", tmp_path / library.__name__)[0] for library in (ours, peft))
    batch = rows(mine)
    assert torch.allclose(logits_of(mine, batch), logits_of(theirs, batch), atol=1e-6)


def test_trainers_weight_decay_does_not_pull_the_vectors_to_zero() -> None:
    model = tuned()
    trainer = hf.Trainer(model=model, args=hf.TrainingArguments("unused", weight_decay=0.1, report_to=[], use_cpu=True))
    assert not [name for name in trainer.get_decay_parameter_names(model) if "ia3_l" in name]


def tuned(seed: int = 5, **config: Any) -> Any:
    model = get_peft_model(tiny_model("llama"), IA3Config(**config))
    stirred(model, seed)
    return model


def paths(model: Any) -> set[str]:
    return {site.path.rpartition("layers.")[2] for site in model.adapter().selection}


def test_only_vectors_and_head_are_trained_and_counted_as_peft_counts_them(capsys: pytest.CaptureFixture[str]) -> None:
    model = get_peft_model(classifier(), IA3Config(task_type=TaskType.SEQ_CLS))
    theirs = peft.get_peft_model(
        classifier(),
        peft.IA3Config(
            task_type="SEQ_CLS",
            target_modules=["key", "value", "intermediate.dense", "layer.0.output.dense", "layer.1.output.dense"],
            feedforward_modules=["layer.0.output.dense", "layer.1.output.dense"],
            exclude_modules=["intermediate.dense"],
        ),
    )
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained == {name for name, parameter in theirs.named_parameters() if parameter.requires_grad}
    model.print_trainable_parameters()
    assert capsys.readouterr().out.startswith(f"trainable params: {2 * (32 + 32 + 48) + 99:,d} || all params: ")
    ours, theirs = tuned().get_nb_trainable_parameters(), peft.get_peft_model(tiny_model("llama"), peft.IA3Config())
    assert ours == theirs.get_nb_trainable_parameters()


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({}, 6),
        ({"target_modules": "all"}, 14),
        ({"target_modules": "all-linear"}, 14),
        ({"target_modules": "peft"}, 6),
        ({"target_modules": ["k_proj", "down_proj"]}, 4),
        ({"target_modules": r".*layers\.1\..*(v|down)_proj", "feedforward_modules": ["down_proj"]}, 2),
        ({"target_modules": ["k_proj", "v_proj"], "exclude_modules": ["layers.0.self_attn.k_proj"]}, 3),
    ],
)
def test_every_form_of_targets_is_understood(config: Any, count: int) -> None:
    model = get_peft_model(tiny_model("llama"), IA3Config(**config))
    sides = {site.path.rpartition(".")[2]: site.side for site in model.adapter().selection}
    assert len(model.adapter().selection) == count
    assert sides.get("down_proj", "input") == "input" and sides.get("v_proj", "output") == "output"


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"target_modules": ["k_proj", "typo_proj"]}, r"target_modules names 'typo_proj'.*similar names: .*_proj"),
        (
            {"target_modules": r".*k_proj", "feedforward_modules": ["down_proj"]},
            "feedforward_modules names 'down_proj'",
        ),
        ({"target_modules": ["proj"]}, "target_modules names 'proj'"),
        ({"target_modules": ["norm"]}, "norm, a LlamaRMSNorm, which has no channels"),
        ({"modules_to_save": ["lm_heat"]}, r"names 'lm_heat'.*lm_head"),
        ({"exclude_modules": r".*"}, "leave no site"),
    ],
)
def test_a_config_that_misses_is_refused_and_the_model_left_alone(config: Any, sentence: str) -> None:
    model = tiny_model("llama").requires_grad_(True)
    with pytest.raises(SelectionError, match=sentence):
        get_peft_model(model, IA3Config(**config))
    assert type(model) is hf.LlamaForCausalLM and all(parameter.requires_grad for parameter in model.parameters())


def test_a_config_is_never_changed_and_serves_several_architectures() -> None:
    config = IA3Config()
    before = copy.deepcopy(config)
    for family in ("gpt2", "bert", "t5"):
        get_peft_model(tiny_model(family), config).set_adapter("default", inference_mode=True)
    assert config == before


def test_unloading_gives_the_base_model_back_bit_for_bit() -> None:
    base = classifier().requires_grad_(True)
    state, logits = {name: value.clone() for name, value in base.state_dict().items()}, logits_of(base, rows(base))
    model = get_peft_model(base, IA3Config(task_type="SEQ_CLS"))
    stirred(model)
    with model.disable_adapter():
        assert torch.equal(logits_of(model, rows(base)), logits)
    assert not torch.equal(logits_of(model, rows(base)), logits)
    plain = model.unload()
    assert plain is base and type(plain) is hf.BertForSequenceClassification
    assert list(plain.state_dict()) == list(state) and all(
        map(torch.equal, plain.state_dict().values(), state.values())
    )
    assert all(parameter.requires_grad for parameter in plain.parameters())


def test_merging_comes_back_exactly_and_disabling_keeps_it() -> None:
    model = tuned()
    batch = rows(model)
    with model.disable_adapter():
        base = logits_of(model, batch)
    apart = logits_of(model, batch)
    model.merge_adapter()
    merged = logits_of(model, batch)
    assert torch.allclose(merged, apart, atol=1e-5) and model.lm_head is not None
    with model.disable_adapter():
        assert torch.equal(logits_of(model, batch), base)
    assert torch.equal(logits_of(model, batch), merged)
    with pytest.warns(UserWarning, match="Unmerging the model first"):
        model.set_adapter("default")
    assert torch.equal(logits_of(model, batch), apart)
    assert torch.equal(logits_of(model.unload(), batch), base)


def test_merging_for_good_leaves_a_plain_model_with_its_head(tmp_path: Path) -> None:
    model = get_peft_model(classifier(), IA3Config(task_type="SEQ_CLS"))
    stirred(model)
    tuned_logits = logits_of(model, rows(model))
    plain = model.merge_and_unload()
    assert not isinstance(plain, PeftModel) and not any(name.startswith("ia3") for name in plain.state_dict())
    assert torch.allclose(logits_of(plain, rows(plain)), tuned_logits, atol=1e-5)


def test_several_adapters_of_other_sides_and_heads_live_on_one_model(tmp_path: Path) -> None:
    model = get_peft_model(classifier(), IA3Config(task_type="SEQ_CLS"))
    stirred(model)
    first = logits_of(model, rows(model))
    model.add_adapter("other", IA3Config(target_modules=["output.dense"], feedforward_modules=[], task_type="SEQ_CLS"))
    assert torch.equal(logits_of(model, rows(model)), first) and model.active_adapters == ["default"]
    model.set_adapter("other")
    stirred(model, 6)
    second = logits_of(model, rows(model))
    model.set_adapter("default")
    assert torch.equal(logits_of(model, rows(model)), first)
    model.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(classifier(), tmp_path)
    again.load_adapter(tmp_path / "other", "other")
    assert torch.equal(logits_of(again, rows(again)), first)
    again.set_adapter("other")
    assert torch.equal(logits_of(again, rows(again)), second)
    with pytest.warns(UserWarning, match="Setting active adapter to default"):
        again.delete_adapter("other")
    assert set(again.peft_config) == {"default"} and torch.equal(logits_of(again, rows(again)), first)
    with pytest.raises(AdapterError, match="Adapter defalt not found"):
        again.set_adapter("defalt")
    again.delete_adapter("default")
    base = classifier()
    assert not again.peft_config and again.active_adapters == []
    assert torch.equal(logits_of(again, rows(again)), logits_of(base, rows(base)))


def test_each_row_uses_the_adapter_it_names() -> None:
    model = tuned()
    model.add_adapter("b", IA3Config(target_modules=["v_proj"], feedforward_modules=[], init_ia3_weights=False))
    tokens = batch_of(model, rows=3)["input_ids"]
    with torch.no_grad():
        mixed = model(tokens, adapter_names=["default", "b", "__base__"]).logits
        alone = [model(tokens, adapter_names=[name]).logits for name in ("default", "b", "__base__")]
    assert torch.allclose(mixed, torch.stack([logits[row] for row, logits in enumerate(alone)]), atol=1e-6)
    with pytest.raises(AdapterError, match="Adapter c not found"):
        model(tokens, adapter_names=["default", "c", "b"])
    written = model.generate(tokens, adapter_names=["default", "b", "__base__"], max_new_tokens=3, do_sample=False)
    assert written.shape == (3, 10)


def test_an_adapter_that_is_loaded_rests_until_it_is_to_be_trained(tmp_path: Path) -> None:
    tuned().save_pretrained(tmp_path)
    frozen = PeftModel.from_pretrained(tiny_model("llama"), tmp_path)
    assert frozen.get_nb_trainable_parameters()[0] == 0 and frozen.peft_config["default"].inference_mode
    going_on = PeftModel.from_pretrained(tiny_model("llama"), tmp_path, is_trainable=True)
    assert going_on.get_nb_trainable_parameters()[0] == 160
    assert PeftConfig.from_pretrained(tmp_path).target_modules == {"down_proj", "k_proj", "v_proj"}


def test_misuse_is_a_sentence(tmp_path: Path) -> None:
    model = tuned()
    with pytest.raises(AdapterError, match="'default' already exists"):
        model.add_adapter("default", IA3Config())
    with pytest.raises(AdapterError, match="adapter_names should be a list"):
        model.merge_adapter("default")
    with pytest.raises(AdapterError, match="invalid `selected_adapters`"):
        model.save_pretrained(tmp_path, selected_adapters=["other"])
    assert not list(tmp_path.iterdir())


def test_a_copy_of_the_model_has_vectors_of_its_own() -> None:
    model = tuned()
    before = logits_of(model, rows(model))
    other = copy.deepcopy(model)
    stirred(other, 9)
    assert torch.equal(logits_of(model, rows(model)), before)
    assert not torch.equal(logits_of(other, rows(model)), before)


def test_a_head_whose_neighbor_ends_alike_is_taken_as_peft_takes_it(tmp_path: Path) -> None:
    sizes = {"vocab_size": 97, "dim": 32, "n_layers": 1, "n_heads": 4, "hidden_dim": 48}
    base = hf.DistilBertForSequenceClassification(hf.DistilBertConfig(**sizes)).eval()
    untouched = copy.deepcopy(base)
    model = get_peft_model(base, IA3Config(task_type="SEQ_CLS", target_modules="all-linear"))
    stirred(model)
    model.save_pretrained(tmp_path)
    theirs = peft.PeftModel.from_pretrained(untouched, tmp_path)
    assert torch.equal(logits_of(theirs, rows(model)), logits_of(model, rows(model)))
    alone = get_peft_model(model.unload(), IA3Config(modules_to_save=["classifier"]))
    with pytest.raises(AdapterError, match="PEFT would also treat pre_classifier as a head"):
        alone.save_pretrained(tmp_path)
