"""A run whose processes share the weights: the losses and the adapter of one process, and the same promises."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from ia3_studio.cli import main
from ia3_studio.models.machine import MachineMemory
from ia3_studio.models.sharding_plan import Sharding
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.training.config import Step
from ia3_studio.worker import resume
from ia3_studio.worker.launch import start_worker
from ia3_studio.worker.training_job import TrainingJob
from tests.runs.test_job import export_rows
from tests.runs.test_ranks import STEPS, TRAIN, command, ended, gone, let_reach, pids, require_as_alone
from tests.tiny_chat import save_tiny_chat

pytestmark = [pytest.mark.worker, pytest.mark.usefixtures("workers_start_at_once")]
PROMPT_SECONDS = 120
"""Within which a run is to end; processes that wait for each other would do so for half an hour."""
Alone = tuple[tuple[Step, ...], torch.Tensor]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharded")
    save_tiny_chat(folder / "model")
    export_rows(folder / "rows.jsonl")
    return folder


def config(home: Path, processes: int, sharding: Sharding = "full", samples: int = 0) -> RunConfig:
    return RunConfig(
        "Tiny", str(home / "model"), str(home / "rows.jsonl"), "paper", replace(TRAIN, sample_generations=samples),
        processes=processes, sharding=sharding,
    )  # fmt: skip


@pytest.fixture(scope="module")
def alone(home: Path) -> Alone:
    """The steps and the vectors of one process."""
    job = TrainingJob(RunStore(home / "alone").create(config(home, 1, "none"), "alone"))
    job.prepare(lambda _share, _sentence: None)
    steps = tuple(job.steps(lambda: False))
    return steps, job._attachment.adapter().vector


def begin(home: Path, processes: int, mode: str = "none", samples: int = 0) -> Run:
    run = RunStore(home / "runs").create(config(home, processes, samples=samples), f"{processes} {mode} {samples}")
    start_worker(run.files, command(run, mode))
    return run


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_that_share_the_weights_give_losses_adapter_and_evaluation_of_one(
    home: Path, alone: Alone, processes: int
) -> None:
    run = ended(begin(home, processes, samples=1))
    require_as_alone(run, alone)
    found = json.loads((run.folder / "evaluation.json").read_text())
    assert found["verdict"] and found["sample_generations"]["rows"] == 1
    note = run.metrics()[0][0].note or ""
    assert f"Sharded over {processes} processes on the CPU" in note and "all of them evaluate" in note
    assert "Sharded over" in run.log_tail()


def test_a_stopped_sharded_run_goes_on_with_another_number_of_processes_and_on_one(home: Path, alone: Alone) -> None:
    run = begin(home, 2, "stopped")
    for processes in (3, 1):
        reached = run.status().step + 3
        let_reach(run, reached)
        run.request_stop()
        status = ended(run).status()
        assert status.state == "stopped" and status.resumable and status.step >= reached, status.message
        resume(run, command(run), processes=processes)
    require_as_alone(ended(run), alone)


def test_a_killed_process_of_a_sharded_run_is_named_and_the_run_goes_on(home: Path, alone: Alone) -> None:
    run = begin(home, 2, "killed")
    let_reach(run, 4)
    all_pids = pids(run)
    os.kill(all_pids[1], signal.SIGKILL)
    status = ended(run).status()
    assert re.fullmatch(rf"Process 1 was killed at step \d+ of {STEPS} \(SIGKILL\): .* Resume it\.", status.message)
    assert gone(all_pids)
    resume(run, command(run))
    require_as_alone(ended(run), alone)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("memory", r"Process 1 of 2 ran out of memory at step \d, even with one row at a time, .* more processes.*"),
        ("defect", r"Process 1 of 2, at step 4: it failed with KeyError .*"),
        ("nan", r"The loss at step 4 is NaN or infinite .*"),
        ("full disk", r"The disk is full; free some space and .*"),
    ],
)
def test_what_ends_one_process_of_a_sharded_run_is_one_sentence_and_ends_all(home: Path, mode: str, said: str) -> None:
    run = begin(home, 2, mode)
    status = ended(run).status()
    assert status.state == "failed" and re.fullmatch(said, status.message), status.message


def test_full_memory_of_one_process_of_a_sharded_run_starts_all_again_with_smaller_passes(
    home: Path, alone: Alone
) -> None:
    run = ended(begin(home, 2, "small memory"))
    require_as_alone(run, alone)
    notes = [step.note or "" for step in run.metrics()[0]]
    said = (
        r"Process 1 of 2 ran out of memory at step 4; all processes start again after step 2, with at most 32 tokens "
        r"per pass\. Out of memory; forward passes are limited to 32 tokens from here on\."
    )
    assert [number for number, note in enumerate(notes) if re.search(said, note)] == [3], notes
    assert "all processes start again after step 2" in run.log_tail()


def test_a_run_whose_memory_is_too_small_before_its_first_checkpoint_starts_from_the_beginning(
    home: Path, alone: Alone
) -> None:
    run = ended(begin(home, 2, "small memory at once"))
    require_as_alone(run, alone)
    assert "all processes start again from the beginning, with at most 32 tokens" in (run.metrics()[0][0].note or "")


def evaluated(run: Run) -> dict[str, list[float]]:
    """Return all figures of a run's evaluation."""
    found = json.loads((run.folder / "evaluation.json").read_text())
    parts = {name: part["measures"] for name, part in found.items() if name != "verdict"}
    return {name: [each[side] for each in part for side in ("base", "tuned")] for name, part in parts.items()}


