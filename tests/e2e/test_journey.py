"""The main job, end to end: model, sites, data, run, curves, scales, chat, adapter file, and back in again."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
import torch
from playwright.sync_api import Page, expect

from ia3_studio.insight.ablation import sentence
from ia3_studio.insight.deviation import deviations, summary
from ia3_studio.method import Adapter
from ia3_studio.models import STARTER
from ia3_studio.ui import chat_words, scales_words, text
from ia3_studio.ui.components.layer_tree import WORDS
from ia3_studio.worker.ablation import read_ablation
from tests.e2e.conftest import Snapshot
from tests.e2e.studio_app import (
    StudioProcess,
    choose_option,
    choose_tiny,
    expect_state,
    open_card,
    open_studio,
    open_tab,
    settle,
    start_training,
    wait_for_points,
)

pytestmark = pytest.mark.e2e


def short_answers(page: Page) -> None:
    """Ask for answers that fit the tiny model's context."""
    open_card(page, text.SAMPLING)
    page.locator("#max-new-tokens input[type=number]").fill("16")
    page.locator("#max-new-tokens input[type=number]").press("Enter")


def said(page: Page, pane: str) -> str:
    """Return the last answer in a pane."""
    return page.locator(f"{pane} .bot.message").last.inner_text()


def saved_conversation(page: Page) -> str:
    """Return what is saved as Markdown at this moment."""
    with page.expect_download() as saved:
        page.locator("#chat-markdown").click()
    return saved.value.path().read_text()


WATCH_STOP = """() => {
    window.answered = false;
    let began = false;
    new MutationObserver((_changes, observer) => {
        const answers = Boolean(document.querySelector("#chat-stop")?.offsetParent);
        began ||= answers;
        if (!began || answers) return;
        window.answered = true;
        observer.disconnect();
    }).observe(document.body, { attributes: true, childList: true, subtree: true });
}"""


@contextmanager
def whole_answer(page: Page) -> Iterator[None]:
    """Wait for the end of the answer to what is done in the block: Stop, which may be shown for a moment, has gone."""
    page.evaluate(WATCH_STOP)
    yield
    page.wait_for_function("window.answered", timeout=60_000)


def a_few_words_tick_what_they_mean_or_say_what_would(page: Page, snapshot: Snapshot) -> None:
    open_card(page, text.SELECTION_TITLE)
    words = page.locator("#selection input, #selection textarea")
    words.fill("key,value@1")
    words.press("Enter")
    expect(page.locator("#layer-tree .totals")).to_contain_text(f"32 {WORDS['parameters'][1]}")
    expect(page.locator("#modules-note")).to_contain_text(text.selected_sites(2, 32))
    words.fill("valeu")
    page.locator("#select-sites").click()
    expect(page.locator("#modules-note .bad")).to_contain_text("value")
    expect(page.locator("#layer-tree .totals")).to_contain_text(f"32 {WORDS['parameters'][1]}")
    snapshot(page, "choose")
    words.fill("key,value,feed-forward")
    words.press("Enter")
    expect(page.locator("#modules-note")).to_contain_text(text.selected_sites(6, 160))


def import_instead(page: Page, file: Path) -> None:
    """Remove what was uploaded as an adapter, and upload another file."""
    page.locator("#import").get_by_label("Clear").click()
    expect(page.locator("#import-note .note")).to_have_count(0)
    page.set_input_files("#import input[type=file]", file)


def imported(studio: StudioProcess) -> set[Path]:
    """Return the folders of the imported adapters."""
    return set((studio.home / "adapters").glob("[0-9a-f]*"))


