"""From a file of preferences to a tuned answer: its task, its settings, both answers, rewards, and the verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ia3_studio.ui import text
from ia3_studio.ui.components.live_chart import WORDS
from tests.e2e.conftest import Snapshot
from tests.e2e.studio_app import (
    StudioProcess,
    expect_state,
    open_card,
    open_studio,
    open_tab,
    start_training,
    upload_data,
    use_model,
    wait_for_points,
)

pytestmark = pytest.mark.e2e


def both_answers_are_shown_with_their_trained_tokens(page: Page) -> None:
    expect(page.locator("#data-rows")).to_contain_text("Rejected")
    page.locator("#preview-tokens").click()
    parts = page.locator("#tokens .tokens-part")
    expect(parts.first).to_have_text("chosen", timeout=60_000)
    expect(parts.nth(1)).to_have_text("rejected")
    marks = page.locator("#tokens mark")
    expect(marks.first).to_contain_text("yes")
    expect(marks.nth(1)).to_contain_text("well")


def read_path(page: Page, path: Path) -> None:
    open_tab(page, text.DATA_TAB)
    page.locator("#data-path").get_by_role("textbox").fill(str(path))
    page.locator("#use-path").click()


def its_settings_are_visible_for_preferences_only(page: Page, pairs: Path, preferences: Path) -> None:
    open_tab(page, text.TRAIN_TAB)
    expect(page.locator("#preference-settings")).to_be_visible()
    read_path(page, pairs)
    expect(page.locator("#data-note")).to_contain_text("answer → answer")
    open_tab(page, text.TRAIN_TAB)
    expect(page.locator("#preference-settings")).to_be_hidden()
    read_path(page, preferences)
    expect(page.locator("#data-note")).to_contain_text("rejected answer")
    open_tab(page, text.TRAIN_TAB)
    expect(page.locator("#preference-settings")).to_be_visible()


def the_curves_have_the_rewards_of_both_answers(page: Page) -> None:
    chart = page.locator("#live-chart .rewards")
    expect(chart).to_contain_text(WORDS["rewards"])
    for name in WORDS["reward_names"]:
        expect(chart).to_contain_text(name)
    expect(page.locator("#live-chart .main")).to_contain_text(WORDS["preference_axis"])


def test_from_a_preference_file_to_a_tuned_answer(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path, tmp_path: Path, snapshot: Snapshot
) -> None:
    preferences = tmp_path / "preferences.jsonl"
    rows = [{"prompt": f"ask {n}", "chosen": f"yes {n}", "rejected": f"well, {n} it is"} for n in range(40)]
    rows += [{"prompt": "same", "chosen": "no", "rejected": "no"}, {"prompt": "none", "chosen": "no", "rejected": ""}]
    preferences.write_text("".join(json.dumps(row) + "\n" for row in rows))
    open_studio(page, studio)
    use_model(page, str(tiny))
    expect(page.locator("#model-note")).to_contain_text(text.model_in_use(str(tiny)), timeout=60_000)
    upload_data(page, preferences)
    expect(page.locator("#data-note")).to_contain_text("chosen → chosen answer, rejected → rejected answer")
    expect(page.locator("#data-problems")).to_contain_text("the chosen and the rejected answer are equal")
    expect(page.locator("#data-problems")).to_contain_text("the rejected answer (rejected) is empty")
    both_answers_are_shown_with_their_trained_tokens(page)
    its_settings_are_visible_for_preferences_only(page, pairs, preferences)
    page.locator("#beta input").fill("0.3")
    page.locator("#beta input").press("Tab")
    start_training(page, epochs=2)
    expect_state(page, "finished")
    run = studio.store.list()[0]
    assert run.config.train.beta == 0.3 and run.status().total_steps > 5
    open_tab(page, text.TRAIN_TAB)
    wait_for_points(page, run.status().total_steps + 1, run=run)
    the_curves_have_the_rewards_of_both_answers(page)
    snapshot(page, "preferences")
    open_tab(page, text.SCALES_TAB)
    expect(page.locator("#verdict-table")).to_contain_text("Preference accuracy", timeout=60_000)
    expect(page.locator("#verdict-table")).to_contain_text("Length bias")
    open_tab(page, text.CHAT_TAB)
    open_card(page, text.SAMPLING)
    page.locator("#max-new-tokens input[type=number]").fill("16")
    page.locator("#max-new-tokens input[type=number]").press("Enter")
    page.locator("#chat-prompt textarea").fill("ask 3")
    page.locator("#chat-prompt textarea").press("Enter")
    for pane in ("#chat-base", "#chat-tuned"):
        expect(page.locator(f"{pane} .bot.message")).to_have_count(1, timeout=60_000)
