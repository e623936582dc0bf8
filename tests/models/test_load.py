"""Loading a model: the right class, frozen, with a sentence for everything that is missing."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, BertModel, GPT2Config

from ia3_studio.errors import ModelError
from ia3_studio.models import STARTER, TEXT_STARTER, ModelMemory, is_ready, load_model, load_skeleton, prepare
from ia3_studio.models.architecture import head_of, model_class
from tests.families import FAMILIES, tiny_model
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer

TASKS = {"bert": "encoder", "roberta": "encoder", "t5": "seq2seq", "t5_gated": "seq2seq"}


def saved(family: str, folder: Path) -> Path:
    """Save a tiny model of a family with a tokenizer."""
    tiny_model(family).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_model_comes_back_frozen_and_equal(family: str, tmp_path: Path) -> None:
    original = tiny_model(family)
    loaded = load_model(str(saved(family, tmp_path)))
    assert type(loaded.model) is type(original)
    assert loaded.head == TASKS.get(family, "causal-lm")
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    state = loaded.model.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in original.state_dict().items())
    assert loaded.device_reason.startswith("On the ")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_skeleton_has_the_same_modules_and_no_numbers(family: str, tmp_path: Path) -> None:
    folder = saved(family, tmp_path)
    skeleton, loaded = load_skeleton(str(folder)), load_model(str(folder))
    assert [name for name, _ in skeleton.model.named_modules()] == [name for name, _ in loaded.model.named_modules()]
    assert {name: each.shape for name, each in skeleton.model.named_parameters()} == {
        name: each.shape for name, each in loaded.model.named_parameters()
    }
    assert all(parameter.is_meta for parameter in skeleton.model.parameters())
    assert skeleton.head == loaded.head


def test_the_starters_tree_needs_no_network() -> None:
    skeleton = load_skeleton(STARTER)
    assert sum(parameter.numel() for parameter in skeleton.model.parameters()) == 134_515_008
    assert skeleton.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct"
    skeleton = load_skeleton(TEXT_STARTER)
    assert sum(parameter.numel() for parameter in skeleton.model.parameters()) == 22_713_216
    assert skeleton.base_model == "sentence-transformers/all-MiniLM-L6-v2"


def test_a_bare_encoder_loads_as_it_was_saved(tmp_path: Path) -> None:
    BertModel(FAMILIES["bert"]()[1]).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path))
    assert type(loaded.model) is BertModel
    assert loaded.head == "encoder"


@pytest.mark.parametrize(
    ("kind", "name", "task"),
    [
        ("llama", "LlamaForCausalLM", "causal-lm"),
        ("gpt2", "GPT2LMHeadModel", "causal-lm"),
        ("bert", "BertForMaskedLM", "encoder"),
        ("t5", "T5ForConditionalGeneration", "seq2seq"),
        ("bart", "BartForConditionalGeneration", "seq2seq"),
        ("vit", "ViTModel", "other"),
    ],
)
def test_a_config_that_names_no_class_gets_the_usual_one(kind: str, name: str, task: str) -> None:
    config = AutoConfig.for_model(kind)
    assert model_class(config).__name__ == name
    assert head_of(model_class(config), config) == task


def test_a_model_without_a_class_names_its_type() -> None:
    config = GPT2Config(architectures=["SomethingOfItsOwn"])
    config.model_type = "something-new"
    with pytest.raises(ModelError, match=r"no model class for the type 'something-new' \(SomethingOfItsOwn\)"):
        model_class(config)


def test_a_class_that_is_no_model_is_never_taken() -> None:
    assert model_class(GPT2Config(architectures=["AutoTokenizer", "pipeline"])).__name__ == "GPT2LMHeadModel"


def test_a_tokenizer_without_padding_pads_with_its_end(tmp_path: Path) -> None:
    tiny_model("gpt2").save_pretrained(tmp_path)
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = None
    tokenizer.save_pretrained(tmp_path)
    loaded = load_model(str(tmp_path)).tokenizer
    assert loaded.pad_token == loaded.eos_token
    assert loaded.model_max_length == 1024


def without(*names: str):  # type: ignore[no-untyped-def]
    def remove(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return remove


def renamed(old: str, new: str):  # type: ignore[no-untyped-def]
    return lambda folder: (folder / old).rename(folder / new)


def with_index_of_missing_shards(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))


def as_adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without("config.json"), "contains no config.json"),
        (without("model.safetensors"), "contains config.json but no weights"),
        (renamed("model.safetensors", "pytorch_model.bin"), "pickle files"),
        (renamed("model.safetensors", "other.safetensors"), "must be named model.safetensors"),
        (with_index_of_missing_shards, "1 of 2 weight files are missing, the first is model-00002-of-00002"),
        (as_adapter, "contains an adapter, not a model"),
        (shutil.rmtree, "the folder does not exist"),
    ],
)
def test_a_folder_says_what_it_lacks(spoil, sentence: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = save_tiny_chat(tmp_path / "model")
    assert is_ready(str(folder))
    spoil(folder)
    assert not is_ready(str(folder))
    for get in (prepare, load_model, load_skeleton):
        with pytest.raises(ModelError, match=sentence):
            get(str(folder))


def with_truncated_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-50])


def with_a_pointer_for_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def with_broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def with_another_models_config(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))


def with_other_sizes(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 80}))


def with_code_of_its_own(folder: Path) -> None:
    config = {"model_type": "my-own", "auto_map": {"AutoConfig": "mine.Config", "AutoModel": "mine.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('code of a model was run')")


def with_unknown_type(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "not-yet-invented"}))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (with_truncated_weights, "cannot be read"),
        (with_a_pointer_for_weights, "maybe a Git LFS pointer"),
        (with_broken_config, "cannot be read"),
        (with_another_models_config, "lacks 9 of its weights, such as model.layers.2"),
        (with_other_sizes, "cannot be read"),
        (with_code_of_its_own, "custom code .*which the studio never runs"),
        (with_unknown_type, "cannot be read"),
        (without("tokenizer.json", "tokenizer_config.json"), "no readable tokenizer"),
    ],
)
def test_a_damaged_folder_is_a_sentence(spoil, sentence: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = save_tiny_chat(tmp_path)
    spoil(folder)
    with pytest.raises(ModelError, match=sentence) as caught:
        load_model(str(folder))
    assert "\n" not in str(caught.value)


def test_a_model_too_big_for_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    numbers = 200 * 10**9
    header = json.dumps({"w": {"dtype": "U8", "shape": [numbers], "data_offsets": [0, numbers]}}).encode()
    with (save_tiny_chat(tmp_path) / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + numbers)  # sparse: takes no room on the disk
    with pytest.raises(ModelError, match=r"needs 800\.0 GB of memory, .* are free"):
        load_model(str(tmp_path))


def test_loading_draws_no_bars(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = save_tiny_chat(tmp_path)
    capfd.readouterr()
    load_model(str(folder))
    assert capfd.readouterr() == ("", "")


def test_memory_keeps_one_model_and_replaces_it(tmp_path: Path) -> None:
    one, two = save_tiny_chat(tmp_path / "one"), save_tiny_chat(tmp_path / "two", seed=1)
    memory = ModelMemory()
    assert memory.loaded is None
    with memory.acquire(str(one)) as first, memory.acquire(str(one)) as same:
        assert first is same
        assert memory.users == 2
    assert memory.loaded == str(one)
    with memory.acquire(str(two)) as second:
        assert second is not first
    assert memory.loaded == str(two)
    assert memory.users == 0


def test_a_failed_load_leaves_the_model_in_memory(tmp_path: Path) -> None:
    memory = ModelMemory()
    with memory.acquire(str(save_tiny_chat(tmp_path / "one"))) as first:
        pass
    with pytest.raises(ModelError), memory.acquire(str(tmp_path / "missing")):
        pass
    assert memory.loaded == first.source
    with memory.acquire(first.source) as again:
        assert again is first


def test_nobody_replaces_a_model_in_use(tmp_path: Path) -> None:
    one, two = save_tiny_chat(tmp_path / "one"), save_tiny_chat(tmp_path / "two")
    memory = ModelMemory()

    def replace() -> None:
        with memory.acquire(str(two)):
            pass

    other = threading.Thread(target=replace)
    with memory.acquire(str(one)):
        other.start()
        other.join(0.3)
        assert memory.loaded == str(one)
    other.join()
    assert memory.loaded == str(two)


def test_who_waits_for_another_model_is_not_overtaken_by_later_users_of_the_first(tmp_path: Path) -> None:
    one, two = save_tiny_chat(tmp_path / "one"), save_tiny_chat(tmp_path / "two")
    memory, order = ModelMemory(), list[str]()

    def use(source: str) -> None:
        with memory.acquire(source):
            order.append(source)

    with memory.acquire(str(one)):
        first = threading.Thread(target=use, args=(str(two),))
        first.start()
        first.join(0.2)
        second = threading.Thread(target=use, args=(str(one),))
        second.start()
        second.join(0.2)
        assert order == []
    first.join()
    second.join()
    assert order == [str(two), str(one)]
