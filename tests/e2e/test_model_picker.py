"""A model and a data set are chosen by typing a few letters: by keyboard, by touch, offline, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from ia3_studio.models import STARTER, TEXT_STARTER
from ia3_studio.ui import model_words as words
from ia3_studio.ui import text
from tests.e2e.conftest import Snapshot
from tests.e2e.studio_app import StudioProcess, close_pages, free_port, open_studio, open_tab, settle
from tests.hub_listing import Listing

pytestmark = pytest.mark.e2e

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PHONE = {"width": 390, "height": 844}
LLAMA, SMOL = "meta-llama/Llama-3.2-1B", "HuggingFaceTB/SmolLM2-135M"


@pytest.fixture(scope="module")
def listing() -> Listing:
    return Listing()


@pytest.fixture(scope="module")
def app_with_hub(listing: Listing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """The app of these tests, for which a server on this machine is the hub."""
    folder = tmp_path_factory.mktemp("hub")
    with listing.serving() as address:
        reached = {"HF_ENDPOINT": address, "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "0"}
        app = StudioProcess(folder, free_port(), environment=reached)
        try:
            app.start()
            yield app
        finally:
            listing.go.set()
            app.close()


@pytest.fixture
def studio_with_hub(app_with_hub: StudioProcess, listing: Listing, context: BrowserContext) -> Iterator[StudioProcess]:
    """The app, empty, and a hub that has not been asked; the app remembers what it has asked before."""
    listing.asked.clear()
    yield app_with_hub
    listing.go.set()
    close_pages(context)
    app_with_hub.empty()


def options(page: Page, field: str) -> Locator:
    return page.locator(f"{field} [role=option]")


def test_three_letters_list_models_and_the_keyboard_chooses_one(
    page: Page, studio_with_hub: StudioProcess, listing: Listing, snapshot: Snapshot
) -> None:
    open_studio(page, studio_with_hub)
    field, box = page.locator("#model-source input"), page.locator("#model-source .popup")
    expect(field).to_have_value(STARTER)
    field.fill("lla")
    expect(options(page, "#model-source")).to_have_count(5)
    expect(options(page, "#model-source").nth(1)).to_contain_text(LLAMA)
    expect(field).to_have_attribute("aria-expanded", "true")
    for _each in range(2):
        field.press("ArrowDown")
    active = page.locator(f"#{field.get_attribute('aria-activedescendant')}")
    expect(active).to_contain_text(LLAMA)
    expect(active).to_have_attribute("aria-selected", "true")
    expect(page.locator("#model-source .detail a")).to_have_attribute("href", f"https://huggingface.co/{LLAMA}")
    snapshot(page, "model-picker-1280-light")
    field.press("Enter")
    expect(box).to_be_hidden()
    expect(field).to_have_value(LLAMA)
    expect(page.locator("#model-source .about")).to_contain_text("HF_TOKEN")
    page.locator("#use-model").click()
    expect(page.locator("#model-note .bad")).to_contain_text(LLAMA)  # this hub has no files of it
    assert listing.asked == ["lla"]


def test_an_answer_to_earlier_letters_is_dropped_and_escape_keeps_the_list_closed(
    page: Page, studio_with_hub: StudioProcess, listing: Listing
) -> None:
    open_studio(page, studio_with_hub)
    field = page.locator("#model-source input")
    listing.go.clear()
    field.fill("first letters")
    expect(page.locator("#model-source .foot")).to_have_text(words.PICKER["searching"])
    field.fill("smo")
    expect(options(page, "#model-source")).to_have_count(1)  # the starter, while the hub is silent
    field.press("Escape")
    expect(page.locator("#model-source .popup")).to_be_hidden()
    listing.go.set()
    field.fill("all")
    expect(options(page, "#model-source").first).to_contain_text(TEXT_STARTER)
    expect(options(page, "#model-source").filter(has_text=SMOL)).to_have_count(1)
    expect(field).to_have_value("all")
    page.keyboard.press("Tab")
    expect(page.locator("#model-source .popup")).to_be_hidden()


def test_what_cannot_be_used_is_not_chosen_and_a_typed_name_needs_no_list(
    page: Page, studio_with_hub: StudioProcess
) -> None:
    open_studio(page, studio_with_hub)
    field = page.locator("#model-source input")
    field.fill("pic")
    useless = options(page, "#model-source").filter(has_text="somebody/pictures")
    expect(useless).to_have_attribute("aria-disabled", "true")
    expect(useless).to_contain_text("diffusers")
    useless.click(force=True)  # the browser lets a click through, as a person may try
    expect(field).to_have_value("pic")
    field.fill("some/name-of-mine")
    field.press("Enter")
    expect(page.locator("#model-source .popup")).to_be_hidden()
    page.locator("#use-model").click()
    expect(page.locator("#model-note .bad")).to_contain_text("some/name-of-mine")


def test_data_sets_are_suggested_and_a_choice_is_looked_up(
    page: Page, studio_with_hub: StudioProcess, snapshot: Snapshot
) -> None:
    open_studio(page, studio_with_hub)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    open_tab(page, text.DATA_TAB)
    page.locator("#data-kind").get_by_text(text.HUB_KIND).click()
    field = page.locator("#hub-data input")
    field.fill("rob")
    expect(options(page, "#hub-data")).to_have_count(2)
    field.press("ArrowDown")
    settle(page)
    assert page.evaluate(OVERFLOW) <= 0
    snapshot(page, "data-picker-390-light")
    options(page, "#hub-data").first.click()
    expect(field).to_have_value("somebody/robots")
    expect(page.locator("#hub-note .bad")).to_contain_text("'somebody/robots'")  # looked up, where there are no files


def test_offline_one_line_says_so_and_starters_are_offered_on_a_phone(
    page: Page, studio: StudioProcess, snapshot: Snapshot
) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    open_studio(page, studio)
    field = page.locator("#model-source input")
    field.fill("mini")
    expect(page.locator("#model-source .foot")).to_contain_text("HF_HUB_OFFLINE")
    expect(options(page, "#model-source")).to_have_count(1)
    for scheme in (False, True):
        page.evaluate("on => document.body.classList.toggle('dark', on)", scheme)
        settle(page)
        assert page.evaluate(OVERFLOW) <= 0
        bounds = page.locator("#model-source .popup").bounding_box()
        assert bounds and bounds["x"] >= 0 and bounds["x"] + bounds["width"] <= PHONE["width"]
        assert bounds["y"] + bounds["height"] <= PHONE["height"]
        snapshot(page, f"model-picker-390-{'dark' if scheme else 'light'}")
    options(page, "#model-source").first.click()
    expect(field).to_have_value(TEXT_STARTER)
    expect(page.locator("#model-source .about")).to_contain_text(re.compile(r"\d+ [MG]B"))
    page.locator("#use-model").click()
    expect(page.locator("#model-note")).to_contain_text(text.model_in_use(TEXT_STARTER), timeout=60_000)
