"""A run on a large file learns what it would learn from the same rows in memory, and makes them once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data import large
from ia3_studio.data.arrow_rows import ArrowRows
from ia3_studio.errors import DataError
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs.run import Run
from ia3_studio.tasks import rows as arrow_rows_of
from ia3_studio.training import TrainConfig
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat
from tests.training.test_targets import save_tiny_t5


@pytest.fixture(autouse=True)
def everything_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(large, "LARGE_BYTES", 1000)
    monkeypatch.setattr(large, "BLOCK_BYTES", 700)
    monkeypatch.setattr(arrow_rows_of, "AT_ONCE", 7)
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    yield


def data(tmp_path: Path, rows: int = 60, longest: int = 4) -> Path:
    path = tmp_path / "big.jsonl"
    path.write_text(
        "".join(json.dumps({"prompt": f"ask {n}", "answer": "tell " * (1 + n % longest)}) + "\n" for n in range(rows))
    )
    return path


def job(tmp_path: Path, source: Path, model: Path | None = None, **settings: Any) -> TrainingJob:
    config = RunConfig(
        "a run", str(model or save_tiny_chat(tmp_path / "tiny")), str(source),
        train=TrainConfig(batch_size=4, **settings),
    )  # fmt: skip
    run = Run(tmp_path / f"run-{len(list(tmp_path.iterdir()))}")
    run.folder.mkdir()
    run.files.config.write_text(config.to_json())
    made = TrainingJob(run)
    made.prepare(lambda _share, _said: None)
    return made


def losses(made: TrainingJob) -> list[tuple[float | None, float | None]]:
    return [(step.loss, step.held_out) for step in made.steps(lambda: False)]


def test_rows_on_disk_are_learned_as_rows_in_memory(tmp_path: Path) -> None:
    source = data(tmp_path)
    made, again = job(tmp_path, source), job(tmp_path, source)
    assert isinstance(made._rows, ArrowRows) and isinstance(made._held_out, ArrowRows)
    again._rows, again._held_out = list(again._rows), list(again._held_out)
    assert losses(made) == losses(again)


def test_rows_are_turned_into_tokens_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = data(tmp_path)
    first = list(job(tmp_path, source)._rows)

    def forbidden(*_all: object) -> None:
        raise AssertionError("they were made again")

    monkeypatch.setattr(arrow_rows_of, "write_arrow_rows", forbidden)
    assert list(job(tmp_path, source)._rows) == first
    with pytest.raises(AssertionError, match="made again"):
        job(tmp_path, source, max_length=100)


def test_long_rows_are_cut_or_left_out_as_asked(tmp_path: Path) -> None:
    source = data(tmp_path, longest=9)
    cut, skipped = job(tmp_path, source, max_length=48), job(tmp_path, source, max_length=48, long_rows="skip")
    assert 0 < len(skipped._rows) < len(cut._rows) and not any(row.truncated for row in skipped._rows)
    assert [row for row in cut._rows if not row.truncated] == list(skipped._rows)
    assert any("are skipped" in note for note in skipped._task.notes)


def test_a_run_of_few_steps_turns_only_the_rows_it_sees_into_tokens(tmp_path: Path) -> None:
    made = job(tmp_path, data(tmp_path), max_steps=3)
    assert len(made._rows) == 12 and "12 of" in made._task.notes[0]
    assert len(losses(made)) == 4
    assert list(job(tmp_path, data(tmp_path), max_steps=3, seed=1)._rows) != list(made._rows)


def test_an_encoder_decoder_reads_them_too(tmp_path: Path) -> None:
    made = job(tmp_path, data(tmp_path), save_tiny_t5(tmp_path / "t5"))
    assert isinstance(made._rows, ArrowRows) and losses(made)


def test_rows_that_no_model_can_use_are_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has an answer within 8 tokens"):
        job(tmp_path, data(tmp_path), max_length=8)


def test_a_run_gives_a_large_file_a_second_name_rather_than_a_copy(tmp_path: Path) -> None:
    source = data(tmp_path)
    run = RunStore(tmp_path / "runs").create(RunConfig("a run", "some/model", str(source)), "one")
    assert Path(run.data_source).is_relative_to(run.folder)
    assert Path(run.data_source).stat().st_ino == source.stat().st_ino
