"""The worker's job on a real, tiny model: from a folder and a file to an adapter."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from safetensors.torch import load_file, save_file

from ia3_studio.errors import SelectionError
from ia3_studio.method import Adapter, Selection, discover
from ia3_studio.models import load_skeleton
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import read_json
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker import start
from ia3_studio.worker.priority import NICENESS
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat
from tests.training.test_classify import bare_bert

SECONDS = 240


def export_rows(path: Path) -> Path:
    rows = [{"prompt": f"what is {number}", "answer": "a light"} for number in range(20)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def niceness_while_active(run: Run) -> set[int]:
    """Wait for the end of a run; return the priorities its worker was seen at."""
    until, seen = time.monotonic() + SECONDS, set()
    worker = psutil.Process(int((read_json(run.files.worker) or {})["pid"]))
    while run.status().active:
        assert time.monotonic() < until, run.log_tail()
        try:
            seen.add(worker.nice())
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    return seen


@pytest.mark.worker
def test_a_folder_and_a_file_become_an_adapter(tmp_path: Path) -> None:
    model = save_tiny_chat(tmp_path / "model")
    train = TrainConfig(epochs=2, batch_size=6, eval_steps=2)
    config = RunConfig("Tiny", str(model), str(export_rows(tmp_path / "rows.jsonl")), "paper", train)
    run = RunStore(tmp_path / "runs").create(config, "a click")
    start(run)
    niceness = niceness_while_active(run)

    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("finished", 6, 6), run.log_tail()
    assert os.getpriority(os.PRIO_PROCESS, 0) + NICENESS in niceness  # the page and the chat go first
    steps, _offset = run.metrics()
    assert [step.step for step in steps] == list(range(7))
    first, last = steps[0].held_out, steps[-1].held_out
    assert first is not None and last is not None and last < first
    folder = run.adapter_folder()
    assert folder is not None
    adapter = Adapter.load(folder)
    assert adapter.metadata["run"] == run.id and float((adapter.vector - 1).abs().max()) > 0
    assert adapter.metadata["ends_answer"] == "<|im_end|>"
    assert "device" in run.log_tail().lower() or "cpu" in run.log_tail().lower()


def test_a_row_the_chat_template_refuses_is_listed_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = save_tiny_chat(tmp_path / "model")
    template = model / "chat_template.jinja"
    refusal = "{% if 'shine' in messages[0]['content'] %}{{ raise_exception('no shining') }}{% endif %}"
    template.write_text(refusal + template.read_text())
    rows = tmp_path / "rows.jsonl"
    refused = [("user", "shine"), ("assistant", "a light")]
    pairs = [[("user", f"what is {number}"), ("assistant", "a light")] for number in range(1, 13)]
    turns = [[{"role": role, "content": said} for role, said in each] for each in (refused, *pairs)]
    rows.write_text("".join(json.dumps({"messages": each}) + "\n" for each in turns))
    config = RunConfig("Tiny", str(model), str(rows), held_out=0.4)
    run = RunStore(tmp_path / "runs").create(config, "a click")
    TrainingJob(run).prepare(lambda _share, _sentence: None)
    said = capsys.readouterr().out  # the worker's output is the run's log
    assert "row 1 is skipped: The model's chat template rejects the conversation: no shining" in said


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_what_the_worker_cannot_use_is_one_sentence(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("prompt,answer\n")
    config = RunConfig("Tiny", str(save_tiny_chat(tmp_path / "model")), str(rows))
    run = RunStore(tmp_path / "runs").create(config, "a click")
    start(run)
    niceness_while_active(run)
    status = run.status()
    assert status.state == "failed" and "rows.csv" in status.message, status.message
    assert run.adapter_folder() is None and "Traceback" in run.log_tail()


def test_a_vector_that_nothing_can_train_is_named_before_the_first_step(tmp_path: Path) -> None:
    model = save_tiny_chat(tmp_path / "model")
    weights = load_file(model / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"].zero_()
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    config = RunConfig("Tiny", str(model), str(export_rows(tmp_path / "rows.jsonl")))
    run = RunStore(tmp_path / "runs").create(config, "a click")
    with pytest.raises(SelectionError, match=r"layers\.1\.mlp\.down_proj .its gradient is zero.* deselect them"):
        TrainingJob(run).prepare(lambda _share, _sentence: None)


def letters(folder: Path, selection: Selection | str = "paper") -> Run:
    """Return a run that sorts short texts with a tiny BERT; one held-out label may never be learned."""
    rows = folder / "rows.csv"
    lines = [f"{word} number {place},{word}" for place in range(12) for word in ("lamp", "tide")]
    rows.write_text("\n".join(["text,label", *lines, "a ghost,unseen"]) + "\n")
    train = TrainConfig(epochs=12, batch_size=8, learning_rate=5e-2, eval_steps=100)
    config = RunConfig("Letters", str(folder / "model"), str(rows), selection, train, held_out=0.25)
    return RunStore(folder / "runs").create(config, "a click")


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_texts_with_labels_train_an_encoder_with_a_new_head(tmp_path: Path) -> None:
    bare_bert(tmp_path / "model")
    run = letters(tmp_path)
    start(run)
    niceness_while_active(run)
    assert run.status().state == "finished", run.log_tail()
    steps, _offset = run.metrics()
    assert steps[-1].held_out < 0.5 * steps[0].held_out  # type: ignore[operator]
    folder = run.adapter_folder()
    assert folder is not None
    adapter = Adapter.load(folder)
    assert adapter.metadata["task_type"] == "SEQ_CLS" and "lamp" in adapter.metadata["labels"]
    assert set(adapter.heads) == {"classifier.weight", "classifier.bias"}
    evaluation = json.loads((run.folder / "evaluation.json").read_text())
    accuracy = evaluation["held_out"]["measures"][0]
    assert accuracy["name"] == "Accuracy" and accuracy["tuned"] == 1 > accuracy["base"]
    assert evaluation["held_out"]["confusion"] and "forgetting" not in evaluation


def test_sites_ticked_in_a_bare_encoder_are_found_below_its_classifier(tmp_path: Path) -> None:
    skeleton = load_skeleton(str(bare_bert(tmp_path / "model")))
    job = TrainingJob(letters(tmp_path, discover(skeleton.model).select("paper")))
    job.prepare(lambda _share, _sentence: None)
    assert all(site.path.startswith("bert.encoder") for site in job._attachment.selection)


def test_a_chat_model_learns_to_answer_with_the_label(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    labels = ("light", "dark")
    rows.write_text("\n".join(["text,label", *(f"lamp {row},{labels[row % 2]}" for row in range(12))]) + "\n")
    config = RunConfig("Letters", str(save_tiny_chat(tmp_path / "model")), str(rows))
    job = TrainingJob(RunStore(tmp_path / "runs").create(config, "a click"))
    job.prepare(lambda _share, _sentence: None)
    (first, *_others) = job._rows
    answer = [token for token, label in zip(first.input_ids, first.labels, strict=True) if label != -100]
    assert job._loaded.tokenizer.decode(answer).startswith(labels)


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_questions_with_choices_are_ranked_by_base_and_tuned_model(tmp_path: Path, family: str) -> None:
    model = save_tiny_chat(tmp_path / "model", family=family)
    rows = tmp_path / "rows.jsonl"
    asked = [
        {"question": f"which {number}", "choices": ["a lamp", "a tide"], "label": number % 2} for number in range(12)
    ]
    rows.write_text("".join(json.dumps(row) + "\n" for row in asked))
    config = RunConfig("Choices", str(model), str(rows), "paper", TrainConfig(epochs=2, batch_size=4), 0.34)
    job = TrainingJob(RunStore(tmp_path / "runs").create(config, "a click"))
    job.prepare(lambda _share, _sentence: None)
    steps = list(job.steps(lambda: False))
    assert steps[-1].loss is not None and steps[0].held_out is not None
    list(job.evaluate(tmp_path))
    measure = json.loads((tmp_path / "evaluation.json").read_text())["held_out"]["measures"][0]
    assert "ccuracy" in measure["name"] and 0 <= measure["tuned"] <= 1
    job.save(tmp_path / "adapter")
    wanted = "CAUSAL_LM" if family == "llama" else "SEQ_2_SEQ_LM"
    assert Adapter.load(tmp_path / "adapter").metadata["task_type"] == wanted


@pytest.mark.parametrize(("long_rows", "rows"), [("truncate", 10), ("skip", 9)])
def test_rows_that_are_too_long_are_counted_and_cut_or_left_out(tmp_path: Path, long_rows: Any, rows: int) -> None:
    data = tmp_path / "rows.jsonl"
    pairs = [{"prompt": "what", "answer": "a light"} for _row in range(10)]
    pairs = [{**pair, "prompt": f"what {number}"} for number, pair in enumerate(pairs)]
    pairs[4]["answer"] = "a light " * 20
    data.write_text("".join(json.dumps(pair) + "\n" for pair in [*pairs, {"prompt": "ever", "answer": "so"}]))
    train = TrainConfig(max_length=64, long_rows=long_rows, seed=1)
    config = RunConfig("Long", str(save_tiny_chat(tmp_path / "model")), str(data), train=train)
    job = TrainingJob(RunStore(tmp_path / "runs").create(config, "a click"))
    job.prepare(lambda _share, _sentence: None)
    assert len(job._rows) == rows
    done = "truncated" if long_rows == "truncate" else "skipped"
    assert next(job.steps(lambda: False)).note == f"1 training rows are longer than 64 tokens and are {done}."
