"""How long does the demo take, what does it learn, and how does it sound? The whole journey, by clicks in Chromium.

    python benchmarks/demo.py [--pictures FOLDER]

Starts the app with a home of its own, clicks "Train the demo", waits for its end, looks at the scales, asks both
models a question and downloads the adapter. With --pictures it writes a picture of each tab. Fetch the model first
(open the app once), or its download is timed too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page, expect, sync_playwright

from ia3_studio.ui import text
from studio_commands import CHROMIUM_NAMES
from tests.e2e.studio_app import DRAWN, StudioProcess, expect_state, free_port, open_tab, wait_for_points

LONGEST = 15 * 60_000  # milliseconds
ImageFile = Callable[[str], None]


def main() -> None:
    """Take the journey and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path)
    pictures = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as folder, opened_page(Path(folder)) as (studio, page):

        def picture(name: str) -> None:
            if pictures:
                pictures.mkdir(parents=True, exist_ok=True)
                page.wait_for_timeout(800)  # charts settle
                page.screenshot(path=pictures / f"{name}.png")

        train_demo(studio, page, picture)
        look_at_scales(page, picture)
        for question in text.CHAT_EXAMPLES:
            ask(page, question)
        picture("chat")
        download(page, picture)


@contextmanager
def opened_page(folder: Path) -> Iterator[tuple[StudioProcess, Page]]:
    """Start the app and open it in Chromium; say how long both took."""
    studio = StudioProcess(folder, free_port(), as_users_do=True)
    began = time.perf_counter()
    studio.start()
    say("app answers after", time.perf_counter() - began)
    with sync_playwright() as api:
        found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        browser = api.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        try:
            page.goto(studio.address)
            expect(page.locator("#demo-facts")).to_contain_text(text.STARTER_DATA, timeout=60_000)
            say("page can be used after", time.perf_counter() - began)
            yield studio, page
        finally:
            browser.close()
            studio.close()


def train_demo(studio: StudioProcess, page: Page, picture: ImageFile) -> None:
    """Click once; say when the first point was on the curve, when the run ended and what it learned."""
    picture("model")
    clicked = time.perf_counter()
    page.locator("#train-demo").click()
    page.wait_for_function(f"{DRAWN} >= 1", timeout=LONGEST)  # the base model's loss so far
    say("first point after the click", time.perf_counter() - clicked)
    wait_for_points(page, 1, timeout=LONGEST)
    say("base model evaluated after", time.perf_counter() - clicked)
    wait_for_points(page, 20, timeout=LONGEST)
    picture("train")
    expect_state(page, "finished", timeout=LONGEST)
    say("done after the click", time.perf_counter() - clicked)
    steps, _offset = studio.store.list()[0].metrics()
    rates = sorted(step.tokens_per_second for step in steps if step.tokens_per_second)
    print(f"{'tokens per second':30}{rates[len(rates) // 2]:8.0f}    median of {len(rates)} steps")
    print(f"{'held-out loss':30}{steps[0].held_out:8.3f} → {steps[-1].held_out:.3f} nats per token")


def look_at_scales(page: Page, picture: ImageFile) -> None:
    """Draw the map of what was learned; say how long it took."""
    began = time.perf_counter()
    open_tab(page, text.SCALES_TAB)
    expect(page.locator("#heatmap .js-plotly-plot .main-svg").first).to_be_visible(timeout=60_000)
    say("scales drawn after", time.perf_counter() - began)
    picture("scales")


def ask(page: Page, question: str) -> None:
    """Ask both models; print when the first words came, when both had ended, and what they said."""
    open_tab(page, text.CHAT_TAB)
    page.locator("#chat-clear").click()
    expect(page.locator("#chat-tuned .message")).to_have_count(0)
    page.locator("#chat-prompt textarea").fill(question)
    began = time.perf_counter()
    page.locator("#chat-send").click()
    answers = [page.locator(f"{pane} .bot.message").first for pane in ("#chat-base", "#chat-tuned")]
    expect(answers[0]).to_contain_text(" ", timeout=120_000)
    first_words = time.perf_counter() - began
    expect(page.locator("#chat-stop")).to_be_hidden(timeout=300_000)
    print(f"\n{question}   ({first_words:.1f} s to the first words, {time.perf_counter() - began:.1f} s to the end)")
    for name, said in zip((text.BASE, text.TUNED), answers, strict=True):
        print(f"  {name}: {said.inner_text().strip()}")


def download(page: Page, picture: ImageFile) -> None:
    """Take the adapter away; print its size."""
    open_tab(page, "8 Export")
    expect(page.locator("#download")).to_be_enabled(timeout=60_000)
    picture("export")
    with page.expect_download() as taken:
        page.locator("#download").click()
    print(f"\n{'zip':30}{taken.value.path().stat().st_size / 1000:8.0f} kB")


def say(what: str, seconds: float) -> None:
    """Print one time."""
    print(f"{what:30}{seconds:8.1f} s", flush=True)


if __name__ == "__main__":
    main()
