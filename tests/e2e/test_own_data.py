"""A file whose columns say nothing: its guess is shown, mended on the page, and the marked tokens follow."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import transformers as hf
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Snapshot
from tests.e2e.studio_app import StudioProcess, open_studio, open_tab, start_training, upload_data, use_model
from tests.e2e.test_looks import DESK, OVERFLOW, PHONE
from tests.tiny_chat import save_tiny_chat
from tests.training.test_images import EDGE, paint, vit, zipped

pytestmark = pytest.mark.e2e


def choose(page: Page, field: str, value: str) -> None:
    box = page.locator(f"#{field} input")
    box.fill(value)
    box.press("Enter")
    expect(box).to_have_value(value)


def test_a_wrong_guess_is_mended_and_the_tokens_follow(page: Page, studio: StudioProcess, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("good;hello\n" + "".join(f"good day {row};hello there {row}\n" for row in range(12)))
    open_studio(page, studio)
    page.locator("#model-source input, #model-source textarea").first.fill(str(save_tiny_chat(tmp_path / "tiny")))
    page.locator("#use-model").click()
    open_tab(page, "3 Data")
    page.get_by_role("radio", name="My file").check()
    page.locator("#data-file input[type=file]").set_input_files(path)
    expect(page.locator("#data-note")).to_contain_text("good → prompt, hello → answer")
    page.get_by_role("button", name="How the rows are read").click()
    expect(page.locator("#first-column input")).to_have_value("good")  # the form is filled in: nothing resets it now
    choose(page, "first-column", "hello")
    choose(page, "answer-column", "good")
    page.locator("#read-so").click()
    expect(page.locator("#data-note")).to_contain_text("hello → prompt, good → answer")
    if folder := os.environ.get("IA3_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "own-data.png", full_page=True)
        page.set_viewport_size({"width": 390, "height": 900})
        page.screenshot(path=Path(folder) / "own-data-390.png", full_page=True)
    page.locator("#show-tokens").click()
    expect(page.locator("#tokens mark").first).to_contain_text("good", timeout=60_000)


def test_a_zip_of_pictures_is_shown_trained_on_and_its_mistakes_told(
    page: Page, studio: StudioProcess, tmp_path: Path, snapshot: Snapshot
) -> None:
    upload = zipped(paint(tmp_path / "pictures", 6), tmp_path / "day.zip")
    vit().vit.save_pretrained(tmp_path / "vit")
    hf.ViTImageProcessorPil(size={"height": EDGE, "width": EDGE}).save_pretrained(tmp_path / "vit")
    open_studio(page, studio)
    use_model(page, str(tmp_path / "vit"))
    expect(page.locator("#model-note")).to_contain_text("is in use", timeout=30_000)
    upload_data(page, upload)
    expect(page.locator("#data-note")).to_contain_text("12 pictures in 2 folders")
    expect(page.locator("#data-rows img")).to_have_count(10)
    page.locator("#show-tokens").click()
    expect(page.locator("#tokens img")).to_have_count(1)
    in_four_looks(page, snapshot, "pictures-data")
    start_training(page, 1)
    expect(page.locator("#run-strip")).to_contain_text("Finished", timeout=60_000)
    open_tab(page, "5 Scales")
    expect(page.locator("#mistakes")).to_contain_text(re.compile("takes for what|every held-out row right"))
    in_four_looks(page, snapshot, "pictures-scales")


def in_four_looks(page: Page, snapshot: Snapshot, name: str) -> None:
    """Hold what is shown to its window at a desk and on a phone, by day and by night."""
    for dark in (False, True):
        page.evaluate("on => document.body.classList.toggle('dark', on)", dark)
        for size in (PHONE, DESK):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.wait_for_timeout(300)
            snapshot(page, f"{name}-{size['width']}-{'dark' if dark else 'light'}")
            assert page.evaluate(OVERFLOW) <= 0
