"""Whatever is written on the command line: one sentence and an exit code, no traceback, no half-made run."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.cli import DONE, ENDED_BADLY, LOG, REFUSED, main
from ia3_studio.errors import StudioError
from ia3_studio.runs import RunConfig, RunStore
from tests.runs.test_history import ended

JUNK = (
    "", " ", "-", "--", "/", ".", "..", "../..", "/etc/passwd", "/dev/null", "/proc/self/mem", "~nobody/x", "\x00",
    "\ud800", "a" * 5000, "run\nrun", "ünïcödé 🎚️", "1e400", "-1", "NaN", "null", "[]", "{}", "{", "a: b: c", "*x",
    "!!python/x",
    "%s%n", "$(id)", "20260101-000000-abcdef", "lighthouse", "nowhere.jsonl", "org/model", "x" * 300 + "/y",
)  # fmt: skip
COMMANDS = ("train", "runs", "watch", "rerun", "stop", "resume", "evaluate", "inspect", "export", "push")
FIELDS = (
    "train", "mapping", "parsing", "selection", "held_out", "learning_rate", "epochs", "batch_size", "seed",
    "keep_best",
    "report_to", "max_steps", "early_stopping_patience", "backward_dtype", "name", "model", "data", "nonsense",
    "micro_batch_tokens", "processes",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("IA3_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IA3_STUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "ia3_studio.cli.train.start", lambda run, launch: None
    )  # no worker: what is tried is the way there
    return RunStore(tmp_path / "home" / "runs")


def told(arguments: list[str]) -> int:
    """Return the exit code, argparse's own included."""
    try:
        return main(arguments)
    except SystemExit as ending:
        return int(ending.code or 0)


def junk_line(draw: random.Random) -> list[str]:
    command = draw.choice(COMMANDS)
    words = [draw.choice(JUNK) for _word in range(draw.randrange(0, 3))]
    if command == "train":
        words = [f"--model={draw.choice(JUNK)}", f"--data={draw.choice(JUNK)}", "--detach", *words[:1]]
        words += [f"--set={draw.choice(FIELDS)}={draw.choice(JUNK)}" for _setting in range(draw.randrange(0, 3))]
    elif command in ("export", "push"):
        words = [*words[:1], f"--to={draw.choice(JUNK)}"]
    return ["--json", command, *words] if draw.random() < 0.3 else [command, *words]


def test_no_junk_on_the_command_line_gives_a_traceback(
    store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(0)
    run = ended(store)
    for _line in range(150):
        arguments = [run.id if word == JUNK[-5] else word for word in junk_line(draw)]
        before = {path.name for path in store.root.iterdir() if not path.name.startswith(".")}
        code = told(arguments)
        said = capsys.readouterr()
        assert code in (DONE, 1, REFUSED, ENDED_BADLY), arguments
        assert "Traceback" not in said.err + said.out and not (tmp_path / "home" / LOG).exists(), arguments
        if code == REFUSED:
            assert said.err.strip(), arguments
            assert {path.name for path in store.root.iterdir() if not path.name.startswith(".")} == before, arguments


VALID: dict[str, Any] = {"model": "SmolLM2-135M-Instruct", "data": "lighthouse"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", "1e400"), ("epochs", float("inf")), ("epochs", float("nan")), ("epochs", True), ("epochs", 1e30),
        ("batch_size", 1.5), ("batch_size", 0), ("batch_size", "many"), ("seed", "abc"), ("seed", 10**30),
        ("keep_best", "maybe"), ("learning_rate", None), ("learning_rate", -1), ("warmup_ratio", 1), ("max_steps", 2.5),
        ("report_to", "nope"), ("selection", "/(/"), ("selection", ""), ("selection", 5), ("selection", "key@z"),
        ("selection", {"sites": 3}), ("held_out", 0), ("held_out", 1.0), ("held_out", "half"), ("train", 5),
        ("mapping", 5), ("mapping", 0), ("parsing", ""), ("mapping", []), ("mapping", {"kind": "nonsense"}),
        ("parsing", {"header": "perhaps"}), ("name", "n" * 1000),
        ("optimizer", "sgd"), ("backward_dtype", "int8"), ("long_rows", "fold"), ("name", ["a"]),
        ("processes", -1), ("processes", 65), ("processes", "two"), ("processes", 1.5),
        ("processes", True), ("processes", None),
    ],
)  # fmt: skip
def test_a_setting_of_the_wrong_kind_is_named_before_there_is_a_run(name: str, value: Any) -> None:
    with pytest.raises(StudioError, match=name):
        RunConfig.from_settings({**VALID, name: value})


@pytest.mark.parametrize(
    ("written", "name", "value"),
    [
        ("learning_rate: 1e-2", "learning_rate", 0.01), ("learning_rate: '5e-05'", "learning_rate", 5e-5),
        ("epochs: 3", "epochs", 3.0), ("batch_size: '4'", "batch_size", 4), ("max_steps: null", "max_steps", None),
        ("keep_best: 'no'", "keep_best", False), ("seed: 7.0", "seed", 7),
    ],
)  # fmt: skip
def test_numbers_may_be_written_in_any_of_the_usual_ways(
    tmp_path: Path, written: str, name: str, value: object
) -> None:
    from ia3_studio.cli.train import read_settings

    path = tmp_path / "settings.yaml"
    path.write_text(f"model: m/x\ndata: lighthouse\n{written}\n", encoding="utf-8")
    found = getattr(RunConfig.from_settings(read_settings(path)).train, name)
    assert found == value and type(found) is type(value)


def test_the_settings_that_a_run_wrote_are_read_back_as_they_are() -> None:
    config = RunConfig.from_settings({**VALID, "learning_rate": 5e-5, "selection": "key,value@8-", "held_out": 0.2})
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig.from_settings(json.loads(config.to_json())) == config


@pytest.mark.parametrize("text", ["[" * 50_000, "a: &a [*a, *a]", "x: " + "9" * 6000, "\x00", "- 1", "!!binary x"])
def test_a_file_that_holds_no_settings_is_refused(store: RunStore, text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    assert told(["train", str(tmp_path / "odd.yaml"), "--detach"]) == REFUSED
    assert not store.list()


@pytest.mark.parametrize("port", ["-1", "0", "65536", "http"])
def test_a_port_that_is_none_is_refused(store: RunStore, port: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    assert told(["serve", f"--port={port}"]) == REFUSED
    assert port in capsys.readouterr().err and os.environ == before


def test_a_port_that_was_asked_for_and_is_taken_is_refused(
    store: RunStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADIO_SERVER_PORT", raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        assert told(["serve", f"--port={port}"]) == REFUSED
    assert port in capsys.readouterr().err


@pytest.mark.parametrize("target", ["/proc/x.zip", "/dev/null/x.html", "/nowhere/" + "x" * 300 + ".py"])
def test_an_export_to_an_impossible_place_is_one_sentence(
    store: RunStore, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ended(store)
    assert told(["export", run.id, "--to", target]) == REFUSED
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_what_nobody_foresaw_is_one_sentence_and_its_traceback_lies_in_a_file(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ia3_studio.cli.runs.records", lambda _store: 1 / 0)
    assert told(["runs"]) == REFUSED
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said and len(said.strip().splitlines()) == 1
    assert "Traceback" in (tmp_path / "home" / LOG).read_text()


@pytest.mark.worker
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    for number in range(30):
        ended(store, name=str(number))
    command = f"{sys.executable} -m ia3_studio runs | head -n 1"
    environment = {**os.environ, "IA3_STUDIO_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        command, shell=True, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1
