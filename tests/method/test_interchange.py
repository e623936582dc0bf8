"""Everything PEFT's folder can hold is read and written; everything else is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
import transformers as hf
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ia3_studio.errors import AdapterError
from ia3_studio.method import Adapter, Selection, Site, attach, discover, load_adapter
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.loading import attach_adapter
from ia3_studio.method.peft.targets import name_targets
from tests.families import SMALL, batch_of, logits_of, tiny_model


def classifier(labels: int = 3, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    config = hf.BertConfig(**SMALL, intermediate_size=48, num_labels=labels)
    return hf.BertForSequenceClassification(config).eval().requires_grad_(False)


def stirred(model: nn.Module, seed: int = 5) -> None:
    """Give every trainable tensor random values."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(1 + 0.5 * torch.randn_like(parameter))


def rows(model: Any) -> dict[str, Tensor]:
    return {"input_ids": batch_of(model)["input_ids"]}


def peft_classifier(folder: Path) -> Any:
    theirs = peft.get_peft_model(classifier(), peft.IA3Config(task_type="SEQ_CLS"))
    stirred(theirs)
    theirs.save_pretrained(folder)
    return theirs.eval()


def test_a_classifier_of_peft_comes_with_its_head_and_leaves_without_a_trace(tmp_path: Path) -> None:
    theirs = peft_classifier(tmp_path)
    model = classifier()
    before, bare = {name: tensor.clone() for name, tensor in model.state_dict().items()}, logits_of(model, rows(model))
    attachment = load_adapter(model, tmp_path)
    assert torch.equal(logits_of(model, rows(model)), logits_of(theirs, rows(model)))
    with attachment.disabled():
        assert torch.equal(logits_of(model, rows(model)), bare)
    attachment.detach()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_head_that_we_trained_reaches_peft(tmp_path: Path) -> None:
    model = classifier()
    attachment = HeadedAttachment(model, discover(model).select("paper"), ["classifier"])
    stirred(model)
    attachment.adapter({"task_type": "SEQ_CLS"}).save(tmp_path)
    assert {"base_model.model.classifier.weight", "base_model.model.classifier.bias"} < set(
        load_file(tmp_path / "adapter_model.safetensors")
    )
    theirs = peft.PeftModel.from_pretrained(classifier(), tmp_path)
    assert torch.equal(logits_of(theirs, rows(model)), logits_of(model, rows(model)))


def test_an_adapter_with_a_head_survives_a_second_save(tmp_path: Path) -> None:
    theirs = peft_classifier(tmp_path / "theirs")
    Adapter.load(tmp_path / "theirs").save(tmp_path / "ours")
    again = peft.PeftModel.from_pretrained(classifier(), tmp_path / "ours")
    assert torch.equal(logits_of(again, rows(again)), logits_of(theirs, rows(again)))


def test_a_head_for_another_number_of_labels_is_named(tmp_path: Path) -> None:
    peft_classifier(tmp_path)
    with pytest.raises(AdapterError, match=r"classifier\.weight +\(5, 32\) +\(3, 32\)"):
        load_adapter(classifier(labels=5), tmp_path)


