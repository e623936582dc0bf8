"""From a file of labeled texts to a classifier that is tried on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.data.mapping import Mapping
from ia3_studio.runs import RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import classify_words, data_words, text
from ia3_studio.worker import start
from tests.e2e.studio_app import StudioProcess, expect_state, open_card, open_studio, open_tab
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
    train = TrainConfig(epochs=12, batch_size=8, learning_rate=5e-2, eval_steps=100)
    config = RunConfig("Letters", str(bare_bert(tmp_path / "bert")), str(letters), "paper", train)
    start(studio.store.create(config, "letters"))
    open_studio(page, studio)
    open_tab(page, text.DATA_TAB)
    page.get_by_role("radio", name=text.OWN_DATA, exact=True).check()
    page.locator("#data-file input[type=file]").set_input_files(letters)
    expect(page.locator("#data-note")).to_contain_text(str(Mapping("labels", answer="label", column="text")))
    expect(page.locator("#data-problems li")).to_have_count(1)
    expect(page.locator("#data-problems")).to_contain_text(f"fog ({data_words.numbered([41])})")
    expect(page.locator("#data-rows")).to_contain_text(text.LABEL_COLUMNS[-1])
    page.get_by_role("radio", name=text.LETTERS_DATA).check()
    expect(page.locator("#data-note")).to_contain_text(data_words.labels_of("labels", [24] * 20))

    expect_state(page, "finished")
    open_tab(page, text.SCALES_TAB)
    expect(page.locator("#verdict-table")).to_contain_text("Accuracy")
    open_tab(page, text.CHAT_TAB)
    expect(page.locator("#chat-note")).to_contain_text(text.classify_with("Letters", str(tmp_path / "bert")))
    expect(page.locator("#chat-prompt")).to_be_hidden()
    page.locator("#classify-text textarea").fill("tide number 3")
    page.locator("#classify-one").click()
    tuned = page.locator("#predictions .guesses", has_text=text.TUNED)
    expect(tuned.locator("li").first).to_contain_text("tide", timeout=60_000)
    open_card(page, classify_words.FILE_TITLE)
    page.locator("#classify-file input[type=file]").set_input_files(letters)
    expect(page.locator("#classify-file")).to_contain_text("letters")
    page.locator("#classify-rows").click()
    expect(page.locator("#classify-results")).to_contain_text(classify_words.classified_rows(41, 41), timeout=60_000)
    expect(page.locator("#classify-results")).to_contain_text(classify_words.right("", "").partition(",")[0].strip())
    with page.expect_download() as rows:
        page.locator("#classify-csv").click()
    assert rows.value.path().read_text().startswith("text,label,base,base_value,tuned,tuned_value")
