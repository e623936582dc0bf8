"""As GGUF: every family that is offered comes back through transformers as the tuned model, and no other is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

from ia3_studio.errors import ExportError
from ia3_studio.export.gguf_file import expected_bytes, export_gguf, write_gguf
from ia3_studio.export.gguf_parts import SPLITS, splitting, why_not
from ia3_studio.export.gguf_tensors import FORMATS
from ia3_studio.export.merged import logits_of
from ia3_studio.method import attach, discover, load_adapter
from ia3_studio.models import load_model
from ia3_studio.models.machine import MachineMemory
from ia3_studio.models.sharding_plan import ShardingPlan
from tests.method.test_scaling import randomized
from tests.tiny_chat import tiny_tokenizer

SHAPE: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 128,
}  # fmt: skip
CONFIGS = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}
TEXTS = ("The lamp is lit.", "12 boats, 7 oars; what next?")


def byte_tokenizer(splits: Any = None) -> Any:
    """Return a byte-level tokenizer with two merges, which splits texts as GPT-2 does unless another way is given."""
    plain = tiny_tokenizer()
    vocabulary = {token: number for token, number in plain.get_vocab().items()}
    vocabulary |= {"he": len(vocabulary), "ll": len(vocabulary) + 1}
    inner = Tokenizer(models.BPE(vocabulary, [("h", "e"), ("l", "l")], unk_token="<|endoftext|>"))
    inner.pre_tokenizer = splits or pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    inner.decoder = decoders.ByteLevel()
    names = ("bos_token", "eos_token", "pad_token", "unk_token")
    special = {name: getattr(plain, name) for name in names}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, **special)
    tokenizer.chat_template = plain.chat_template
    return tokenizer


def saved(folder: Path, family: str, **options: Any) -> str:
    """Save a tiny model of a family with a byte-level tokenizer; return the folder."""
    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    extra = {"sliding_window": None} if family == "mistral" else {"head_dim": 128} if family == "qwen3" else {}
    config = CONFIGS[family](vocab_size=len(tokenizer), **(SHAPE | extra | options))
    config.bos_token_id, config.eos_token_id = tokenizer.bos_token_id, tokenizer.eos_token_id
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def tuned(source: str, folder: Path) -> Path:
    loaded = load_model(source)
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    randomized(attachment)
    attachment.adapter().save(folder)
    return folder


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3"])
def test_the_file_read_back_is_the_tuned_model(family: str, tmp_path: Path) -> None:
    source = saved(tmp_path / "base", family)
    adapter = tuned(source, tmp_path / "adapter")
    found = write_gguf(load_model(source), adapter, tmp_path / "out" / "model.gguf", "f32", TEXTS)
    assert found.largest_difference < 1e-4 and found.same_token == 1.0 and found.texts == 2
    hooked = load_model(source)
    load_adapter(hooked.model, adapter)
    again = AutoModelForCausalLM.from_pretrained(found.path.parent, gguf_file=found.path.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(found.path.parent, gguf_file=found.path.name)
    for text in TEXTS:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        torch.testing.assert_close(again.eval()(ids).logits, logits_of(hooked, text), atol=1e-4, rtol=1e-4)
    assert list((tmp_path / "out").iterdir()) == [found.path]


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_has_the_size_that_was_told_and_its_matrices(kind: Any, tmp_path: Path) -> None:
    source = saved(tmp_path / "base", "llama")
    adapter = tuned(source, tmp_path / "adapter")
    loaded = load_model(source)
    told = expected_bytes(loaded.model.num_parameters(), kind)
    found = write_gguf(loaded, adapter, tmp_path / "model.gguf", kind)
    forms = {tensor.tensor_type.name for tensor in gguf.GGUFReader(found.path).tensors if len(tensor.shape) > 1}
    assert forms == {kind.upper()}
    weights = sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(found.path).tensors)
    assert weights == pytest.approx(told, rel=0.1)
    assert found.largest_difference < {"f32": 1e-4, "f16": 1e-2, "q8_0": 0.2}[kind]


def test_what_llama_cpp_reads_of_the_tokenizer_is_in_the_file(tmp_path: Path) -> None:
    source = saved(tmp_path / "base", "llama")
    found = write_gguf(load_model(source), tuned(source, tmp_path / "adapter"), tmp_path / "model.gguf")
    fields = {name: field.contents() for name, field in gguf.GGUFReader(found.path).fields.items()}
    tokenizer = load_model(source).tokenizer
    assert fields["tokenizer.ggml.model"] == "gpt2" and fields["tokenizer.ggml.pre"] == "gpt-2"
    assert fields["tokenizer.ggml.eos_token_id"] == tokenizer.eos_token_id
    assert fields["tokenizer.chat_template"] == tokenizer.chat_template
    end = tokenizer.eos_token_id
    assert fields["tokenizer.ggml.tokens"][end] == tokenizer.eos_token
    assert fields["tokenizer.ggml.token_type"][end] == gguf.TokenType.CONTROL


def in_turn(*steps: Any) -> Any:
    return pre_tokenizers.Sequence([*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=len(steps) < 1)])


def by(pattern: str) -> Any:
    return pre_tokenizers.Split(Regex(pattern), "isolated")


@pytest.mark.parametrize(
    ("splits", "name"),
    [
        (pre_tokenizers.ByteLevel(add_prefix_space=False), "gpt-2"),
        (in_turn(), "gpt-2"),
        (
            pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
            "smollm",
        ),
        *((in_turn(by(pattern)), name) for pattern, name in SPLITS.items()),
        (in_turn(by(r"\s+")), ""),
        (pre_tokenizers.Whitespace(), ""),
    ],
)
def test_a_way_to_split_texts_has_the_name_that_llama_cpp_gives_it(splits: Any, name: str) -> None:
    assert splitting(byte_tokenizer(splits)) == name


def test_a_model_that_llama_cpp_would_read_wrongly_is_refused(tmp_path: Path) -> None:
    window = load_model(saved(tmp_path / "window", "mistral", sliding_window=8))
    assert "sliding window" in why_not(window.model, window.tokenizer)
    stretched = load_model(
        saved(tmp_path / "yarn", "qwen2", rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4})
    )
    assert "uses RoPE scaling" in why_not(stretched.model, stretched.tokenizer)
    plain = load_model(saved(tmp_path / "plain", "llama"))
    assert why_not(plain.model, plain.tokenizer) == ""
    plain.model.config.model_type = "gpt_neox"
    with pytest.raises(ExportError, match=r"types llama, mistral, qwen2, qwen3; this model is gpt_neox\..*safetensors"):
        write_gguf(plain, tmp_path, tmp_path / "x.gguf")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    loaded = load_model(saved(tmp_path / "base", "llama"))
    (tmp_path / "x.gguf").write_text("mine")
    with pytest.raises(ExportError, match="already exists"):
        write_gguf(loaded, tmp_path, tmp_path / "x.gguf")
    with pytest.raises(ExportError, match="choose one of f16, q8_0, f32"):
        write_gguf(loaded, tmp_path, tmp_path / "y.gguf", "q2")  # type: ignore[arg-type]
    assert (tmp_path / "x.gguf").read_text() == "mine"


def test_a_file_that_cannot_be_read_back_is_not_offered(tmp_path: Path) -> None:
    source = saved(tmp_path / "base", "qwen3", head_dim=16)  # transformers takes 128 for granted when it reads a file
    adapter = tuned(source, tmp_path / "adapter")
    with pytest.raises(ExportError, match="cannot load the GGUF file"):
        write_gguf(load_model(source), adapter, tmp_path / "out" / "model.gguf", "f32")
    assert not list((tmp_path / "out").iterdir())


def test_a_file_that_reads_back_otherwise_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = saved(tmp_path / "base", "llama")
    adapter = tuned(source, tmp_path / "adapter")
    monkeypatch.setattr("ia3_studio.export.gguf_tensors.PERMUTED", ())
    with pytest.raises(ExportError, match="differ from the tuned model"):
        write_gguf(load_model(source), adapter, tmp_path / "out" / "model.gguf", "f32")
    assert not list((tmp_path / "out").iterdir())


def stored_again(source: str, dtype: torch.dtype) -> str:
    """Save a model once more in another format."""
    load_model(source).model.to(dtype).save_pretrained(source)
    return source


def contents(path: Path) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    return fields, {each.name: (each.tensor_type.name, each.data.tobytes()) for each in reader.tensors}


@pytest.mark.parametrize(
    ("kind", "form", "tied"),
    [("f32", torch.bfloat16, False), ("f16", torch.float32, True), ("q8_0", torch.bfloat16, True)],
)
@pytest.mark.parametrize("family", CONFIGS)
def test_the_file_written_tensor_by_tensor_is_that_of_a_model_merged_in_memory(
    family: str, kind: Any, form: torch.dtype, tied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ia3_studio.models.stored.BLOCK", 200)  # so that no tensor is one block
    source = stored_again(saved(tmp_path / "base", family, tie_word_embeddings=tied), form)
    adapter = tuned(source, tmp_path / "adapter")
    whole = write_gguf(load_model(source), adapter, tmp_path / "whole.gguf", kind)
    found = export_gguf(lambda plan: load_model(source, plan=plan), adapter, tmp_path / "by_file.gguf", kind)
    assert (found.whole, found.uncompared) == ("", "")
    assert (found.largest_difference, found.same_token) == (whole.largest_difference, whole.same_token)
    assert contents(found.path) == contents(whole.path)


def noting(source: str) -> tuple[Callable[[ShardingPlan], Any], list[str]]:
    """Return what loads a model, and the list in which it notes how."""
    loads: list[str] = []

    def load(plan: ShardingPlan) -> Any:
        loads.append(plan.kind)
        return load_model(source, plan=plan)

    return load, loads


def test_a_model_larger_than_memory_becomes_a_file_that_is_said_not_to_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = saved(tmp_path / "base", "llama")
    adapter = tuned(source, tmp_path / "adapter")
    whole = write_gguf(load_model(source), adapter, tmp_path / "whole.gguf")
    load, loads = noting(source)
    monkeypatch.setattr("ia3_studio.models.machine.machine_memory", lambda _device=None: MachineMemory(10**9, 10**4))
    monkeypatch.setattr("ia3_studio.models.weights.machine_memory", lambda _device=None: MachineMemory(10**9, 10**9))
    found = export_gguf(load, adapter, tmp_path / "by_file.gguf")
    assert loads == ["described"] and "GB of memory" in found.uncompared
    assert (found.largest_difference, found.same_token, found.texts) == (None, None, 0)
    assert contents(found.path) == contents(whole.path)


def test_a_model_that_cannot_be_written_by_tensor_is_loaded_whole_and_why_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = saved(tmp_path / "base", "llama")
    adapter = tuned(source, tmp_path / "adapter")
    monkeypatch.setattr("ia3_studio.export.tensor_plan.computes_in_its_own_way", lambda _module: True)
    found = export_gguf(lambda plan: load_model(source, plan=plan), adapter, tmp_path / "model.gguf")
    assert "may change its weights" in found.whole and found.largest_difference is not None


def test_a_model_that_llama_cpp_lacks_is_refused_before_its_weights_are_read(tmp_path: Path) -> None:
    source = saved(tmp_path / "base", "llama", rope_scaling={"rope_type": "linear", "factor": 2.0})
    adapter = tuned(source, tmp_path / "adapter")
    load, loads = noting(source)
    with pytest.raises(ExportError, match="uses RoPE scaling"):
        export_gguf(load, adapter, tmp_path / "model.gguf")
    assert loads == ["described"] and not (tmp_path / "model.gguf").exists()
