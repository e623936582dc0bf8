"""A run on several processes: the losses and the adapter of one, and the same promises."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import torch

from ia3_studio.method import Adapter
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import read_steps
from ia3_studio.runs.queue import AT_ONCE
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.worker import resume
from ia3_studio.worker.launch import start_worker
from ia3_studio.worker.training_job import TrainingJob
from tests.e2e.nursery import start_process
from tests.runs.test_job import export_rows
from tests.tiny_chat import save_tiny_chat

pytestmark = [pytest.mark.worker, pytest.mark.usefixtures("workers_start_at_once")]
SECONDS = 240
"""For any wait: a hung run fails, a slow machine does not."""
# 18 rows by 7: the last batch of an epoch has 4, so that one of three processes has one more row than the others.
TRAIN = TrainConfig(
    epochs=8, batch_size=7, eval_steps=2, learning_rate=3e-2, micro_batch_tokens=64, backward_dtype="float32",
    keep_best=False,
)  # fmt: skip
STEPS = 24
"""Of 8 epochs of 3 batches: enough to be stopped, killed and resumed twice."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    save_tiny_chat(folder / "model")
    export_rows(folder / "rows.jsonl")
    return folder


def config(home: Path, processes: int) -> RunConfig:
    return RunConfig("Tiny", str(home / "model"), str(home / "rows.jsonl"), "paper", TRAIN, processes=processes)


@pytest.fixture(scope="module")
def alone(home: Path) -> tuple[tuple[Step, ...], torch.Tensor]:
    """The steps and the vectors of one process."""
    job = TrainingJob(RunStore(home / "alone").create(config(home, 1), "alone"))
    job.prepare(lambda _share, _sentence: None)
    steps = tuple(job.steps(lambda: False))
    return steps, job._attachment.adapter().vector


def begin(home: Path, processes: int, mode: str = "none") -> Run:
    run = RunStore(home / "runs").create(config(home, processes), f"{processes} {mode} {time.time()}")
    start_worker(run.files, command(run, mode))
    return run


def command(run: Run, mode: str = "none") -> list[str]:
    return [sys.executable, "-m", "tests.runs.troubled_ranks", str(run.folder), mode]


def wait(condition: Callable[[], object], run: Run, seconds: float = SECONDS) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{run.status()}\n{run.log_tail()}"
        time.sleep(0.005)


def ended(run: Run) -> Run:
    wait(lambda: not run.status().active, run)
    return run


def let_reach(run: Run, step: int) -> None:
    """Wait for a step and for the numbers of all processes."""
    wait(lambda: (run.status().step >= step and all(pids(run))) or not run.status().active, run)
    assert run.status().active, run.log_tail()


def pids(run: Run) -> list[int]:
    return [each.pid for each in run.status().processes] or [0]


def numbers(steps: tuple[Step, ...]) -> list[list[float]]:
    return [[step.step, step.loss or 0, step.held_out or 0, step.grad_norm or 0, step.tokens] for step in steps]


