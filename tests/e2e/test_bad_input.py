"""Each mistake gets its sentence on the page, within seconds, and none of them a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.errors import ModelError
from ia3_studio.models import STARTER, parse_source
from ia3_studio.ui import text
from ia3_studio.ui.components.layer_tree import WORDS
from ia3_studio.ui.session import LayerCache
from tests.e2e.studio_app import (
    StudioProcess,
    choose_tiny,
    expect_state,
    open_studio,
    open_tab,
    start_training,
    upload_data,
    use_model,
)
from tests.ui.conftest import BASE_MODEL, save_adapter

pytestmark = pytest.mark.e2e


@pytest.fixture
def opened(page: Page, studio: StudioProcess) -> Page:
    open_studio(page, studio)
    return page


def no_run(studio: StudioProcess) -> bool:
    return studio.store.list() == ()


def expect_toast(page: Page, sentence: str) -> None:
    """Wait for a message in the corner, where those of earlier mistakes may still be."""
    expect(page.locator(".toast-body", has_text=sentence).first).to_be_visible()


def test_a_model_that_cannot_be_used_is_told_where_it_was_named(opened: Page, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no-weights").mkdir()
    (tmp_path / "no-weights" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    for source, part in (
        ("SmolLM2-135M-Instuct", STARTER),
        ("no such model!", "no such model!"),
        ("/no/such/folder", "/no/such/folder"),
        (str(tmp_path / "empty"), "config.json"),
        (str(tmp_path / "no-weights"), "weights"),
    ):
        use_model(opened, source)
        with pytest.raises(ModelError, match=re.escape(part)) as refused:
            LayerCache().get(parse_source(source).value)
        expect(opened.locator("#model-note .bad")).to_contain_text(str(refused.value))
    open_tab(opened, text.TRAIN_TAB)
    expect(opened.locator("#plan")).to_contain_text(STARTER)  # the model in use stays


def test_data_that_cannot_be_read_is_told_and_nothing_else_is_trained_instead(
    opened: Page, studio: StudioProcess, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "odd.csv").write_text("height,width\n1,2\n3,4\n")
    (tmp_path / "broken.json").write_text('[{"prompt": "a", ')
    (tmp_path / "fake.parquet").write_bytes(b"PAR0 nothing of the kind")
    for name, sentence in (
        ("empty.csv", "empty.csv is empty"),
        ("odd.csv", "height, width"),
        ("broken.json", "broken.json"),
        ("fake.parquet", "fake.parquet"),
    ):
        upload_data(opened, tmp_path / name)
        expect(opened.locator("#data-note .bad")).to_contain_text(sentence)
        opened.locator("#data-file").get_by_label("Clear").or_(
            opened.locator("#data-file button[aria-label='Remove this file']")
        ).first.click()
        expect(opened.locator("#data-note")).to_contain_text(text.CHOOSE_FILE)
    open_tab(opened, text.TRAIN_TAB)
    expect(opened.locator("#plan .bad")).to_contain_text(text.CHOOSE_FILE)
    opened.locator("#start").click()
    expect(opened.locator("#train-note .bad")).to_contain_text(text.CHOOSE_FILE)
    assert no_run(studio)


def test_what_is_wrong_before_any_run_is_told_where_it_is_done(
    opened: Page, studio: StudioProcess, tmp_path: Path
) -> None:
    an_empty_prompt_and_a_chat_before_any_run_say_what_to_do(opened)
    an_upload_that_is_no_adapter_is_told_and_one_that_is_can_be_pushed(opened, tmp_path)
    a_learning_rate_for_lora_is_noticed_and_repaired_by_one_click(opened)
    a_field_that_was_emptied_or_is_out_of_range_is_named(opened)
    a_selection_without_a_site_cannot_be_started(opened)
    assert no_run(studio)


def a_selection_without_a_site_cannot_be_started(opened: Page) -> None:
    open_tab(opened, text.MODULES_TAB)
    opened.locator("#layer-tree .clear").click()
    expect(opened.locator("#layer-tree .totals")).to_contain_text(WORDS["nothing"])
    open_tab(opened, text.TRAIN_TAB)
    expect(opened.locator("#plan .bad")).to_contain_text(text.NOTHING_SELECTED)
    opened.locator("#start").click()
    expect(opened.locator("#train-note .bad")).to_contain_text(text.NOTHING_SELECTED)
    expect_toast(opened, text.NOTHING_SELECTED)


def a_field_that_was_emptied_or_is_out_of_range_is_named(opened: Page) -> None:
    open_tab(opened, text.TRAIN_TAB)
    opened.locator("#epochs input").fill("")
    opened.locator("#start").click()
    expect(opened.locator("#train-note .bad")).to_contain_text(text.empty_field(text.EPOCHS))
    opened.locator("#epochs input").fill("-1")
    opened.locator("#start").click()
    expect(opened.locator("#train-note .bad")).to_contain_text("epochs is -1")


def a_learning_rate_for_lora_is_noticed_and_repaired_by_one_click(opened: Page) -> None:
    open_tab(opened, text.TRAIN_TAB)
    opened.locator("#learning-rate input").fill("0.0002")
    expect(opened.locator("#rate-notice")).to_contain_text(text.LORA_NOTICE)
    opened.locator("#repair-rate").click()
    expect(opened.locator("#learning-rate input")).to_have_value("0.01")
    expect(opened.locator("#repair-rate")).to_be_hidden()


def an_upload_that_is_no_adapter_is_told_and_one_that_is_can_be_pushed(opened: Page, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    open_tab(opened, text.EXPORT_TAB)
    opened.set_input_files("#import input[type=file]", tmp_path / "adapter_config.json")
    expect(opened.locator("#import-note .bad")).to_contain_text("LORA")
    expect(opened.locator("#hub-card")).to_be_hidden()
    opened.locator("#import").get_by_label("Clear").click()
    save_adapter(tmp_path / "adapter")
    opened.set_input_files("#import input[type=file]", sorted((tmp_path / "adapter").iterdir()))
    expect(opened.locator("#import-note")).to_contain_text(text.imported(BASE_MODEL))
    expect(opened.locator("#hub-card")).to_be_visible()


def an_empty_prompt_and_a_chat_before_any_run_say_what_to_do(opened: Page) -> None:
    open_tab(opened, text.CHAT_TAB)
    expect(opened.locator("#chat-note")).to_contain_text(text.chat_without_run(STARTER))
    opened.locator("#chat-send").click()
    expect_toast(opened, text.EMPTY_PROMPT)
    open_tab(opened, text.SCALES_TAB)
    expect(opened.locator("#scales-note")).to_contain_text(text.NO_ADAPTER)


def test_a_run_that_fails_says_why(opened: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> None:
    choose_tiny(opened, tiny, pairs)
    (tiny / "model.safetensors").write_bytes(b"damaged since it was looked at")
    start_training(opened, epochs=1)
    expect_state(opened, "failed")
    expect(opened.locator("#run-strip .sentence")).to_contain_text(str(tiny))
