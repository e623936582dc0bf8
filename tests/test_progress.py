"""What the command line says of a run that is trained: how long it still takes, by its newest steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.atomic import replace_text
from ia3_studio.cli.progress import RECENT, Pace, watch
from ia3_studio.runs import Run, RunStore
from ia3_studio.runs.folder import step_line
from ia3_studio.runs.run import RunStatus
from ia3_studio.training.config import Step
from tests.runs.test_history import ended

TOTAL = 100


def step(number: int, seconds: float, held_out: float | None = None) -> Step:
    return Step(number, TOTAL, 0.0, 1.0, held_out, 0.1, 1.0, number, seconds, 10.0)


def status(state: Any = "running") -> RunStatus:
    return RunStatus(state, "", "training", None, 0, TOTAL, 0.0, 0.0)


def left(steps: Iterable[Step], eval_steps: int = 1000) -> int | None:
    pace = Pace()
    for each in steps:
        pace.add(each)
    return pace.seconds_left(eval_steps)


def test_the_time_left_is_that_of_the_newest_steps_however_long_earlier_ones_took() -> None:
    slow = [step(number, 60.0 * number) for number in range(1, 30)]
    quick = [step(29 + number, slow[-1].seconds + 2.0 * number) for number in range(1, RECENT + 1)]
    assert left((*slow, *quick)) == 2 * (TOTAL - 29 - RECENT)


def test_the_held_out_losses_to_come_count_and_one_long_pause_does_not() -> None:
    times = [2.0, 2.0, 2.0, 12.0] * 5
    times[14] = 300.0
    steps = [step(0, 9.0, 3.0)]
    for number, took in enumerate(times, 1):
        steps.append(step(number, steps[-1].seconds + took, 1.0 if number % 4 == 0 else None))
    assert left(steps, 4) == 2 * (TOTAL - 20) + 10 * 20
    assert left(steps[:4], 4) == 2 * (TOTAL - 3) + 9 * 25  # a loss is taken to last as long as that of the base model


@pytest.mark.parametrize("steps", [(), (step(0, 1.0),), (step(0, 1.0), step(1, 2.0)), (step(7, 2.0),)])
def test_before_two_steps_nothing_is_said(steps: tuple[Step, ...]) -> None:
    assert left(steps) is None


def test_a_run_that_was_taken_back_to_a_checkpoint_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, active = ended(RunStore(tmp_path)), iter([True, False])

    def look(_seconds: float) -> None:
        replace_text(run.files.metrics, step_line(step(1, 1.0)) + step_line(replace(step(2, 9.0), loss=7.0)))

    replace_text(run.files.metrics, "".join(step_line(step(number, 1.0)) for number in range(50)))
    monkeypatch.setattr(Run, "status", lambda _run: status("running" if next(active) else "stopped"))
    monkeypatch.setattr("ia3_studio.cli.progress.time.sleep", look)
    watch(run, as_json=False)
    assert "loss 7.000" in capsys.readouterr().out.splitlines()[-1]
