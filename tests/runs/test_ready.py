"""A process that waits for a run: it is that run's worker, and nobody's when the app is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from safetensors.torch import load_file

from ia3_studio.models.machine import MachineMemory
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import read_json
from ia3_studio.training.config import TrainConfig
from ia3_studio.worker import resume, start
from ia3_studio.worker.priority import WAITING_NICENESS, WORKING_NICENESS
from ia3_studio.worker.ready import NEEDED, ReadyWorker
from tests.runs.test_job import export_rows
from tests.tiny_chat import save_tiny_chat

SECONDS = 240
CONFIG = RunConfig("First light", "tiny", "lighthouse")


@pytest.fixture
def ready() -> Iterator[ReadyWorker]:
    made = ReadyWorker()
    yield made
    made.close()


def waiting_in(ready: ReadyWorker) -> psutil.Process | None:
    """Return the process that waits."""
    found = ready._waiting
    return None if found is None else psutil.Process(found.pid)


def wait(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.05)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def worker_of(run: Run) -> int:
    return int((read_json(run.files.worker) or {})["pid"])


@pytest.mark.worker
def test_a_run_in_a_process_that_waited_is_the_run_of_a_new_process(tmp_path: Path, ready: ReadyWorker) -> None:
    model = save_tiny_chat(tmp_path / "model")
    train = TrainConfig(epochs=2, batch_size=6, eval_steps=2)
    config = RunConfig("Tiny", str(model), str(export_rows(tmp_path / "rows.jsonl")), "paper", train)
    store = RunStore(tmp_path / "runs")
    ready.prepare()
    waiting = waiting_in(ready)
    assert waiting is not None
    runs = [store.create(config, name) for name in ("waited", "new")]
    start(runs[0], ready)
    start(runs[1], ready)  # nothing waits any more: this one starts a process
    assert worker_of(runs[0]) == waiting.pid != worker_of(runs[1])
    wait(lambda: not any(run.status().active for run in runs))
    assert [run.status().state for run in runs] == ["finished"] * 2, runs[0].log_tail() + runs[1].log_tail()
    one, other = (load_file(run.adapter_folder() / "adapter_model.safetensors") for run in runs)  # type: ignore[operator]
    assert one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)
    assert runs[0].log_tail() == runs[1].log_tail() != ""
    wait(lambda: gone(waiting))


@pytest.mark.worker
@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel keeps no groups of sessions")
def test_it_waits_at_a_lower_priority_and_works_at_that_of_a_worker(tmp_path: Path, ready: ReadyWorker) -> None:
    def niceness(process: psutil.Process) -> str:
        return Path(f"/proc/{process.pid}/autogroup").read_text().split()[-1]

    ready.prepare()
    waiting = waiting_in(ready)
    assert waiting is not None
    wait(lambda: niceness(waiting) == str(WAITING_NICENESS))
    run = RunStore(tmp_path / "runs").create(
        RunConfig("Tiny", str(save_tiny_chat(tmp_path / "model")), str(export_rows(tmp_path / "rows.jsonl"))), "a click"
    )
    start(run, ready)
    wait(lambda: gone(waiting) or niceness(waiting) == str(WORKING_NICENESS))
    assert not gone(waiting), run.log_tail()
    run.request_stop()
    wait(lambda: not run.status().active)


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")  # the one that is killed
def test_a_run_is_resumed_in_a_process_that_waited(tmp_path: Path, ready: ReadyWorker) -> None:
    model = save_tiny_chat(tmp_path / "model")
    train = TrainConfig(epochs=400, batch_size=2, eval_steps=5)
    config = RunConfig("Tiny", str(model), str(export_rows(tmp_path / "rows.jsonl")), "paper", train)
    run = RunStore(tmp_path / "runs").create(config, "a click")
    start(run)
    wait(lambda: run.status().step > 5)
    os.kill(worker_of(run), signal.SIGKILL)
    wait(lambda: not run.status().active)
    ready.prepare()
    waiting = waiting_in(ready)
    resume(run, ready=ready)
    assert waiting is not None and worker_of(run) == waiting.pid
    since = run.status().step
    wait(lambda: run.status().step > since + 5)
    run.request_stop()
    wait(lambda: run.status().state == "stopped")


@pytest.mark.worker
@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_it_ends_when_its_app_is_killed(tmp_path: Path) -> None:
    app = subprocess.Popen(
        (
            sys.executable, "-c",
            "from ia3_studio.worker.ready import ReadyWorker; import time; ready = ReadyWorker(); ready.prepare();"
            "print(ready._waiting.pid, flush=True); time.sleep(600)",
        ),
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert app.stdout
    waiting = psutil.Process(int(app.stdout.readline()))
    assert waiting.is_running()
    app.kill()
    app.communicate()
    wait(lambda: gone(waiting))


@pytest.mark.worker
def test_one_waits_at_a_time_and_none_for_ever(ready: ReadyWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ia3_studio.worker.ready.IDLE_SECONDS", 0.5)
    ready.prepare()
    first = waiting_in(ready)
    ready.prepare()
    assert first is not None and waiting_in(ready) == first
    wait(lambda: gone(first))
    assert waiting_in(ready) is None


def test_a_process_that_died_while_it_waited_is_given_no_run(ready: ReadyWorker, tmp_path: Path) -> None:
    ready.prepare()
    waiting = waiting_in(ready)
    assert waiting is not None
    waiting.kill()
    wait(lambda: gone(waiting))
    run = RunStore(tmp_path / "runs").create(CONFIG, "a click")
    assert ready.take(run.files) is None
    ready.prepare()
    again = waiting_in(ready)
    assert again is not None and again.pid != waiting.pid  # the next run need not suffer for it


def test_none_is_started_where_the_settings_refuse(ready: ReadyWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IA3_STUDIO_READY_WORKER", "0")
    ready.prepare()
    assert waiting_in(ready) is None


def test_none_is_started_where_memory_is_short(ready: ReadyWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ia3_studio.worker.ready.system_memory", lambda: MachineMemory(2 * NEEDED, NEEDED - 1))
    ready.prepare()
    assert waiting_in(ready) is None