def test_from_ticks_to_an_adapter_that_peft_loads(
    page: Page, studio: StudioProcess, tiny: Path, pairs: Path, tmp_path: Path, snapshot: Snapshot
) -> None:
    open_studio(page, studio)
    choose_tiny(page, tiny, pairs)

    open_tab(page, text.MODULES_TAB)
    a_few_words_tick_what_they_mean_or_say_what_would(page, snapshot)
    page.locator("#layer-tree .chip", has_text="k_proj").click()  # untick the keys
    expect(page.locator("#layer-tree .totals")).to_contain_text(f"128 {WORDS['parameters'][1]}")
    open_tab(page, text.TRAIN_TAB)
    expect(page.locator("#plan")).to_contain_text(text.vectors(4, 128))

    page.locator("#learning-rate input").fill("0.05")
    start_training(page, epochs=2000)
    wait_for_points(page, 40)
    page.locator("#stop").click()
    expect_state(page, "stopped")
    run = studio.store.list()[0]
    learned = summary(deviations(Adapter.load(run.adapter_folder() or "").vectors()))

    page.locator("#next-scales").click()
    expect(page.locator("#scales-note")).to_contain_text(learned)
    expect(page.locator("#heatmap .js-plotly-plot")).to_be_visible()
    with page.expect_download() as sites:
        page.locator("#sites-csv").click()
    assert len(sites.value.path().read_text().splitlines()) == 1 + 4
    expect(page.locator("#channels")).to_contain_text(text.CHANNELS)
    snapshots = list(run.files.snapshots())
    expect(page.locator("#replay")).to_contain_text(text.snapshot_label(snapshots[-1], len(snapshots), len(snapshots)))
    page.locator("#replay input[type=number]").fill("0")
    page.locator("#replay input[type=number]").press("Enter")
    expect(page.locator("#replay")).to_contain_text(text.snapshot_label(snapshots[0], 1, len(snapshots)))
    page.locator("#shape").get_by_label(scales_words.BY_LAYER).check()
    expect(page.locator("#histogram .violinlayer .trace")).to_have_count(2)
    cell = page.locator("#heatmap .nsewdrag").first
    cell.scroll_into_view_if_needed()
    settle(page)
    box = cell.bounding_box() or {}
    cell.click(position={"x": box["width"] * 0.25, "y": box["height"] * 0.75})
    expect(page.locator("#site input")).to_have_value("model.layers.1.self_attn.v_proj")
    with page.expect_download() as verdict:
        page.locator("#write-page").click()
    verdict.value.save_as(tmp_path / "verdict.html")
    open_card(page, scales_words.ABLATION_TITLE)
    page.locator("#start-ablation").click()
    expect(page.locator("#ablation-note")).to_contain_text(scales_words.ablation_progress(0).partition(":")[0])
    open_card(page, scales_words.CHANNEL_TITLE)
    page.locator("#inspect-channel").click()
    expect(page.locator("#channel-tokens")).to_contain_text(scales_words.MAX_ACTIVATING, timeout=60_000)
    expect(page.locator("#ablation-layers .js-plotly-plot")).to_be_visible(timeout=90_000)
    report = read_ablation(run).report
    assert report
    expect(page.locator("#ablation-note")).to_contain_text(sentence(report))

    page.locator("#next-chat").click()
    expect(page.locator("#chat-note")).to_contain_text(text.chat_with("Pairs run", str(tiny)))  # who answers is known
    short_answers(page)
    page.locator("#chat-prompt textarea").fill("what is 3 plus one")
    page.locator("#chat-prompt textarea").press("Enter")
    for pane in ("#chat-base", "#chat-tuned"):
        expect(page.locator(f"{pane} .bot.message")).to_have_count(1, timeout=60_000)
    expect(page.locator("#chat-send")).to_be_visible(timeout=60_000)
    expect(page.locator("#chat-note")).to_contain_text(text.chat_with("Pairs run", str(tiny)))
    assert said(page, "#chat-base") != said(page, "#chat-tuned")
    expect(page.locator("#speed-2")).to_contain_text("tokens/s")
    page.locator("#strength-2 input[type=number]").fill("0")
    page.locator("#strength-2 input[type=number]").press("Enter")
    page.locator("#chat-clear").click()
    expect(page.locator("#chat-tuned .message")).to_have_count(0)  # or what is counted below are the answers before
    page.locator("#chat-prompt textarea").fill("what is 3 plus one")
    page.locator("#chat-send").click()
    for pane in ("#chat-base", "#chat-tuned"):
        expect(page.locator(f"{pane} .bot.message")).to_have_count(1, timeout=60_000)
    expect(page.locator("#chat-send")).to_be_visible(timeout=60_000)
    assert said(page, "#chat-base") == said(page, "#chat-tuned")  # at strength 0 it is the base model
    page.locator("#chat-tuned").get_by_label("Clear").click()  # the bin of one pane empties both
    for pane in ("#chat-base", "#chat-tuned"):
        expect(page.locator(f"{pane} .message")).to_have_count(0)

    page.locator("#next-export").click()
    expect(page.locator("#export-facts")).to_contain_text(text.vectors(4, 128))
    with page.expect_download() as download:
        page.locator("#download").click()
    archive = tmp_path / "adapter.zip"
    download.value.save_as(archive)
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(archive).extractall(folder)
    assert logits_by_peft(tiny, folder).equal(logits_by_studio(tiny, run.adapter_folder()))

    page.set_input_files("#import input[type=file]", archive)
    expect(page.locator("#import-note .good")).to_be_visible()
    expect_state(page, "import")
    expect(page.locator("#export-facts")).to_contain_text(text.vectors(4, 128))
    open_tab(page, text.SCALES_TAB)
    expect(page.locator("#scales-note")).to_contain_text(learned)
    open_card(page, scales_words.COMPARE_TITLE)
    choose_option(page, "comparison-adapter", "Pairs run")
    expect(page.locator("#comparison-note")).to_contain_text("1.00")

    open_tab(page, text.EXPORT_TAB)
    (from_zip,) = imported(studio)
    (tmp_path / "broken.zip").write_bytes(b"no archive")
    import_instead(page, tmp_path / "broken.zip")
    expect(page.locator("#import-note .bad")).to_be_visible()  # or the good word that is awaited is the one before
    import_instead(page, tmp_path / "verdict.html")
    expect(page.locator("#import-note .good")).to_be_visible()
    (from_page,) = imported(studio) - {from_zip}  # which names no folder of this machine, as the zip does
    assert Adapter.load(from_page).vector.equal(Adapter.load(from_zip).vector)


