"""A file whose columns say nothing: its guess is shown, mended on the page, and the marked tokens follow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import transformers as hf
from playwright.sync_api import BrowserContext, Page, expect

from ia3_studio.data.load import look_at
from ia3_studio.data.mapping import Mapping
from ia3_studio.ui import text
from ia3_studio.ui.data_words import WHY_SHOWN, numbered, rows_of
from tests.data.hub_standin import DataHub, serving
from tests.data.test_hub_rows import FILES, NAME
from tests.e2e.conftest import Snapshot
from tests.e2e.studio_app import (
    StudioProcess,
    choose_option,
    expect_state,
    open_card,
    open_studio,
    open_tab,
    running,
    settle,
    start_training,
    upload_data,
    use_model,
)
from tests.e2e.test_looks import DESK, OVERFLOW, PHONE
from tests.training.test_images import EDGE, paint, vit, zipped

pytestmark = pytest.mark.e2e


def test_a_wrong_guess_is_mended_the_tokens_follow_and_the_run_learns_them(
    page: Page, studio: StudioProcess, tmp_path: Path, tiny: Path, snapshot: Snapshot
) -> None:
    path = tmp_path / "Übung nr. 3 (final) – kopie;2.csv"
    rows = "".join(f"good day {row};hello there {row}\n" for row in range(24))
    path.write_text("good;hello\n" + rows + "good day 1;hello there 1\n;nobody\n", encoding="utf-16")
    open_studio(page, studio)
    use_model(page, str(tiny))
    expect(page.locator("#model-note")).to_contain_text(text.model_in_use(str(tiny)), timeout=60_000)
    upload_data(page, path)
    expect(page.locator("#data-note")).to_contain_text(str(Mapping("pairs", "good", "hello")))
    expect(page.locator("#data-note")).to_contain_text(look_at(path).description)
    expect(page.locator("#data-note")).to_contain_text(re.compile("semicolon.*UTF-16"))
    expect(page.locator("#data-problems")).to_contain_text(re.compile(rf"\(good\).* \({numbered([26])}\)"))
    open_card(page, text.PARSING_OPTIONS)
    expect(page.locator("#first-column input")).to_have_value("good")  # the form is filled in: nothing resets it now
    choose_option(page, "first-column", "hello")  # which changes places with the one that was there
    expect(page.locator("#data-note")).to_contain_text(str(Mapping("pairs", "hello", "good")))
    expect(page.locator("#data-problems")).to_contain_text(re.compile(rf"\(good\).* \({numbered([26])}\)"))
    page.locator("#preview-tokens").click()
    expect(page.locator("#tokens mark").first).to_contain_text("good", timeout=60_000)
    expect(page.locator("#tokens")).to_contain_text(f"{WHY_SHOWN['longest']}: row")
    expect(page.locator("#lengths .js-plotly-plot")).to_be_visible()
    in_four_looks(page, snapshot, "own-data")
    page.locator("#export-processed").click()
    with page.expect_download() as download:
        page.locator("#rows-file").click()
    assert "hello there 3" in download.value.path().read_text(encoding="utf-8")
    start_training(page, epochs=2)
    expect_state(page, "finished")
    mapping = studio.store.list()[0].config.mapping
    assert mapping and (mapping.prompt, mapping.answer) == ("hello", "good")


def test_pasted_rows_and_a_path_are_read(
    page: Page, studio: StudioProcess, tmp_path: Path, pairs: Path, snapshot: Snapshot
) -> None:
    open_studio(page, studio)
    open_tab(page, text.DATA_TAB)
    page.locator("#data-kind").get_by_text(text.PASTED_DATA).click()
    rows = "".join(f"ask {number}\ttell {number}\n" for number in range(12))
    same = tmp_path / "same.tsv"
    same.write_text(f"prompt\tanswer\n{rows}")
    page.locator("#pasted").get_by_role("textbox").fill(same.read_text())
    page.locator("#use-pasted").click()
    expect(page.locator("#data-note")).to_contain_text(look_at(same).description)
    expect(page.locator("#data-note")).to_contain_text(rows_of(11, 1))
    in_four_looks(page, snapshot, "pasted-data")
    page.locator("#data-kind").get_by_text(text.OWN_DATA, exact=True).click()
    page.locator("#data-path").get_by_role("textbox").fill("/no/such/file.csv")
    page.locator("#use-path").click()
    expect(page.locator("#data-note .bad")).to_contain_text("/no/such/file.csv")
    page.locator("#data-path").get_by_role("textbox").fill(str(pairs))
    page.locator("#use-path").click()
    expect(page.locator("#data-note")).to_contain_text(rows_of(36, 4))


@pytest.fixture
def studio_with_hub(tmp_path: Path, context: BrowserContext) -> Iterator[StudioProcess]:
    """The app of one test, for which a server on this machine is the hub."""
    with serving(DataHub(NAME, FILES)) as address:
        reached = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
        with running(tmp_path / "studio", context, **reached) as app:
            yield app


def test_rows_of_the_hub_are_found_chosen_and_used(
    page: Page, studio_with_hub: StudioProcess, snapshot: Snapshot
) -> None:
    open_studio(page, studio_with_hub)
    open_tab(page, text.DATA_TAB)
    page.locator("#data-kind").get_by_text(text.HUB_KIND).click()
    page.locator("#hub-data input").fill("somebody/nothing")
    page.locator("#look-up").click()
    expect(page.locator("#hub-note .bad")).to_contain_text("'somebody/nothing'")
    page.locator("#hub-data input").fill(f"https://huggingface.co/datasets/{NAME}")
    page.locator("#look-up").click()
    expect(page.locator("#hub-note")).to_contain_text(text.hub_found(NAME, 2))
    expect(page.locator("#data-rows")).to_contain_text(text.HUB_ROWS)
    expect(page.locator("#export-processed")).to_be_hidden()
    page.get_by_role("checkbox", name="test").check()
    in_four_looks(page, snapshot, "hub-data")
    page.locator("#use-hub").click()
    expect(page.locator("#data-note")).to_contain_text(rows_of(300, 5))


def test_a_zip_of_pictures_is_shown_trained_on_and_its_mistakes_told(
    page: Page, studio: StudioProcess, tmp_path: Path, snapshot: Snapshot
) -> None:
    upload = zipped(paint(tmp_path / "pictures", 6), tmp_path / "day.zip")
    vit().vit.save_pretrained(tmp_path / "vit")
    hf.ViTImageProcessorPil(size={"height": EDGE, "width": EDGE}).save_pretrained(tmp_path / "vit")
    open_studio(page, studio)
    use_model(page, str(tmp_path / "vit"))
    expect(page.locator("#model-note")).to_contain_text(text.model_in_use(str(tmp_path / "vit")), timeout=60_000)
    upload_data(page, upload)
    expect(page.locator("#data-note")).to_contain_text(rows_of(10, 2))
    expect(page.locator("#data-note")).to_contain_text(re.compile(r"\b12 .*\b2 folders"))
    expect(page.locator("#data-rows img")).to_have_count(10)
    page.locator("#preview-tokens").click()
    expect(page.locator("#tokens img")).to_have_count(1)
    in_four_looks(page, snapshot, "pictures-data")
    start_training(page, 1)
    expect_state(page, "finished")
    open_tab(page, text.SCALES_TAB)
    expect(page.locator("#errors")).to_contain_text(
        re.compile("|".join(map(re.escape, (text.errors_caption(1, 8), text.NO_ERRORS))))
    )
    in_four_looks(page, snapshot, "pictures-scales")


def test_the_form_uses_a_column_that_was_left_out_and_reads_several_files_headers_and_chats(
    page: Page, studio: StudioProcess, tmp_path: Path, snapshot: Snapshot
) -> None:
    open_studio(page, studio)
    found = page.locator("#data-note")
    upload_data(page, ticket_table(tmp_path))
    expect(found).to_contain_text(str(Mapping("pairs", "text", "reply")))
    expect(found).to_contain_text("ticket")  # is named, like every column that is not used
    unused = page.locator("#unused-columns")
    in_four_looks(page, snapshot, "unused-columns")
    unused.get_by_label(text.unused_as("topic", "label")).click()  # it may be gone, being used, before it is checked
    expect(found).to_contain_text(str(Mapping("labels", "text", "topic", target="single")))
    open_card(page, text.PARSING_OPTIONS)
    expect(page.locator("#answer-column input")).to_have_value("topic")

    for name, rows in {"train": 20, "validation": 6, "test": 8}.items():
        lines = (f"{name} asks {row},{name} tells {row}\n" for row in range(rows))
        (tmp_path / f"{name}.csv").write_text("prompt,answer\n" + "".join(lines))
    page.set_input_files(
        "#data-file input[type=file]", [tmp_path / f"{n}.csv" for n in ("train", "validation", "test")]
    )
    expect(found).to_contain_text(str(Mapping("pairs", "prompt", "answer")))
    expect(found).to_contain_text(rows_of(20, 14))

    titled = tmp_path / "titled.csv"
    titled.write_text("Harbor,1\nasked,told\n" + "".join(f"ask {row},tell {row}\n" for row in range(20)))
    upload_instead(page, titled)
    expect(found).to_contain_text("Harbor, 1")  # or the choice would be one for the file before
    choose_option(page, "header-row", dict((value, label) for label, value in text.HEADERS)["2"])
    expect(found).to_contain_text(str(Mapping("pairs", "asked", "told")))
    expect(found).to_contain_text(rows_of(18, 2))

    upload_instead(page, whatsapp_chat(tmp_path))
    speaker = page.locator("#speaker")
    expect(speaker).to_be_visible()
    in_four_looks(page, snapshot, "chat-speaker")
    choose_option(page, "speaker", "Bo")
    expect(found).to_contain_text("7 training rows")
    letter = tmp_path / "letter.docx"
    letter.write_bytes(b"PK\x03\x04 a letter")
    upload_instead(page, letter)
    expect(page.locator("#data-note .bad")).to_contain_text("letter.docx")


def test_another_way_to_read_a_file_is_one_click_and_opens_by_itself_where_a_file_is_refused(
    page: Page, studio: StudioProcess, tmp_path: Path, snapshot: Snapshot
) -> None:
    open_studio(page, studio)
    found, ways = page.locator("#data-note"), page.locator("#readings")
    reviews = [{"heading": f"On ferry {n}", "body": f"Crossing number {n} was long and {('calm', 'rough')[n % 2]}.",
                "stars": "1245"[n % 4], "route": ("north", "south", "east")[n % 3]} for n in range(24)]  # fmt: skip
    path = tmp_path / "reviews.json"
    path.write_text(json.dumps(reviews))
    upload_data(page, path)
    expect(found).to_contain_text(str(Mapping("labels", column="body", answer="stars")))
    expect(ways).to_be_hidden()
    open_card(page, text.OTHER_READINGS)
    in_four_looks(page, snapshot, "other-readings")
    other = str(Mapping("labels", column="body", answer="route"))
    ways.get_by_text(other).click()
    expect(found).to_contain_text(other)
    open_card(page, text.PARSING_OPTIONS)
    expect(page.locator("#answer-column input")).to_have_value("route")

    pier = {"place": "pier 1", "talk": {"ann": "Ship 1 is in", "bo": "Aye, 1"}}
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"left": [[1, 2]], "right": {"deeper": [pier]}}))
    upload_instead(page, odd)
    expect(page.locator("#data-note .bad")).to_be_visible()
    expect(ways).to_be_visible()  # nothing else can be used
    ways.get_by_text("right.deeper[].talk").click()
    expect(found).to_contain_text(str(Mapping("text", column="text")))
    expect(page.locator("#data-note .bad")).to_have_count(0)
    expect(page.locator("#shape input")).to_have_value("right.deeper[].talk")


def upload_instead(page: Page, files: Path | list[Path]) -> None:
    """Remove the files that are uploaded, and upload others."""
    page.locator("#data-file").get_by_role("button", name="Clear").click()
    expect(page.locator("#data-note")).to_contain_text(text.CHOOSE_FILE)
    page.set_input_files("#data-file input[type=file]", files)


def ticket_table(folder: Path) -> Path:
    """Return a table of tickets with a text, its topic and a reply."""
    texts = ("the crane at quay nine is stuck", "when does the tide turn today", "which berth is free at noon")
    rows = (
        f"{n},{texts[n % 3]} {n},{('crane', 'tide', 'berth')[n % 3]},we will see to it by {n} hours\n"
        for n in range(40)
    )
    path = folder / "tickets.csv"
    path.write_text("ticket,text,topic,reply\n" + "".join(rows))
    return path


def whatsapp_chat(folder: Path) -> Path:
    """Return the export of a chat of eight days between two people."""
    said = (("Ann", "Is berth {} free?"), ("Bo", "Aye."), ("Bo", "Berth {} is yours."))
    lines = [
        f"{day:02}.05.24, 10:0{minute} - {who}: {what.format(day)}"
        for day in range(1, 9)
        for minute, (who, what) in enumerate(said)
    ]
    path = folder / "chat.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def in_four_looks(page: Page, snapshot: Snapshot, name: str) -> None:
    """Hold what is shown to its window at a desk and on a phone, by day and by night."""
    for dark in (False, True):
        page.evaluate("on => document.body.classList.toggle('dark', on)", dark)
        for size in (PHONE, DESK):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            settle(page)
            snapshot(page, f"{name}-{size['width']}-{'dark' if dark else 'light'}")
            assert page.evaluate(OVERFLOW) <= 0
