"""The layout for what PEFT cannot hold: nothing is lost in it, and PEFT does not take it for one of its own."""

from __future__ import annotations

import json
from pathlib import Path

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, Selection, Site, attach, discover, load_adapter
from ia3_studio.method.algebra import average
from ia3_studio.method.loading import attach_adapter
from ia3_studio.method.native_layout import NATIVE_CONFIG, NATIVE_VECTORS
from tests.families import batch_of, logits_of, tiny_model


def expert_adapter() -> Adapter:
    """Return an adapter of keys, values and experts with random numbers."""
    model = tiny_model("mixtral")
    attachment = attach(model, discover(model).select("paper"))
    torch.manual_seed(4)
    with torch.no_grad():
        attachment.parameter.uniform_(0.5, 1.5)
    return attachment.adapter({"steps": "3"})


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    expert_adapter().save_native(tmp_path / "native")
    return tmp_path / "native"


def test_vectors_inside_experts_come_back_as_they_were_saved(saved: Path) -> None:
    given, read, model = expert_adapter(), Adapter.load(saved), tiny_model("mixtral")
    assert (read.selection, dict(read.metadata), read.why_not_peft) == (
        given.selection, {"steps": "3"}, given.why_not_peft,
    )  # fmt: skip
    assert torch.equal(load_adapter(model, saved).parameter, given.vector)
    assert {site.role for site in read.selection} == {"key", "value", "feed-forward"}
    assert not torch.equal(logits_of(model, batch_of(model)), logits_of(tiny_model("mixtral"), batch_of(model)))


def test_peft_refuses_the_folder(saved: Path) -> None:
    with pytest.raises(ValueError, match=r"adapter_config\.json"):
        peft.PeftModel.from_pretrained(tiny_model("mixtral"), saved)


def test_pefts_layout_names_the_way_out_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"act_fn is a .* save_native\(folder\), or merge it"):
        expert_adapter().save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_holds_one_layout_at_a_time(saved: Path) -> None:
    plain = Adapter(Selection((Site("k_proj", "output", 4),)), torch.ones(4))
    plain.save(saved)
    assert Adapter.load(saved).selection == plain.selection and not (saved / NATIVE_VECTORS).exists()
    expert_adapter().save_native(saved)
    assert Adapter.load(saved).why_not_peft and not (saved / "adapter_config.json").exists()


def test_both_sides_parts_and_heads_survive(tmp_path: Path) -> None:
    key = Site("qkv", "output", 2, "key", ((1, 3),), 6)
    selection = Selection((key, Site("qkv", "input", 3), Site("up", "output", 2)), "some/base")
    heads = {"score.weight": torch.randn(2, 3).bfloat16()}
    Adapter(selection, torch.randn(7), heads=heads).save_native(tmp_path)
    read = Adapter.load(tmp_path)
    assert read.selection == selection and read.selection.base_model == "some/base"
    assert read.heads["score.weight"].equal(heads["score.weight"])
    assert "both sides" in read.why_not_peft


def test_files_that_do_not_fit_each_other_are_refused_with_the_table(saved: Path) -> None:
    tensors = load_file(saved / NATIVE_VECTORS)
    gone, cut = sorted(tensors)[:2]
    del tensors[gone]
    tensors[cut] = tensors[cut][:-1].clone()
    save_file(tensors | {"extra": torch.ones(1)}, saved / NATIVE_VECTORS)
    with pytest.raises(AdapterError, match="do not match") as caught:
        Adapter.load(saved)
    table = str(caught.value)
    assert "extra" in table and gone in table and cut in table and "nothing" in table


@pytest.mark.parametrize(
    ("change", "sentence"),
    [({"format": 2}, "update it"), ({"sites": [{"path": "x"}]}, "damaged"), ({"heads": []}, "damaged")],
)
def test_a_config_that_cannot_be_read_is_refused(saved: Path, change: dict[str, object], sentence: str) -> None:
    document = json.loads((saved / NATIVE_CONFIG).read_text())
    (saved / NATIVE_CONFIG).write_text(json.dumps(document | change))
    with pytest.raises(AdapterError, match=sentence):
        Adapter.load(saved)


def test_another_model_is_told_what_it_has_no_place_for(saved: Path) -> None:
    other = tiny_model("llama")
    with pytest.raises(AdapterError, match=r"act_fn:output +nothing +\(48,\)"):
        load_adapter(other, saved)
    part = load_adapter(other, saved, strict=False)
    assert {site.path.rpartition(".")[2] for site in part.selection} == {"k_proj", "v_proj"}


def test_a_combination_still_knows_that_peft_cannot_hold_it() -> None:
    whole = expert_adapter()
    attention = attach_adapter(tiny_model("mixtral"), whole).selection.sites[:2]
    vectors = whole.vectors()
    part = Adapter(Selection(attention), torch.cat([vectors[site] for site in attention]))
    assert average([part, whole]).why_not_peft == whole.why_not_peft
