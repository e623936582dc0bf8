"""An app with a password: its login page, one list of runs for all, and a session that ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ia3_studio.ui import login_words, text
from tests.e2e.conftest import Problems
from tests.e2e.studio_app import has_opened, open_tab, running
from tests.runs.test_history import ended

pytestmark = pytest.mark.e2e

SECRET = "twelve oars, 2 lamps"


def test_whoever_knows_the_password_sees_the_list_that_all_share(
    context: BrowserContext, browser: Browser, problems: Problems, tmp_path: Path
) -> None:
    problems.expect("401")
    with running(tmp_path / "app", context, IA3_STUDIO_PASSWORD=SECRET) as app:
        page = context.new_page()
        page.goto(app.address)
        a_wrong_password_is_refused(page)
        log_in(page)
        expect(page.locator("#train-demo")).to_be_visible(timeout=60_000)
        ended(app.store, name="Everybody's run")
        sees_the_run(page)
        with_another_browser(browser, app.address)
        has_opened(page)
        with problems.leaving():
            page.goto(f"{app.address}/logout")
        expect(page.get_by_role("alert")).to_have_text(login_words.LOGGED_OUT)
        page.goto(app.address)
        expect(page.locator("#password")).to_be_visible()


def a_wrong_password_is_refused(page: Page) -> None:
    page.keyboard.type("a wrong guess")  # the field has the focus
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(login_words.WRONG_PASSWORD)


def log_in(page: Page) -> None:
    page.get_by_label(login_words.LABEL).fill(SECRET)
    page.get_by_role("button", name=login_words.BUTTON).click()


def sees_the_run(page: Page) -> None:
    open_tab(page, text.RUNS_TAB)
    expect(page.get_by_text("Everybody's run").first).to_be_visible(timeout=30_000)


def with_another_browser(browser: Browser, address: str) -> None:
    other = browser.new_context()
    page = other.new_page()
    page.goto(address)
    log_in(page)
    sees_the_run(page)
    other.close()
