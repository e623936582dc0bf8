"""More exports: what is offered, what is written, and what is refused in public mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ia3_studio.runs import RunConfig
from ia3_studio.ui import export_words as words
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.more_exports import offer, write_merged_model
from ia3_studio.ui.session import Studio
from tests.export.test_gguf_file import saved
from tests.export.test_merged import adapter_of
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import AddRun, says


@pytest.fixture
def key(bench: Studio, add_run: AddRun, tmp_path: Path) -> str:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    run = add_run("A run", source)
    run.files.keep_adapter(5, lambda folder: adapter_of(source, folder) and None)
    return run_key(run.id)


def test_a_run_is_offered_as_script_notebook_settings_and_command(bench: Studio, key: str) -> None:
    card, script, notebook, settings, command, merged, folder, sizes = offer(bench, key)
    assert card["visible"] and merged["visible"]
    assert "CONFIG = RunConfig" in Path(script["value"]).read_text()
    assert '"nbformat": 4' in Path(notebook["value"]).read_text()
    assert RunConfig.from_json(Path(settings["value"]).read_text()).name == "A run"
    assert command["value"] == "python -m ia3_studio train a-run.json"
    assert all(re.search(rf"[1-9]\d* kB as {said}", sizes) for said in words.FORMATS.values()) and "1 minute" in sizes
    assert Path(folder) == bench.home / "exports" / "a-run-merged"


def test_nothing_is_offered_before_there_is_an_adapter(bench: Studio, add_run: AddRun) -> None:
    assert not offer(bench, run_key(add_run().id))[0]["visible"]
    assert not offer(bench, "")[0]["visible"]


def test_the_whole_model_is_written_and_told(bench: Studio, key: str, tmp_path: Path) -> None:
    *_, said = write_merged_model(bench, key, str(tmp_path / "out"), "the lamp\n")
    assert "note good" in said and str(tmp_path / "out") in said and "1 prompt" in said
    assert (tmp_path / "out" / "model.safetensors").is_file()
    *_, said = write_merged_model(bench, key, str(tmp_path / "out"), "")
    assert "note bad" in said and str(tmp_path / "out") in said
    *_, said = write_merged_model(bench, key, " ", "")
    assert says(said, words.NO_FOLDER)


def test_what_was_not_compared_and_what_was_loaded_whole_are_told(
    bench: Studio, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("ia3_studio.export.by_file.short_of_memory", lambda _planned: "that needs 280 GB of memory")
        *_, said = write_merged_model(bench, key, str(tmp_path / "out"), "")
    assert "note good" in said and "that needs 280 GB of memory" in said and "prompt" not in said
    monkeypatch.setattr("ia3_studio.export.tensor_plan.computes_in_its_own_way", lambda _module: True)
    *_, said = write_merged_model(bench, key, str(tmp_path / "whole"), "")
    assert "note good" in said and "may change its weights" in said and "prompt" in said


def test_a_gguf_file_that_cannot_be_is_told_and_leaves_nothing(bench: Studio, key: str, tmp_path: Path) -> None:
    *_, said = write_merged_model(bench, key, str(tmp_path / "out"), "", "f16")
    assert "note bad" in said and "tokeniz" in said and "safetensors" in said
    assert not (tmp_path / "out").exists()


def test_the_whole_model_is_written_as_one_gguf_file(bench: Studio, add_run: AddRun, tmp_path: Path) -> None:
    source = saved(tmp_path / "byte-level", "llama")
    run = add_run("Byte run", source)
    run.files.keep_adapter(5, lambda folder: adapter_of(source, folder) and None)
    *_, said = write_merged_model(bench, run_key(run.id), str(tmp_path / "out"), "the lamp", "q8_0")
    assert "note good" in said and "byte-run-q8_0.gguf" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["byte-run-q8_0.gguf"]


def test_where_strangers_visit_no_model_is_written_and_no_path_leaves(
    bench: Studio, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    *_, said = write_merged_model(bench, key, str(tmp_path / "out"), "")
    assert says(said, words.NOT_IN_A_SPACE) and not (tmp_path / "out").exists()
