"""Whether a run on another machine is alive is said by what all machines see, never by a process id of this one."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from ia3_studio.runs import Run, RunConfig, RunStore, hosts
from ia3_studio.runs.folder import WorkerStatus, write_json
from ia3_studio.runs.hosts import CLOCK_TOLERANCE, LOST_SECONDS, host_of, silence, this_host
from ia3_studio.runs.queue import Queue
from ia3_studio.training.config import Step
from ia3_studio.worker.worker import work
from tests.runs.fake_worker import FakeJob

CONFIG = RunConfig("Elsewhere", "SmolLM2-135M-Instruct", "lighthouse")
ELSEWHERE = {"host": "node7", "boot": "another"}


def run_on(store: RunStore, host: dict[str, str], phase: str = "training") -> Run:
    """Return a run whose worker has written its status on a machine, under a process id that this machine has too."""
    run = store.create(CONFIG, f"{host} {phase}")
    write_json(run.files.worker, {"pid": os.getpid(), "born": 1.0, **host})
    status = WorkerStatus(phase, "Training: step 3 of 6", heartbeat_at=time.time(), started_at=time.time() - 60)  # type: ignore[arg-type]
    write_json(run.files.status, vars(status))
    return run


def written_ago(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def test_a_run_on_another_machine_is_running_though_no_process_here_is_its_worker(store: RunStore) -> None:
    status = run_on(store, ELSEWHERE).status()
    assert (status.state, status.host) == ("running", "node7") and "node7" in status.message
    assert 59 < status.seconds < 70


def test_the_same_record_of_this_machine_is_a_dead_worker(store: RunStore) -> None:
    assert run_on(store, this_host()).status().state == "interrupted"


def test_a_machine_that_was_renamed_is_the_same_until_it_restarts() -> None:
    renamed = {**this_host(), "host": "old-name"}
    assert host_of(renamed) == ("" if this_host()["boot"] else "old-name")
    assert host_of({**renamed, "boot": "an earlier one"}) == "old-name"
    assert host_of({"pid": 1, "born": 1.0}) == ""  # of a version that wrote no machine


@pytest.mark.parametrize(("ago", "state"), [(LOST_SECONDS - 20, "running"), (LOST_SECONDS + 20, "interrupted")])
def test_a_worker_elsewhere_is_lost_after_two_minutes_of_silence(store: RunStore, ago: float, state: str) -> None:
    run = run_on(store, ELSEWHERE)
    for path in (run.files.status, run.files.worker):
        written_ago(path, ago)
    status = run.status()
    assert status.state == state and "node7" in status.message
    assert status.host == "node7"


def test_a_clock_that_is_hours_off_changes_nothing(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_on(store, ELSEWHERE)
    hosts._ahead.cache_clear()
    real = time.time
    for hours in (-5, 5):
        with monkeypatch.context() as patched:
            patched.setattr(time, "time", lambda hours=hours: real() + 3600 * hours)
            hosts._ahead.cache_clear()
            status = run.status()
            assert status.state == "running" and 59 < status.seconds < 70
            for path in (run.files.status, run.files.worker):
                written_ago(path, LOST_SECONDS + 20 + 3600 * hours)
            assert run.status().state == "interrupted"
        run = run_on(store, {**ELSEWHERE, "boot": str(hours)})
    hosts._ahead.cache_clear()


def test_where_the_folders_clock_cannot_be_read_ten_minutes_are_taken_for_a_difference_of_clocks(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_on(store, ELSEWHERE)
    monkeypatch.setattr(hosts, "_ahead", lambda *given: None)
    for ago, state in ((CLOCK_TOLERANCE, "running"), (-CLOCK_TOLERANCE, "running"), (3600, "interrupted")):
        for path in (run.files.status, run.files.worker):
            written_ago(path, ago)
        assert run.status().state == state
    assert silence(run.folder / "nothing") == float("inf")


def test_a_lock_that_reaches_across_machines_outweighs_any_silence(store: RunStore) -> None:
    run = run_on(store, ELSEWHERE)
    for path in (run.files.status, run.files.worker):
        written_ago(path, 10 * LOST_SECONDS)
    with run.files.lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        status = run.status()
    assert status.state == "running" and "not responding" in status.message


def test_a_run_that_waits_on_another_machine_is_not_ahead_of_one_here(store: RunStore) -> None:
    there = run_on(store, ELSEWHERE, "queued")
    mine = store.create(CONFIG, "mine")
    assert there.status().state == "queued"
    assert Queue(mine).ahead() == []


def test_a_worker_whose_run_was_taken_over_writes_nothing_more(
    store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run = store.create(CONFIG, "one")

    class Overtaken(FakeJob):
        def steps(self, is_stopping: Callable[[], bool]) -> Generator[Step, None, None]:
            for step in super().steps(is_stopping):
                if step.step == 2:  # cut off, then resumed on another machine
                    write_json(run.files.worker, {"pid": 1, "born": 1.0, **ELSEWHERE})
                yield step

    thread = threading.Thread(target=work, args=(run, Overtaken(run.folder, "plain")))  # as no process of its own
    thread.start()
    thread.join()
    status = run.files.read_status()
    assert status is not None and status.result is None and status.phase == "training"
    assert [step.step for step in run.metrics()[0]] == [0, 1] and not run.files.newest_adapter()
    assert "taken over" in capsys.readouterr().out
    assert run.status().host == "node7"
