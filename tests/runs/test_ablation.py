"""The parts of a run's adapter: measured beside the run, told while it lasts, kept for the adapter they belong to."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import RunError, StudioError
from ia3_studio.runs import Run
from ia3_studio.training.loss import CausalLoss
from ia3_studio.worker import ablation as parts_of_runs
from ia3_studio.worker.ablation import main, measure, read_ablation, start_ablation
from tests.runs.test_evaluation import prepared
from tests.runs.test_job import SECONDS


@pytest.fixture
def trained(tmp_path: Path) -> Run:
    """A run that has learned and saved, as its worker leaves it."""
    run, job = prepared(tmp_path)
    steps = list(job.steps(lambda: False))
    run.files.keep_adapter(steps[-1].step, job.save)
    run.files.status.write_text(json.dumps({"phase": "ended", "message": "Finished", "result": "finished"}))
    run.files.metrics.write_text("")
    return run


def test_all_parts_together_are_the_run_and_none_of_them_is_the_base_model(trained: Run) -> None:
    assert main([str(trained.folder)]) == 0
    report = read_ablation(trained).report
    assert report and report.rows == 8
    job_prepared = [part for part in report.parts if part.kind == "layer"]
    assert len(job_prepared) == 2
    assert report.tuned < report.base
    assert report.curve[0].loss == report.base and report.curve[-1].loss == report.tuned


def test_with_little_memory_the_parts_are_measured_in_smaller_passes(
    trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(trained)
    plain, row_losses, room = read_ablation(trained).report, CausalLoss.row_losses, 1

    def bounded(loss: CausalLoss, rows: Sequence[TokenRow]) -> list[float]:
        if len(rows) > room:
            raise MemoryError
        return row_losses(loss, rows)

    monkeypatch.setattr(CausalLoss, "row_losses", bounded)
    measure(trained)
    report = read_ablation(trained).report
    assert plain and report and report.tuned == pytest.approx(plain.tuned, rel=1e-5)
    room = 0
    measure(trained)
    assert "even with one row at a time" in read_ablation(trained).problem


def test_a_newer_adapter_makes_the_numbers_old(trained: Run, tmp_path: Path) -> None:
    measure(trained)
    assert read_ablation(trained).report
    newest = trained.adapter_folder()
    assert newest
    trained.files.keep_adapter(10_000, lambda folder: [
        (folder / each.name).write_bytes(each.read_bytes()) for each in newest.iterdir()
    ] and None)  # fmt: skip
    assert read_ablation(trained).report is None


def test_a_run_that_is_not_over_is_not_measured(tmp_path: Path) -> None:
    run, _job = prepared(tmp_path)
    with pytest.raises(RunError, match="a run that has ended"):
        start_ablation(run)


def test_what_goes_wrong_is_told(trained: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_run: Run) -> None:
        raise StudioError("There is no disk.")

    monkeypatch.setattr(parts_of_runs, "_measured", fail)
    measure(trained)
    assert read_ablation(trained).problem == "There is no disk."


def test_measuring_that_died_is_told_and_can_be_started_again(trained: Run) -> None:
    name = trained.adapter_folder().name  # type: ignore[union-attr]
    (trained.folder / "ablation.json").write_text(
        json.dumps({"progress": 0.5, "written_at": time.time() - 60, "adapter": name})
    )
    assert "run it again" in read_ablation(trained).problem
    (trained.folder / "ablation.json").write_text(json.dumps({"report": "{}", "adapter": name}))
    assert "run the ablation again" in read_ablation(trained).problem


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_it_is_measured_in_a_process_of_its_own_that_tells_how_far_it_is(trained: Run) -> None:
    start_ablation(trained)
    start_ablation(trained)  # a second click starts nothing
    until, seen = time.monotonic() + SECONDS, set()
    while (state := read_ablation(trained)).progress is not None:
        assert time.monotonic() < until
        seen.add(state.progress)
        time.sleep(0.02)
    assert state.report, state.problem or (trained.folder / "parts.log").read_text()
    assert 0.0 in seen
