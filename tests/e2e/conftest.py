"""A real Chromium for every browser test: nothing may go wrong in the console, nothing may leave the machine.

``page`` is a fresh window at 1280 × 900 of a visitor without cookies or storage; what the browser has fetched before
stays in its cache. A test that provokes an error on purpose says so first:
``problems.expect("ERR_CONNECTION_REFUSED")``. ``serve`` starts a Blocks on a free port of this machine, and
``snapshot`` writes a picture into the folder that IA3_SCREENSHOTS names, when it names one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from ia3_studio.ui.page import slow_down_queue
from studio_commands import CHROMIUM_NAMES
from tests.e2e.studio_app import close_pages, free_port, pairs, shared_studio, studio, tiny  # noqa: F401  (fixtures)

LOCAL_HOSTS = {"127.0.0.1", "localhost", "[::1]", "::1"}
NO_NETWORK_SCHEMES = {"data", "blob", "about", "chrome-error"}
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for by name, the answer is "no such host": the tests never reach the network.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
CUT_OFF = re.compile(r"AbortError: (signal is|BodyStreamBuffer was) aborted|Connection errored out")
LOST_SESSION = "Unexpected error 404: Not Found"
CUT_STREAM = re.compile(r"ERR_INCOMPLETE_CHUNKED_ENCODING \(.*/queue/data|TypeError: network error")
"""What ends with a lost session. Gradio 6.31 forgets a session whose old event stream is canceled after the next one
was asked for; the page then reloads by itself, and what a test claims must hold after it too."""
PATIENCE = 30_000
"""Milliseconds: what a person would call slow is a matter for the tests that say so, not for every glance."""
Snapshot = Callable[[Page, str], None]
Serve = Callable[..., str]


def pytest_configure(config: pytest.Config) -> None:
    """Let the server live: Gradio 6.31 counts its calls by a pandas argument that pandas 3 is giving up."""
    config.addinivalue_line("filterwarnings", "ignore:The copy keyword is deprecated")


@dataclass
class Problems:
    """What a browser context complained about, less what the test expected."""

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Accept complaints that match this regular expression."""
        self.expected.append(pattern)

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Go to another page inside the block: one that was asking something says that its question was cut off."""
        before = len(self.found)
        yield
        here = [entry for entry in self.found[before:] if not CUT_OFF.search(entry)]
        self.found[before:] = here

    @property
    def unexpected(self) -> list[str]:
        expected = [*self.expected]
        if any(LOST_SESSION in entry for entry in self.found):
            expected += [LOST_SESSION, CUT_STREAM.pattern]
        return [entry for entry in self.found if not any(re.search(pattern, entry) for pattern in expected)]

    @contextmanager
    def watching(self, context: BrowserContext) -> Iterator[None]:
        """Listen to every page of the context during the block, tabs opened later included."""
        heard: dict[Any, Callable[..., None]] = {
            "console": self._on_console,
            "weberror": self._on_error,
            "request": self._on_request,
            "page": self._on_page,
        }
        for event, listener in heard.items():
            context.on(event, listener)
        yield
        for event, listener in heard.items():
            context.remove_listener(event, listener)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.found.append(f"console error: {message.text} ({message.location.get('url', '')})")

    def _on_error(self, error: WebError) -> None:
        self.found.append(f"page error: {error.error}")

    def _on_request(self, request: Request) -> None:
        self._on_address(request.url)

    def _on_page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._on_address(socket.url))

    def _on_address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in NO_NETWORK_SCHEMES and (parts.hostname or "") not in LOCAL_HOSTS:
            self.found.append(f"request to another host: {address}")


@pytest.fixture(scope="session")
def playwright_api() -> Iterator[Playwright]:
    with sync_playwright() as api:
        yield api


@pytest.fixture(scope="session")
def browser(playwright_api: Playwright) -> Iterator[Browser]:
    """Start the Chromium of $CHROMIUM, of the PATH, or the one ``playwright install chromium`` fetched.

    The one without a window of its own comes first: it takes less of the machine.
    """
    expect.set_options(timeout=PATIENCE)
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    chromium = playwright_api.chromium.launch(executable_path=found, args=CHROMIUM_ARGS)
    yield chromium
    chromium.close()


@pytest.fixture(autouse=True)
def _as_the_page_starts_them(workers_start_at_once: None) -> None:
    """Let a run that a test starts by itself begin like one that the page starts."""


@pytest.fixture
def problems() -> Problems:
    return Problems()


@pytest.fixture(scope="session")
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    """What tests share for its cache: the scripts of the app are fetched and compiled once."""
    shared = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    shared.set_default_timeout(PATIENCE)
    yield shared
    shared.close()


@pytest.fixture
def context(shared_context: BrowserContext, problems: Problems) -> Iterator[BrowserContext]:
    """A visitor without cookies or storage. ``context.new_page()`` is another tab of the same visitor."""
    with problems.watching(shared_context):
        yield shared_context
        close_pages(shared_context)
        shared_context.clear_cookies()
    if problems.unexpected:
        pytest.fail("The browser complained:\n" + "\n".join(problems.unexpected))


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def snapshot() -> Snapshot:
    """Return a function that writes ``name.png`` when IA3_SCREENSHOTS names a folder, and nothing otherwise."""
    folder = os.environ.get("IA3_SCREENSHOTS")

    def write(page: Page, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return write


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Return a function that launches a ``gr.Blocks`` on a free port and answers with its address."""
    running: list[Any] = []

    def launch(blocks: Any, **options: Any) -> str:
        settings: dict[str, Any] = {
            "server_name": "127.0.0.1",
            "server_port": free_port(),  # Gradio's own search leaves a socket open for every taken port
            "quiet": True,
            "prevent_thread_lock": True,
        } | options
        slow_down_queue(blocks)  # they live until the tests end
        _, address, _ = blocks.launch(**settings)
        running.append(blocks)
        return str(address)

    yield launch
    for blocks in running:
        blocks.close()
