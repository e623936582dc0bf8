"""The evaluation after training asks the model for no held-out loss that training has measured, and for every other."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from ia3_studio.method import Attachment, attach, discover
from ia3_studio.runs.config import RunConfig
from ia3_studio.runs.store import RunStore
from ia3_studio.training import TrainConfig
from ia3_studio.training.evaluation import evaluate_language, finish
from ia3_studio.training.known_losses import MeasuresRows
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.report import Evaluation
from ia3_studio.training.target_loss import TargetLoss
from ia3_studio.training.train import train
from ia3_studio.worker.training_job import TrainingJob
from tests.families import SMALL, tiny_model
from tests.tiny_chat import tiny_tokenizer
from tests.training.test_evaluation import rows_of
from tests.training.test_targets import save_tiny_t5, target_rows

LOSSES = {"llama": CausalLoss, "t5": TargetLoss, "gemma2": CausalLoss}
"""A model type of each kind: logits from the head, an encoder-decoder, logits changed after the head."""


def model_of(family: str) -> Any:
    if family != "gemma2":
        return tiny_model(family)
    config = hf.Gemma2Config(
        **SMALL, intermediate_size=48, num_key_value_heads=2, head_dim=8, final_logit_softcapping=0.5
    )
    return hf.Gemma2ForCausalLM(config).eval().requires_grad_(False)


class Trained:
    """A short job on a tiny model, and how many rows' losses were computed after it."""

    def __init__(self, family: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.model = model_of(family)
        self.attachment: Attachment = attach(self.model, discover(self.model).select("paper"))
        self._loss = LOSSES[family]
        made = target_rows if self._loss is TargetLoss else rows_of
        rows = made(14)
        self.held_out = rows[8:]
        config = TrainConfig(**({"epochs": 3, "batch_size": 4, "eval_steps": 2, "learning_rate": 0.05} | settings))
        self.job = train(self.model, self.attachment, rows[:8], self.held_out, config)
        self.steps = list(self.job)
        self.computed = 0
        plain = self._loss.row_losses

        def counted(loss: MeasuresRows[Any], group: list[Any]) -> list[float]:
            self.computed += len(group)
            return plain(loss, group)

        monkeypatch.setattr(self._loss, "row_losses", counted)

    def evaluated(self, *, knows: bool) -> Evaluation:
        """Evaluate base and tuned model on the held-out rows."""
        self.computed = 0
        measured = self.job.measured_rows if knows else ()
        return finish(
            evaluate_language(self.model, self.attachment, self.held_out, loss_of=self._loss, measured=measured)
        )


@pytest.mark.parametrize("family", LOSSES)
def test_what_training_measured_is_not_computed_again_and_is_the_same(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = Trained(family, monkeypatch)
    known = trained.evaluated(knows=True)
    assert trained.computed == 0
    computed = trained.evaluated(knows=False)
    assert trained.computed == 2 * len(trained.held_out)
    assert (known.measures, known.changes) == (computed.measures, computed.changes)
    assert known.measures[0].base == pytest.approx(trained.steps[0].held_out, rel=1e-6)


def test_the_losses_of_the_best_vectors_are_known_where_those_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = Trained("llama", monkeypatch, learning_rate=5.0, epochs=8)  # so high that later vectors are worse
    held_out = [step.held_out for step in trained.steps[1:] if step.held_out is not None]
    assert held_out[-1] > min(held_out)
    found = trained.evaluated(knows=True)
    assert trained.computed == 0 and found.measures[0].tuned == pytest.approx(min(held_out), rel=1e-6)


def test_other_vectors_and_other_rows_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = Trained("llama", monkeypatch)
    with torch.no_grad():
        trained.attachment.parameter.mul_(1.01)
    before = trained.evaluated(knows=True)
    assert trained.computed == len(trained.held_out)  # of the base model they are known
    assert before.measures == trained.evaluated(knows=False).measures
    trained.held_out = rows_of(3, seed=9)
    trained.evaluated(knows=True)
    assert trained.computed == 2 * len(trained.held_out)


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_run_measures_its_held_out_rows_as_often_as_its_curve_has_points(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if family == "t5":
        save_tiny_t5(tmp_path / "model")
    else:
        tiny_model(family).save_pretrained(tmp_path / "model")
        tiny_tokenizer().save_pretrained(tmp_path / "model")
    pairs = [{"prompt": f"turn {number}", "answer": "a light" * (1 + number % 3)} for number in range(40)]
    (tmp_path / "rows.json").write_text(json.dumps(pairs))
    config = RunConfig(
        "a run", str(tmp_path / "model"), str(tmp_path / "rows.json"), train=TrainConfig(max_steps=4, eval_steps=2)
    )
    job = TrainingJob(RunStore(tmp_path / "runs").create(config, "a click"))
    measured: Counter[Any] = Counter()
    plain = LOSSES[family].row_losses

    def counted(loss: MeasuresRows[Any], group: list[Any]) -> list[float]:
        measured.update(group)
        return plain(loss, group)

    monkeypatch.setattr(LOSSES[family], "row_losses", counted)
    job.prepare(lambda _share, _said: None)
    points = [step for step in job.steps(lambda: False) if step.held_out is not None]
    list(job.evaluate(tmp_path))
    assert len(points) == 3 and [measured[row] for row in job._held_out] == [3] * len(job._held_out)
    found = json.loads((tmp_path / "evaluation.json").read_text())["held_out"]["measures"][0]
    assert [found["base"], found["tuned"]] == pytest.approx([points[0].held_out, points[-1].held_out], rel=1e-6)
