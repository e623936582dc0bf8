"""A run that ended early goes on in its own folder, as if it had never been interrupted."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from ia3_studio.errors import RunError
from ia3_studio.method import Adapter
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.worker import resume, start
from ia3_studio.worker.launch import resume as resuming
from ia3_studio.worker.training_job import TrainingJob
from tests.runs.test_job import SECONDS, export_rows
from tests.runs.test_runs import begin, state, store, wait, worker_of
from tests.tiny_chat import save_tiny_chat

__all__ = ["store"]

pytestmark = [pytest.mark.worker, pytest.mark.usefixtures("workers_start_at_once")]


@pytest.fixture(autouse=True)
def readable_checkpoints(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checkpoints of workers that learn nothing be read: they hold the number of a step."""
    if "store" not in request.fixturenames:
        return

    def load(path: Path) -> Any:
        counters = type("Counters", (), {"step": int(path.read_text())})
        return type("Checkpoint", (), {"counters": counters})

    monkeypatch.setattr("ia3_studio.training.checkpoint.load_checkpoint", load)


def go_on(run: Run, mode: str) -> None:
    resuming(run, [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), mode])


def finish(run: Run) -> None:
    """Let a run of the mode "endless end" take its last step."""
    wait((run.folder / "in the last step").exists)
    run.request_stop()
    wait(lambda: state(run) == "finished")


def numbers(run: Run) -> list[int]:
    return [step.step for step in run.metrics()[0]]


@pytest.mark.parametrize("mode", ["killed", "endless"])
def test_a_run_that_was_killed_or_stopped_goes_on_with_every_step_once(mode: str, store: RunStore) -> None:
    run = begin(store, mode)
    if mode == "endless":
        wait(lambda: run.status().step == 3)
        run.request_stop()
    wait(lambda: state(run) in ("interrupted", "stopped"))
    before = run.status()
    assert before.resumable and before.seconds > 0
    with run.files.metrics.open("a") as metrics:
        metrics.write('{"step": 4, "half')  # as a kill in the middle of a line leaves it
    go_on(run, "endless end")
    assert run.status().active
    finish(run)
    assert numbers(run) == list(range(7))
    after = run.status()
    assert not after.resumable and after.seconds > before.seconds
    assert run.adapter_folder() == run.files.adapters / "step-00000006"
    assert not run.files.checkpoint.exists()


def test_metrics_and_adapters_behind_the_checkpoint_are_taken_back(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    with run.files.metrics.open("a") as metrics:
        metrics.write(run.files.metrics.read_text().splitlines()[-1].replace('"step": 2', '"step": 5') + "\n")
    run.files.keep_adapter(5, lambda folder: None)
    go_on(run, "killed")
    assert numbers(run)[:3] == [0, 1, 2] and 5 not in numbers(run)[:4]
    wait(lambda: state(run) == "finished")
    assert numbers(run) == list(range(7))


def test_two_who_resume_at_once_start_one_worker(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: go_on(run, "endless end"), range(4)))  # none of them finds it finished
    finish(run)
    assert numbers(run) == list(range(7))


def test_a_run_with_nothing_to_go_on_with_is_refused(store: RunStore) -> None:
    finished = begin(store, "plain")
    wait(lambda: state(finished) == "finished")
    with pytest.raises(RunError, match="has finished and cannot be resumed"):
        resume(finished)
    stopped = begin(store, "endless preparation", "two")
    wait(lambda: stopped.status().message == "Still preparing")
    stopped.request_stop()
    wait(lambda: state(stopped) == "stopped")
    with pytest.raises(RunError, match="has no checkpoint: it ended before the first"):
        resume(stopped)
    diverged = begin(store, "diverging", "three")
    wait(lambda: state(diverged) == "failed")
    assert not diverged.status().resumable  # the same settings would diverge again


