"""Where do the seconds go between the start command and a page that can be used? The studio and an empty Gradio page.

    python benchmarks/first_page.py [--rounds 5] [--against FOLDER …]

Starts an empty Gradio page and the app as its users do, by turns, and opens each in a Chromium that has started and has
an empty cache. Prints the median time at which each stage ended, counted from the start command, and the processor
time of the server and of the browser until then. --against adds other checkouts of the studio to the same rounds, so
that a change is measured on the same machine at the same time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.e2e.conftest import CHROMIUM_ARGS, CHROMIUM_NAMES  # noqa: E402
from tests.e2e.studio_app import free_port  # noqa: E402

EMPTY_PAGE = """\
import gradio as gr

with gr.Blocks(analytics_enabled=False) as demo:
    gr.Markdown("hello", elem_id="hello")
demo.launch(ssr_mode=False, quiet=True)
"""
OBSERVED = """\
import json, runpy, sys, time
from pathlib import Path

seen = {"Python started": time.time()}
marks, program = Path(sys.argv[1]), Path(sys.argv[2])


class Observer:
    def find_spec(self, name, path=None, target=None):
        now = time.time()
        if name == "gradio":
            seen["command line imported"] = now
        elif "command line imported" in seen and name.startswith("ia3_studio."):
            seen.setdefault("Gradio imported", now)
            if name.startswith("ia3_studio.ui.") and "page built" not in seen:
                seen["modules of the page imported"] = now
        elif name.startswith("uvicorn.protocols.http") and "page built" not in seen:
            seen["page built"] = now
            marks.write_text(json.dumps(seen), encoding="utf-8")