def require_as_alone(run: Run, alone: tuple[tuple[Step, ...], torch.Tensor]) -> None:
    assert run.status().state == "finished", run.log_tail()
    expected, vector = alone
    for mine, theirs in zip(numbers(read_steps(run.files.metrics, 0)[0]), numbers(expected), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    folder = run.adapter_folder()
    assert folder is not None
    torch.testing.assert_close(Adapter.load(folder).vector, vector, rtol=1e-3, atol=1e-3)


def gone(numbers: list[int]) -> bool:
    for number in numbers:
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(number).status() != psutil.STATUS_ZOMBIE:
                return False
    return True


def test_three_processes_give_the_losses_and_the_adapter_of_one(
    home: Path, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    run = ended(begin(home, 3))
    require_as_alone(run, alone)
    assert json.loads((run.folder / "evaluation.json").read_text())["verdict"]
    assert "3 processes share each batch" in (run.metrics()[0][0].note or "")
    used = run.status().processes
    assert len({each.pid for each in used}) == 3 and all(each.memory > 0 and each.host for each in used)
    assert run.status().usage.memory == sum(each.memory for each in used)


def test_two_processes_start_as_they_do_for_users(
    home: Path, alone: tuple[tuple[Step, ...], torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ia3_studio.runs.process.spawn", start_process)
    run = RunStore(home / "runs").create(config(home, 2), "as ever")
    start_worker(run.files)
    require_as_alone(ended(run), alone)


def test_a_stopped_run_keeps_its_adapter_and_goes_on_with_another_number_of_processes(
    home: Path, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    run = begin(home, 2)
    let_reach(run, 5)
    run.request_stop()
    status = ended(run).status()
    assert status.state == "stopped" and status.resumable and status.step < status.total_steps
    assert status.message == f"Stopped after step {status.step}; the adapter trained so far is kept"
    assert run.adapter_folder() == run.files.snapshots()[status.step]
    resume(run, command(run), processes=3)
    require_as_alone(ended(run), alone)
    assert len(run.status().processes) == 3


def test_whichever_process_is_killed_the_run_says_so_and_goes_on_from_its_checkpoint(
    home: Path, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    run = begin(home, 2)
    reached = 4
    for rank in (1, 0):
        let_reach(run, reached)
        all_pids = pids(run)
        os.kill(all_pids[rank], signal.SIGKILL)
        status = ended(run).status()
        assert status.state == "failed" and status.resumable
        said = rf"Process {rank} was killed at step \d+ of {STEPS} \(SIGKILL\): out of memory, or .*\. Resume it\."
        assert re.fullmatch(said, status.message), status.message
        assert gone(all_pids), "a process outlived its run"
        reached = status.step + 3
        resume(run, command(run))
    let_reach(run, reached)
    all_pids, supervisor = pids(run), json.loads(run.files.worker.read_text())["pid"]
    os.kill(supervisor, signal.SIGKILL)
    wait(lambda: gone(all_pids), run)
    assert ended(run).status().state == "interrupted"
    resume(run, command(run), processes=1)
    require_as_alone(ended(run), alone)


@pytest.mark.nightly  # torch waits half a minute before it kills what does not end
def test_a_process_that_does_not_answer_ends_the_run_in_finite_time(home: Path) -> None:
    run = begin(home, 2, "hung")
    let_reach(run, 4)
    all_pids = pids(run)
    os.kill(all_pids[1], signal.SIGSTOP)
    status = ended(run).status()
    assert status.state == "failed" and status.resumable
    assert "did not answer for 1 minute. Resume it." in status.message
    assert gone(all_pids)


def test_full_memory_of_one_process_halves_the_micro_batches_of_all_and_two_runs_at_once_do_not_meet(
    home: Path, alone: tuple[tuple[Step, ...], torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AT_ONCE, "2")
    runs = [begin(home, 2, "memory once"), begin(home, 2)]
    for run in runs:
        require_as_alone(ended(run), alone)
    notes = [[step.note or "" for step in run.metrics()[0]] for run in runs]
    halved = [any("Out of memory; forward passes are limited to" in note for note in each) for each in notes]
    assert halved == [True, False]


def test_processes_that_evaluate_with_little_memory_come_to_the_same_figures(
    home: Path, alone: tuple[tuple[Step, ...], torch.Tensor]
) -> None:
    runs = [ended(begin(home, 2, mode)) for mode in ("none", "small evaluation", "snapshots once")]
    found = [json.loads((run.folder / "evaluation.json").read_text()) for run in runs]
    for run, each in zip(runs, found, strict=True):
        require_as_alone(run, alone)
        for mine, plain in zip(each["held_out"]["measures"], found[0]["held_out"]["measures"], strict=True):
            assert [mine["base"], mine["tuned"]] == pytest.approx([plain["base"], plain["tuned"]], rel=1e-5)


@pytest.mark.parametrize(
    ("mode", "said", "resumable"),
    [
        ("memory", r"Process 1 of 2: Out of memory at step 4, even with one row at a time .* resume the run .*", True),
        ("nan", r"The loss at step 4 is NaN or infinite .*", False),
        ("defect", r"Process 1 of 2: it failed with KeyError \('secret detail'\); see the log.", True),
        ("full disk", r"The disk is full; free some space and .*", False),
        ("snapshots", r"Out of memory while the adapter was saved; close other programs and .*", False),
        ("no room for the optimizer", r"Process 1 of 2: it ran out of memory; free some.*", False),
    ],
)
def test_what_ends_one_process_is_one_sentence_and_ends_all(home: Path, mode: str, said: str, resumable: bool) -> None:
    run = ended(begin(home, 2, mode))
    status = run.status()
    assert status.state == "failed" and re.fullmatch(said, status.message), status.message
    assert status.resumable == resumable
    wait(lambda: not run.files.worker.exists() or gone([json.loads(run.files.worker.read_text())["pid"]]), run)
