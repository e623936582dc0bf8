"""What works with PEFT works with our names: accelerate, transformers' own adapters, configs in both directions."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import accelerate
import peft
import pytest
import torch
from packaging.version import Version
from transformers.integrations.peft import MIN_PEFT_VERSION

import ia3_studio.peft as ours
from ia3_studio.peft import IA3Config, PeftConfig, get_peft_model
from tests.families import batch_of, logits_of, tiny_model
from tests.method.test_interchange import rows, stirred

LLAMA: dict[str, Any] = {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}


def tuned() -> Any:
    model = get_peft_model(tiny_model("llama"), IA3Config(task_type="CAUSAL_LM", **LLAMA))
    stirred(model)
    return model.eval()


def test_accelerate_prepares_trains_and_unwraps(tmp_path: Path) -> None:
    model = tuned()
    before = model.adapter().vector
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=1e-2)
    runner = accelerate.Accelerator(cpu=True)
    prepared, optimizer = runner.prepare(model, optimizer)
    runner.backward(prepared(**batch_of(None)).loss)
    optimizer.step()
    runner.unwrap_model(prepared).save_pretrained(
        tmp_path, is_main_process=runner.is_main_process, state_dict=runner.get_state_dict(prepared)
    )
    again = ours.PeftModel.from_pretrained(tiny_model("llama"), tmp_path)
    assert torch.equal(again.adapter().vector, model.adapter().vector)
    assert not torch.equal(again.adapter().vector, before)


def test_transformers_loads_our_folder(tmp_path: Path) -> None:
    model = tuned()
    model.save_pretrained(tmp_path)
    plain = tiny_model("llama")
    plain.load_adapter(str(tmp_path))
    torch.testing.assert_close(logits_of(plain, rows(plain)), logits_of(model, rows(model)))


@pytest.mark.skipif(
    Version(peft.__version__) < Version(MIN_PEFT_VERSION), reason=f"this transformers needs PEFT {MIN_PEFT_VERSION}"
)
def test_transformers_takes_our_config() -> None:
    model, fresh = tuned(), tiny_model("llama")
    fresh.add_adapter(IA3Config(**LLAMA))
    assert [name for name, each in fresh.named_parameters() if each.requires_grad] == [
        name.removeprefix("base_model.model.") for name, each in model.named_parameters() if each.requires_grad
    ]


def test_a_config_is_what_peft_takes_it_for_and_still_its_own(tmp_path: Path) -> None:
    config = IA3Config(task_type="CAUSAL_LM", **LLAMA)
    assert isinstance(config, peft.IA3Config) and isinstance(config, peft.PeftConfig)
    for other in (
        copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config)), dataclasses.replace(config)
    ):  # fmt: skip
        assert type(other) is IA3Config and other == config
    assert config.to_dict().keys() == peft.IA3Config().to_dict().keys()


@pytest.mark.parametrize(("writer", "reader"), [(ours, peft), (peft, ours), (ours, ours)])
def test_config_files_go_both_ways(writer: Any, reader: Any, tmp_path: Path) -> None:
    config = writer.IA3Config(task_type="SEQ_CLS", modules_to_save=["head"], exclude_modules="x", revision="r", **LLAMA)
    config.save_pretrained(tmp_path)
    read = reader.PeftConfig.from_pretrained(str(tmp_path))
    assert read.to_dict() == config.to_dict() and type(read) is reader.IA3Config


def test_what_a_newer_version_wrote_is_ignored_with_a_warning_and_what_is_damaged_is_told(tmp_path: Path) -> None:
    IA3Config(**LLAMA).save_pretrained(tmp_path)
    path = tmp_path / "adapter_config.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "from_the_future": 1}))
    with pytest.warns(UserWarning, match=r"\['from_the_future'\] for class IA3Config, these are ignored"):
        assert PeftConfig.from_pretrained(tmp_path).target_modules == set(LLAMA["target_modules"])
    path.write_text(json.dumps({**document, "peft_type": "LORA"}))
    with pytest.raises(ValueError, match="a LORA adapter"):
        PeftConfig.from_pretrained(tmp_path)
    path.write_text("{")
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        PeftConfig.from_pretrained(tmp_path)
    assert not ours.check_if_peft_model(tmp_path)


def test_an_adapter_comes_with_its_base_model(tmp_path: Path) -> None:
    base = tiny_model("llama")
    base.save_pretrained(tmp_path / "base")
    loaded = type(base).from_pretrained(tmp_path / "base")
    model = get_peft_model(loaded, IA3Config(task_type="CAUSAL_LM", **LLAMA))
    stirred(model)
    model.save_pretrained(tmp_path / "adapter")
    again = ours.AutoPeftModelForCausalLM.from_pretrained(tmp_path / "adapter")
    assert type(again) is ours.PeftModelForCausalLM
    assert torch.equal(logits_of(again, rows(again)), logits_of(model.eval(), rows(model)))
    with pytest.raises(ValueError, match="Expected target PEFT class: PeftModelForCausalLM"):
        ours.AutoPeftModelForSeq2SeqLM.from_pretrained(tmp_path / "adapter")


def test_names_are_where_peft_has_them() -> None:
    from importlib import import_module

    for place in ("tuners", "tuners.ia3", "tuners.tuners_utils", "utils", "functional", "mapping", "peft_model"):
        mine, theirs = (import_module(f"{root}.{place}") for root in ("ia3_studio.peft", "peft"))
        assert all(hasattr(theirs, name) for name in mine.__all__), place
