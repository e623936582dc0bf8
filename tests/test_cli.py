"""Runs from the command line: the same runs as the page's, listed, watched, done again, stopped and resumed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from ia3_studio.cli import DONE, ENDED_BADLY, REFUSED, main
from ia3_studio.cli import inspect as look
from ia3_studio.export.import_adapter import take_in
from ia3_studio.method import Adapter
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import write_json
from ia3_studio.training import TrainConfig
from ia3_studio.worker import start
from tests.export.hub_push_standin import GOOD, Hub
from tests.export.test_push import there  # noqa: F401  (a fixture)
from tests.runs.test_history import ended
from tests.tiny_chat import save_tiny_chat
from tests.ui.test_export_tab import save_adapter

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


def test_full_memory_says_what_to_do(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def grow(_store: RunStore) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("ia3_studio.cli.runs.records", grow)
    assert main(["runs"]) == REFUSED
    assert "Out of memory; close other programs" in capsys.readouterr().err


def test_watching_a_run_that_has_ended_says_how_and_returns(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ended(store)
    assert main(["watch"]) == DONE and "First light: Finished" in capsys.readouterr().out
    write_json(run.files.status, {"phase": "ended", "message": "It failed.", "result": "failed"})
    assert main(["--json", "watch", run.id[-6:]]) == ENDED_BADLY
    assert json.loads(capsys.readouterr().out)["state"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["watch"], "No run found in"),
        (["watch", "20260101-000000-abcdef"], "not found"),
        (["stop", "../../etc"], "not found"),
        (["rerun", "/no/such/folder"], "Folder /no/such/folder"),
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
    words = (
        "train",
        "runs",
        "watch",
        "rerun",
        "stop",
        "resume",
        "chat",
        "evaluate",
        "inspect",
        "export",
        "push",
        "serve",
        "doctor",
    )
    assert done.returncode == 0 and all(f"    {word}" in done.stdout for word in words)


@pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")
def test_an_adapter_is_pushed_with_the_token_of_the_environment(
    store: RunStore,
    there: Hub,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = ended(store, name="Voice")
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: GOOD)
    assert main(["--json", "push", run.id, "--to", "voice"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["repository"] == "keeper/voice" and told["is_private"] is True
    assert "adapter_model.safetensors" in there.files["keeper/voice"]
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert main(["push", run.id, "--to", "voice"]) == REFUSED
    assert "needs a token" in capsys.readouterr().err


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
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
    assert main(["rerun", str(away)]) == DONE
    other = RunStore(tmp_path / "other home" / "runs")
    (again,) = other.list()
    until = time.monotonic() + 60
    while again.status().active and time.monotonic() < until:
        time.sleep(0.1)
    steps = [run.metrics()[0] for run in (Run(away), again)]
    losses = [[(step.step, step.loss, step.held_out) for step in each] for each in steps]
    assert losses[0] == losses[1] and len(losses[0]) > 3
    assert "differs from the one of the original run" not in again.log_tail()
    capsys.readouterr()
    assert main(["runs"]) == DONE and again.id in capsys.readouterr().out


@pytest.fixture
def trained(store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A run that the command line trained, from a file of settings."""
    data = tmp_path / "rows.csv"
    data.write_text("prompt,answer\n" + "".join(f"ask {n},tell {n}\n" for n in range(20)))
    model = save_tiny_chat(tmp_path / "tiny")
    settings = tmp_path / "run.yaml"
    settings.write_text(f"model: {model}\ndata: {data}\nname: From a file\nepochs: 2\nlearning_rate: 0.02\n")
    assert main(["train", str(settings), "--set", "batch_size=5", "--set", "learning_rate=1e-2"]) == DONE
    assert "From a file: Finished after" in capsys.readouterr().out
    (run,) = store.list()
    return run


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_a_run_is_trained_looked_at_talked_to_and_taken_away(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = trained.config.train
    assert (train.epochs, train.learning_rate, train.batch_size) == (2, 0.01, 5)
    run = trained.id

    def printed(*arguments: str) -> str:
        assert main([*arguments]) == DONE, capsys.readouterr().err
        return capsys.readouterr().out

    evaluation = json.loads(printed("--json", "evaluate", run))
    assert evaluation["measures"][0]["measure"] == "Loss"
    again = json.loads(printed("--json", "evaluate", run, "--again"))
    assert again["measures"][0]["tuned"] == pytest.approx(evaluation["measures"][0]["tuned"], rel=1e-5)
    assert "Loss" in printed("evaluate", run)
    seen = json.loads(printed("--json", "inspect", run))
    assert seen["trainable parameters"] == sum(
        site.size for site in Adapter.load(trained.adapter_folder() or "").selection
    )
    assert json.loads(printed("--json", "inspect", trained.config.model))["task"] == "causal-lm"
    said = [json.loads(line) for line in printed("--json", "chat", run, "--prompt", "hi", "--tokens", "4").splitlines()]
    assert [each["variant"] for each in said] == ["base", "tuned"] and len(said[0]["tokens"]) >= 1
    assert printed("chat", run, "--prompt", "hi", "--tokens", "4", "--only-tuned").strip() == said[1]["text"].strip()

    assert main(["chat", run, "--prompt", "hi", "--tokens", "4", "--weights", "int8"]) == DONE
    assert "int8" in capsys.readouterr().err

    away = tmp_path / "away"
    assert json.loads(printed("--json", "export", run, "--to", str(away / "adapter.zip")))["bytes"] > 500
    assert torch.equal(Adapter.load(take_in([away / "adapter.zip"], tmp_path / "library")).vector,
                       Adapter.load(trained.adapter_folder() or "").vector)  # fmt: skip
    printed("export", run, "--to", str(away / "page.html"))
    printed("export", run, "--to", str(away / "folder"))
    assert Adapter.load(away / "folder").selection.parameters == seen["trainable parameters"]
    merged = json.loads(printed("--json", "export", run, "--merged", "--to", str(away / "merged")))
    assert merged["largest_difference"] < 1e-4 and (away / "merged" / "model.safetensors").is_file()
    for name in ("run.py", "run.ipynb"):
        printed("export", run, "--to", str(away / name))
    compile((away / "run.py").read_text(), "run.py", "exec")
    assert main(["export", run, "--to", str(away / "folder")]) == REFUSED
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "arguments", "said"),
    [
        ("model: a", [], "do not specify data"),
        ("model: a\ndata: b\nlearing_rate: 1", [], "did you mean learning_rate"),
        ("- a list", [], "not contain a mapping of settings"),
        ("model: [", [], "cannot be read"),
        ("model: a\ndata: b", ["--set", "epochs"], "expects NAME=VALUE"),
        ("model: a\ndata: b", ["--set", "epochs=-1"], "epochs is -1"),
        ("model: a\ndata: no-such-file.csv", [], "no-such-file.csv"),
    ],
)
def test_settings_that_are_none_are_refused_before_a_run_is_made(
    settings: str, arguments: list[str], said: str, store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(settings)
    assert main(["train", str(path), *arguments]) == REFUSED
    assert said in capsys.readouterr().err and store.list() == ()


def test_preference_settings_have_options(
    store: RunStore, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ia3_studio.cli.train.start", lambda _run, launch: None)
    asked = ["train", "--model", str(tiny_folder), "--data", "beacon", "--detach", "--beta", "0.3"]
    assert main([*asked, "--loss-type", "ipo", "--sft-weight", "0.5", "--label-smoothing", "0.1"]) == DONE
    train = store.list()[0].config.train
    assert (train.beta, train.loss_type, train.sft_weight, train.label_smoothing) == (0.3, "ipo", 0.5, 0.1)
    assert main([*asked, "--loss-type", "hinge"]) == REFUSED and "loss_type" in capsys.readouterr().err


@pytest.fixture
def tiny_folder(tmp_path: Path) -> Path:
    return save_tiny_chat(tmp_path / "tiny")


def test_the_doctor_tells_what_does_not_work(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(look, "_network", lambda: (False, "nothing is reachable"))
    assert main(["--json", "doctor"]) == REFUSED
    checks = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert not checks["Network"]["ok"] and checks["torch"]["ok"] and checks["Runs"]["ok"]
    monkeypatch.setattr(look, "_network", lambda: (True, "the Hub is reachable"))
    monkeypatch.setattr(look, "NEEDED_GB", 1e9)
    assert main(["doctor"]) == REFUSED
    assert "free some disk space" in capsys.readouterr().out
