"""Page and run never lose each other: reload, second tab, restart of the app, a killed worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.runs import RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import text
from ia3_studio.worker import start
from tests.e2e.conftest import Problems
from tests.e2e.studio_app import (
    StudioProcess,
    choose_tiny,
    end_worker,
    expect_state,
    open_studio,
    open_tab,
    points,
    start_training,
    wait_for_points,
)

pytestmark = pytest.mark.e2e

LONG = 2000
"""Epochs: longer than any test waits."""


@pytest.fixture
def training(page: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> Page:
    """A page that watches a run under way."""
    start_run(studio, "Pairs run", tiny, pairs, LONG)
    page.goto(studio.address)
    open_tab(page, text.TRAIN_TAB)
    wait_for_points(page, 5)
    return page


def start_run(studio: StudioProcess, name: str, model: Path, data: Path, epochs: int) -> None:
    """Start a run as the page does; how a person gets there is told in test_one_click."""
    config = RunConfig(name, str(model), str(data), train=TrainConfig(epochs=epochs))
    start(studio.store.create(config, name))


def drawn_steps(page: Page) -> list[int]:
    """Return the step numbers of the training loss as they are drawn."""
    return list(page.evaluate("document.querySelector('.live-chart .main').data[0].x"))


def stop(page: Page) -> None:
    page.locator("#run-strip .stop").click()
    expect_state(page, "stopped", timeout=30_000)


def test_a_reload_and_a_second_tab_show_the_same_run_and_a_stop_keeps_what_it_learned(
    training: Page, studio: StudioProcess, problems: Problems
) -> None:
    before = points(training)
    with problems.leaving():
        training.reload()
        open_tab(training, text.TRAIN_TAB)
        wait_for_points(training, before + 5)
    steps = drawn_steps(training)
    assert steps == list(range(steps[0], steps[0] + len(steps)))
    expect(training.locator("#run-strip .stop")).to_be_visible()

    second = training.context.new_page()
    open_studio(second, studio)
    expect_state(second, "running")
    expect(second.locator("#run-strip")).to_contain_text("Pairs run: ")
    stop(second)
    expect_state(training, "stopped", timeout=10_000)

    (run,) = studio.store.list()
    assert run.status().state == "stopped"
    assert run.adapter_folder() is not None
    open_tab(training, text.EXPORT_TAB)
    expect(training.locator("#download")).to_be_enabled()


def test_the_run_outlives_a_killed_app_and_the_page_comes_back_to_it(
    training: Page, studio: StudioProcess, problems: Problems
) -> None:
    problems.expect(
        "ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|network error"
    )
    problems.expect("BodyStreamBuffer was aborted|Failed to fetch|ERR_NETWORK|Connection errored out")
    run = studio.store.list()[0]
    training.evaluate("window.opened_before = true")
    studio.kill()
    step = run.status().step
    training.wait_for_timeout(1500)
    assert run.status().active
    assert run.status().step > step  # it went on without the app
    studio.start()
    training.wait_for_function("!window.opened_before", timeout=60_000)  # it reloads by itself
    expect_state(training, "running", timeout=30_000)
    open_tab(training, text.TRAIN_TAB)
    wait_for_points(training, step + 5)
    steps = drawn_steps(training)
    assert steps == list(range(steps[0], steps[0] + len(steps)))
    stop(training)


def test_a_killed_worker_is_told_within_seconds(training: Page, studio: StudioProcess) -> None:
    end_worker(studio.store.list()[0])
    expect_state(training, "interrupted", timeout=8_000)
    expect(training.locator("#run-strip")).to_contain_text(studio.store.list()[0].status().message)
    expect(training.locator("#run-list tr[data-run]")).to_have_attribute("data-state", "interrupted")
    expect(training.locator("#run-strip .stop")).to_be_hidden()


def test_another_run_is_shown_by_choosing_it(training: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> None:
    stop(training)
    start_run(studio, "Second run", tiny, pairs, epochs=1)
    training.locator("#run-list tr[data-run]", has_text="Second run").click()
    expect(training.locator("#run-strip")).to_contain_text("Second run: ")
    expect_state(training, "finished")
    expect(training.locator("#run-strip")).to_contain_text(studio.store.list()[0].status().message)
    wait_for_points(training, 6)
    assert points(training) == 6
    training.locator("#run-list tr[data-run]", has_text="Pairs run").click()
    expect(training.locator("#run-strip")).to_contain_text("Pairs run: ")
    expect_state(training, "stopped")
    expect(training.locator(".live-chart")).not_to_have_attribute("data-points", "6")


def test_a_run_started_in_one_tab_appears_in_another(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path
) -> None:
    other = page.context.new_page()
    open_studio(other, studio)
    open_studio(page, studio)
    choose_tiny(page, tiny, pairs)
    start_training(page, 2)
    expect(other.locator("#run-strip")).to_contain_text("Pairs run", timeout=15_000)


def test_a_stopped_run_is_resumed_from_the_page_and_its_curve_has_every_step_once(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path
) -> None:
    start_run(studio, "Pairs run", tiny, pairs, 30)
    page.goto(studio.address)
    open_tab(page, text.TRAIN_TAB)
    wait_for_points(page, 5)
    stop(page)
    resume = page.locator("#resume")
    expect(resume).to_be_visible()
    reached = studio.store.list()[0].status().step
    resume.click()
    expect(page.locator("#train-note")).to_contain_text(text.resumed("Pairs run"))
    expect_state(page, "finished", timeout=150_000)
    expect(resume).to_be_hidden()
    total = studio.store.list()[0].status().total_steps
    assert reached < total
    wait_for_points(page, total + 1)
    steps = drawn_steps(page)
    assert steps == list(range(steps[0], steps[0] + len(steps))) and steps[-1] == total
