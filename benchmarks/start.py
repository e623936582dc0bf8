"""How long are the first five minutes? Set-up, page, first click with the model there and with an empty cache.

    python benchmarks/start.py [--setup] [--only warm|cold] [--read SECONDS]

Starts the app as its users do, opens it in Chromium, clicks "Train the demo" and prints what the run says it is doing,
with the seconds of each stage, until the first point is on the curve. The cold start has an empty cache of models: it
includes the download. With --read the click comes so many seconds after the page can be used, as that of a person who
reads it first, while the app gets a process ready for the run. --setup first sets up a clone of this repository, with a
cache of models of its own.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo import LONGEST, say
from playwright.sync_api import Page, expect, sync_playwright

from ia3_studio.models import STARTER, prepare
from ia3_studio.ui import text
from tests.e2e.conftest import CHROMIUM_ARGS, CHROMIUM_NAMES
from tests.e2e.studio_app import DRAWN, POINTS, StudioProcess, free_port

ROOT = Path(__file__).resolve().parent.parent
LOOK_SECONDS = 0.05


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setup", action="store_true", help="time the set-up of a clone too")
    parser.add_argument("--only", choices=("warm", "cold"))
    parser.add_argument("--read", type=float, default=0.0, metavar="SECONDS", help="between page and click")
    options = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as work:
        if options.setup:
            set_up(Path(work))
        if options.only != "cold":
            prepare(STARTER)
            measure("warm", Path(work) / "warm", options.read)
        if options.only != "warm":
            empty = {"IA3_STUDIO_CACHE": str(Path(work) / "cache"), "HF_HOME": f"{work}/hf"}
            measure("cold", Path(work) / "cold", options.read, **empty)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


def set_up(work: Path) -> None:
    """Set up a clone, twice: from nothing, and with nothing to change."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(work / "clone")], check=True)
    environment = {**os.environ, "IA3_STUDIO_VENV": str(work / "venv"), "IA3_STUDIO_CACHE": str(work / "setup-cache")}
    for what in ("set up from nothing", "set up again"):
        began = time.perf_counter()
        subprocess.run([sys.executable, "studio.py", "setup"], cwd=work / "clone", env=environment, check=True)
        say(what, time.perf_counter() - began)


def measure(name: str, folder: Path, read: float, **environment: str) -> None:
    """Start the app, click once and print the seconds of each stage until the first point."""
    folder.mkdir()
    print(f"\n{name}: {'the model is on disk' if name == 'warm' else 'an empty cache of models'}")
    studio = StudioProcess(folder, free_port(), environment=environment, as_users_do=True)
    with browser_page() as page:
        try:
            began = time.perf_counter()
            studio.start()
            say("  app answers after", time.perf_counter() - began)
            page.goto(studio.address)
            expect(page.locator("#demo-facts")).to_contain_text(text.STARTER_DATA, timeout=60_000)
            expect(page.locator("#train-demo")).to_be_enabled()
            say("  page can be used after", time.perf_counter() - began)
            time.sleep(read)
            click_and_watch(studio, page)
        finally:
            page.close()
            studio.close()


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page in a Chromium that has started."""
    with sync_playwright() as api:
        found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        browser = api.chromium.launch(executable_path=found, args=CHROMIUM_ARGS)
        yield browser.new_page(viewport={"width": 1280, "height": 800})
        browser.close()


def click_and_watch(studio: StudioProcess, page: Page) -> None:
    """Click once; print each stage of the run with its seconds, and when the first point was drawn."""
    clicked = since = time.perf_counter()
    page.locator("#train-demo").click()
    doing, first = "Starting", 0.0
    while not page.evaluate(f"{POINTS} >= 1"):
        if time.perf_counter() - clicked > LONGEST / 1000:
            raise TimeoutError("no point was drawn")
        run = next(iter(studio.store.list()), None)
        said = run.status().message.partition(":")[0].partition("…")[0].strip() if run else doing
        if not first and page.evaluate(f"{DRAWN} >= 1"):
            first = time.perf_counter() - clicked
        if said and said != doing:
            say(f"    {doing[:60]}", time.perf_counter() - since)
            doing, since = said, time.perf_counter()
        time.sleep(LOOK_SECONDS)
    say(f"    {doing[:60]}", time.perf_counter() - since)
    say("  first point after the click", first or time.perf_counter() - clicked)
    say("  base model evaluated after", time.perf_counter() - clicked)


if __name__ == "__main__":
    main()
