"""Models as others saved them: what a config asks for and this machine lacks, wrappers in names, old tokenizers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
import transformers as hf
from safetensors.torch import load_file, save_file

from ia3_studio.errors import ModelError
from ia3_studio.export.gguf_file import write_gguf
from ia3_studio.models import load_model, load_skeleton
from ia3_studio.models.classifier import load_classifier
from tests.export.test_gguf_file import saved, tuned
from tests.families import tiny_model
from tests.tiny_chat import save_tiny_chat


def changed(folder: Path, **fields: Any) -> str:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **fields}))
    return str(folder)


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation"])
@pytest.mark.parametrize("kernel", ["flash_attention_2", "flash_attention_3", "kernels-community/flash-attn"])
def test_a_config_that_asks_for_a_kernel_loads_with_what_every_machine_has(
    key: str, kernel: str, tmp_path: Path
) -> None:
    source = changed(save_tiny_chat(tmp_path / "flash"), **{key: kernel})
    loaded = load_model(source)
    assert any(kernel in said for said in loaded.notes)
    for model in (loaded.model, load_skeleton(source).model, load_classifier(source, ["no", "yes"]).model):
        assert model.config._attn_implementation in ("sdpa", "eager")


def test_the_text_part_of_a_config_may_ask_for_a_kernel_too(tmp_path: Path) -> None:
    text = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 97, "head_dim": 8}  # fmt: skip
    config = {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"]}
    (tmp_path / "config.json").write_text(
        json.dumps({**config, "text_config": {**text, "_attn_implementation": "flash_attention_2"}})
    )
    from ia3_studio.models.architecture import drop_kernels, read_config

    read = read_config(tmp_path)
    drop_kernels(read)
    assert read.text_config._attn_implementation in (None, "sdpa", "eager")


@pytest.mark.parametrize("method", ["bitsandbytes", "gptq", "awq"])
def test_a_quantized_model_says_what_it_is_where_it_cannot_be_loaded(method: str, tmp_path: Path) -> None:
    said = {"quant_method": method, "bits": 4, "load_in_4bit": True, "group_size": 128}
    source = changed(save_tiny_chat(tmp_path / "quantized"), quantization_config=said)
    with pytest.raises(ModelError, match=f"quantized .{method}"):
        load_model(source)


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module.", "_fsdp_wrapped_module.", "module._orig_mod."])
def test_weights_saved_from_within_a_wrapper_load(prefix: str, tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "wrapped")
    wanted = load_model(str(folder)).model.state_dict()
    weights = load_file(folder / "model.safetensors")
    save_file(
        {f"{prefix}{name}": each for name, each in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    found = load_model(str(folder)).model.state_dict()
    assert all(torch.equal(found[name], each) for name, each in wanted.items())


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SentencePiece model trained on a few lines."""
    folder = tmp_path_factory.mktemp("pieces")
    lines = ["the tide comes in at nine and leaves at three", "a heron waits by the grey pier all day"] * 20
    (folder / "text.txt").write_text("\n".join(lines))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "spiece"),
        vocab_size=60, hard_vocab_limit=False, pad_id=0, eos_id=1, unk_id=2,
        bos_id=-1, minloglevel=2,
    )  # fmt: skip
    return folder / "spiece.model"


@pytest.mark.parametrize(("family", "name"), [("t5", "spiece.model"), ("llama", "tokenizer.model")])
def test_a_folder_whose_tokenizer_is_a_sentencepiece_file_alone_loads(
    family: str, name: str, pieces: Path, tmp_path: Path
) -> None:
    tiny_model(family).save_pretrained(tmp_path)
    shutil.copy(pieces, tmp_path / name)
    tokenizer = {"t5": "T5Tokenizer", "llama": "LlamaTokenizer"}[family]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": tokenizer}))
    loaded = load_model(str(tmp_path))
    ids = loaded.tokenizer("the heron waits")["input_ids"]
    assert len(ids) > 2 and "heron" in loaded.tokenizer.decode(ids)


def test_a_gguf_file_uses_its_own_tokenizer_whatever_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    source = saved(tmp_path / "base", "llama")
    target = tmp_path / "beside" / "model.gguf"
    write_gguf(load_model(source), tuned(source, tmp_path / "adapter"), target)
    own = load_model(source).tokenizer
    save_tiny_chat(tmp_path / "other")
    for path in (tmp_path / "other").iterdir():
        if path.suffix in (".json", ".jinja"):
            shutil.copy(path, target.parent / path.name)
    loaded = load_model(str(target))
    assert loaded.tokenizer("a fox")["input_ids"] == own("a fox")["input_ids"]
    assert loaded.tokenizer.eos_token == own.eos_token
    assert load_skeleton(str(target)).model.config.hidden_size == loaded.model.config.hidden_size


def test_the_number_format_of_the_files_is_known(tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "base")
    hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(folder)
    assert load_model(str(folder)).stored == "bfloat16"
