"""A run's evaluation: measured by the job, whole on disk or not at all, read back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.evaluation import EVALUATION_FILE, RunEvaluation, read_evaluation, write_evaluation
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker.training_job import TrainingJob
from tests.families import tiny_model
from tests.insight.test_verdict import loss
from tests.runs.test_job import export_rows
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer


def prepared(tmp_path: Path, held_out: float = 0.4, answers: int = 0, seed: int = 0) -> tuple[Run, TrainingJob]:
    model = save_tiny_chat(tmp_path / "model")
    train = TrainConfig(epochs=8, batch_size=6, learning_rate=5e-2, sample_generations=answers, seed=seed)
    config = RunConfig("Tiny", str(model), str(export_rows(tmp_path / "rows.jsonl")), "paper", train, held_out)
    run = RunStore(tmp_path / "runs").create(config, "a click")
    job = TrainingJob(run)
    job.prepare(lambda _share, _sentence: None)
    return run, job


def test_a_job_writes_what_its_training_brought(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, job = prepared(tmp_path)
    steps = list(job.steps(lambda: False))
    shares = [step.done / step.total for step in job.evaluate(run.folder)]
    assert shares[-1] == 1 and len(shares) > 4
    found = read_evaluation(run.folder)
    assert found and (found.held_out.rows, found.forgetting.rows) == (8, 60)
    assert found.held_out.measures[0].base == pytest.approx(steps[0].held_out, rel=1e-5)
    assert found.held_out.measures[0].tuned == pytest.approx(steps[-1].held_out, rel=1e-5)
    assert found.verdict.kind == "gain"
    document = json.loads((run.folder / EVALUATION_FILE).read_text())
    assert document["verdict"]["kind"] == "gain" and document["verdict"]["sentence"] in capsys.readouterr().out


def test_both_models_answer_held_out_prompts_where_that_is_asked_for(tmp_path: Path) -> None:
    run, job = prepared(tmp_path, answers=3)
    list(job.steps(lambda: False))
    shares = [step.done / step.total for step in job.evaluate(run.folder)]
    found = read_evaluation(run.folder)
    assert shares[-1] == 1 and found and found.sample_generations and found.sample_generations.rows == 3
    assert [measure.name for measure in found.sample_generations.measures] == ["ROUGE-L", "Exact match"]
    assert {record["task"] for record in found.table()} == {"language", "generation", "forgetting"}


def test_a_job_that_learned_nothing_says_so(tmp_path: Path) -> None:
    run, job = prepared(tmp_path)
    assert bool((job._attachment.parameter == torch.ones(())).all())
    list(job.evaluate(run.folder))
    found = read_evaluation(run.folder)
    assert found and found.verdict.kind == "no gain" and not found.verdict.forgets


def test_a_run_that_sorts_texts_is_measured_by_its_classes(tmp_path: Path) -> None:
    model = tmp_path / "model"
    tiny_model("bert").save_pretrained(model)
    tiny_tokenizer().save_pretrained(model)
    rows = [{"text": f"{word} {number}", "label": word} for number in range(12) for word in ("sea", "land")]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = RunConfig("Tiny", str(model), str(path), "paper", TrainConfig(epochs=1), 0.4)
    run = RunStore(tmp_path / "runs").create(config, "a click")
    job = TrainingJob(run)
    job.prepare(lambda _share, _sentence: None)
    list(job.steps(lambda: False))
    assert [step.done for step in job.evaluate(run.folder)] == [10, 20]
    found = read_evaluation(run.folder)
    assert found and found.forgetting is None and found.held_out.confusion[0].names == ("land", "sea")
    assert [measure.name for measure in found.held_out.measures] == ["Accuracy", "Macro-F1"]


def test_an_evaluation_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    run, job = prepared(tmp_path)
    work = job.evaluate(run.folder)
    next(work)
    work.close()
    assert read_evaluation(run.folder) is None and not list(run.folder.glob("*evaluation*"))


def test_an_evaluation_comes_back_from_disk_as_it_was_or_not_at_all(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path) is None
    written = RunEvaluation(loss(-0.4, -0.1), loss(0.1, 0.3))
    write_evaluation(tmp_path, written)
    assert read_evaluation(tmp_path) == written
    assert [record["tuned"] for record in written.table()] == [3.25, 3.7]
    write_evaluation(tmp_path, alone := RunEvaluation(loss(-0.4, -0.1)))
    assert read_evaluation(tmp_path) == alone
    for damaged in ("{", "{}", '{"held_out": {}, "forgetting": null}', "[]"):
        (tmp_path / EVALUATION_FILE).write_text(damaged)
        assert read_evaluation(tmp_path) is None
