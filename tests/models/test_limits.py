"""A model's own limits are found on the model, and met before the first step, in chat and in every measurement."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.chat import ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.tokens import tokenize
from ia3_studio.errors import DataError, ModelError, StudioError, TrainingError
from ia3_studio.method import attach, discover
from ia3_studio.models import load_model, load_skeleton
from ia3_studio.models.classifier import load_classifier
from ia3_studio.models.limits import limits_of
from ia3_studio.models.loaded import LoadedModel
from ia3_studio.runs import RunConfig
from ia3_studio.runs.run import Run
from ia3_studio.tasks.preview import preview_run
from ia3_studio.training import TrainConfig
from ia3_studio.training.train import train
from ia3_studio.worker.training_job import TrainingJob
from tests.families import SMALL, tiny_model
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer

LONG = {"max_position_embeddings": 40}
HEADS = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_layers": 1, "decoder_layers": 1}
PAIR = {"d_model": 16, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "vocab_size": 97, **HEADS, **LONG}
SHORT = {"n_positions": 40}
ENDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}

HARD: dict[str, tuple[Any, int]] = {
    "gpt2": (lambda: hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=97, n_layer=1, n_embd=32, n_head=4, **SHORT)), 40),
    "gptj": (
        lambda: hf.GPTJForCausalLM(
            hf.GPTJConfig(vocab_size=97, n_layer=1, n_embd=32, n_head=4, n_positions=40, rotary_dim=8)
        ),
        40,
    ),
    "opt": (lambda: hf.OPTForCausalLM(hf.OPTConfig(**SMALL, **LONG, ffn_dim=48, word_embed_proj_dim=32)), 40),
    "bert": (lambda: hf.BertForMaskedLM(hf.BertConfig(**SMALL, **LONG, intermediate_size=48)), 40),
    "roberta": (lambda: hf.RobertaForMaskedLM(hf.RobertaConfig(**SMALL, **LONG, intermediate_size=48)), 38),
    "camembert": (lambda: hf.CamembertForMaskedLM(hf.CamembertConfig(**SMALL, **LONG, intermediate_size=48)), 38),
    "xlm-roberta": (lambda: hf.XLMRobertaForMaskedLM(hf.XLMRobertaConfig(**SMALL, **LONG, intermediate_size=48)), 38),
    "mpnet": (lambda: hf.MPNetForMaskedLM(hf.MPNetConfig(**SMALL, **LONG, intermediate_size=48)), 38),
    "yoso": (lambda: hf.YosoForMaskedLM(hf.YosoConfig(**SMALL, **LONG, intermediate_size=48)), 40),
    "ibert": (lambda: hf.IBertForMaskedLM(hf.IBertConfig(**SMALL, **LONG, intermediate_size=48)), 38),
    "bart": (lambda: hf.BartForConditionalGeneration(hf.BartConfig(**PAIR, **ENDS)), 40),
    "mbart": (lambda: hf.MBartForConditionalGeneration(hf.MBartConfig(**PAIR, **ENDS)), 40),
    "pegasus": (lambda: hf.PegasusForConditionalGeneration(hf.PegasusConfig(**PAIR, **ENDS)), 40),
}  # fmt: skip


def computes(model: Any, tokens: int) -> bool:
    ids = torch.full((1, tokens), 5)
    more = {"decoder_input_ids": ids[:, :2]} if model.config.is_encoder_decoder else {}
    try:
        with torch.no_grad():
            model(input_ids=ids, **more)
    except (IndexError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize("family", HARD)
def test_a_row_as_long_as_the_limit_computes_and_a_longer_one_does_not(family: str) -> None:
    build, usable = HARD[family]
    model = build().eval()
    limits = limits_of(model)
    assert limits.positions == usable and limits.is_hard
    assert computes(model, usable) and not computes(model, usable + 1)
    with torch.device("meta"):
        assert limits_of(build()) == limits


def test_rotary_models_end_where_they_were_trained_to_and_relative_ones_nowhere() -> None:
    llama = limits_of(tiny_model("llama"))
    assert (llama.positions, llama.is_hard) == (128, False)
    assert limits_of(tiny_model("t5")).row is None
    stretched = hf.LlamaConfig(
        **SMALL, intermediate_size=48, max_position_embeddings=64,
        rope_parameters={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "rope_theta": 1e4},
    )  # fmt: skip
    assert limits_of(hf.LlamaForCausalLM(stretched)).positions == 256


def test_reading_and_writing_of_a_pair_have_limits_of_their_own() -> None:
    sizes = {key: value for key, value in PAIR.items() if key not in LONG}
    config = hf.LEDConfig(
        **sizes, **ENDS, max_encoder_position_embeddings=64, max_decoder_position_embeddings=32, attention_window=[4]
    )
    limits = limits_of(hf.LEDForConditionalGeneration(config))
    assert (limits.positions, limits.written, limits.row) == (64, 32, 32)


def short_gpt2(folder: Path, rows: int = 97, positions: int = 48) -> str:
    """Save a chat model of few learned positions, and of any number of embedding rows."""
    torch.manual_seed(0)
    config = hf.GPT2Config(
        vocab_size=rows, n_layer=1, n_embd=32, n_head=4, n_positions=positions, bos_token_id=1, eos_token_id=2
    )
    hf.GPT2LMHeadModel(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return str(folder)


def pairs(folder: Path, answer: str = "b") -> Path:
    path = folder / "rows.jsonl"
    rows = [{"prompt": "a" * (1 + n % 3), "answer": answer * (2 + n % 9)} for n in range(12)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def prepared(tmp_path: Path, model: str, data: Path, **settings: Any) -> TrainingJob:
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    config = RunConfig("a run", model, str(data), train=TrainConfig(max_steps=1, sample_generations=0, **settings))
    run.files.config.write_text(config.to_json())
    job = TrainingJob(run)
    job.prepare(lambda _share, _said: None)
    return job


def test_a_run_cuts_rows_to_the_models_positions_and_says_so_as_its_preview_did(tmp_path: Path) -> None:
    model, data = short_gpt2(tmp_path / "gpt2"), pairs(tmp_path, "tell ")
    found = preview_run(RunConfig("a run", model, str(data), train=TrainConfig(max_length=512)))
    assert found.training.limit == 48 and "48" in found.shortened
    job = prepared(tmp_path, model, data, max_length=512)
    assert any(row.truncated for row in job._rows) and max(len(row.input_ids) for row in job._rows) == 48
    first = next(iter(job.steps(lambda: False)))
    assert found.shortened in (first.note or "")


def test_rows_longer_than_the_positions_are_named_before_the_first_step(tmp_path: Path) -> None:
    loaded = load_model(short_gpt2(tmp_path / "gpt2"))
    turns = (Message("user", "a" * 60), Message("assistant", "b"))
    rows = tokenize([Example(7, messages=turns)], loaded.tokenizer, 512).rows
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    with pytest.raises(TrainingError, match=r"Row 7 .* 48 positions"):
        train(loaded.model, attachment, rows, (), TrainConfig(max_steps=1))


def test_tokens_without_an_embedding_are_named_wherever_a_text_is_read(tmp_path: Path) -> None:
    model = short_gpt2(tmp_path / "few", rows=90)  # the last letters of the alphabet have no row
    loaded = load_model(model)
    unknown = tiny_tokenizer().convert_ids_to_tokens(96)
    with pytest.raises(ModelError, match="embedding has 90 rows"):
        next(reply(loaded, None, [[Message("user", unknown)]], [0.0], ChatSettings(max_new_tokens=2)))
    rows = tokenize([Example(3, messages=(Message("user", unknown), Message("assistant", "b")))], loaded.tokenizer, 40)
    attachment = attach(loaded.model, discover(loaded.model).select("paper"))
    with pytest.raises(TrainingError, match="Row 3 contains the token 96"):
        train(loaded.model, attachment, rows.rows, (), TrainConfig(max_steps=1))


def test_a_run_leaves_out_rows_with_unknown_tokens_and_ends_where_all_have_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown = tiny_tokenizer().convert_ids_to_tokens(96)
    data = tmp_path / "rows.jsonl"
    rows = [{"prompt": "a", "answer": f"b{unknown if n == 4 else n}"} for n in range(20)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = short_gpt2(tmp_path / "few", rows=96)
    job = prepared(tmp_path, model, data)
    assert len(job._rows) + len(job._held_out) == 19 and "row 5 is skipped" in capsys.readouterr().out
    (tmp_path / "all").mkdir()
    with pytest.raises(DataError, match=r"<\|im_end\|> \(2\)"):
        prepared(tmp_path / "all", short_gpt2(tmp_path / "two", rows=2), data)


def test_an_answer_is_as_long_as_the_context_lets_it_be(tmp_path: Path) -> None:
    loaded = load_model(short_gpt2(tmp_path / "gpt2"))
    loaded.model.generation_config.eos_token_id = None
    loaded.tokenizer.eos_token = None
    asked = [Message("user", "a")]
    answer = list(reply(loaded, None, [asked], [0.0], ChatSettings(max_new_tokens=500, temperature=0)))[-1][0]
    assert answer.ended == "context" and answer.prompt_tokens + len(answer.tokens) == 48
    with pytest.raises(StudioError, match="context length of the model is 48"):
        next(reply(loaded, None, [[Message("user", "a" * 60)]], [0.0], ChatSettings(max_new_tokens=500)))


def test_the_tokenizer_cuts_at_the_models_positions_whatever_it_says_itself(tmp_path: Path) -> None:
    folder = tmp_path / "roberta"
    tiny_model("roberta").save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": 514}))
    loaded = load_classifier(str(folder), ["no", "yes"])
    assert (
        loaded.tokenizer.model_max_length == loaded.limits.positions == loaded.model.config.max_position_embeddings - 2
    )


def without_special_tokens(folder: Path) -> str:
    source = short_gpt2(folder)
    inner = tiny_tokenizer().backend_tokenizer
    hf.PreTrainedTokenizerFast(tokenizer_object=inner).save_pretrained(folder)
    return source


def test_a_tokenizer_without_any_special_token_pads_and_says_with_what(tmp_path: Path) -> None:
    loaded = load_model(without_special_tokens(tmp_path / "bare"))
    assert loaded.tokenizer(["a", "aaa"], padding=True)["input_ids"][0][1:] == [loaded.tokenizer.pad_token_id] * 2
    assert any(loaded.tokenizer.pad_token in said for said in loaded.notes)
    sorter = load_classifier(str(tmp_path / "bare"), ["no", "yes"])
    assert sorter.model.config.pad_token_id == loaded.tokenizer.pad_token_id


def test_a_padding_token_without_an_embedding_is_replaced(tmp_path: Path) -> None:
    source = short_gpt2(tmp_path / "padded")
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    tokenizer.save_pretrained(source)
    for loaded in (load_model(source), load_classifier(source, ["no", "yes"])):
        assert loaded.tokenizer.pad_token_id < 97 and any("<|pad|>" in said for said in loaded.notes)


def test_a_decoder_without_a_start_token_gets_one_and_it_is_said(tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "t5", family="t5")
    for name in ("config.json", "generation_config.json"):
        settings = json.loads((folder / name).read_text())
        settings.pop("decoder_start_token_id", None)
        (folder / name).write_text(json.dumps(settings))
    loaded = load_model(str(folder))
    assert loaded.model.config.decoder_start_token_id is not None
    assert any("decoder" in said for said in loaded.notes)
    answer = list(reply(loaded, None, [[Message("user", "a")]], [0.0], ChatSettings(max_new_tokens=3)))[-1][0]
    assert answer.tokens


CLAIMS: list[dict[str, Any]] = [
    {"num_hidden_layers": 10_000_000},
    {"num_hidden_layers": -1},
    {"hidden_size": 10**9},
    {"hidden_size": 0},
    {"num_attention_heads": 0},
    {"num_attention_heads": -4},
    {"vocab_size": 10**12},
    {"vocab_size": -5},
    {"intermediate_size": 10**12},
    {"max_position_embeddings": 10**15},
    {"num_labels": 10**9},
    {"text_config": {"num_hidden_layers": 10_000_000}},
    {"vocab_size": 50_000_000},
    {"num_hidden_layers": float("1e30")},
]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_sizes_that_no_model_has_are_a_sentence_at_once(claim: dict[str, Any], tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "theirs")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **claim}))
    began = time.monotonic()
    for load in (load_model, lambda source: load_classifier(source, ["no", "yes"])):
        with pytest.raises(ModelError):
            load(str(folder))
    assert time.monotonic() - began < 4


def test_building_stops_at_a_number_of_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ia3_studio.models import sizes

    folder = save_tiny_chat(tmp_path / "theirs")
    monkeypatch.setattr(sizes, "MOST_MODULES", 10)
    with pytest.raises(ModelError, match="10 modules"):
        load_skeleton(str(folder))
    monkeypatch.undo()
    assert isinstance(load_model(str(folder)), LoadedModel)
