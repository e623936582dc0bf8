"""What do pages cost that only watch? Many tabs on one app while a run trains, and thousands of runs on disk.

    python benchmarks/page_load.py [--tabs 50] [--runs 2000]

Opens as many sessions as a browser would, on loopback; each looks again after the time that the app tells it, as a page
does that somebody sees. Prints the bytes of a look with
nothing new to draw, the tokens a second of a run with and without the tabs, and the seconds until the page is served
and its first look answered with the runs on disk beside none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.history import record_of
from ia3_studio.training import TrainConfig
from ia3_studio.worker import start
from tests.e2e.studio_app import StudioProcess, free_port
from tests.runs.test_history import ended

MEASURED_SECONDS = 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tabs", type=int, default=50)
    parser.add_argument("--runs", type=int, default=2000)
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    opening(options.runs)
    watching(options.tabs)


def opening(count: int) -> None:
    """Print how soon a page is there with many runs on disk, beside none."""
    for runs in (0, count):
        with app() as studio:
            put_runs(studio.store, runs)
            seconds = []
            for number in range(5):
                began = time.perf_counter()
                with Tab(studio.address, f"tab{number}") as tab:
                    tab.look()
                    seconds.append(time.perf_counter() - began)
            print(f"{runs:,} runs on disk: page served and first look answered in {statistics.median(seconds):.2f} s")


def put_runs(store: RunStore, count: int) -> None:
    """Put finished runs into a store."""
    if not count:
        return
    one = ended(store)
    record_of(one)
    for number in range(count - 1):
        folder = store.root / f"20260101-{number // 100:06d}-{number % 100:06x}"
        shutil.copytree(one.folder, folder)


def watching(tabs: int) -> None:
    """Print what a look costs, and how much many tabs slow a run."""
    with app() as studio:
        config = RunConfig(
            "watched", "SmolLM2-135M-Instruct", "lighthouse", train=TrainConfig(epochs=50, eval_steps=10**6)
        )
        run = studio.store.create(config, "watched")
        start(run)
        while run.status().step < 2:
            time.sleep(0.5)
        alone = speed(run)
        opened = [Tab(studio.address, f"watch{number}") for number in range(tabs)]
        over = threading.Event()
        threads = [threading.Thread(target=tab.watch, args=(over,)) for tab in opened]
        for thread in threads:
            thread.start()
        time.sleep(5)
        watched = speed(run)
        again = alone_after(run, over, threads)
        looks = [each for tab in opened for each in tab.sizes[1:]]
        print(f"a look with a step to draw: {statistics.median(looks):,.0f} bytes received at the median")
        reference = (alone + again) / 2
        print(f"{tabs} tabs that watch it: {watched:.0f} tokens/s, alone {alone:.0f} before, {again:.0f} after")
        print(f"that is {watched / reference - 1:+.1%}")
        run.request_stop()
        while run.status().active:
            time.sleep(0.5)
        with Tab(studio.address, "idle") as idle:
            idle.look()
            idle.look()
            print(f"a look with nothing new: {idle.look():,} bytes received")


def alone_after(run: Run, over: threading.Event, threads: list[threading.Thread]) -> float:
    """Let the tabs close, and return the speed of the run without them."""
    over.set()
    for thread in threads:
        thread.join()
    time.sleep(2)
    return speed(run)


def speed(run: Run) -> float:
    """Return tokens a second over some time, from the steps that the run wrote."""
    before = run.metrics()[0][-1]
    time.sleep(MEASURED_SECONDS)
    after = run.metrics()[0][-1]
    return (after.tokens - before.tokens) / (after.seconds - before.seconds)


class app:
    """The app on a fresh folder, inside the block."""

    def __enter__(self) -> StudioProcess:
        self._folder = tempfile.TemporaryDirectory()
        self._studio = StudioProcess(Path(self._folder.name), free_port(), as_users_do=True)
        self._studio.start()
        return self._studio

    def __exit__(self, *_failure: object) -> None:
        self._studio.close()
        self._folder.cleanup()


class Tab:
    """A browser's tab as far as the app can tell: a session that looks at the run again and again."""

    def __init__(self, address: str, session: str) -> None:
        self._http = httpx2.Client(base_url=address, timeout=60)
        self._session = session
        self._http.get("/")
        config = self._http.get("/config").json()
        self._look = next(each for each in config["dependencies"] if each["api_name"] == "poll_page")
        self.sizes: list[int] = []
        self.pause = 1.0

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._http.close()

    def look(self) -> int:
        """Look once; return the bytes of the answer, and note when to look again."""
        body = {"fn_index": self._look["id"], "data": [None] * len(self._look["inputs"]), "session_hash": self._session}
        answer = self._http.post("/gradio_api/run/predict", json=body)
        answer.raise_for_status()
        updates = [each.get("value") for each in answer.json()["data"] if isinstance(each, dict)]
        timers = [value for value in updates if isinstance(value, (int, float))]
        self.pause = float(timers[0]) if timers else 1.0
        self.sizes.append(len(answer.content))
        return len(answer.content)

    def watch(self, over: threading.Event) -> None:
        """Look again and again until it is over."""
        while not over.is_set():
            self.look()
            over.wait(self.pause)
        self._http.close()


if __name__ == "__main__":
    main()
