"""From a file of labelled texts to a classifier that is tried on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.runs import RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import classify_words, data_words, text
from ia3_studio.worker import start
from tests.e2e.studio_app import StudioProcess, open_part, open_studio, open_tab
from tests.training.test_classify import bare_bert

pytestmark = pytest.mark.e2e


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """A file of two labels, one of a third that only one row has."""
    path = tmp_path / "letters.csv"
    rows = [f"{word} number {place},{word}" for place in range(20) for word in ("lamp", "tide")]
    path.write_text("\n".join(["text,label", *rows, "the fog,fog"]), encoding="utf-8")
    return path


def test_labels_are_shown_before_and_tried_after_training(
    page: Page, studio: StudioProcess, tmp_path: Path, letters: Path
) -> None:
    train = TrainConfig(epochs=12, batch_size=8, learning_rate=5e-2, evaluate_every=100)
    config = RunConfig("Letters", str(bare_bert(tmp_path / "bert")), str(letters), "paper", train)
    start(studio.store.create(config, "letters"))
    open_studio(page, studio)
    open_tab(page, "3 Data")
    page.get_by_role("radio", name="My file").check()
    page.locator("#data-file input[type=file]").set_input_files(letters)
    expect(page.locator("#data-note")).to_contain_text("text → text, label → label")
    expect(page.locator("#data-problems")).to_contain_text(data_words.labels_with_few(1))
    expect(page.locator("#data-problems")).to_contain_text("fog (row 41)")
    expect(page.locator("#data-rows")).to_contain_text("Label")
    page.get_by_role("radio", name=text.LETTERS_DATA).check()
    expect(page.locator("#data-note")).to_contain_text("20, 24 rows per label")

    expect(page.locator("#run-strip")).to_contain_text("Finished after", timeout=60_000)
    open_tab(page, "6 Scales")
    expect(page.locator("#verdict-table")).to_contain_text("Accuracy")
    open_tab(page, "7 Chat")
    expect(page.locator("#chat-note")).to_contain_text(text.sorts_with("Letters", config.model))
    expect(page.locator("#chat-prompt")).to_be_hidden()
    page.locator("#try-text textarea").fill("tide number 3")
    page.locator("#try-sort").click()
    tuned = page.locator("#try-found .guesses", has_text=text.TUNED)
    expect(tuned.locator("li").first).to_contain_text("tide", timeout=60_000)
    open_part(page, classify_words.FILE_TITLE)
    page.locator("#try-file input[type=file]").set_input_files(letters)
    expect(page.locator("#try-file")).to_contain_text("letters")
    page.locator("#try-sort-file").click()
    expect(page.locator("#try-results")).to_contain_text(classify_words.sorted_rows(41, 41), timeout=60_000)
    expect(page.locator("#try-results")).to_contain_text("Accuracy: base")
    with page.expect_download() as rows:
        page.locator("#try-csv").click()
    assert rows.value.path().read_text().startswith("text,label,base,base_value,tuned,tuned_value")
