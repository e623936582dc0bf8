"""What the command line says of a run that is trained: how long it still takes, by its newest steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.atomic import replace_text
from ia3_studio.cli.progress import RECENT, seconds_left, watch
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


def test_the_time_left_is_that_of_the_newest_steps_however_long_earlier_ones_took() -> None:
    slow = [step(number, 60.0 * number) for number in range(10)]
    quick = [step(10 + number, 600.0 + 2.0 * number) for number in range(1, RECENT + 2)]
    assert seconds_left(status(), (*slow, *quick)[-RECENT - 1 :]) == 2 * (TOTAL - 41)


def test_held_out_losses_take_their_part_and_one_long_pause_does_not_count() -> None:
    times = [2.0, 2.0, 2.0, 12.0] * 5
    times[6] = 300.0
    steps = [step(0, 0.0)]
    for number, took in enumerate(times, 1):
        steps.append(step(number, steps[-1].seconds + took, 1.0 if number % 4 == 0 else None))
    assert seconds_left(status(), steps) == round((2 + 10 / 4) * (TOTAL - 20))


@pytest.mark.parametrize("steps", [(), (step(0, 1.0),), (step(0, 1.0), step(1, 2.0))])
def test_before_the_second_step_nothing_is_said(steps: tuple[Step, ...]) -> None:
    assert seconds_left(status(), steps) is None
    assert seconds_left(status("finished"), [step(number, 1.0) for number in range(9)]) is None


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
