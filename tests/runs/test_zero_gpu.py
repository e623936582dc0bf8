"""A run in turns comes to what a run at a stretch comes to, and everything about it is told as of one run."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from ia3_studio.method import Adapter
from ia3_studio.models.device import choose_device
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import write_json
from ia3_studio.runs.process import record_worker
from ia3_studio.settings import GPU_TURN
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker import resume, start, zero_gpu
from ia3_studio.worker.training_job import TrainingJob
from ia3_studio.worker.worker import work
from tests.runs.test_job import export_rows
from tests.tiny_chat import save_tiny_chat


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes a run of six steps."""
    monkeypatch.delenv(GPU_TURN, raising=False)
    model, data = save_tiny_chat(tmp_path / "tiny"), export_rows(tmp_path / "rows.csv")
    config = RunConfig("Turns", str(model), str(data), train=TrainConfig(max_steps=6, batch_size=2, eval_steps=2))
    return lambda name: RunStore(tmp_path / "runs").create(config, name)


def lessons(run: Run) -> list[tuple[Any, ...]]:
    return [(step.step, step.loss, step.held_out, step.learning_rate) for step in run.metrics()[0]]


def test_turns_of_one_step_come_to_the_same_as_one_stretch(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stretch, turns = made("stretch"), made("turns")
    work(stretch, TrainingJob(stretch))
    taken: list[str] = []

    def lent(folder: str, seconds: float) -> None:
        zero_gpu.take_turn(folder, seconds)
        taken.append(turns.status().state)

    monkeypatch.setattr(zero_gpu, "turn", lent)
    zero_gpu.drive(turns.files, seconds=0.0)
    assert len(taken) >= 3 and taken[-1] == "finished"
    assert lessons(turns) == lessons(stretch) and len(lessons(turns)) == 7
    one, other = (Adapter.load(run.adapter_folder() or "") for run in (stretch, turns))
    assert torch.equal(one.vector, other.vector)
    assert not turns.files.checkpoint.exists() and turns.status().seconds > 0


def test_between_two_turns_the_run_waits_and_is_not_taken_for_dead(made: Any) -> None:
    run = made("between")
    zero_gpu.take_turn(str(run.folder), 0.0)
    record_worker(run.files, os.getpid())
    status = run.status()
    assert status.state == "queued" and "Waiting for the GPU after step" in status.message
    assert run.files.checkpoint.exists()


def test_a_stop_between_turns_ends_the_run_and_keeps_what_it_learned(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made("stopped")

    def lent(folder: str, seconds: float) -> None:
        zero_gpu.take_turn(folder, seconds)
        run.request_stop()

    monkeypatch.setattr(zero_gpu, "turn", lent)
    zero_gpu.drive(run.files, seconds=0.0)
    assert run.status().state == "stopped" and run.adapter_folder() and run.status().resumable


def test_a_gpu_that_is_not_lent_is_told_and_the_run_can_go_on(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made("refused")
    turns = iter([None, RuntimeError("You have exceeded your GPU quota")])

    def lent(folder: str, seconds: float) -> None:
        refusal = next(turns)
        if refusal:
            status = run.files.read_status()  # of a turn that ends in the middle of its work
            assert status is not None
            begun = replace(status, phase="training", started_at=time.time() - 60, heartbeat_at=time.time())
            write_json(run.files.status, asdict(begun))
            raise refusal
        zero_gpu.take_turn(folder, seconds)

    monkeypatch.setattr(zero_gpu, "turn", lent)
    zero_gpu.drive(run.files, seconds=0.0)
    status = run.status()
    assert status.seconds > 60, "the time of the turn is lost"
    assert status.state == "stopped" and "exceeded your GPU quota" in status.message and status.resumable


def test_on_such_a_space_runs_are_started_in_turns_and_resumed_in_turns(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    driven: list[Path] = []
    monkeypatch.setattr(zero_gpu, "drive", lambda folder: driven.append(folder.path))
    run = made("routed")
    start(run)
    start(run)
    for thread in threading.enumerate():
        if thread.name.startswith("turns of"):
            thread.join()
    assert driven == [run.folder]
    zero_gpu.take_turn(str(run.folder), 0.0)
    run.request_stop()
    zero_gpu.take_turn(str(run.folder), 0.0)
    resume(run)
    assert not run.files.stop.exists() and run.status().active


def test_what_a_gpu_is_lent_for_is_marked_with_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    spaces = ModuleType("spaces")
    spaces.GPU = lambda **options: asked.append(options) or (lambda function: function)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    assert zero_gpu._lend() is zero_gpu.take_turn and asked == [{"duration": zero_gpu.LENT_SECONDS}]
    assert zero_gpu.TURN_SECONDS < zero_gpu.LENT_SECONDS


def test_outside_a_turn_no_gpu_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.delenv(GPU_TURN, raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: pytest.fail("CUDA was asked for"))
    assert choose_device().name == "cpu"


def test_a_paused_run_keeps_its_settings_readable(made: Any) -> None:
    run = made("paused")
    zero_gpu.take_turn(str(run.folder), 0.0)
    assert json.loads(run.files.status.read_text())["phase"] == "resuming"