class Convolved(nn.Module):
    """Two kinds of convolution and a linear layer, each scaled on both kinds of side by some adapter."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.flat, self.flat2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)
        self.deep, self.line = nn.Conv3d(1, 4, 1), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.flat2(self.flat(x))  # (batch, 4, 6, 6)
        x = self.deep(x[:, None].mean(2, keepdim=True))  # (batch, 4, 1, 6, 6)
        return self.line(x.flatten(2).mean(2))  # type: ignore[no-any-return]


CONV: dict[str, Any] = {
    "target_modules": ["flat", "flat2", "deep", "line"], "feedforward_modules": ["flat2"], "init_ia3_weights": False,
}  # fmt: skip


def test_vectors_of_convolutions_are_read_and_written_in_pefts_shapes(tmp_path: Path) -> None:
    torch.manual_seed(1)
    peft.get_peft_model(Convolved(), peft.IA3Config(**CONV)).save_pretrained(tmp_path / "theirs")
    adapter = Adapter.load(tmp_path / "theirs")
    assert {site.path: site.side for site in adapter.selection} == {
        "flat": "output", "flat2": "input", "deep": "output", "line": "output",
    }  # fmt: skip
    adapter.save(tmp_path / "ours")
    theirs, ours = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("theirs", "ours"))
    assert {key: tensor.shape for key, tensor in ours.items()} == {key: tensor.shape for key, tensor in theirs.items()}
    assert all(torch.equal(ours[key], tensor) for key, tensor in theirs.items())


def test_a_selection_of_convolutions_reaches_peft(tmp_path: Path) -> None:
    sites = (Site("flat", "output", 4), Site("flat2", "input", 4), Site("deep", "output", 4))
    selection = Selection(sites)
    adapter = Adapter(selection, torch.rand(12), {}, name_targets(selection, Convolved()))
    adapter.save(tmp_path)
    wrapped = peft.PeftModel.from_pretrained(Convolved(), tmp_path).base_model.model
    for site, vector in adapter.vectors().items():
        module = wrapped.get_submodule(site.path)
        assert torch.equal(module.ia3_l["default"].flatten(), vector)
        assert module.is_feedforward == (site.side == "input")


def saved(folder: Path) -> Path:
    theirs = peft.get_peft_model(tiny_model("llama"), peft.IA3Config())
    stirred(theirs)
    theirs.save_pretrained(folder)
    return folder


def rewritten(folder: Path, **config: Any) -> Path:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
    return folder


K0, K1 = (f"base_model.model.model.layers.{layer}.self_attn.k_proj.ia3_l" for layer in (0, 1))


def test_all_that_is_missing_unexpected_or_misshapen_is_told_at_once(tmp_path: Path) -> None:
    tensors = load_file(saved(tmp_path) / "adapter_model.safetensors")
    del tensors[K0]
    tensors[K1] = torch.ones(8, 1)
    tensors["base_model.model.elsewhere.ia3_l"] = torch.ones(2, 1)
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    with pytest.raises(AdapterError) as refused:
        load_adapter(tiny_model("llama"), tmp_path)
    assert [line.split() for line in str(refused.value).splitlines()[1:]] == [
        ["key", "expected", "found"],
        [K0.removeprefix("base_model.model."), "(16,", "1)", "nothing"],
        [K1.removeprefix("base_model.model."), "(16,", "1)", "(8,", "1)"],
        ["elsewhere.ia3_l", "nothing", "(2,", "1)"],
    ]
    assert len(load_adapter(tiny_model("llama"), tmp_path, strict=False).selection) == 4


def test_a_side_that_the_config_denies_is_a_misfit(tmp_path: Path) -> None:
    rewritten(saved(tmp_path), feedforward_modules=[])
    with pytest.raises(AdapterError, match=r"mlp\.down_proj\.ia3_l +\(32, 1\) +\(1, 48\)"):
        load_adapter(tiny_model("llama"), tmp_path)


def test_another_base_model_is_named(tmp_path: Path) -> None:
    rewritten(saved(tmp_path), base_model_name_or_path="someone/their-llama")
    with pytest.raises(AdapterError, match="it was made for someone/their-llama, this model is OPTForCausalLM"):
        load_adapter(tiny_model("opt"), tmp_path)


def test_a_config_that_names_nothing_means_pefts_defaults(tmp_path: Path) -> None:
    rewritten(saved(tmp_path), target_modules=None, feedforward_modules=None)
    model = tiny_model("llama")
    attachment = load_adapter(model, tmp_path)
    attachment.adapter().save(tmp_path / "again")
    again = peft.PeftModel.from_pretrained(tiny_model("llama"), tmp_path / "again")
    assert torch.equal(logits_of(again, batch_of(model)), logits_of(model, batch_of(model)))
    Adapter.load(tmp_path).save(tmp_path / "plain")
    assert json.loads((tmp_path / "plain" / "adapter_config.json").read_text())["target_modules"]


def test_expressions_of_peft_are_understood(tmp_path: Path) -> None:
    config = peft.IA3Config(target_modules=r".*layers\.1\..*(v_proj|down_proj)", feedforward_modules=r".*down_proj")
    theirs = peft.get_peft_model(tiny_model("llama"), config)
    stirred(theirs)
    theirs.save_pretrained(tmp_path)
    model = tiny_model("llama")
    load_adapter(model, tmp_path)
    assert torch.equal(logits_of(model, batch_of(model)), logits_of(theirs, batch_of(model)))


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    (saved(tmp_path) / "adapter_model.safetensors").rename(tmp_path / "adapter_model.bin")
    with pytest.raises(AdapterError, match="a pickle, which can run code"):
        load_adapter(tiny_model("llama"), tmp_path)


def test_what_peft_cannot_scale_is_refused_before_writing(tmp_path: Path) -> None:
    model = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 4))
    selection = Selection((Site("0", "output", 4),))
    with pytest.raises(AdapterError, match=r"0 is a LayerNorm, which PEFT's .IA.³ cannot scale\. Save .* save_native"):
        Adapter(selection, torch.ones(4), {}, name_targets(selection, model)).save(tmp_path / "out")
    inside = Selection((Site("1", "output", 4),))
    with pytest.raises(AdapterError, match="1 belongs to a fully trained head"):
        Adapter(inside, torch.ones(4), {}, name_targets(inside, model, ["1"])).save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_transformers_own_loader_reads_our_files(tmp_path: Path) -> None:
    model = tiny_model("llama")
    attachment = attach(model, discover(model).choose("value,feed-forward@1"))
    stirred(model)
    attachment.adapter().save(tmp_path)
    other = tiny_model("llama")
    other.load_adapter(str(tmp_path))
    assert torch.equal(logits_of(other, batch_of(model)), logits_of(model, batch_of(model)))


def test_an_adapter_in_memory_is_put_on_like_one_from_a_folder(tmp_path: Path) -> None:
    adapter = Adapter.load(saved(tmp_path))
    assert torch.equal(attach_adapter(tiny_model("llama"), adapter).parameter, adapter.vector)
    with pytest.raises(AdapterError, match="The adapter given does not fit"):
        attach_adapter(tiny_model("opt"), adapter)
