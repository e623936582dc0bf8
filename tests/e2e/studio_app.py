"""The real app as a process of its own, which a test may kill and start again; and what a page of it can do.

Tests share one app, whose folder is emptied after each (``studio``); ``running`` starts another. On Linux, an app and
its workers divide from a process that has imported everything (:mod:`tests.e2e.nursery`): their first ten seconds are
spent once for all. An app that needs an environment which is read at an import is started as ``python app.py``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom

import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ia3_studio.runs import Run, RunStore
from ia3_studio.ui import data_words, text
from ia3_studio.ui.components.layer_tree import WORDS
from tests.e2e.nursery import APP, nursery, order
from tests.tiny_chat import save_tiny_chat

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90
EMPTY_SECONDS = 30
READ_AT_IMPORT = ("HF_", "SYSTEM", "SPACE", "OAUTH_", "OPENID_", "GRADIO_")
"""How the variables begin that a process must have from its start, where they differ from those of the tests."""
POINTS = "Number(document.querySelector('.live-chart')?.dataset.points || 0)"
DRAWN = "Number(document.querySelector('.live-chart')?.dataset.drawn || 0)"
"""The same with the base model's loss so far, which is drawn while there is no other point."""

SETTLED = """() => new Promise((done) => {
    const measure = () => [...document.querySelectorAll("body, .block, .js-plotly-plot")]
        .map((part) => `${part.scrollWidth} ${part.scrollHeight}`).join();
    let [last, same] = ["", 0];
    const look = () => {
        const now = measure();
        [same, last] = [now === last ? same + 1 : 0, now];
        if (same < 6) requestAnimationFrame(look); else done();
    };
    look();
})"""


PORTS = (15_000, 32_000)
"""First port that apps of tests listen on, and the first above them; systems hand out those from 32,768 or 49,152."""


@dataclass
class StudioProcess:
    """``python app.py`` on a free port with a home of its own."""

    folder: Path
    port: int
    process: psutil.Process | None = None
    environment: dict[str, str] = field(default_factory=dict)
    as_users_do: bool = False
    """Start it with imports of its own and a worker ahead of the first run: what a measurement of time has to do."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def store(self) -> RunStore:
        return RunStore(self.home / "runs")

    def start(self) -> None:
        environment = {
            **os.environ,
            "IA3_STUDIO_HOME": str(self.home),
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_TEMP_DIR": str(self.folder / "gradio"),
            "IA3_STUDIO_READY_WORKER": "1" if self.as_users_do else "0",  # tests share the cores with other apps
            **self.environment,
        }
        if self.as_users_do:  # whose Python keeps what it has compiled
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
        log = self.folder / "app.log"
        if sys.platform == "linux" and not (self.as_users_do or self._needs_own_imports):
            self.process = psutil.Process(order(nursery(), APP, [], environment, log, ROOT))
        else:
            with log.open("ab") as output:
                self.process = psutil.Popen(
                    [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
                )
        self._wait_until_ready()

    @property
    def _needs_own_imports(self) -> bool:
        differing = (name for name, value in self.environment.items() if os.environ.get(name) != value)
        return any(name.startswith(READ_AT_IMPORT) for name in differing)

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.is_running()

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the app and whatever workers it left, by their recorded numbers."""
        if self.lives:
            self.kill()
        for run in self.store.list():
            end_worker(run)

    def empty(self) -> None:
        """End the workers and remove everything that the app keeps, so that it is as it was at its first start."""
        for run in self.store.list():
            end_worker(run)
        deadline = time.monotonic() + EMPTY_SECONDS
        while left := list(self.home.iterdir()) if self.home.is_dir() else []:
            try:
                for path in left:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except OSError:  # what was asked before the pages were closed is still written
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    @property
    def log(self) -> str:
        return (self.folder / "app.log").read_text(encoding="utf-8", errors="replace")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process and self.process.is_running(), self.log
            try:
                with urllib.request.urlopen(self.address, timeout=2):
                    return
            except urllib.error.HTTPError as answer:
                if answer.code == 401:  # it asks for its password
                    return
                time.sleep(0.05)
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the app did not answer within {READY_SECONDS} s\n{self.log}")


@pytest.fixture(scope="session")
def shared_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    """The app that tests share, each of which finds it empty."""
    app = StudioProcess(tmp_path_factory.mktemp("studio"), free_port())
    try:
        yield app
    finally:
        app.close()


@pytest.fixture
def studio(shared_studio: StudioProcess, context: BrowserContext) -> Iterator[StudioProcess]:
    """The app, running and empty; the pages are closed before it is emptied again, for they would complain."""
    if not shared_studio.lives:
        shared_studio.start()
    yield shared_studio
    close_pages(context)
    shared_studio.empty()


