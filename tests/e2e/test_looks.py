"""Every tab fits its window, at a desk and on a phone, and shows its purpose at first; axe-core finds no fault."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from ia3_studio.runs.evaluation import RunEvaluation, write_evaluation
from ia3_studio.ui import text
from ia3_studio.ui.glossary import TERMS
from tests.e2e.axe import violations
from tests.e2e.conftest import Problems, Snapshot
from tests.e2e.studio_app import StudioProcess, choose_tiny, expect_state, open_studio, open_tab, settle, start_training
from tests.insight.test_verdict import loss

pytestmark = pytest.mark.e2e

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """[...document.querySelectorAll('button, label, h2, .note, dd, dt')]
    .filter(part => part.offsetParent && getComputedStyle(part).overflowX !== 'visible')
    .filter(part => getComputedStyle(part).textOverflow !== 'ellipsis' && part.scrollWidth > part.clientWidth + 1)
    .map(part => part.textContent.trim().slice(0, 60))"""

FIRST_SEEN = {
    text.MODEL_TAB: ("#train-demo",),
    text.MODULES_TAB: ("#layer-tree .totals",),
    text.DATA_TAB: ("#data-kind",),
    text.TRAIN_TAB: ("#start",),
    text.RUNS_TAB: ("#find-runs",),
    text.SCALES_TAB: ("#scales-note",),
    text.CHAT_TAB: ("#chat-base", "#chat-prompt", "#chat-send"),
    text.EXPORT_TAB: ("#download",),
}
"""What a tab is for, which is in view before anything is scrolled."""
EMPTY_AT_FIRST = (text.RUNS_TAB, text.SCALES_TAB, text.CHAT_TAB, text.EXPORT_TAB)
IN_VIEW = """name => [...document.querySelectorAll(name)].filter(part => part.offsetParent).map((part) => {
    const box = part.getBoundingClientRect();
    return box.top >= 0 && box.left >= 0 && box.bottom <= window.innerHeight && box.right <= window.innerWidth;
})"""

UNFIT = """[...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.offsetParent)
    .filter(plot => plot._fullLayout.width > plot.clientWidth + 1)"""

EVERYWHERE = pytest.mark.parametrize("everywhere", [False, pytest.param(True, marks=pytest.mark.nightly)])


def look(
    page: Page, studio: StudioProcess, snapshot: Snapshot, problems: Problems, when: str, everywhere: bool
) -> None:
    """Visit every tab at a desk by day and on a phone by night, and hold each to its window.

    Colors never move what is drawn, so that two looks find most of what four would: ``everywhere`` takes all four, and
    so do pictures.
    """
    both = everywhere or "IA3_SCREENSHOTS" in os.environ
    for scheme in ("light", "dark"):
        with problems.leaving():
            page.goto(f"{studio.address}/?__theme={scheme}")
            expect(page.locator("#model-facts .facts")).to_be_visible(timeout=60_000)
        for size in (DESK, PHONE) if both else (DESK,) if scheme == "light" else (PHONE,):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            for tab in text.TABS:
                open_tab(page, tab)
                wait_until_drawn(page, tab, when)
                snapshot(page, f"{when}-{tab.split()[1].lower()}-{size['width']}-{scheme}")
                where = f"{tab} at {size['width']} px, {scheme}, {when}"
                assert page.evaluate(OVERFLOW) <= 0, f"wider than its window: {where}"
                assert page.evaluate(CUT) == [], f"cut off: {where}"
                page.wait_for_function(f"{UNFIT}.length === 0")  # charts drawn for another width take this one
                for part in first_seen(tab, size is DESK, when):
                    expect_in_view(page, part, where)
                assert violations(page) == [], where


def expect_in_view(page: Page, part: str, where: str) -> None:
    """Expect one such part, wholly inside the window, once what the tab asks for as it opens has arrived."""
    try:
        page.wait_for_function(f"part => `${{({IN_VIEW})(part)}}` === 'true'", arg=part)
    except TimeoutError as error:
        raise AssertionError(f"{part} is not in view: {where}") from error


def first_seen(tab: str, is_desk: bool, when: str) -> list[str]:
    """Return what is in view when a tab is opened."""
    also = {
        (text.CHAT_TAB, "finished"): ["#chat-tuned"],
        (text.TRAIN_TAB, "finished"): ["#live-chart .main"] if is_desk else [],
        **{(tab, "empty"): [f"#train-demo-{tab.split()[1].lower()}"] for tab in EMPTY_AT_FIRST},
    }
    return [*FIRST_SEEN[tab], *also.get((tab, when), ())]


def wait_until_drawn(page: Page, tab: str, when: str) -> None:
    """Wait for what takes its time, then for charts to take their width."""
    if tab == text.TRAIN_TAB and when == "finished":
        expect(page.locator("#live-chart .main .main-svg").first).to_be_visible()
    if tab == text.SCALES_TAB and when == "finished":
        for chart in ("#heatmap", "#histogram"):
            expect(page.locator(f"{chart} .js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
        expect(page.locator("#verdict-table table")).to_be_visible()
    expect(page.locator(".note", has_text=text.LOOKING_FOR_ADAPTER).filter(visible=True)).to_have_count(0)
    settle(page)


@EVERYWHERE
def test_every_tab_fits_its_window_before_the_first_run(
    page: Page, studio: StudioProcess, snapshot: Snapshot, problems: Problems, everywhere: bool
) -> None:
    look(page, studio, snapshot, problems, "empty", everywhere)
    a_term_explains_itself_by_keyboard(page)


def a_term_explains_itself_by_keyboard(page: Page) -> None:
    open_tab(page, text.SCALES_TAB)
    term = page.locator(".tabitem .term", has_text="scale").filter(visible=True).first
    explained = page.locator(f"#{term.get_attribute('popovertarget')}")
    expect(explained).to_be_hidden()
    term.focus()
    page.keyboard.press("Enter")
    expect(explained).to_be_visible()
    expect(explained).to_contain_text(TERMS["scale"])
    expect(explained).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(explained).to_be_hidden()


@EVERYWHERE
def test_every_tab_fits_its_window_after_a_run(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path, snapshot: Snapshot, problems: Problems, everywhere: bool
) -> None:
    open_studio(page, studio)
    choose_tiny(page, tiny, pairs)
    start_training(page, epochs=3)
    expect_state(page, "finished")
    write_evaluation(studio.store.list()[0].folder, RunEvaluation(loss(-0.4, -0.1), loss(0.1, 0.3)))  # a long verdict
    look(page, studio, snapshot, problems, "finished", everywhere)
    for link, tab in ((text.OPEN_CHAT, text.CHAT_TAB), (text.OPEN_SCALES, text.SCALES_TAB)):
        page.locator("#run-strip .links").get_by_role("button", name=link).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