sys.meta_path.insert(0, Observer())
sys.path[0], sys.argv = str(program.parent), [str(program)]
runpy.run_path(str(program), run_name="__main__")
"""
"""Runs a program, and notes when the first module of each of its stages is looked for."""
EMPTY = "an empty Gradio page"
STUDIO = "the studio"
USABLE = {
    EMPTY: "document.querySelector('#hello p')",
    STUDIO: "document.querySelector('#demo-facts')?.textContent && document.querySelector('#train-demo:enabled')",
}
"""When a page can be used: what fills its first tab has come, and its button can be clicked."""
WATCH = """
window.reached = {};
const watch = () => {
    const note = (name, there) => { if (there && !(name in reached)) reached[name] = performance.now(); };
    note("drawn", document.querySelector("#hello, #train-demo"));
    note("usable", %s);
    if (!("usable" in reached)) requestAnimationFrame(watch);
};
watch();
"""
BROWSER_TIMES = """() => {
    const scripts = performance.getEntriesByType("resource").filter((each) => /\\.(js|css)/.test(each.name));
    return {
        origin: performance.timeOrigin,
        html: performance.getEntriesByType("navigation")[0].responseEnd,
        files: Math.max(...scripts.map((each) => each.responseEnd).filter((end) => end < reached.usable)),
        ...reached,
        count: scripts.length,
        bytes: scripts.reduce((sum, each) => sum + each.decodedBodySize, 0),
        page: performance.getEntriesByType("navigation")[0].decodedBodySize,
    };
}"""
STAGES = (
    "Python started",
    "command line imported",
    "Gradio imported",
    "modules of the page imported",
    "page built",
    "server answers",
    "HTML fetched",
    "scripts and styles fetched",
    "first tab drawn",
    "usable",
)
PATIENCE_SECONDS = 120.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="other checkouts")
    options = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as work, chromium() as browser:
        empty = Path(work) / "empty.py"
        empty.write_text(EMPTY_PAGE, encoding="utf-8")
        (Path(work) / "observed.py").write_text(OBSERVED, encoding="utf-8")
        programs = {EMPTY: empty, STUDIO: ROOT / "app.py"}
        programs |= {folder.name: folder.resolve() / "app.py" for folder in options.against}
        found: dict[str, list[Opening]] = {name: [] for name in programs}
        for number in range(options.rounds + 1):
            for name, program in programs.items():
                opening = open_once(browser, name, program, Path(work))
                if number:  # the first round reads everything from the disk
                    found[name].append(opening)
    report(found)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


@dataclass(frozen=True)
class Opening:
    """What one start took."""

    ended: dict[str, float]
    """Stage → seconds from the start command to its end."""
    server_seconds: float
    browser_seconds: float
    facts: dict[str, float]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that has started."""
    with sync_playwright() as api:
        found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        browser = api.chromium.launch(executable_path=found, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def open_once(browser: Browser, name: str, program: Path, work: Path) -> Opening:
    """Start a program and open its page; return what that took."""
    marks, port = work / "marks.json", free_port()
    marks.unlink(missing_ok=True)
    environment = {**os.environ, "IA3_STUDIO_HOME": str(work / "home"), "GRADIO_SERVER_PORT": str(port)}
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH % USABLE[EMPTY if name == EMPTY else STUDIO])
    before = browser_seconds(browser)
    began = time.time()
    server = psutil.Popen(
        [sys.executable, str(work / "observed.py"), str(marks), str(program)],
        cwd=program.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        go_when_it_answers(page, f"http://127.0.0.1:{port}/", server)
        answered = time.time()
        page.wait_for_function("'usable' in reached", timeout=PATIENCE_SECONDS * 1000)
        spent = browser_seconds(browser) - before
        times = server.cpu_times()
        facts = page.evaluate(BROWSER_TIMES)
    finally:
        context.close()
        server.terminate()
        server.wait()
    ended = {stage: at - began for stage, at in json.loads(marks.read_text(encoding="utf-8")).items()}
    opened = facts["origin"] / 1000 - began
    ended |= {
        "server answers": min(opened, answered - began),
        "HTML fetched": opened + facts["html"] / 1000,
        "scripts and styles fetched": opened + facts["files"] / 1000,
        "first tab drawn": opened + facts["drawn"] / 1000,
        "usable": opened + facts["usable"] / 1000,
    }
    return Opening(ended, times.user + times.system, spent, facts)


def go_when_it_answers(page: Page, address: str, server: psutil.Popen) -> None:
    """Open a page once its server listens."""
    port = int(address.rstrip("/").rpartition(":")[2])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.is_running():
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.01)
    page.goto(address, wait_until="commit")


def browser_seconds(browser: Browser) -> float:
    """Return the processor time of all processes of a browser."""
    session = browser.new_browser_cdp_session()
    spent = sum(each["cpuTime"] for each in session.send("SystemInfo.getProcessInfo")["processInfo"])
    session.detach()
    return float(spent)


def report(found: dict[str, list[Opening]]) -> None:
    """Print the medians as a table."""
    print(f"\n| seconds from the start command to the end of … | {' | '.join(found)} |")
    print(f"|---|{'---|' * len(found)}")
    for stage in STAGES:
        row = [[each.ended[stage] for each in openings if stage in each.ended] for openings in found.values()]
        print(f"| {stage} | {' | '.join(f'{statistics.median(each):.2f}' if each else '' for each in row)} |")
    for what, value in (
        ("seconds of processor time: server", lambda each: each.server_seconds),
        ("seconds of processor time: browser", lambda each: each.browser_seconds),
        ("files fetched", lambda each: each.facts["count"]),
        ("their size, kB", lambda each: each.facts["bytes"] / 1000),
        ("HTML with the page's description, kB", lambda each: each.facts["page"] / 1000),
    ):
        medians = (statistics.median(map(value, openings)) for openings in found.values())
        print(f"| {what} | {' | '.join(f'{each:,.2f}' if 'seconds' in what else f'{each:,.0f}' for each in medians)} |")
    for name, openings in found.items():
        usable = [each.ended["usable"] for each in openings]
        print(f"{name}: usable after {min(usable):.2f} to {max(usable):.2f} s in {len(usable)} rounds")


if __name__ == "__main__":
    main()