def test_a_conversation_goes_on_and_can_be_cleared(page: Page, studio: StudioProcess, tiny: Path, pairs: Path) -> None:
    open_studio(page, studio)
    choose_tiny(page, tiny, pairs)
    open_tab(page, text.CHAT_TAB)
    expect(page.locator("#chat-note")).to_contain_text(text.chat_without_run(str(tiny)))
    short_answers(page)
    for number in (1, 2):
        page.locator("#chat-prompt textarea").fill("hi")
        page.locator("#chat-send").click()
        expect(page.locator("#chat-base .bot.message")).to_have_count(number, timeout=60_000)
        expect(page.locator("#chat-send")).to_be_visible(timeout=60_000)
    expect(page.locator("#chat-tuned")).to_be_hidden()  # nothing is trained: only the base answers
    with whole_answer(page):
        page.locator("#chat-base").get_by_label("Retry").last.click()
    expect(page.locator("#chat-seed input")).to_have_value("1")
    expect(page.locator("#chat-base .bot.message")).to_have_count(2)
    page.locator("#chat-base").get_by_label("Undo").last.click()
    expect(page.locator("#chat-base .bot.message")).to_have_count(1)
    expect(page.locator("#chat-prompt textarea")).to_have_value("hi")
    page.locator("#chat-base").get_by_label("Edit").first.click()
    page.locator("#chat-base .message textarea").fill("ho")
    with whole_answer(page):
        page.locator("#chat-base").get_by_label("Submit").click()
    expect(page.locator("#chat-base .user.message")).to_have_text("ho")
    assert "## ho" in saved_conversation(page)
    open_card(page, chat_words.TOKENS_TITLE)
    assert page.locator("#chat-tokens .tokens span").first.get_attribute("title")
    page.locator("#response-count").get_by_label("4").check()
    expect(page.locator("#chat-fourth")).to_be_visible()
    page.locator("#chat-clear").click()
    expect(page.locator("#chat-base .message")).to_have_count(0)


@pytest.mark.starter
def test_stop_ends_an_answer_and_the_next_question_is_taken(page: Page, studio: StudioProcess) -> None:
    open_studio(page, studio)
    open_tab(page, text.CHAT_TAB)
    expect(page.locator("#chat-note")).to_contain_text(text.chat_without_run(STARTER))
    open_card(page, text.SAMPLING)
    page.locator("#max-new-tokens input[type=number]").fill("512")
    page.locator("#max-new-tokens input[type=number]").press("Enter")
    page.locator("#chat-prompt textarea").fill("Tell me a long story about the sea and everybody who lives in it.")
    page.locator("#chat-send").click()
    answer = page.locator("#chat-base .bot.message")
    expect(answer).to_contain_text(" ", timeout=90_000)
    page.locator("#chat-stop").click()
    expect(page.locator("#chat-send")).to_be_visible()
    deadline, said = monotonic() + 10, ""
    while answer.inner_text() != said:  # what was under way arrives; 512 tokens take longer
        assert monotonic() < deadline
        said = answer.inner_text()
        page.wait_for_timeout(2000)
    page.locator("#chat-prompt textarea").fill("Say hello.")
    page.locator("#chat-send").click()
    expect(page.locator("#chat-base .bot.message")).to_have_count(2, timeout=60_000)


def logits_by_peft(base: Path, folder: Path) -> torch.Tensor:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
    return logits(model.eval())


def logits_by_studio(base: Path, folder: Path | None) -> torch.Tensor:
    from transformers import AutoModelForCausalLM

    from ia3_studio.method import load_adapter

    assert folder
    model = AutoModelForCausalLM.from_pretrained(base).eval()
    load_adapter(model, folder)
    return logits(model)


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(3, 20)[None]).logits  # type: ignore[no-any-return]
