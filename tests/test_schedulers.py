"""A run as the job of a scheduler: the documented script, begun, ended by its time, and begun again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from ia3_studio.cli import DONE, ENDED_BADLY, REFUSED, foreground, main
from ia3_studio.runs import Run, RunConfig, RunStore, process
from ia3_studio.runs.folder import WorkerStatus, write_json
from ia3_studio.training import TrainConfig
from tests.runs.test_history import ended
from tests.tiny_chat import save_tiny_chat

ROOT = Path(__file__).parents[1]
JOB = "SLURM_JOB_ID"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    for variable in foreground.SCHEDULERS:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    return RunStore(tmp_path / "runs")


def wait(condition: Callable[[], object], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.05)


@pytest.mark.worker
def test_the_documented_job_stops_at_its_signal_and_goes_on_with_the_same_run_when_it_is_begun_again(
    store: RunStore, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "schedulers.md").read_text(encoding="utf-8")
    script = next(block for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL) if "#SBATCH" in block)
    (tmp_path / "ia3.sbatch").write_text(script, encoding="utf-8")
    command = tmp_path / "bin" / "ia3-studio"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ia3_studio "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    original = RunStore(tmp_path / "elsewhere").create(endless(tmp_path), "original")
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), JOB: "4711"}

    def begin() -> subprocess.Popen[str]:
        given = ["bash", str(tmp_path / "ia3.sbatch"), str(original.folder)]
        return subprocess.Popen(given, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    job = begin()
    wait(lambda: store.list() and store.list()[0].status().step >= 3)
    job.send_signal(signal.SIGTERM)
    said, _nothing = job.communicate(timeout=60)
    assert job.returncode == ENDED_BADLY, said
    (run,) = store.list()
    reached = run.status()
    assert (reached.state, reached.resumable) == ("stopped", True) and run.adapter_folder() is not None

    job = begin()
    wait(lambda: run.status().step > reached.step)
    assert run.status().state == "running" and run.status().seconds >= reached.seconds
    run.request_stop()  # as from the page
    said, _nothing = job.communicate(timeout=60)
    assert job.returncode == DONE, said
    assert [each.id for each in store.list()] == [run.id]
    assert [step.step for step in run.metrics()[0]] == list(range(run.status().step + 1))


def endless(folder: Path) -> RunConfig:
    model = save_tiny_chat(folder / "model")
    data = folder / "rows.csv"
    data.write_text("prompt,answer\n" + "\n".join(f"What is {n}?,It is {n}." for n in range(40)), encoding="utf-8")
    train = TrainConfig(epochs=500, batch_size=2, max_length=32, eval_steps=1000)
    return RunConfig("Job", str(model), str(data), train=train)


@pytest.fixture
def original(store: RunStore) -> Run:
    return ended(store)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is done with which run, instead of doing it."""
    done: list[str] = []
    for name in ("start", "resume"):
        monkeypatch.setattr(
            foreground, name, lambda run, launch, here, name=name: done.append(f"{name} {run.id} {here}")
        )
    monkeypatch.setattr(foreground, "watch", lambda run, as_json: DONE)
    return done


