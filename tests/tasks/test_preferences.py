"""Preference tuning as a task: both answers are shown, what cannot be used is named, a file becomes an adapter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.data import large
from ia3_studio.data.arrow_rows import ArrowRows
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.preference_rows import tokenize_judged, tokenize_pairs
from ia3_studio.errors import DataError
from ia3_studio.method import Adapter
from ia3_studio.runs import RunConfig
from ia3_studio.runs.evaluation import read_evaluation
from ia3_studio.runs.run import Run
from ia3_studio.tasks.preview import preview_run
from ia3_studio.training import TrainConfig
from ia3_studio.training.evaluation import finish
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat, tiny_tokenizer


def talk(*said: str) -> tuple[Message, ...]:
    return tuple(Message(("user", "assistant")[place % 2], text) for place, text in enumerate(said))


def pair(row: int, prompt: str, chosen: str, rejected: str) -> Example:
    return Example(row, talk(prompt, chosen), rejected=talk(prompt, rejected))


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pairs_file(folder: Path, rows: int = 24) -> Path:
    return write(
        folder / "pairs.jsonl",
        [{"prompt": f"ask {n}", "chosen": f"yes {n}", "rejected": f"well, {n} it is"} for n in range(rows)],
    )


def prepared(folder: Path, config: RunConfig) -> tuple[Run, TrainingJob]:
    run = Run(folder / "run")
    run.folder.mkdir()
    run.files.config.write_text(config.to_json())
    job = TrainingJob(run)
    job.prepare(lambda _share, _said: None)
    return run, job


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(save_tiny_chat(tmp_path / "tiny"))


def test_only_answers_and_their_ends_are_trained_and_the_prompt_is_the_same() -> None:
    tokenizer = tiny_tokenizer()
    (row,) = tokenize_pairs([pair(1, "Hi", "Ahoy", "Bye")], tokenizer, 100).rows
    answers = [tokenizer.decode([label for label in side.labels if label != -100]) for side in row.sides]
    assert answers == ["Ahoy<|im_end|>", "Bye<|im_end|>"]
    begun = row.labels.index(tokenizer.encode("A")[0])
    assert row.input_ids[:begun] == row.rejected_ids[:begun]


def test_pairs_beyond_the_max_length_are_named_and_the_others_stay() -> None:
    good = pair(1, "Hi", "Ahoy", "Bye")
    long_prompt, alike, long_answer = (
        pair(2, "Hi " * 30, "Ahoy", "Bye"), pair(3, "Hi", "Aye " * 20, "Aye " * 30), pair(4, "Hi", "A" * 60, "B"),
    )  # fmt: skip
    found = tokenize_pairs([good, long_prompt, alike, long_answer], tiny_tokenizer(), 60)
    assert [row.row for row in found.rows] == [1, 4] and found.truncated == (4,)
    assert {problem.row: problem.reason for problem in found.problems} == {
        2: "the chosen answer begins after the max length of 60 tokens",
        3: "the chosen and the rejected answer are equal within the max length of 60 tokens",
    }
    with pytest.raises(DataError, match="No usable row; row 2: the chosen answer begins after"):
        tokenize_pairs([long_prompt], tiny_tokenizer(), 60)


def test_a_labeled_answer_is_also_seen_after_the_prompt_of_another_row() -> None:
    tokenizer = tiny_tokenizer()
    rows = [Example(n, talk(f"ask {n}", f"tell {n}"), desirable=n > 1) for n in range(1, 4)]
    found = tokenize_judged(rows, tokenizer, 200).rows
    said = [tokenizer.decode(row.other_ids, skip_special_tokens=True) for row in found]  # type: ignore[union-attr]
    assert ["ask 1" in said[0] and "tell 3" in said[0], "ask 2" in said[1] and "tell 1" in said[1]] == [True, True]
    assert [row.desirable for row in found] == [False, True, True]  # type: ignore[union-attr]


def test_the_preview_shows_both_answers_with_their_trained_tokens(tiny: str, tmp_path: Path) -> None:
    config = RunConfig("a run", tiny, str(pairs_file(tmp_path)), train=TrainConfig(batch_size=4))
    found = preview_run(config)
    first = found.shown[0]
    trained = "".join(text for text, mark in first.pieces if mark == "trained")
    assert trained.count("<|im_end|>") == 2 and "yes" in trained and "well" in trained
    _run, job = prepared(tmp_path, config)
    assert found.training.tokens == sum(len(row.input_ids) + len(row.rejected_ids) for row in job._rows)


@pytest.mark.parametrize("kind", ["pairs", "labels"])
def test_a_preference_file_becomes_an_adapter_with_an_evaluation(kind: str, tiny: str, tmp_path: Path) -> None:
    labeled = [{"prompt": f"ask {n}", "completion": f"tell {n}", "label": n % 2 == 0} for n in range(24)]
    data = pairs_file(tmp_path) if kind == "pairs" else write(tmp_path / "labels.jsonl", labeled)
    train = TrainConfig(epochs=2, batch_size=6, sample_generations=2, desirable_weight=1.5)
    run, job = prepared(tmp_path, RunConfig("a run", tiny, str(data), train=train, held_out=0.3))
    steps = list(job.steps(lambda: False))
    assert steps[0].held_out_chosen_reward == 0 and steps[-1].chosen_reward is not None
    assert ("Settings without effect on pairs of answers: desirable_weight" in str(steps[0].note)) == (kind == "pairs")
    finish(job.evaluate(run.folder))
    found = read_evaluation(run.folder)
    assert found is not None and found.held_out.task == "preferences"
    assert found.held_out.measures[0].name == "Preference accuracy" and "Preference accuracy" in found.verdict.sentence
    assert found.forgetting is not None and found.sample_generations is not None
    job.save(tmp_path / "adapter")
    facts = Adapter.load(tmp_path / "adapter").metadata
    assert facts["loss_type"] == ("sigmoid" if kind == "pairs" else "kto") and facts["beta"] == "0.1"
    assert facts["task_type"] == "CAUSAL_LM" and facts["ends_answer"] == "<|im_end|>"


@pytest.mark.parametrize("kind", ["pairs", "labels"])
def test_rows_of_a_large_file_lie_on_disk_and_are_the_same(
    kind: str, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    labeled = [{"prompt": f"ask {n}", "completion": f"tell {n}", "label": n % 2 == 0} for n in range(24)]
    data = pairs_file(tmp_path) if kind == "pairs" else write(tmp_path / "labels.jsonl", labeled)
    config = RunConfig("a run", tiny, str(data), train=TrainConfig(epochs=1, batch_size=4), held_out=0.3)
    _run, job = prepared(tmp_path, config)
    monkeypatch.setattr(large, "LARGE_BYTES", 1)
    (tmp_path / "again").mkdir()
    _run, on_disk = prepared(tmp_path / "again", config)
    assert isinstance(on_disk._rows, ArrowRows) and len(on_disk._rows) + len(on_disk._held_out) == 24
    assert {type(row) for row in on_disk._rows} == {type(row) for row in job._rows}
    both = [{row.input_ids for row in (*each._rows, *each._held_out)} for each in (job, on_disk)]
    assert both[0] == both[1]
    assert list(on_disk.steps(lambda: False))[-1].held_out is not None


def test_only_undesirable_answers_are_refused_in_a_sentence(tiny: str, tmp_path: Path) -> None:
    rows = [{"prompt": f"ask {n}", "completion": f"tell {n}", "label": False} for n in range(12)]
    config = RunConfig("a run", tiny, str(write(tmp_path / "labels.jsonl", rows)))
    with pytest.raises(DataError, match="labeled undesirable, so there is no answer to learn"):
        prepared(tmp_path, config)
