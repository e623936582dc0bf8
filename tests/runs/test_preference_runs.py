"""A run of preferences outside of its training: its ablation, its rates, its card and its verdict page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ia3_studio.export.card import facts_of
from ia3_studio.method import Adapter
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs.folder import step_line
from ia3_studio.runs.rerun import Variations, rerun, variations
from ia3_studio.runs.run import Run
from ia3_studio.tasks.lr_finder import probe_rates
from ia3_studio.training import TrainConfig
from ia3_studio.training.evaluation import finish
from ia3_studio.verdict_page import verdict_html
from ia3_studio.worker.ablation import measure, read_ablation
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run that was trained in this process."""
    folder = tmp_path_factory.mktemp("preferences")
    data = folder / "pairs.jsonl"
    rows = [{"prompt": f"ask {n}", "chosen": f"yes {n}", "rejected": f"well, {n} it is"} for n in range(40)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    train = TrainConfig(epochs=4, batch_size=6, learning_rate=0.1, beta=0.3)
    config = RunConfig("A run", str(save_tiny_chat(folder / "tiny")), str(data), train=train, held_out=0.3)
    made = RunStore(folder / "runs").create(config, "a click")
    job = TrainingJob(made)
    job.prepare(lambda _share, _said: None)
    with made.files.metrics.open("w") as file:
        for step in job.steps(lambda: False):
            file.write(step_line(step))
            if step.step and step.held_out is not None:
                made.files.keep_adapter(step.step, job.save)
    finish(job.evaluate(made.folder))
    made.files.status.write_text('{"phase": "ended", "message": "Finished", "result": "finished"}')
    yield made


def test_its_steps_are_read_back_with_their_rewards(run: Run) -> None:
    first, *_between, last = run.metrics()[0]
    assert first.held_out_chosen_reward == 0 and last.chosen_reward is not None
    assert (last.held_out_chosen_reward or 0) > (last.held_out_rejected_reward or 0)


def test_its_ablation_starts_from_the_loss_of_the_base_model(run: Run) -> None:
    measure(run)
    report = read_ablation(run).report
    assert report and report.base == pytest.approx(0.6931, abs=1e-3) and report.tuned < report.base


def test_learning_rates_are_tried_on_its_loss(run: Run) -> None:
    trials = list(probe_rates(run.config, lambda _share, _said: None))
    assert trials[0].before == pytest.approx(0.6931, abs=1e-3) and any(trial.fall > 0 for trial in trials)


def test_its_card_and_its_page_say_what_was_learned(run: Run) -> None:
    facts = facts_of(Adapter.load(run.adapter_folder() or ""), "A run", "tiny")
    assert facts.preference_loss == "DPO, β 0.3"
    page = verdict_html(run)
    assert "Preference accuracy" in page and "Length bias" in page and "<b>rejected</b>" in page


def test_a_rerun_and_a_sweep_keep_its_settings(run: Run, tmp_path: Path) -> None:
    again = rerun(RunStore(tmp_path / "runs"), run)
    assert again.config.train == run.config.train
    swept = variations(run.config, Variations(learning_rates=(1e-3, 3e-3)))
    assert [config.train.beta for _said, config in swept] == [0.3, 0.3]
