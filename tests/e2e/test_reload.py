"""Page and run never lose each other: reload, second tab, restart of the app, a killed worker."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.runs import RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import text
from ia3_studio.worker import start
from tests.e2e.conftest import Problems
from tests.e2e.studio_app import (
    StudioProcess,
    end_worker,
    expect_state,
    open_studio,
    open_tab,
    points,
    wait_for_points,
)

pytestmark = pytest.mark.e2e

LONG = 2000
"""Epochs: longer than any test waits."""
SHORT = 52
"""Epochs of a run that pauses after each step and takes seconds: it can be stopped, and it can be waited for."""


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


def choose_run(page: Page, name: str) -> None:
    """Choose a run that another program has started; the page looks at once when it is looked at again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    offered = page.locator("#run-strip option", has_text=name)
    expect(offered).to_have_count(1)
    page.locator("#run-strip select").select_option(offered.get_attribute("value"))
    expect(page.locator("#run-strip")).to_contain_text(f"{name}: ")


def drawn_steps(page: Page) -> list[int]:
    """Return the step numbers of the training loss as they are drawn."""
    return list(page.evaluate("document.querySelector('.live-chart .main').data[0].x"))


def stop(page: Page) -> None:
    page.locator("#run-strip .stop").click()
    expect_state(page, "stopped")


def test_tabs_show_the_same_run_whatever_is_reloaded_stopped_chosen_killed_or_resumed(
    training: Page, studio: StudioProcess, problems: Problems, tiny: Path, pairs: Path
) -> None:
    a_reload_shows_every_step_and_the_run_goes_on(training, problems)
    a_stop_in_a_second_tab_keeps_what_was_learned(training, studio)
    another_run_is_shown_by_choosing_it(training, studio, tiny, pairs)
    a_killed_worker_is_told_within_seconds(training, studio, tiny, pairs)
    a_stopped_run_is_resumed_and_its_curve_has_every_step_once(training, studio, tiny, pairs)


def a_reload_shows_every_step_and_the_run_goes_on(page: Page, problems: Problems) -> None:
    before = points(page)
    with problems.leaving():
        page.reload()
        open_tab(page, text.TRAIN_TAB)
        wait_for_points(page, before + 5)
    steps = drawn_steps(page)
    assert steps == list(range(steps[0], steps[0] + len(steps)))
    expect(page.locator("#run-strip .stop")).to_be_visible()


def a_stop_in_a_second_tab_keeps_what_was_learned(page: Page, studio: StudioProcess) -> None:
    second = page.context.new_page()
    open_studio(second, studio)
    expect_state(second, "running")
    expect(second.locator("#run-strip")).to_contain_text("Pairs run: ")
    stop(second)
    expect_state(page, "stopped")
    second.close()
    (run,) = studio.store.list()
    assert run.status().state == "stopped"
    assert run.adapter_folder() is not None
    open_tab(page, text.EXPORT_TAB)
    expect(page.locator("#download")).to_be_enabled()
    open_tab(page, text.TRAIN_TAB)


def another_run_is_shown_by_choosing_it(page: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> None:
    start_run(studio, "Second run", tiny, pairs, epochs=1)
    choose_run(page, "Second run")
    expect_state(page, "finished")
    expect(page.locator("#run-strip")).to_contain_text(studio.store.list()[0].status().message)
    wait_for_points(page, 6)
    expect(page.locator(".live-chart")).to_have_attribute("data-points", "6")
    choose_run(page, "Pairs run")
    expect_state(page, "stopped")
    expect(page.locator(".live-chart")).not_to_have_attribute("data-points", "6")


def a_killed_worker_is_told_within_seconds(page: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> None:
    start_run(studio, "Killed run", tiny, pairs, LONG)
    choose_run(page, "Killed run")
    expect_state(page, "running")
    end_worker(studio.store.list()[0])
    expect_state(page, "interrupted", timeout=30_000)
    expect(page.locator("#run-strip")).to_contain_text(studio.store.list()[0].status().message)
    expect(page.locator("#run-strip .stop")).to_be_hidden()


def a_stopped_run_is_resumed_and_its_curve_has_every_step_once(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path
) -> None:
    start_run(studio, "Short run", tiny, pairs, SHORT)
    choose_run(page, "Short run")
    expect_state(page, "running")
    wait_for_points(page, 5)
    stop(page)
    resume = page.locator("#resume")
    expect(resume).to_be_visible()
    reached = studio.store.list()[0].status().step
    resume.click()
    expect(page.locator("#train-note")).to_contain_text(text.resumed("Short run"))
    expect_state(page, "finished", timeout=240_000)
    expect(resume).to_be_hidden()
    total = studio.store.list()[0].status().total_steps
    assert 0 < reached < total
    wait_for_points(page, total + 1)
    steps = drawn_steps(page)
    assert steps == list(range(steps[0], steps[0] + len(steps))) and steps[-1] == total


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
    deadline = monotonic() + 30
    while run.status().step < step + 5 or not problems.found:  # it goes on without the app, which the page misses
        assert run.status().active and monotonic() < deadline
        training.wait_for_timeout(100)
    studio.start()
    training.wait_for_function("!window.opened_before", timeout=60_000)  # it reloads by itself
    expect_state(training, "running")
    open_tab(training, text.TRAIN_TAB)
    wait_for_points(training, step + 5)
    steps = drawn_steps(training)
    assert steps == list(range(steps[0], steps[0] + len(steps)))
    stop(training)
