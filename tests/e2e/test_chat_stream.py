"""The chat while its responses grow: what is undone, retried or cleared is not put back by the next piece."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from transformers import AutoConfig, AutoModelForCausalLM

from ia3_studio.ui import text
from tests.e2e.conftest import Problems
from tests.e2e.studio_app import StudioProcess, open_card, open_studio, open_tab, use_model

PROMPT = "write and write"
LAYERS = 60


WATCH_LENGTH = """() => {
    const said = () => (document.querySelector("#chat-base .bot.message")?.innerText || "").length;
    [window.shorter, window.grown] = [0, performance.now()];
    let last = said();
    new MutationObserver(() => {
        const now = said();
        if (now !== last) window.grown = performance.now();
        if (now < last) window.shorter += 1;
        last = now;
    }).observe(document.querySelector("#chat-base"), { characterData: true, childList: true, subtree: true });
}"""
"""Counts how often the response becomes shorter, and notes when it last changed."""
SLOW_CANCEL = """() => {
    const fetch = window.fetch;
    window.fetch = async (to, ...more) => {
        if (String(to).endsWith("/cancel")) await new Promise((go) => setTimeout(go, 700));
        return fetch(to, ...more);
    };
}"""
"""Lets the server take long to cancel an event, as a busy one does."""


@pytest.fixture
def chatting(page: Page, studio: StudioProcess, tiny: Path, problems: Problems) -> Page:
    """A page whose chat takes seconds to respond: its model has many layers, small as they are."""
    problems.expect("gradio_api/(cancel|reset)")  # Gradio refuses to cancel what ends in that moment
    config = AutoConfig.from_pretrained(tiny)
    config.num_hidden_layers, config.max_position_embeddings = LAYERS, 2048
    AutoModelForCausalLM.from_config(config).save_pretrained(tiny)
    open_studio(page, studio)
    use_model(page, str(tiny))
    expect(page.locator("#model-note")).to_contain_text(text.model_in_use(str(tiny)), timeout=60_000)
    open_tab(page, text.CHAT_TAB)
    open_card(page, text.SAMPLING)
    page.locator("#sampling-preset").get_by_text("Precise").click()
    page.locator("#max-new-tokens input[type=number]").fill("512")
    page.locator("#max-new-tokens input[type=number]").press("Enter")
    return page


def ask(page: Page) -> None:
    """Ask, and wait for the first piece of the response."""
    page.locator("#chat-prompt textarea").fill(PROMPT)
    page.locator("#chat-send").click()
    expect(page.locator("#chat-base .bot.message")).to_have_count(1)
    expect(page.locator("#chat-stop")).to_be_visible()


@pytest.mark.e2e
def test_what_is_undone_while_it_streams_stays_undone(chatting: Page) -> None:
    ask(chatting)
    chatting.locator("#chat-base").get_by_role("button", name="Undo").click()
    expect(chatting.locator("#chat-prompt textarea")).to_have_value(PROMPT)
    expect(chatting.locator("#chat-send")).to_be_visible()
    chatting.wait_for_timeout(2000)
    expect(chatting.locator("#chat-base .message")).to_have_count(0)


@pytest.mark.e2e
def test_a_retry_while_it_streams_is_the_only_one_that_is_drawn(chatting: Page) -> None:
    ask(chatting)
    chatting.evaluate(WATCH_LENGTH)
    chatting.locator("#chat-base").get_by_role("button", name="Retry").click()
    expect(chatting.locator("#chat-seed input")).to_have_value("1")
    chatting.wait_for_function("performance.now() - window.grown > 1500", timeout=60_000)
    expect(chatting.locator("#chat-base .bot.message")).to_have_count(1)
    assert chatting.evaluate("window.shorter") <= 2  # where the old one is removed; with both, each piece would be


@pytest.mark.e2e
@pytest.mark.parametrize("retries", [1, 2])
def test_a_retry_is_not_ended_with_what_it_replaces(chatting: Page, retries: int) -> None:
    ask(chatting)
    chatting.evaluate(SLOW_CANCEL)
    for number in range(1, retries + 1):
        chatting.locator("#chat-base").get_by_role("button", name="Retry").click()
        expect(chatting.locator("#chat-seed input")).to_have_value(str(number))
        expect(chatting.locator("#chat-base .bot.message")).to_have_count(1)
    expect(chatting.locator("#chat-send")).to_be_visible(timeout=120_000)
    with chatting.expect_download() as saved:  # a response that was ended is not saved
        chatting.locator("#chat-markdown").click()
    assert PROMPT in saved.value.path().read_text()
