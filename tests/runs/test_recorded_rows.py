"""What a run began with is what it goes on with: its split and the order of its labels are never worked out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data.labels import Labels
from ia3_studio.runs import RunStore
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.run import Run
from ia3_studio.runs.split_record import labels_of_run, record_labels, record_split, split_of
from ia3_studio.tasks.classification import TextClassification
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker.prepared import load_for

KEPT = Labels("single", ("blue", "red"))


def begun(tmp_path: Path) -> Run:
    path = tmp_path / "texts.jsonl"
    records = [{"text": f"the text number {n} of many", "label": ("red", "blue")[n % 2]} for n in range(40)]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    config = RunConfig("run", "SmolLM2-135M-Instruct", str(path), train=TrainConfig(), held_out=0.2)
    return RunStore(tmp_path / "runs").create(config, "run")


def test_a_split_is_taken_from_the_record_where_the_settings_would_draw_another(tmp_path: Path) -> None:
    run = begun(tmp_path)
    drawn = split_of(run)
    record_split(run.files.split, drawn, run.config)
    document = json.loads(run.files.split.read_text())
    chosen = [1, 2, 3, 4, 5, 6, 7, 8]
    assert document["held_out_rows"] != chosen
    run.files.split.write_text(json.dumps({**document, "held_out_rows": chosen}))
    split = split_of(run)
    assert [example.row for example in split.held_out] == chosen and len(split.train) == 32
    run.files.split.write_text(json.dumps({**document, "held_out_rows": chosen, "data": "another file"}))
    assert split_of(run) == drawn


def test_labels_are_those_of_the_adapter_and_before_it_those_that_the_run_recorded(tmp_path: Path) -> None:
    run = begun(tmp_path)
    assert labels_of_run(run) is None
    record_labels(run, Labels("single", ("red", "blue")))
    record_labels(run, KEPT)  # the first record stays
    assert labels_of_run(run) == Labels("single", ("red", "blue"))

    def save(folder: Path) -> None:
        (folder / "studio.json").write_text(json.dumps({"metadata": {"labels": KEPT.to_json()}}))

    run.files.keep_adapter(3, save)
    assert labels_of_run(run) == KEPT


def test_a_model_is_loaded_for_the_labels_of_the_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begun(tmp_path)
    record_labels(run, Labels("single", ("red", "blue")))
    asked: list[Any] = []
    monkeypatch.setattr("ia3_studio.models.load.head_of_source", lambda *_args, **_options: "encoder")
    monkeypatch.setattr("ia3_studio.models.classifier.load_classifier", lambda *args, **_options: asked.append(args))
    load_for(run, lambda *_said: None)
    assert asked[0][1] == ("red", "blue")


def test_data_with_other_labels_than_the_adapter_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = begun(tmp_path)
    lesson = TextClassification(split_of(run), run.config, Labels("single", ("green", "red")))
    said = capsys.readouterr().out
    assert lesson.labels.names == ("green", "red")
    assert "'blue'" in said and "'green'" in said and len(lesson.notes) == 2