def test_a_job_whose_run_has_finished_trains_nothing(
    original: Run, store: RunStore, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(JOB, "1")
    assert main(["rerun", str(original.folder)]) == DONE
    (run,) = [each for each in store.list() if each.id != original.id]
    assert begun == [f"start {run.id} True"]
    write_json(run.files.worker, {"pid": 1, "born": 1.0})
    write_json(run.files.status, vars(WorkerStatus("ended", "Finished after 3 steps", result="finished")))
    assert main(["rerun", str(original.folder)]) == DONE
    assert begun == [f"start {run.id} True"] and len(store.list()) == 2


def test_a_job_whose_run_ended_before_its_first_checkpoint_begins_another(
    original: Run, store: RunStore, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(JOB, "1")
    assert main(["rerun", str(original.folder)]) == DONE
    (first,) = [each for each in store.list() if each.id != original.id]
    write_json(first.files.worker, {"pid": 1, "born": 1.0})
    write_json(first.files.status, vars(WorkerStatus("ended", "Stopped before the first step", result="stopped")))
    assert main(["rerun", str(original.folder)]) == DONE
    assert len(store.list()) == 3 and len(begun) == 2


@pytest.fixture
def elsewhere(original: Run, store: RunStore, begun: list[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the run of a job whose worker was heard of on another machine a moment ago."""
    monkeypatch.setenv(JOB, "1")
    monkeypatch.setattr(foreground, "LOOKING_SECONDS", 0.01)
    assert main(["rerun", str(original.folder)]) == DONE
    (run,) = [each for each in store.list() if each.id != original.id]
    write_json(run.files.worker, {"pid": 1, "born": 1.0, "host": "node7", "boot": "another"})
    write_json(run.files.status, vars(WorkerStatus("training", "Training", heartbeat_at=time.time())))
    return run


@pytest.mark.parametrize("command", ["rerun", "resume"])
def test_a_run_that_is_trained_on_another_machine_is_not_begun_twice(
    elsewhere: Run, original: Run, begun: list[str], capsys: pytest.CaptureFixture[str], command: str
) -> None:
    def beat() -> None:
        time.sleep(0.3)
        write_json(elsewhere.files.status, vars(WorkerStatus("training", "Training", heartbeat_at=time.time())))

    beating = Thread(target=beat)
    beating.start()
    assert main([command, str(original.folder) if command == "rerun" else elsewhere.id]) == REFUSED
    beating.join()
    assert "already being trained on node7" in capsys.readouterr().err and len(begun) == 1


@pytest.mark.parametrize("command", ["rerun", "resume"])
def test_a_job_that_is_begun_again_before_its_lost_machine_counts_as_lost_goes_on_with_its_run(
    elsewhere: Run, original: Run, begun: list[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    elsewhere.files.checkpoint.touch()
    monkeypatch.setattr(process, "LOST_SECONDS", 3.0)
    assert main([command, str(original.folder) if command == "rerun" else elsewhere.id]) == DONE
    assert begun[1:] == [f"resume {elsewhere.id} True"]


def test_the_jobs_of_an_array_have_runs_of_their_own(monkeypatch: pytest.MonkeyPatch, store: RunStore) -> None:
    for variable, place in foreground.ARRAYS.items():
        monkeypatch.setenv(variable, "4711")
        found = [foreground.job()]
        for number in "12":
            monkeypatch.setenv(place, number)
            found.append(foreground.job())
        assert len(set(found)) == 3
        monkeypatch.delenv(variable)
    assert foreground.job() == ""


def test_a_job_of_htcondor_is_the_same_when_it_is_started_in_another_folder(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name, number in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).write_text(
            f'ClusterId = 7\nGlobalJobId = "submit#7.{number}#1764450000"\nProcId = {number}\n'
        )
        monkeypatch.setenv("_CONDOR_JOB_AD", str(tmp_path / name))
        found.append(foreground.job())
    assert found[0] == found[1] != found[2]
    monkeypatch.setenv("_CONDOR_JOB_AD", str(tmp_path / "nowhere"))
    assert "nowhere" in foreground.job()


def test_other_settings_and_other_jobs_have_runs_of_their_own(
    original: Run, store: RunStore, begun: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ended(store, name="Another")
    for number, folder in (("1", original.folder), ("1", other.folder), ("2", original.folder)):
        monkeypatch.setenv(JOB, number)
        assert main(["rerun", str(folder)]) == DONE
    assert len({line.split()[1] for line in begun}) == 3


def test_without_a_scheduler_every_run_in_the_foreground_is_a_new_one(
    original: Run, store: RunStore, begun: list[str]
) -> None:
    for _time in range(2):
        assert main(["rerun", str(original.folder), "--foreground"]) == DONE
    assert len({line.split()[1] for line in begun}) == 2
    assert len(store.list()) == 3