def test_full_memory_while_the_base_model_is_measured_starts_all_again_with_smaller_passes(
    home: Path, alone: Alone
) -> None:
    run = ended(begin(home, 2, "small base"))
    require_as_alone(run, alone)
    note = run.metrics()[0][0].note or ""
    assert "Process 1 of 2 ran out of memory at step 0; all processes start again from the beginning" in note


def test_full_memory_while_sharded_processes_evaluate_starts_them_again_at_the_last_step_with_fewer_rows_per_pass(
    home: Path, alone: Alone
) -> None:
    plain, run = (ended(begin(home, 2, mode, samples=2)) for mode in ("none", "small evaluation"))
    require_as_alone(run, alone)
    for name, figures in evaluated(plain).items():
        assert evaluated(run)[name] == pytest.approx(figures, rel=1e-4), name
    said = (
        f"Process 1 of 2 ran out of memory during the evaluation; all processes start again after step {STEPS}, and"
        " evaluate"
    )
    assert said in run.log_tail(200) and evaluated(run)["sample_generations"]


def test_memory_that_is_too_small_for_one_row_of_the_evaluation_ends_all_and_the_run_can_be_resumed(
    home: Path, alone: Alone
) -> None:
    run = ended(begin(home, 2, "no evaluation"))
    status = run.status()
    said = r"Process 1 of 2 ran out of memory during the evaluation, even with one row .* more processes.* Resume it\."
    assert status.state == "failed" and re.fullmatch(said, status.message), status.message
    assert status.resumable and run.adapter_folder() is not None
    resume(run, command(run), processes=1)
    require_as_alone(ended(run), alone)
    assert evaluated(run)["held_out"]


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (
            "no room for weights",
            r"Process 1 of 2: The model in .* needed \d.* of memory .* were free, and ran out\. .*",
        ),
        ("no room for a pass", r"Process 1 of 2 ran out of memory while it prepared .*: use more processes.*"),
        ("no room for a trial", r"Process 1 of 2 ran out of memory while it prepared .*: use more processes.*"),
        ("no room for the optimizer", r"Process 1 of 2: it ran out of memory; free some.*"),
        ("no room between passes", r"Process 1 of 2 ran out of memory at step \d.* use more processes.*"),
    ],
)
def test_full_memory_outside_of_training_passes_ends_all_processes_at_once_with_a_way_out(
    home: Path, mode: str, said: str
) -> None:
    began = time.monotonic()
    status = ended(begin(home, 2, mode)).status()
    assert status.state == "failed" and re.fullmatch(said, status.message), status.message
    assert time.monotonic() - began < PROMPT_SECONDS


