"""How fast this machine trains is told by its runs, or by a benchmark that is done once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ia3_studio.models.fit import OPERATIONS
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import step_line
from ia3_studio.runs.throughput import FILE, known_speed, machine_speed
from ia3_studio.training import Step
from ia3_studio.training.forecast import Speed

SIZES = {"SmolLM2-135M-Instruct": 134_515_008, "some/tiny": 30_000}


@pytest.fixture(autouse=True)
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The benchmark, which counts how often it is asked for."""
    asked: list[int] = []

    def measure() -> Speed:
        asked.append(1)
        return Speed(1e11, 1e11)

    monkeypatch.setattr("ia3_studio.training.forecast.measure_speed", measure)
    return asked


def trained(store: RunStore, model: str, *rates: float | None) -> Run:
    run = store.create(RunConfig("a run", model, "lighthouse"), f"{model} {rates}")
    with run.files.metrics.open("a", encoding="utf-8") as file:
        for number, rate in enumerate(rates):
            file.write(step_line(Step(number, 9, 0.1, 3.0, None, 0.01, 0.5, 10, 1.0, rate)))
    return run


def test_runs_tell_the_speed_in_proportion_to_parameters(tmp_path: Path, measured: list[int]) -> None:
    store = RunStore(tmp_path / "runs")
    trained(store, "SmolLM2-135M-Instruct", None, 100.0, 120.0, 900.0)
    speed = machine_speed(store, tmp_path, SIZES.get, "cpu")
    assert speed.measured_in == "runs" and not measured
    assert speed.operations_per_second == pytest.approx(OPERATIONS * 134_515_008 * 120)


def test_runs_of_tiny_or_unknown_models_and_damaged_ones_tell_nothing(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    trained(store, "some/tiny", 1e5)
    trained(store, "some/unknown", 100.0)
    trained(store, "SmolLM2-135M-Instruct")
    damaged = trained(store, "SmolLM2-135M-Instruct", 50.0)
    damaged.files.config.write_text("{")
    assert machine_speed(store, tmp_path, SIZES.get, "cpu").measured_in == "benchmark"


def test_the_benchmark_is_done_once_for_a_machine_and_kept(tmp_path: Path, measured: list[int]) -> None:
    store = RunStore(tmp_path / "runs")
    first = machine_speed(store, tmp_path, SIZES.get, "cpu")
    assert machine_speed(store, tmp_path, SIZES.get, "cpu") == first and len(measured) == 1
    machine_speed(store, tmp_path, SIZES.get, "cuda")
    assert len(measured) == 2


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"operations_per_second": -1}', '{"operations_per_second": 1e300}']
)
def test_a_damaged_result_is_measured_again(content: str, tmp_path: Path, measured: list[int]) -> None:
    store = RunStore(tmp_path / "runs")
    machine_speed(store, tmp_path, SIZES.get, "cpu")
    machine = json.loads((tmp_path / FILE).read_text())["machine"]
    if content.endswith("}"):
        content = json.dumps({**json.loads(content), "machine": machine})
    (tmp_path / FILE).write_text(content)
    assert machine_speed(store, tmp_path, SIZES.get, "cpu").operations_per_second > 0 and len(measured) == 2


def test_a_home_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file in its place")
    assert machine_speed(RunStore(tmp_path / "runs"), tmp_path / "home", SIZES.get, "cpu").operations_per_second > 0


def test_what_is_known_is_told_without_a_benchmark(tmp_path: Path, measured: list[int]) -> None:
    store = RunStore(tmp_path / "runs")
    assert known_speed(store, tmp_path, SIZES.get, "cpu") is None and not measured
    found = machine_speed(store, tmp_path, SIZES.get, "cpu")
    assert known_speed(store, tmp_path, SIZES.get, "cpu") == found and measured == [1]
    assert known_speed(store, tmp_path, SIZES.get, "cuda") is None  # another device's
