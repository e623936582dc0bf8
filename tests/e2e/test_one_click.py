"""From a click to a moving curve."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.ui import text
from ia3_studio.ui.data_words import numbered
from tests.e2e.studio_app import (
    StudioProcess,
    choose_tiny,
    expect_state,
    open_studio,
    open_tab,
    points,
    start_training,
    wait_for_points,
)

pytestmark = pytest.mark.e2e


@pytest.mark.starter
def test_the_demo_button_gives_a_moving_curve(page: Page, studio: StudioProcess) -> None:
    open_studio(page, studio)
    page.locator("#train-demo").click()
    expect(page.get_by_role("tab", name=text.TRAIN_TAB)).to_have_attribute("aria-selected", "true")
    wait_for_points(page, 1, timeout=300_000)  # without the model in the cache it is fetched first
    wait_for_points(page, 2, timeout=60_000)
    page.locator("#run-strip .stop").click()
    expect_state(page, "stopped")


def test_the_first_screen_leads_to_a_run_of_own_model_and_data(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path
) -> None:
    other = page.context.new_page()
    open_studio(other, studio)
    page.goto(studio.address)
    the_first_screen_is_ready_with_its_facts(page)
    expect(page.locator("#model-facts .facts")).to_be_visible()
    what_a_start_would_train_is_said_before_it(page, tiny, pairs)
    own_model_and_data_train(page, studio, tiny)
    expect(other.locator("#run-strip")).to_contain_text("Pairs run")  # a second tab shows it too
    a_double_click_starts_one_run(page, studio)


def the_first_screen_is_ready_with_its_facts(page: Page) -> None:
    expect(page.locator("#train-demo")).to_be_enabled()
    expect(page.locator("#demo-facts")).to_contain_text(text.STARTER_DATA)


def what_a_start_would_train_is_said_before_it(page: Page, tiny: Path, pairs: Path) -> None:
    open_tab(page, text.TRAIN_TAB)
    expect(page.locator("#plan")).to_contain_text(text.vectors(90, 57_600))
    choose_tiny(page, tiny, pairs)
    expect(page.locator("#data-problems")).to_contain_text(f"({numbered([41])})")
    for preset, planned in (("attention", text.vectors(4, 64)), ("paper", text.vectors(6, 160))):
        open_tab(page, text.MODULES_TAB)
        page.locator("#preset").get_by_label(dict(text.PRESETS)[preset], exact=True).check()
        open_tab(page, text.TRAIN_TAB)
        expect(page.locator("#plan")).to_contain_text(planned)
    expect(page.locator("#plan")).to_contain_text("pairs.csv")


def own_model_and_data_train(page: Page, studio: StudioProcess, tiny: Path) -> None:
    start_training(page, epochs=3)
    wait_for_points(page, 2)
    expect_state(page, "finished")
    run = studio.store.list()[0]
    assert run.status().step == 15
    expect(page.locator("#run-strip")).to_contain_text(run.status().message)
    assert run.config.model == str(tiny)
    assert run.config.selection.parameters == 160  # type: ignore[union-attr]
    assert Path(run.data_source).is_relative_to(run.folder)  # the run has its data with it


def a_double_click_starts_one_run(page: Page, studio: StudioProcess) -> None:
    before = len(studio.store.list())
    start_training(page, epochs=2000)
    page.locator("#start").dblclick()
    expect_state(page, "running")
    wait_for_points(page, 2, run=studio.store.list()[0])
    page.locator("#start").click()
    wait_for_points(page, points(page) + 20)  # so that the click is answered while the run is active
    page.locator("#run-strip .stop").click()
    expect_state(page, "stopped")
    assert len(studio.store.list()) == before + 1
