"""What can be chosen is listed with what is known of it, and what cannot be loaded says why before it is tried."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.models import prepare, starters
from ia3_studio.models.catalog import LocalModels, hub_entry, matching, starter_entries
from ia3_studio.models.fetch import is_ready
from ia3_studio.models.weights import count_weights
from tests.hub_listing import MODELS, model
from tests.models.standins import LocalHub, point_to_hub, served, write_tiny_gguf
from tests.tiny_chat import save_tiny_chat

NAME = "somebody/tiny-chat"


def test_a_model_of_the_hub_has_its_size_license_downloads_and_gate() -> None:
    first, gated = (hub_entry(each) for each in MODELS[:2])
    assert (first.parameters, first.size, first.license) == (134_515_008, 2 * 134_515_008, "apache-2.0")
    assert first.downloads == 1_250_000 and not first.gated and gated.gated
    assert not first.unusable and first.writes and not first.ready


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"library_name": "diffusers", "parameters": 10**9}, "diffusers"),
        ({"library_name": "peft", "parameters": 10**6}, "adapter"),
        ({"tags": ["base_model:adapter:org/base"], "parameters": 10**6}, "adapter"),
        ({"library_name": "mlx", "parameters": 10**9}, "MLX"),
        ({"tags": ["gguf"]}, "GGUF"),
        ({"gguf": {"total": 10**9}}, "GGUF"),
        ({}, "safetensors"),
        (
            {"parameters": 10**9, "config": {"model_type": "their_own", "auto_map": {"AutoConfig": "x.Y"}}},
            "custom code",
        ),
        ({"parameters": 10**9, "config": {"model_type": "their_own"}, "tags": ["custom_code"]}, "custom code"),
        ({"parameters": 10**9, "config": {"model_type": "their_own"}}, "their_own"),
    ],
)
def test_what_cannot_be_loaded_says_why(said: dict[str, Any], reason: str) -> None:
    assert reason in hub_entry(model("some/thing", said.pop("parameters", None), **said)).unusable


def test_code_next_to_a_model_that_transformers_knows_is_not_needed() -> None:
    config = {"model_type": "llama", "auto_map": {"AutoModelForCausalLM": "x.Y"}}
    assert not hub_entry(model("some/thing", 10**9, config=config, tags=["custom_code"])).unusable


def test_codes_of_a_quantized_model_are_no_parameters() -> None:
    config = {"model_type": "llama", "quantization_config": {"quant_method": "gptq"}}
    for entry in (hub_entry(model("a/b", 10**9, "I32")), hub_entry(model("a/b", 10**9, "F16", config=config))):
        assert entry.quantized and entry.parameters is None and entry.size and not entry.unusable


def test_an_encoder_does_not_chat_and_experts_are_known() -> None:
    bert = {"model_type": "bert", "architectures": ["BertForMaskedLM"]}
    assert not hub_entry(model("a/b", 10**8, config=bert, pipeline_tag="fill-mask")).writes
    assert hub_entry(model("a/b", 10**8, config={"model_type": "qwen3_moe"})).has_experts


def test_a_shared_studio_says_which_models_are_too_large_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert "shared studio" in hub_entry(MODELS[2]).unusable
    assert not hub_entry(MODELS[0]).unusable


def test_whatever_the_hub_says_of_a_model_makes_an_entry() -> None:
    junk: list[Any] = [None, True, -1, 10**40, 1.5, "x" * 500, [], {}, [None, {}], {"parameters": [1]}]
    junk += [{"parameters": {"F32": -3, "?": 10**9}}, {"model_type": ["x"]}, {"architectures": "abc", "model_type": 3}]
    names = ("downloads", "gated", "safetensors", "gguf", "config", "tags", "library_name", "pipeline_tag")
    draw = random.Random(0)
    for _each in range(3000):
        entry = hub_entry({"id": "a/b", **{name: draw.choice(junk) for name in names}})
        assert entry.parameters is None or 0 < entry.parameters < 10**14


def test_the_starters_claim_the_parameters_that_they_have() -> None:
    for starter, entry in zip(starters(), starter_entries(), strict=True):
        assert entry.source == starter.name and entry.license and entry.parameters and entry.channels
        if is_ready(starter.name):
            counted = count_weights(prepare(starter.name))
            assert abs(entry.parameters - counted) < 1000  # position numbers are stored, too


def test_letters_match_names_in_any_order_and_case() -> None:
    assert [each.name for each in matching(starter_entries(), "smol")] == ["SmolLM2-135M-Instruct"]
    assert [each.name for each in matching(starter_entries(), "instruct SMOL")] == ["SmolLM2-135M-Instruct"]
    assert matching(starter_entries(), "nothing of that kind") == ()


def test_folders_and_files_that_runs_used_are_listed_while_they_are_there(tmp_path: Path) -> None:
    folder, gguf = save_tiny_chat(tmp_path / "tiny"), write_tiny_gguf(tmp_path / "tiny.Q8_0.gguf")
    (tmp_path / "empty").mkdir()
    used = [str(folder), str(gguf), str(folder), str(tmp_path / "empty"), str(tmp_path / "gone"), "", "bad name!"]
    listed = LocalModels().entries(used)
    assert [each.source for each in listed][:2] == [str(folder), str(gguf)]
    assert {each.source for each in listed} & set(used) == {str(folder), str(gguf)}
    first, second = listed[:2]
    assert first.parameters == count_weights(folder) and first.size and first.ready and first.channels
    assert second.parameters == pytest.approx(8 * os.path.getsize(gguf) / 8.5, rel=0.01)


def test_a_damaged_folder_is_listed_and_no_failure(tmp_path: Path) -> None:
    folder = save_tiny_chat(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(b"no weights")
    (folder / "config.json").write_text("[" * 5000)
    (entry,) = (each for each in LocalModels().entries([str(folder)]) if each.source == str(folder))
    assert entry.parameters is None


def test_whole_models_in_the_cache_of_hugging_face_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {path.name: path.read_bytes() for path in save_tiny_chat(tmp_path / "repo").iterdir()}
    with served(LocalHub({NAME: files})) as address:
        point_to_hub(address, tmp_path / "hub", monkeypatch)
        monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
        folder = prepare(NAME)
        (tmp_path / "hub" / "models--half--done").mkdir()
        (entry,) = LocalModels().entries([])
        assert (entry.source, entry.group, entry.ready) == (NAME, "local", True)
        (folder / "model.safetensors").unlink()
        assert LocalModels().entries([]) == ()


def test_a_visitor_is_told_nothing_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_tiny_chat(tmp_path / "tiny")
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert LocalModels().entries([str(folder)]) == ()
