"""The app ends within five seconds of a signal, whatever its threads do, and removes what it wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from ia3_studio.ui.shutdown import CLEANUP_SECONDS, WATCHDOG_SECONDS
from ia3_studio.ui.temporary_files import KEPT_SECONDS, PREFIX, fresh_folder, make_scratch, sweep

ROOT = Path(__file__).resolve().parents[2]
APP = """
import ctypes, sys, threading, time
from ia3_studio.ui import shutdown
shutdown.CLEANUP_SECONDS, shutdown.WATCHDOG_SECONDS = map(float, sys.argv[2:])
from ia3_studio.ui.shutdown import ending_in_time
from ia3_studio.ui.temporary_files import scratch_folder

def sleep():
    while True:
        time.sleep(60)

def hold_the_lock():
    ctypes.PyDLL(None).sleep(60)  # as C code that computes would, without taking a core from the other tests

def clear_slowly():
    try:
        print("works", flush=True)
        sleep()
    finally:
        print("clears", flush=True)
        sleep()

with ending_in_time(), scratch_folder() as scratch:
    print(scratch, flush=True)
    work = {"idle": None, "thread": sleep, "lock": hold_the_lock, "clearing": None}[sys.argv[1]]
    if work:
        threading.Thread(target=work).start()
    clear_slowly() if sys.argv[1] == "clearing" else sleep()
"""


def app(
    kind: str, tmp_path: Path, cleanup: float = CLEANUP_SECONDS, watchdog: float = WATCHDOG_SECONDS
) -> tuple[subprocess.Popen[str], Path]:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", APP, kind, str(cleanup), str(watchdog)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    scratch = Path(process.stdout.readline().strip())
    assert kind != "clearing" or process.stdout.readline() == "works\n"
    return process, scratch


LONGEST = 5.0
SPARE = 2.0
"""Seconds by which the apps of these tests give up sooner: on a busy machine, all else takes longer."""
CASES = [
    (kind, cleared, number)
    for kind, cleared in (("idle", True), ("thread", True), ("lock", False), ("clearing", False))
    for number in (signal.SIGTERM, signal.SIGINT)
]


@dataclass(frozen=True)
class Ended:
    """What became of an app after a signal."""

    in_time: bool
    scratch_left: bool
    watchers: list[psutil.Process]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Ended]:
    """Send each kind of app each signal, all at the same time: what is waited for is a clock."""
    soon = CLEANUP_SECONDS - SPARE, WATCHDOG_SECONDS - SPARE
    apps = {(kind, number): app(kind, tmp_path_factory.mktemp(kind), *soon) for kind, _cleared, number in CASES}
    time.sleep(0.5)
    watchers = {case: psutil.Process(process.pid).children() for case, (process, _scratch) in apps.items()}
    for (_kind, number), (process, scratch) in apps.items():
        assert scratch.is_dir()
        process.send_signal(number)
    deadline = time.monotonic() + LONGEST
    found = {}
    for case, (process, scratch) in apps.items():
        try:
            process.wait(timeout=max(deadline - time.monotonic(), 0.01))
            in_time = True
        except subprocess.TimeoutExpired:
            in_time = False
        process.kill()
        process.communicate()
        found[case] = Ended(in_time, scratch.exists(), watchers[case])
    return found


@pytest.mark.worker
@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGTERM")
@pytest.mark.parametrize(("kind", "cleared", "number"), CASES)
def test_it_ends_within_five_seconds_of_a_signal(
    ended: dict[tuple[str, int], Ended], kind: str, cleared: bool, number: int
) -> None:
    found = ended[kind, number]
    assert found.in_time and found.scratch_left is not cleared
    assert len(found.watchers) == 1
    psutil.wait_procs(found.watchers, timeout=3)
    assert not [each for each in found.watchers if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def test_users_wait_for_less_than_five_seconds_too() -> None:
    assert CLEANUP_SECONDS < WATCHDOG_SECONDS <= LONGEST - 1


@pytest.mark.worker
@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGTERM")
def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    process, _scratch = app("clearing", tmp_path, cleanup=60, watchdog=90)
    process.send_signal(signal.SIGTERM)
    assert process.stdout and process.stdout.readline() == "clears\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM  # one that clears until its time is over ends with 0
    process.communicate()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_killed_apps_left_goes_and_what_a_living_one_uses_stays(temporary: Path) -> None:
    mine = make_scratch()
    born = int(psutil.Process().create_time())
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    left = [temporary / f"{PREFIX}{ended.pid}-{born}-abc", temporary / f"{PREFIX}{os.getpid()}-{born - 500}-abc"]
    others = [temporary / f"{PREFIX}notes", temporary / "ia3-studio-abcdefgh", temporary / f"{PREFIX}1-2-x.txt"]
    elsewhere = temporary / "elsewhere"
    for folder in (*left, *others[:2], elsewhere):
        folder.mkdir()
        (folder / "rows.csv").write_text("kept")
    others[2].write_text("a file")
    link = temporary / f"{PREFIX}{ended.pid}-{born}-link"
    link.symlink_to(elsewhere)
    old = time.time() - 10**7
    os.utime(mine, (old, old))  # age alone says nothing
    assert set(sweep()) == set(left)
    assert mine.is_dir() and all(path.exists() for path in others) and (elsewhere / "rows.csv").is_file()


def test_downloads_of_an_hour_ago_go_when_another_is_made(tmp_path: Path) -> None:
    first, second = fresh_folder(tmp_path, "chat-"), fresh_folder(tmp_path, "chat-")
    (second / "fresh.md").write_text("just written")
    (tmp_path / "gradio").mkdir()
    old = time.time() - KEPT_SECONDS - 60
    for path in (first, second, tmp_path / "gradio"):
        os.utime(path, (old, old))
    third = fresh_folder(tmp_path, "rows-")
    assert not first.exists() and second.is_dir() and third.is_dir() and (tmp_path / "gradio").is_dir()
