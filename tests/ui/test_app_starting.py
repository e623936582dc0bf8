"""One click, one run."""

from __future__ import annotations

import pytest

from ia3_studio.runs import Run, RunConfig
from ia3_studio.runs.folder import WorkerStatus, write_json
from ia3_studio.ui import start_once
from ia3_studio.ui.session import Studio

CONFIG = RunConfig("A run", "some/model", "lighthouse")


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_once, "start", lambda run: None)


def end(run: Run) -> None:
    write_json(run.files.status, vars(WorkerStatus("ended", "Finished", result="finished")))


def test_a_double_click_gives_one_run(bench: Studio) -> None:
    assert start_once.launch(bench, CONFIG, "page") == start_once.launch(bench, CONFIG, "page")
    assert len(bench.store.list()) == 1


def test_a_double_click_on_a_run_that_fails_at_once_gives_one_run(bench: Studio) -> None:
    first = start_once.launch(bench, CONFIG, "page")
    end(bench.store.list()[0])
    assert start_once.launch(bench, CONFIG, "page") == first


def test_the_same_settings_can_be_trained_again_after_the_end(bench: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start_once.launch(bench, CONFIG, "page")
    end(bench.store.list()[0])
    monkeypatch.setattr(start_once, "SAME_CLICK", 0.0)
    second = start_once.launch(bench, CONFIG, "page")
    end(next(run for run in bench.store.list() if second.endswith(run.id)))
    third = start_once.launch(bench, CONFIG, "page")
    assert len({first, second, third}) == 3


def test_other_settings_or_another_page_give_another_run(bench: Studio) -> None:
    start_once.launch(bench, CONFIG, "page")
    start_once.launch(bench, RunConfig("B run", "some/model", "lighthouse"), "page")
    start_once.launch(bench, CONFIG, "another page")
    assert len(bench.store.list()) == 3
