"""A tracker gets the figures of every step where one is asked for, and can neither stop nor spoil a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ia3_studio.errors import RunError
from ia3_studio.runs import RunConfig
from ia3_studio.runs.run import Run
from ia3_studio.runs.trackers import SINKS, open_reports, require_sink
from ia3_studio.training import TrainConfig
from ia3_studio.worker.training_job import TrainingJob
from tests.tiny_chat import save_tiny_chat


class Tracker:
    """A tracker as accelerate has them."""

    requires_logging_directory = True
    begun: ClassVar[list[Tracker]] = []
    fails_at: ClassVar[int | None] = None

    def __init__(self, run_name: str, logging_dir: str) -> None:
        self.folder = logging_dir
        self.told: list[tuple[int, dict[str, float]]] = []
        self.ended = False
        Tracker.begun.append(self)

    def log(self, values: dict[str, float], step: int) -> None:
        if step == Tracker.fails_at:
            raise ConnectionError("the network is gone")
        self.told.append((step, values))

    def finish(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("accelerate.tracking").tracking.LOGGER_TYPE_TO_CLASS, "tensorboard", Tracker)
    monkeypatch.setattr("ia3_studio.runs.trackers.is_installed", lambda name: name == "tensorboard")
    monkeypatch.setattr(Tracker, "begun", [])
    monkeypatch.setattr(Tracker, "fails_at", None)


def job(tmp_path: Path) -> tuple[TrainingJob, Run]:
    data = tmp_path / "rows.csv"
    data.write_text("prompt,answer\n" + "".join(f"ask {n},tell {n}\n" for n in range(12)))
    config = RunConfig("a run", str(save_tiny_chat(tmp_path / "tiny")), str(data), train=TrainConfig(batch_size=4))
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    run.files.config.write_text(replace(config, report_to="tensorboard").to_json())
    return TrainingJob(run), run


def test_every_step_is_told_with_its_figures(tmp_path: Path) -> None:
    made, run = job(tmp_path)
    made.prepare(lambda _share, _said: None)
    steps = list(made.steps(lambda: False))
    (tracker,) = Tracker.begun
    assert [number for number, _values in tracker.told] == [step.step for step in steps] and tracker.ended
    assert tracker.told[-1][1]["loss"] == steps[-1].loss and "held_out" in tracker.told[0][1]
    assert Path(tracker.folder).is_relative_to(run.folder)


def test_a_tracker_that_breaks_is_given_up_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tracker, "fails_at", 2)
    made, _run = job(tmp_path)
    made.prepare(lambda _share, _said: None)
    assert len(list(made.steps(lambda: False))) > 3
    assert capsys.readouterr().out.count("TensorBoard failed (ConnectionError") == 1


def test_a_tracker_that_cannot_begin_ends_the_run_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_all: Any, **_named: Any) -> None:
        raise PermissionError("log in first")

    monkeypatch.setattr(Tracker, "__init__", broken)
    made, _run = job(tmp_path)
    with pytest.raises(RunError, match=r"TensorBoard cannot be started \(PermissionError: log in first\)"):
        made.prepare(lambda _share, _said: None)


def test_a_tracker_that_is_unknown_or_not_installed_is_named() -> None:
    with pytest.raises(RunError, match="Unknown tracker 'carrier pigeon'"):
        require_sink("carrier pigeon")
    with pytest.raises(RunError, match=r"Weights & Biases is not installed; run 'pip install wandb'"):
        require_sink("wandb")


def test_nothing_is_reported_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert open_reports(RunConfig("a", "m", "lighthouse"), tmp_path, "id") is None and not Tracker.begun
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    assert SINKS.keys() <= LOGGER_TYPE_TO_CLASS.keys()
