"""Adapter files: interchangeable with PEFT both ways, and strict about damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, Selection, Site, attach, discover, load_adapter
from ia3_studio.method.peft.targets import anchored_targets
from tests.families import FAMILIES, batch_of, logits_of, tiny_model
from tests.method.test_scaling import randomized


def saved(family: str, folder: Path, preset: str = "paper") -> tuple[Any, Any]:
    model = tiny_model(family)
    attachment = attach(model, discover(model, "tiny/model").select(preset))
    randomized(attachment)
    attachment.adapter({"task_type": "CAUSAL_LM"} if family == "llama" else {}).save(folder)
    return model, attachment


@pytest.mark.parametrize("preset", ["paper", "all"])
@pytest.mark.parametrize("family", FAMILIES)
def test_peft_loads_our_files_and_gives_identical_logits(family: str, preset: str, tmp_path: Path) -> None:
    model, _attachment = saved(family, tmp_path, preset)
    theirs = peft.PeftModel.from_pretrained(tiny_model(family), tmp_path)
    batch = batch_of(model)
    assert torch.equal(logits_of(theirs, batch), logits_of(model, batch))


@pytest.mark.parametrize("family", FAMILIES)
def test_our_files_come_back_the_same(family: str, tmp_path: Path) -> None:
    model, attachment = saved(family, tmp_path)
    again = load_adapter(tiny_model(family), tmp_path)
    assert again.selection == attachment.selection
    assert torch.equal(again.parameter, attachment.parameter)
    batch = batch_of(model)
    assert torch.equal(logits_of(again.model, batch), logits_of(model, batch))


@pytest.mark.parametrize("family", FAMILIES)
def test_we_load_files_of_peft_and_give_identical_logits(family: str, tmp_path: Path) -> None:
    config = peft.IA3Config(fan_in_fan_out=family == "gpt2", init_ia3_weights=False)
    torch.manual_seed(3)
    theirs = peft.get_peft_model(tiny_model(family), config)
    theirs.save_pretrained(tmp_path)
    model = tiny_model(family)
    load_adapter(model, tmp_path)
    batch = batch_of(model)
    assert torch.equal(logits_of(model, batch), logits_of(theirs.eval(), batch))


def test_a_fused_vector_is_written_at_full_width_with_ones_for_the_query(tmp_path: Path) -> None:
    _model, attachment = saved("gpt2", tmp_path)
    wide = load_file(tmp_path / "adapter_model.safetensors")["base_model.model.transformer.h.0.attn.c_attn.ia3_l"]
    assert wide.shape == (96, 1)
    assert torch.equal(wide[:32], torch.ones(32, 1))
    key = next(iter(attachment.vectors().values()))
    assert torch.equal(wide[32:64, 0], key)


def test_the_config_names_modules_shortly_when_that_is_unambiguous(tmp_path: Path) -> None:
    saved("llama", tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["target_modules"] == ["down_proj", "k_proj", "v_proj"]
    assert config["feedforward_modules"] == ["down_proj"]
    assert config["base_model_name_or_path"] == "tiny/model"
    assert config["task_type"] == "CAUSAL_LM"


def test_the_config_has_the_keys_that_peft_writes(tmp_path: Path) -> None:
    saved("llama", tmp_path / "ours")
    peft.get_peft_model(tiny_model("llama"), peft.IA3Config(task_type="CAUSAL_LM")).save_pretrained(tmp_path / "theirs")
    ours, theirs = (json.loads((tmp_path / name / "adapter_config.json").read_text()) for name in ("ours", "theirs"))
    assert set(ours) == set(theirs)
    assert ours["peft_version"] == theirs["peft_version"]


def test_a_selection_of_some_layers_reaches_peft_exactly(tmp_path: Path) -> None:
    model = tiny_model("opt")
    attachment = attach(model, Selection(discover(model).match("/layers.1.*(k_proj|fc2)/")))
    randomized(attachment)
    attachment.adapter().save(tmp_path)
    theirs = peft.PeftModel.from_pretrained(tiny_model("opt"), tmp_path)
    batch = batch_of(model)
    assert torch.equal(logits_of(theirs, batch), logits_of(model, batch))


def test_an_adapter_without_a_model_is_written_with_anchored_expressions(tmp_path: Path) -> None:
    model, attachment = saved("bert", tmp_path / "short")
    Adapter(attachment.selection, attachment.parameter.detach()).save(tmp_path / "anchored")
    theirs = peft.PeftModel.from_pretrained(tiny_model("bert"), tmp_path / "anchored")
    batch = batch_of(model)
    assert torch.equal(logits_of(theirs, batch), logits_of(model, batch))
    assert anchored_targets(Selection((Site("a.b", "output", 1),))).target_modules == r"a\.b"


def test_one_module_scaled_on_both_sides_is_refused_before_writing(tmp_path: Path) -> None:
    adapter = Adapter(Selection((Site("a.b", "output", 2), Site("a.b", "input", 3))), torch.ones(5))
    with pytest.raises(AdapterError, match="scaled on both sides"):
        adapter.save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_edited_fused_file_keeps_what_was_edited(tmp_path: Path) -> None:
    saved("gpt2", tmp_path)
    path = tmp_path / "adapter_model.safetensors"
    tensors = load_file(path)
    tensors["base_model.model.transformer.h.0.attn.c_attn.ia3_l"][0] = 2.0  # a query channel, outside our spans
    save_file(tensors, path)
    whole = next(site for site in Adapter.load(tmp_path).selection if site.path.endswith("h.0.attn.c_attn"))
    assert whole.size == 96 and not whole.spans


def damaged(folder: Path, change: Any) -> Path:
    saved("llama", folder)
    change(folder)
    return folder


def rewrite(name: str, value: torch.Tensor) -> Any:
    def change(folder: Path) -> None:
        tensors = load_file(folder / "adapter_model.safetensors")
        save_file({**tensors, name: value}, folder / "adapter_model.safetensors")

    return change


K0 = "base_model.model.model.layers.0.self_attn.k_proj.ia3_l"
DAMAGE = {
    "no config": (lambda folder: (folder / "adapter_config.json").unlink(), "contains no adapter_config.json"),
    "no vectors": (lambda folder: (folder / "adapter_model.safetensors").unlink(), "safe_serialization=True"),
    "cut file": (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"\x10"), "is damaged"),
    "bad json": (lambda folder: (folder / "adapter_config.json").write_text("{"), "cannot be read as JSON"),
    "lora": (lambda folder: (folder / "adapter_config.json").write_text('{"peft_type": "LORA"}'), "a LORA adapter"),
    "a head": (rewrite("base_model.model.score.weight", torch.ones(2, 2)), "which is not an .IA.³ vector"),
    "misshapen": (rewrite(K0, torch.ones(4, 4)), "has the shape"),
    "NaN or infinite": (rewrite(K0, torch.full((16, 1), float("nan"))), "NaN or infinite"),
    "another size": (rewrite(K0, torch.ones(20, 1)), "does not fit this model"),
    "unknown module": (rewrite("base_model.model.elsewhere.ia3_l", torch.ones(2, 1)), "does not fit this model"),
    "bad studio file": (lambda folder: (folder / "studio.json").write_text('{"sites": [1]}'), "studio.json is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_named_and_the_model_stays_untouched(case: str, tmp_path: Path) -> None:
    change, sentence = DAMAGE[case]
    folder = damaged(tmp_path, change)
    model = tiny_model("llama")
    with pytest.raises(AdapterError, match=sentence):
        load_adapter(model, folder)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