@contextmanager
def running(folder: Path, context: BrowserContext, **environment: str) -> Iterator[StudioProcess]:
    """Run an app inside the block; the pages are closed before it ends, for they would complain."""
    folder.mkdir()
    app = StudioProcess(folder, free_port(), environment=environment)
    try:
        app.start()
        yield app
        close_pages(context)
    finally:
        app.close()


def has_opened(page: Page) -> None:
    """Wait for the last of what a page asks for when it opens, so that leaving it breaks off nothing."""
    expect(page.locator("#model-facts dd").first).to_be_attached(timeout=60_000)


def close_pages(context: BrowserContext) -> None:
    """Close every page, and with it what its address has stored."""
    for page in context.pages:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear()")
        page.close()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny random chat model as a folder on disk."""
    return save_tiny_chat(tmp_path / "tiny-chat")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A data file of 40 pairs and one row that cannot be used."""
    path = tmp_path / "pairs.csv"
    rows = [f"what is {number} plus one,it is {number + 1}" for number in range(40)]
    path.write_text("\n".join(["question,answer", *rows, "an unanswered question,"]), encoding="utf-8")
    return path


def free_port() -> int:
    """Return a port on which an app can listen in a while.

    None of those that the system hands out itself: another process may be given the same before the app listens.
    """
    while True:
        port = SystemRandom().randrange(*PORTS)
        with socket.socket() as place, suppress(OSError):
            place.bind(("127.0.0.1", port))
            return port


def end_worker(run: Run) -> None:
    """Kill the process that works on a run, as a crash or the kernel would, and wait until it writes no more."""
    try:
        worker = psutil.Process(worker_pid(run))
        worker.kill()
    except (OSError, KeyError, ValueError, psutil.Error):
        return
    psutil.wait_procs([worker], timeout=EMPTY_SECONDS)


def worker_pid(run: Run) -> int:
    return int(json.loads(run.files.worker.read_text())["pid"])


def open_studio(page: Page, studio: StudioProcess) -> None:
    page.goto(studio.address)
    expect(page.locator("#model-facts .facts")).to_be_visible(timeout=60_000)


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def open_card(page: Page, title: str) -> None:
    """Open the accordion of a title."""
    page.get_by_role("button", name=re.compile(f"^{re.escape(title)}")).click()


def expect_state(page: Page, state: str, timeout: float = 90_000) -> None:
    """Wait until the bar above the tabs shows a state of the selected run."""
    expect(page.locator("#run-strip .strip")).to_have_attribute("data-state", state, timeout=timeout)


def use_model(page: Page, source: str) -> None:
    open_tab(page, text.MODEL_TAB)
    page.locator("#model-source input").fill(source)
    page.locator("#model-source input").press("Enter")
    page.locator("#use-model").click()


def upload_data(page: Page, path: Path) -> None:
    open_tab(page, text.DATA_TAB)
    page.locator("#data-kind").get_by_text(text.OWN_DATA, exact=True).click()
    page.set_input_files("#data-file input[type=file]", path)


def choose_tiny(page: Page, tiny: Path, pairs: Path) -> None:
    """Choose the tiny model and the pairs, as a person would."""
    use_model(page, str(tiny))
    expect(page.locator("#model-note")).to_contain_text(text.model_in_use(str(tiny)), timeout=60_000)
    open_tab(page, text.MODULES_TAB)
    expect(page.locator("#layer-tree .totals")).to_contain_text(f"6 {WORDS['vectors'][1]} 160 {WORDS['parameters'][1]}")
    upload_data(page, pairs)
    expect(page.locator("#data-note")).to_contain_text(data_words.rows_of(36, 4))


def choose_option(page: Page, field: str, value: str) -> None:
    """Choose an option of a dropdown by typing it: a list that hangs below moves off when the page above it grows."""
    box = page.locator(f"#{field} input")
    box.fill(value)
    expect(page.locator(f"#{field}").get_by_role("option", name=value, exact=True)).to_be_attached()
    box.press("Enter")
    expect(box).to_have_value(value)


def start_training(page: Page, epochs: int) -> None:
    open_tab(page, text.TRAIN_TAB)
    page.locator("#epochs input").fill(str(epochs))
    page.locator("#start").click()


def wait_for_points(page: Page, number: int, timeout: float = 60_000, run: Run | None = None) -> None:
    """Wait until so many points are drawn: of this run, where the chart may still show the one before."""
    if run:
        expect(page.locator(".live-chart")).to_have_attribute("data-run", run.id, timeout=timeout)
    page.wait_for_function(f"{POINTS} >= {number}", timeout=timeout)


def points(page: Page) -> int:
    return int(page.evaluate(POINTS))


def settle(page: Page) -> None:
    """Wait until nothing on the page has moved for a tenth of a second of its own drawing."""
    page.evaluate(SETTLED)
