"""transformers' Trainer trains, saves and resumes what carries vectors, as it does any model."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf
from safetensors.torch import load_file

from ia3_studio.method import attach, discover
from ia3_studio.peft import IA3Config, get_peft_model
from tests.families import batch_of, logits_of, tiny_model
from tests.method.test_interchange import classifier, rows, stirred


def trainer_of(model: Any, folder: Path, steps: int) -> hf.Trainer:
    """Return a Trainer that logs and saves at every step."""
    tokens = batch_of(model, rows=16)["input_ids"]
    arguments = hf.TrainingArguments(
        str(folder), max_steps=steps, learning_rate=1e-2, lr_scheduler_type="constant", per_device_train_batch_size=2,
        report_to=[], use_cpu=True, disable_tqdm=True, logging_steps=1, save_steps=1, save_total_limit=1, seed=1,
    )  # fmt: skip
    examples = [{"input_ids": row, "labels": row} for row in tokens]
    return hf.Trainer(model=model, args=arguments, train_dataset=examples)


def losses(trainer: hf.Trainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


@pytest.fixture(params=["with PEFT", "without PEFT"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """PEFT is there, as in our tests, or not, as for somebody who has changed the import and removed it."""
    if request.param == "without PEFT":
        for module in (hf.trainer, hf.trainer_utils):
            monkeypatch.setattr(module, "is_peft_available", lambda: False)
        monkeypatch.setattr("ia3_studio.peft.model._peft_wrapper", lambda: None)
    return str(request.param)


def with_vectors() -> Any:
    return get_peft_model(tiny_model("llama"), IA3Config(task_type="CAUSAL_LM"))


@pytest.mark.usefixtures("library")
def test_a_run_that_is_resumed_equals_one_that_was_never_interrupted(tmp_path: Path) -> None:
    whole = trainer_of(with_vectors(), tmp_path / "whole", 4)
    whole.train()
    trainer_of(with_vectors(), tmp_path / "parts", 2).train()
    resumed = trainer_of(with_vectors(), tmp_path / "parts", 4)
    resumed.train(resume_from_checkpoint=True)
    assert losses(resumed) == losses(whole) and len(losses(whole)) == 4
    mine, theirs = resumed.model.adapter().vector, whole.model.adapter().vector
    assert torch.equal(mine, theirs) and not torch.equal(mine, torch.ones_like(mine))


def test_a_checkpoint_is_an_adapter_folder_that_peft_loads(tmp_path: Path, library: str) -> None:
    trainer = trainer_of(with_vectors(), tmp_path, 1)
    trainer.train()
    folder = tmp_path / "checkpoint-1"
    if library == "without PEFT":  # Trainer then resumes by the names in the model
        trained = {name for name, each in trainer.model.named_parameters() if each.requires_grad}
        assert set(load_file(folder / "model.safetensors")) == trained
    trainer.save_model(str(tmp_path / "saved"))
    assert (tmp_path / "saved" / "adapter_model.safetensors").is_file()
    assert not (tmp_path / "saved" / "model.safetensors").exists()
    theirs = peft.PeftModel.from_pretrained(tiny_model("llama"), folder).eval()
    batch = batch_of(theirs)
    assert torch.equal(logits_of(theirs, batch), logits_of(trainer.model.eval(), batch))


def test_trainer_trains_an_attached_model_and_changes_nothing_but_its_vector(tmp_path: Path) -> None:
    model = tiny_model("llama")
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    attachment = attach(model, discover(model).select("paper"))
    trainer = trainer_of(model, tmp_path, 2)
    trainer.args.save_strategy = hf.trainer_utils.SaveStrategy.NO
    trainer.train()
    assert not torch.equal(attachment.parameter, torch.ones_like(attachment.parameter))
    attachment.detach()
    assert type(model) is hf.LlamaForCausalLM and list(model.state_dict()) == list(weights)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_config_survives_deepcopy_and_pickle_and_shares_nothing(copied: Callable[[Any], Any]) -> None:
    config = IA3Config(task_type="CAUSAL_LM", target_modules=["k_proj"], feedforward_modules=[])
    twin = copied(config)
    assert twin == config and twin.target_modules is not config.target_modules


@pytest.mark.usefixtures("library")
def test_the_best_checkpoint_is_loaded_at_the_end(tmp_path: Path) -> None:
    trainer = trainer_of(with_vectors(), tmp_path, 2)
    trainer.train()
    trained = trainer.model.adapter().vector
    with torch.no_grad():
        for each in trainer.model.parameters():
            if each.requires_grad:
                each.fill_(1)
    trainer.state.best_model_checkpoint = str(tmp_path / "checkpoint-2")
    trainer._load_best_model()
    assert torch.equal(trainer.model.adapter().vector, trained)


@pytest.mark.usefixtures("library")
def test_columns_of_the_base_model_are_kept_and_others_dropped(tmp_path: Path) -> None:
    for config in (IA3Config(), IA3Config(task_type="CAUSAL_LM")):
        trainer = trainer_of(get_peft_model(tiny_model("llama"), config), tmp_path, 1)
        trainer._set_signature_columns_if_needed()
        assert {"input_ids", "position_ids", "labels"} <= set(trainer._signature_columns or ())
        assert trainer.label_names == ["labels"] and trainer.model_accepts_loss_kwargs


@pytest.mark.usefixtures("library")
def test_a_head_that_is_trained_is_resumed_with_the_vectors(tmp_path: Path) -> None:
    model = get_peft_model(classifier(), IA3Config(task_type="SEQ_CLS"))
    stirred(model)
    model.save_pretrained(tmp_path / "checkpoint-1")
    other = get_peft_model(classifier(), IA3Config(task_type="SEQ_CLS"))
    hf.Trainer(model=other, args=hf.TrainingArguments(str(tmp_path), report_to=[], use_cpu=True))._load_from_checkpoint(
        str(tmp_path / "checkpoint-1")
    )
    assert torch.equal(logits_of(other.eval(), rows(other)), logits_of(model.eval(), rows(model)))
