"""A new kind of task is one class and one registration: run, preview, training and evaluation follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ia3_studio.data.example import Example
from ia3_studio.data.problem import Problem
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs.evaluation import read_evaluation
from ia3_studio.tasks import task as table
from ia3_studio.tasks.causal import TextGeneration
from ia3_studio.tasks.preview import preview_run
from ia3_studio.tasks.task import register, task_class
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat


class ShortTexts(TextGeneration):
    """Plain text of which only texts of a few words are trained."""

    name = "short texts"
    measured: ClassVar[list[int]] = []

    @classmethod
    def fits(cls, data_kind: str, model_head: str) -> bool:
        return data_kind == "text" and model_head == "causal-lm"

    @classmethod
    def usable(cls, examples: Sequence[Example], data_kind: str) -> tuple[Sequence[Example], tuple[Problem, ...]]:
        kept = [example for example in examples if len(example.text.split()) < 4]
        left_out = [example for example in examples if example not in kept]
        return kept, tuple(Problem(example.row, "it has more than three words") for example in left_out)

    def evaluate(self, loaded: Any, attachment: Any, held_out: Sequence[Any]) -> Any:
        self.measured.append(len(held_out))
        return super().evaluate(loaded, attachment, held_out)


@pytest.fixture
def registered() -> Iterator[None]:
    register(ShortTexts)
    yield
    table._registered.remove(ShortTexts)


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    rows = [f"the lamp {number}" if number % 2 else f"the lamp burns all night {number}" for number in range(24)]
    data = tmp_path / "texts.txt"
    data.write_text("\n".join(rows), encoding="utf-8")
    model = save_tiny_chat(tmp_path / "tiny")
    train = TrainConfig(epochs=1, batch_size=4, max_length=32, keep_best=False)
    return RunConfig("short", str(model), str(data), held_out=0.4, train=train)


def test_an_own_task_is_previewed_trained_and_evaluated(registered: None, config: RunConfig, tmp_path: Path) -> None:
    assert task_class("text", "causal-lm") is ShortTexts and task_class("text", "seq2seq") is not ShortTexts
    preview = preview_run(config)
    run = RunStore(tmp_path / "runs").create(config, "short")
    job = TrainingJob(run)
    job.prepare(lambda _share, _said: None)
    assert {each.row for each in preview.training.seen} == {row.row for row in job._rows}
    assert {row for row, _reason in preview.training.refused} and all(row.row % 2 == 0 for row in job._rows)
    assert [step.step for step in job.steps(lambda: False)][-1] > 0
    for _progress in job.evaluate(run.folder):
        pass
    assert read_evaluation(run.folder) is not None and ShortTexts.measured == [len(job._held_out)]
