"""Runs from the command line: the same runs as the page's, listed, watched, done again, stopped and resumed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ia3_studio.cli import DONE, ENDED_BADLY, REFUSED, main
from ia3_studio.runs import Run, RunConfig, RunStore, start
from ia3_studio.runs.folder import write_json
from ia3_studio.training import TrainConfig
from tests.runs.test_history import ended
from tests.tiny_chat import save_tiny_chat

ROOT = Path(__file__).parents[1]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path))
    return RunStore(tmp_path / "runs")


def test_runs_are_listed_by_words_and_as_json(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    run = ended(store, name="Voice")
    ended(store, name="Letters")
    assert main(["runs", "voice"]) == DONE
    assert capsys.readouterr().out.split() == [run.id, "finished", "3", "4.000", "→", "2.000", "Voice"]
    assert main(["--json", "runs"]) == DONE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == ["Letters", "Voice"] and lines[1]["loss"] == 2.0


def test_watching_a_run_that_has_ended_says_how_and_returns(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ended(store)
    assert main(["watch"]) == DONE and "First light: Finished" in capsys.readouterr().out
    write_json(run.files.status, {"phase": "ended", "sentence": "It failed.", "result": "failed"})
    assert main(["--json", "watch", run.id[-6:]]) == ENDED_BADLY
    assert json.loads(capsys.readouterr().out)["state"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["watch"], "There is no run in"),
        (["watch", "20260101-000000-abcdef"], "There is no run"),
        (["stop", "../../etc"], "There is no run"),
        (["again", "/no/such/folder"], "There is no folder /no/such/folder"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    arguments: list[str], said: str, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == REFUSED
    assert said in capsys.readouterr().err


def test_a_finished_run_is_not_resumed(store: RunStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", ended(store).id]) == REFUSED
    assert "has finished" in capsys.readouterr().err


def test_help_tells_every_command() -> None:
    done = subprocess.run([sys.executable, "-m", "ia3_studio", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and all(word in done.stdout for word in ("runs", "watch", "again", "stop", "resume"))


@pytest.mark.worker
def test_a_run_is_done_again_on_another_machine_and_comes_to_the_same(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "rows.csv"
    data.write_text("prompt,answer\n" + "".join(f"ask {n},tell {n}\n" for n in range(20)))
    model = save_tiny_chat(tmp_path / "tiny")
    first = store.create(RunConfig("First", str(model), str(data), train=TrainConfig(epochs=2)), "first")
    start(first)
    assert main(["watch", first.id]) == DONE
    away = tmp_path / "away" / first.id
    away.parent.mkdir()
    first.folder.rename(away)
    data.unlink()
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path / "other home"))
    assert main(["again", str(away)]) == DONE
    other = RunStore(tmp_path / "other home" / "runs")
    (again,) = other.list()
    until = time.monotonic() + 60
    while again.status().active and time.monotonic() < until:
        time.sleep(0.1)
    steps = [run.metrics()[0] for run in (Run(away), again)]
    losses = [[(step.step, step.loss, step.held_out) for step in each] for each in steps]
    assert losses[0] == losses[1] and len(losses[0]) > 3
    assert "run was made with" not in again.log_tail()
    capsys.readouterr()
    assert main(["runs"]) == DONE and again.id in capsys.readouterr().out