def test_a_run_whose_weights_find_no_room_is_resumed_with_another_number_of_processes(home: Path, alone: Alone) -> None:
    run = begin(home, 2, "stopped before")
    let_reach(run, 4)
    run.request_stop()
    ended(run)
    resume(run, command(run, "no room for weights"))
    status = ended(run).status()
    assert status.resumable and "more machines" in status.message and "'offload' with one process" in status.message
    resume(run, command(run), processes=3)
    require_as_alone(ended(run), alone)


def test_the_time_of_a_run_goes_on_when_its_processes_are_started_again(home: Path) -> None:
    run = begin(home, 2, "small memory, timed")
    began, told = time.monotonic(), [0.0]
    while run.status().active:
        told.append(run.status().seconds)
        time.sleep(0.01)
    assert "start again" in run.log_tail(200)
    assert all(later > earlier - 0.2 for earlier, later in pairwise(told)), "it fell"
    assert told[-1] - 0.2 < run.status().seconds < time.monotonic() - began + 1


@pytest.mark.parametrize("mode", ["data", "model", "first pass", "rows", "vectors", "liveness"])
def test_what_fails_on_one_process_while_it_prepares_ends_all_at_once_with_its_sentence(home: Path, mode: str) -> None:
    began = time.monotonic()
    run = ended(begin(home, 2, mode))
    status = run.status()
    said = r"Process 1 of 2(, while it prepared)?: This stage fails\."
    assert status.state == "failed" and re.match(said, status.message), status.message
    assert "Traceback" not in status.message and time.monotonic() - began < PROMPT_SECONDS


def test_what_fails_on_all_processes_in_a_shared_pass_is_one_sentence(home: Path) -> None:
    assert ended(begin(home, 2, "passes fail")).status().message == "This stage fails."


def test_a_checkpoint_that_one_process_cannot_read_ends_all_at_once(home: Path) -> None:
    run = begin(home, 2, "resumed")
    let_reach(run, 4)
    run.request_stop()
    ended(run)
    began = time.monotonic()
    resume(run, command(run, "checkpoint"))
    message = ended(run).status().message
    assert message == "Process 1 of 2: This stage fails." and time.monotonic() - began < PROMPT_SECONDS


def test_a_run_whose_weights_wait_on_the_disk_trains_evaluates_and_answers(
    home: Path, alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ia3_studio.models.placement.system_memory", lambda: MachineMemory(80_000, 65_000))
    run = RunStore(home / "offloaded").create(config(home, 1, "offload", samples=1), "offloaded")
    job = TrainingJob(run)
    job.prepare(lambda _share, _sentence: None)
    steps = list(job.steps(lambda: False))
    assert "wait on the disk" in (steps[0].note or "") and "price" in (steps[0].note or "")
    assert steps[0].held_out == pytest.approx(alone[0][0].held_out, rel=1e-5)
    assert (steps[-1].held_out or 9) < (steps[0].held_out or 0)
    for _progress in job.evaluate(run.folder):
        pass
    assert json.loads((run.folder / "evaluation.json").read_text())["sample_generations"]["rows"] == 1


def test_settings_that_need_more_processes_are_refused_before_there_is_a_run(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("train", "--model", str(home / "model"), "--data", str(home / "rows.jsonl"), "--sharding", "full")
    assert main([*given, "--processes", "1"]) != 0
    assert "one process has nobody to share the weights with" in capsys.readouterr().err
    assert main([*given, "--processes", "0"]) != 0  # one where there is no GPU
    assert "one process, which has nobody to share the weights with" in capsys.readouterr().err
