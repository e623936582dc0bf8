"""A merged model is written tensor by tensor, with the same numbers as from a model that is loaded whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, LlamaConfig, LlamaForCausalLM

from ia3_studio.errors import AdapterError, ExportError, ModelError
from ia3_studio.export import by_file, merged
from ia3_studio.export.by_file import export_merged
from ia3_studio.export.merged import MergedExport, write_merged
from ia3_studio.method import attach, discover
from ia3_studio.method.heads import HeadedAttachment
from ia3_studio.method.sites import Selection
from ia3_studio.models import load_model
from ia3_studio.models.classifier import load_classifier
from ia3_studio.models.machine import MachineMemory
from ia3_studio.models.sharding_plan import DESCRIBED, ShardingPlan
from tests.families import SMALL, tiny_model
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer
from tests.training.test_classify import bare_bert


def base_of(folder: Path, family: str) -> Path:
    if family != "bert":
        return save_tiny_chat(folder, family=family)
    tiny_model(family).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def tuned(source: Path, folder: Path, sites: str = "paper", limit: float = 2.0) -> Path:
    model = load_model(str(source)).model
    tree = discover(model, str(source))
    chosen = (
        tree.select("paper")
        if sites == "paper"
        else Selection(tuple(each for each in tree.sites if (each.path, each.side) == (sites, "output")))
    )
    attachment = attach(model, chosen)
    with torch.no_grad():
        attachment.parameter.uniform_(0, limit, generator=torch.Generator().manual_seed(0))
    adapter = attachment.adapter()
    (adapter.save_native if adapter.why_not_peft else adapter.save)(folder)
    return folder


def stored_again(source: Path, dtype: torch.dtype, shard: str = "50GB") -> Path:
    """Save a model once more in another format and in files of another size."""
    model = load_model(str(source)).model.to(dtype)
    for path in source.glob("*.safetensors*"):
        path.unlink()
    model.save_pretrained(source, max_shard_size=shard)
    return source


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


def exported(source: Path, adapter: Path, folder: Path) -> MergedExport:
    return export_merged(lambda plan: load_model(str(source), plan=plan), adapter, folder)


def require_same(one: Path, other: Path) -> None:
    """Compare all tensors, and all other files except the card."""
    mine, theirs = tensors_of(one), tensors_of(other)
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        assert tensor.dtype == theirs[name].dtype and torch.equal(tensor, theirs[name]), name
    rest = [path.name for path in one.iterdir() if "safetensors" not in path.name and path.name != "README.md"]
    assert rest and all((one / name).read_bytes() == (other / name).read_bytes() for name in rest)


@pytest.mark.parametrize("shard", ["50GB", "20KB"])
@pytest.mark.parametrize("form", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("family", ["llama", "gpt2", "t5", "bert", "mixtral"])
def test_the_tensors_are_those_of_a_model_merged_in_memory(
    family: str, form: torch.dtype, shard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged, "SHARD", shard)
    monkeypatch.setattr(by_file, "SHARD", shard)
    monkeypatch.setattr("ia3_studio.models.stored.BLOCK", 200)  # so that no tensor is one block
    source = stored_again(base_of(tmp_path / "base", family), form, shard)
    adapter = tuned(source, tmp_path / "adapter")
    whole = write_merged(load_model(str(source)), adapter, tmp_path / "whole")
    found = exported(source, adapter, tmp_path / "by_file")
    assert found.whole == "" and found.uncompared == ""
    assert found.largest_difference == whole.largest_difference and found.format == whole.format
    assert (len(list((tmp_path / "by_file").glob("*.safetensors"))) > 1) == (shard != "50GB")
    require_same(tmp_path / "whole", tmp_path / "by_file")


def tied_llama(folder: Path, *, twice: bool = False) -> Path:
    """Write a Llama whose head is its embedding, which its file may hold once or twice."""
    save_tiny_chat(folder)
    (folder / "model.safetensors").unlink()
    torch.manual_seed(0)
    config = LlamaConfig(
        **SMALL, intermediate_size=48, num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=True
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    if twice:
        tensors = load_file(folder / "model.safetensors")
        copies = tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}
        save_file(copies, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("sites", ["paper", "lm_head"])
def test_a_head_that_is_the_embedding_gets_a_tensor_of_its_own_only_if_it_is_scaled(
    sites: str, twice: bool, tmp_path: Path
) -> None:
    source = tied_llama(tmp_path / "base", twice=twice)
    adapter = tuned(source, tmp_path / "adapter", sites)
    write_merged(load_model(str(source)), adapter, tmp_path / "whole")
    assert exported(source, adapter, tmp_path / "by_file").whole == ""
    require_same(tmp_path / "whole", tmp_path / "by_file")
    assert ("lm_head.weight" in tensors_of(tmp_path / "by_file")) == (sites != "paper")
    assert AutoConfig.from_pretrained(tmp_path / "by_file").tie_word_embeddings == (sites == "paper")


def test_a_classifier_on_a_bare_model_leaves_with_the_head_of_its_adapter(tmp_path: Path) -> None:
    source, names = str(bare_bert(tmp_path / "bert")), ("lamp", "tide", "fog")

    def load(plan: ShardingPlan) -> Any:
        return load_classifier(source, names, "single", plan=plan)

    trained = load_classifier(source, names, "single")
    sites = discover(trained.model, source).select("paper")
    attachment = HeadedAttachment(trained.model, sites, trained.modules_to_save)
    with torch.no_grad():
        for parameter in (attachment.parameter, *attachment.heads.parameters()):
            parameter.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    attachment.adapter({"task_type": "SEQ_CLS"}).save(tmp_path / "adapter")
    write_merged(load_classifier(source, names, "single"), tmp_path / "adapter", tmp_path / "whole")
    found = export_merged(load, tmp_path / "adapter", tmp_path / "by_file")
    assert found.whole == "" and found.largest_difference is not None
    require_same(tmp_path / "whole", tmp_path / "by_file")


def test_a_described_model_has_the_names_ties_and_missing_weights_of_the_loaded_one(tmp_path: Path) -> None:
    source = str(tied_llama(tmp_path / "base"))
    loaded, described = load_model(source), load_model(source, plan=DESCRIBED)
    assert {each.device.type for each in described.model.parameters()} == {"meta"}
    assert list(described.model.state_dict()) == list(loaded.model.state_dict())
    assert described.model.get_output_embeddings().weight is described.model.get_input_embeddings().weight
    assert described.model.generation_config.to_dict() == loaded.model.generation_config.to_dict()
    assert described.stored == loaded.stored and described.head == loaded.head


def test_a_model_larger_than_memory_is_written_and_said_not_to_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save_tiny_chat(tmp_path / "base")
    adapter = tuned(source, tmp_path / "adapter")
    write_merged(load_model(str(source)), adapter, tmp_path / "whole")
    loads: list[str] = []

    def load(plan: ShardingPlan) -> Any:
        loads.append(plan.kind)
        return load_model(str(source), plan=plan)

    monkeypatch.setattr("ia3_studio.models.machine.machine_memory", lambda _device=None: MachineMemory(10**9, 10**4))
    monkeypatch.setattr("ia3_studio.models.weights.machine_memory", lambda _device=None: MachineMemory(10**9, 10**9))
    found = export_merged(load, adapter, tmp_path / "by_file")
    assert loads == ["described"] and found.largest_difference is None and found.texts == 0
    assert "GB of memory" in found.uncompared
    assert "not measured" in (tmp_path / "by_file" / "README.md").read_text()
    require_same(tmp_path / "whole", tmp_path / "by_file")


def test_what_cannot_be_merged_by_tensor_is_loaded_whole_and_why_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save_tiny_chat(tmp_path / "base")
    adapter = tuned(source, tmp_path / "adapter")
    said: list[str] = []
    monkeypatch.setattr("ia3_studio.export.tensor_plan.computes_in_its_own_way", lambda _module: True)
    found = export_merged(
        lambda plan: load_model(str(source), plan=plan), adapter, tmp_path / "out", say=lambda _s, w: said.append(w)
    )
    assert found.whole and found.largest_difference is not None
    assert any(found.whole in each for each in said)


@pytest.mark.parametrize("wrapper", ["_orig_mod.", "module."])
def test_names_that_were_saved_with_a_wrapper_leave_without_it(wrapper: str, tmp_path: Path) -> None:
    source = save_tiny_chat(tmp_path / "base")
    adapter = tuned(source, tmp_path / "adapter")
    exported(source, adapter, tmp_path / "plain")
    path = source / "model.safetensors"
    save_file({f"{wrapper}{name}": tensor for name, tensor in load_file(path).items()}, path, {"format": "pt"})
    write_merged(load_model(str(source)), adapter, tmp_path / "whole")
    assert exported(source, adapter, tmp_path / "by_file").whole == ""
    require_same(tmp_path / "whole", tmp_path / "by_file")
    require_same(tmp_path / "plain", tmp_path / "by_file")


def test_weights_beyond_the_format_of_the_base_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    source = stored_again(save_tiny_chat(tmp_path / "base"), torch.float16)
    adapter = tuned(source, tmp_path / "adapter", limit=1e8)
    with pytest.raises(ExportError, match="float16"):
        exported(source, adapter, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_adapter_of_another_model_and_damaged_files_are_refused(tmp_path: Path) -> None:
    source = save_tiny_chat(tmp_path / "base")
    adapter = tuned(save_tiny_chat(tmp_path / "other", family="gpt2"), tmp_path / "adapter")
    with pytest.raises(AdapterError, match="does not fit"):
        exported(source, adapter, tmp_path / "out")
    mine = tuned(source, tmp_path / "mine")
    content = (source / "model.safetensors").read_bytes()
    (source / "model.safetensors").write_bytes(content[:-500])
    with pytest.raises(ModelError):
        exported(source, mine, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_quantized_base_is_left_to_whoever_loads_it(tmp_path: Path) -> None:
    source = save_tiny_chat(tmp_path / "base")
    adapter = tuned(source, tmp_path / "adapter")
    config = json.loads((source / "config.json").read_text())
    quantized = config | {"quantization_config": {"quant_method": "awq", "bits": 4}}
    (source / "config.json").write_text(json.dumps(quantized))
    loads: list[str] = []

    def load(plan: ShardingPlan) -> Any:
        loads.append(plan.kind)
        return load_model(str(source), plan=plan)

    with pytest.raises(ModelError, match="quantized"):
        export_merged(load, adapter, tmp_path / "out")
    assert loads == ["described", "whole"] and not (tmp_path / "out").exists()


def test_the_tokenizer_goes_with_the_model(tmp_path: Path) -> None:
    source = save_tiny_chat(tmp_path / "base")
    exported(source, tuned(source, tmp_path / "adapter"), tmp_path / "out")
    again = load_model(str(tmp_path / "out"))
    assert again.tokenizer("a fox")["input_ids"] == tiny_tokenizer()("a fox")["input_ids"]
