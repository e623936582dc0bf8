"""All runs at a glance: found, named, compared, swept, deleted and brought back, in the browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ia3_studio.runs import RunConfig
from ia3_studio.runs.rerun import GROUPS
from ia3_studio.runs.user_store import UserStore
from ia3_studio.training import TrainConfig
from ia3_studio.ui import text
from ia3_studio.ui.visitor import COOKIE
from ia3_studio.worker import start
from tests.e2e.conftest import Problems, Snapshot
from tests.e2e.studio_app import (
    StudioProcess,
    choose_option,
    expect_state,
    has_opened,
    open_card,
    open_studio,
    open_tab,
    running,
    settle,
)
from tests.e2e.test_own_data import in_four_looks
from tests.runs.test_history import ended, evaluated

pytestmark = pytest.mark.e2e

KEYS = next(name for name, roles in GROUPS.items() if roles == "key")


def runs_on_disk(studio: StudioProcess) -> None:
    """Put runs into the store as they are when they have ended."""
    for number, (rate, accuracy) in enumerate(((0.003, 0.5), (0.01, 0.8), (0.03, 0.65))):
        train = TrainConfig(learning_rate=rate, epochs=2, seed=number)
        config = RunConfig("Voice", "org/tiny-model", "lighthouse", train=train)
        losses = tuple(4 - accuracy * step / 10 for step in range(25))
        evaluated(ended(studio.store, config, losses, name=f"Voice at {rate}"), accuracy)


def choose_row(page: Page, name: str) -> None:
    """Choose a run in the table once the table stands still."""
    settle(page)
    page.locator("#history").get_by_text(name, exact=True).first.click()
    expect(page.locator("#details-name").get_by_role("textbox")).to_have_value(name)


def test_runs_are_found_named_compared_deleted_and_brought_back(
    page: Page, studio: StudioProcess, snapshot: Snapshot
) -> None:
    runs_on_disk(studio)
    open_studio(page, studio)
    open_tab(page, text.RUNS_TAB)
    history = page.locator("#history")
    expect(history).to_contain_text("Voice at 0.01")
    choose_row(page, "Voice at 0.03")
    expect(page.locator("#run-strip")).to_contain_text("Voice at 0.03")
    chosen = next(run for run in studio.store.list() if run.name == "Voice at 0.03")
    expect(page.locator("#details-facts")).to_contain_text(chosen.status().message)

    page.locator("#details-name").get_by_role("textbox").fill("The best voice")
    page.locator("#details-tags").get_by_role("textbox").fill("voice, kept")
    page.locator("#save-notes").click()
    expect(page.locator("#details-note")).to_contain_text(text.NOTES_SAVED)
    expect(history).to_contain_text("The best voice")

    page.locator("#compare").click()
    expect(page.locator("#ranking tbody tr").first).to_contain_text("Voice at 0.01")
    expect(page.locator("#differences")).to_contain_text("train.learning_rate")
    expect(page.locator("#overlay .js-plotly-plot")).to_be_visible()
    expect(page.locator("#pareto .js-plotly-plot")).to_be_hidden()  # how many numbers were trained is not known
    page.get_by_role("radio", name=next(name for name, field in text.COSTS if field == "seconds")).check()
    expect(page.locator("#pareto .js-plotly-plot")).to_be_visible()
    in_four_looks(page, snapshot, "runs")

    page.locator("#find-runs").get_by_role("textbox").fill("kept")
    expect(history).not_to_contain_text("Voice at 0.01")
    page.locator("#delete-run").click()
    expect(page.locator("#details-note")).to_contain_text(text.deleted_run("The best voice"))
    expect(page.locator("#history-note")).to_contain_text(text.NO_RUNS_FOUND)
    open_card(page, text.TRASH)
    expect(page.locator("#trash")).to_contain_text(text.TRASH_LABEL)  # it is listed after it is deleted
    choose_option(page, "trash", f"The best voice ({chosen.id})")
    page.locator("#restore-run").click()
    expect(page.locator("#details-note")).to_contain_text(text.restored_run("The best voice"))
    expect(history).to_contain_text("The best voice")
    assert len(studio.store.list()) == 3


def test_a_sweep_is_queued_moved_and_ranked(page: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> None:
    config = RunConfig("Tiny", str(tiny), str(pairs), train=TrainConfig(epochs=1, batch_size=8))
    first = studio.store.create(config, "first")
    start(first)
    open_studio(page, studio)
    expect_state(page, "finished")
    endless = studio.store.create(replace(config, name="Endless", train=TrainConfig(epochs=5000)), "endless")
    start(endless)
    open_tab(page, text.RUNS_TAB)
    page.locator("#runs-refresh").click()
    expect(page.locator("#history")).to_contain_text("Endless")  # or the table is drawn anew under the click
    choose_row(page, "Tiny")
    page.locator("#sweep-rates").get_by_role("textbox").fill("0.003, 0.03")
    page.locator("#sweep-groups").get_by_role("checkbox", name=KEYS, exact=True).check()
    page.locator("#start-sweep").click()
    queued = re.escape(text.sweep_started(2, "TAG")).replace("TAG", "sweep-[0-9a-f]{6}")
    expect(page.locator("#sweep-note")).to_contain_text(re.compile(queued))
    expect(page.locator("#history")).to_contain_text("Tiny: keys, rate 0.03")
    expect(page.locator("#history")).not_to_contain_text("Endless")  # the sweep alone is found

    choose_row(page, "Tiny: keys, rate 0.03")
    page.locator("#queue-first").click()
    expect(page.locator("#details-note")).to_contain_text(text.MOVED)
    endless.request_stop()
    expect_state(page, "finished")
    swept = [run for run in studio.store.list() if run.notes.tags]
    for run in swept:
        while run.status().active:
            page.wait_for_timeout(200)
    ended_at = {run.name: (run.files.read_status() or pytest.fail("it said nothing")).ended_at or 0 for run in swept}
    assert ended_at["Tiny: keys, rate 0.03"] < ended_at["Tiny: keys, rate 0.003"]
    page.locator("#compare").click()
    expect(page.locator("#ranking tbody tr")).to_have_count(2)
    assert {run.config.selection for run in swept} == {"key"}

    page.locator("#edit-settings").click()
    expect(page.get_by_role("tab", name=text.TRAIN_TAB)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#run-name").get_by_role("textbox")).to_have_value("Tiny: keys, rate 0.03")
    expect(page.locator("#learning-rate input")).to_have_value("0.03")
    expect(page.locator("#train-note")).to_contain_text(text.settings_of("Tiny: keys, rate 0.03"))
    expect(page.locator("#plan")).to_contain_text(text.vectors(2, 32))
    page.locator("#run-name").get_by_role("textbox").fill("Changed")
    page.locator("#start").click()
    expect(page.locator("#run-strip")).to_contain_text("Changed: ")
    expect_state(page, "finished")
    changed = studio.store.list()[0].config
    assert changed.train == replace(swept[0].config.train, learning_rate=0.03)
    assert changed.selection.parameters == 32  # type: ignore[union-attr]


NOTICE = """
window.told = [];
window.Notification = class { constructor(title, options) { window.told.push(options.body); } };
window.Notification.permission = "default";
window.Notification.requestPermission = async () => { window.Notification.permission = "granted"; };
Object.defineProperty(document, "hidden", { get: () => true });
"""


def test_whoever_looks_elsewhere_is_told_at_the_end(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path, snapshot: Snapshot
) -> None:
    config = RunConfig("Long", str(tiny), str(pairs), train=TrainConfig(epochs=2000, batch_size=8))
    run = studio.store.create(config, "long")
    start(run)
    page.add_init_script(NOTICE)
    open_studio(page, studio)
    expect(page).to_have_title(re.compile(rf"^▶ \d+ % {text.BRAND}$"), timeout=60_000)
    snapshot(page, "strip-bell")
    page.get_by_role("button", name=text.NOTIFY).click()
    expect(page.locator("#run-strip .notify")).to_be_hidden()
    expect(page.locator("#run-strip")).to_contain_text(re.compile(r"· 0\.\d+ GB, \d\.\d cores"))
    run.request_stop()
    expect(page).to_have_title(f"■ {text.BRAND}", timeout=60_000)
    assert page.evaluate("window.told") == [f"Long: {run.status().message}"]


@pytest.fixture
def public_studio(tmp_path: Path, context: BrowserContext) -> Iterator[StudioProcess]:
    """The app as strangers visit it."""
    with running(tmp_path / "studio", context, IA3_STUDIO_PUBLIC="1") as app:
        yield app


def test_two_visitors_see_each_their_own_runs(
    browser: Browser, page: Page, public_studio: StudioProcess, problems: Problems
) -> None:
    runs_on_disk(public_studio)  # nobody's
    open_studio(page, public_studio)
    open_tab(page, text.RUNS_TAB)
    expect(page.locator("#history-note")).to_contain_text(text.NO_RUNS_YET)
    cookie = next(each for each in page.context.cookies() if each["name"] == COOKIE)
    assert cookie["httpOnly"]
    owner = hashlib.sha256(str(cookie["value"]).encode()).hexdigest()[:32]
    mine = UserStore(public_studio.store.root, lambda: owner)  # a run has its owner before it can be seen
    evaluated(ended(mine, name="Mine alone"), 0.7)
    page.locator("#runs-refresh").click()
    expect(page.locator("#history")).to_contain_text("Mine alone")
    other = browser.new_context(viewport={"width": 1280, "height": 900})
    with problems.watching(other):
        stranger = other.new_page()
        open_studio(stranger, public_studio)
        open_tab(stranger, text.RUNS_TAB)
        expect(stranger.locator("#history-note")).to_contain_text(text.NO_RUNS_YET)
        expect(stranger.locator("#run-strip")).not_to_contain_text("Mine")
    other.close()
    has_opened(page)
    with problems.leaving():
        page.reload()
    expect(page.locator("#run-strip")).to_contain_text("Mine alone")