def test_what_a_run_says_of_its_end_tells_that_it_can_go_on(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    assert run.status().message.endswith("Resume it.")


def test_a_stop_while_the_result_is_measured_finishes_the_run(store: RunStore) -> None:
    run = begin(store, "endless measuring")
    wait(lambda: run.status().phase == "evaluating")
    run.request_stop()
    wait(lambda: not run.status().active)
    assert state(run) == "finished" and not (run.folder / "evaluation.json").exists()


def test_a_run_killed_while_its_result_is_measured_goes_on_with_measuring(store: RunStore) -> None:
    run = begin(store, "killed while measuring")
    wait(lambda: state(run) == "interrupted")
    assert run.status().resumable and run.status().is_trained
    go_on(run, "plain")
    wait(lambda: not run.status().active)
    assert run.status().message == "Finished after 6 steps"
    assert numbers(run) == list(range(7)) and (run.folder / "evaluation.json").exists()


def test_a_stop_in_the_last_step_finishes_the_run(store: RunStore) -> None:
    run = begin(store, "endless end")
    wait((run.folder / "in the last step").exists)
    run.request_stop()
    wait(lambda: not run.status().active)
    assert run.status().message == "Finished after 6 steps" and not run.files.checkpoint.exists()


def test_a_stop_before_the_next_step_leaves_what_was_learned_before(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    adapter, checkpoint = run.adapter_folder(), run.files.checkpoint.read_text()
    go_on(run, "endless preparation")
    wait(lambda: run.status().message == "Still preparing")
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    assert run.status().message == "Stopped after step 2; the adapter trained so far is kept"
    assert run.status().resumable and run.files.checkpoint.read_text() == checkpoint
    assert run.adapter_folder() == adapter


def test_a_model_that_is_gone_when_a_run_goes_on_costs_no_checkpoint(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    go_on(run, "model gone")
    wait(lambda: state(run) == "failed")
    assert run.status().message == "The model is not there at the moment." and run.status().resumable


def test_a_run_that_filled_the_disk_says_that_it_can_go_on(store: RunStore) -> None:
    run = begin(store, "full")
    wait(lambda: state(run) == "failed")
    assert "free some space and resume it." in run.status().message and run.status().resumable


def test_a_stop_while_the_base_model_is_measured_is_no_wait(store: RunStore) -> None:
    run = begin(store, "endless base")
    wait(lambda: run.status().message == "Evaluating the base model" and run.status().progress == 0.4)
    run.request_stop()
    wait(lambda: state(run) == "stopped")  # left alone, this base model is measured for ever
    assert "nothing was trained" in run.status().message


def test_the_base_model_s_loss_so_far_is_told_until_it_is_measured(store: RunStore) -> None:
    run = begin(store, "endless base")
    wait(lambda: run.status().base_so_far == 2.5)
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    assert run.status().base_so_far is None


def test_a_step_whose_measuring_was_given_up_is_taken_again(store: RunStore) -> None:
    run = begin(store, "endless")  # asks whether it is stopped behind step 3, as if measuring for step 4
    wait(lambda: run.status().step == 3 and "25%" in run.status().message)
    assert run.status().progress == 3 / 6  # how many steps are done
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    assert run.files.checkpoint.read_text() == ("2" if run.status().step == 4 else "3")


def losses(steps: tuple[Step, ...]) -> list[tuple[Any, ...]]:
    return [(s.step, s.loss, s.held_out, s.learning_rate, s.grad_norm, s.tokens, s.epoch) for s in steps]


def let_reach(run: Run, step: int) -> None:
    until = time.monotonic() + SECONDS
    while run.status().step < step:
        assert time.monotonic() < until and run.status().active, run.log_tail()
        time.sleep(0.002)


def test_a_run_stopped_killed_and_resumed_gives_the_losses_and_vectors_of_one_left_alone(tmp_path: Path) -> None:
    train = TrainConfig(epochs=20, batch_size=3, eval_steps=2, learning_rate=3e-2)
    data, model = export_rows(tmp_path / "rows.jsonl"), save_tiny_chat(tmp_path / "model")
    runs = RunStore(tmp_path / "runs")
    config = RunConfig("Tiny", str(model), str(data), "paper", train)
    alone = TrainingJob(runs.create(config, "one"))
    alone.prepare(lambda _share, _sentence: None)
    expected = tuple(alone.steps(lambda: False))

    run = runs.create(config, "two")
    start(run)
    let_reach(run, 5)
    run.request_stop()
    wait(lambda: state(run) == "stopped", SECONDS)
    stopped_at = run.status().step
    assert stopped_at < expected[-1].step
    resume(run)
    let_reach(run, stopped_at + 3)
    os.kill(worker_of(run), signal.SIGKILL)
    wait(lambda: state(run) == "interrupted")
    reached = run.status().step
    assert reached < expected[-1].step
    resume(run)
    wait(lambda: not run.status().active, SECONDS)
    assert state(run) == "finished", run.log_tail()
    assert losses(run.metrics()[0]) == losses(expected)
    folder = run.adapter_folder()
    assert folder is not None
    assert torch.equal(Adapter.load(folder).vector, alone._attachment.adapter().vector)
    evaluation = json.loads((run.folder / "evaluation.json").read_text())
    assert evaluation["verdict"]["kind"] in ("gain", "no gain", "too few rows to tell")
