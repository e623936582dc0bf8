"""Runs: the list tells the truth whatever dies, and nothing learned is lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from ia3_studio.errors import RunError
from ia3_studio.method.sites import Selection, Site
from ia3_studio.runs import Run, RunConfig, RunStore, start
from ia3_studio.runs.folder import read_json, step_line, write_json
from ia3_studio.runs.process import start_worker
from ia3_studio.training.config import Step, TrainConfig

CONFIG = RunConfig("First light", "tiny", "lighthouse")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def begin(store: RunStore, mode: str, name: str = "one") -> Run:
    run = store.create(CONFIG, name)
    start_worker(run.files, [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), mode])
    return run


def wait(condition: Callable[[], object], seconds: float = 15) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.02)


def state(run: Run) -> str:
    return run.status().state


def worker_of(run: Run) -> int:
    return int((read_json(run.files.worker) or {})["pid"])


def test_a_run_goes_from_running_to_finished_and_keeps_its_adapter(store: RunStore) -> None:
    run = begin(store, "plain")
    wait(lambda: state(run) == "finished")
    status = run.status()
    assert (status.step, status.total_steps, status.sentence) == (6, 6, "Finished after 6 steps")
    folder = run.adapter_folder()
    assert folder is not None and (folder / "adapter.txt").read_text() == "learned"


def test_every_step_is_in_the_metrics_and_a_reader_goes_on_where_it_was(store: RunStore) -> None:
    run = begin(store, "plain")
    seen: list[int] = []
    offset = 0
    while state(run) != "finished":
        steps, offset = run.metrics(offset)
        seen += [step.step for step in steps]
    seen += [step.step for step in run.metrics(offset)[0]]
    assert seen == list(range(7)) == [step.step for step in run.metrics()[0]]


def test_a_half_written_line_waits_for_its_other_half(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    line = step_line(Step(1, 2, 0.5, 1.0, None, 0.1, 0.1, 5, 0.1, 1.0))
    run.files.metrics.write_text(line + line[:20])
    steps, offset = run.metrics()
    assert len(steps) == 1 and run.status().step == 1
    with run.files.metrics.open("a") as file:
        file.write(line[20:])
    assert len(run.metrics(offset)[0]) == 1


def test_the_newest_step_is_found_at_the_end_of_a_long_file(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    run.files.metrics.write_text("".join(step_line(Step(n, 500, 0, 1.0, None, 0, 0, 0, 0, 0)) for n in range(501)))
    assert run.status().step == 500


def test_a_stop_keeps_what_was_learned(store: RunStore) -> None:
    run = begin(store, "endless")
    wait(lambda: run.status().step == 3)
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    assert run.status().sentence == "Stopped after step 4; the adapter learned so far is kept"
    assert run.adapter_folder() == run.files.adapters / "step-00000004"


def test_a_stop_while_preparing_ends_without_an_adapter(store: RunStore) -> None:
    run = begin(store, "endless preparation")
    wait(lambda: run.status().sentence == "Still preparing")
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    assert run.adapter_folder() is None and "nothing was learned" in run.status().sentence


def test_a_polite_signal_is_a_stop(store: RunStore) -> None:
    run = begin(store, "endless")
    wait(lambda: run.status().step == 3)
    os.kill(worker_of(run), signal.SIGTERM)
    wait(lambda: state(run) == "stopped")


def test_a_killed_worker_is_seen_at_the_next_look_with_its_last_step(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    sentence = run.status().sentence
    assert "at step 2 of 6 without a word" in sentence and "The newest adapter is kept." in sentence


def test_a_reused_process_number_does_not_look_alive(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    write_json(run.files.worker, {"pid": os.getpid(), "born": psutil.Process().create_time() - 500})
    assert state(run) == "interrupted"


def test_a_run_without_a_worker_is_starting_for_a_moment_only(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    assert state(run) == "queued"
    os.utime(run.files.config, (time.time() - 60,) * 2)
    assert state(run) == "interrupted"


def test_the_run_goes_on_when_the_process_that_started_it_is_killed(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    code = (
        "import sys, time; from ia3_studio.runs import Run; from ia3_studio.runs.process import start_worker;"
        f"from pathlib import Path; start_worker(Run(Path({str(run.folder)!r})).files,"
        f" [sys.executable, '-m', 'tests.runs.fake_worker', {str(run.folder)!r}, 'endless']); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    wait(lambda: run.status().step == 3)
    parent.kill()
    parent.wait()
    assert state(run) == "running"
    run.request_stop()
    wait(lambda: state(run) == "stopped")


def test_one_run_trains_at_a_time_and_the_older_goes_first(store: RunStore) -> None:
    first = begin(store, "endless", "one")
    wait(lambda: run_step(first) == 3)
    time.sleep(1.1)  # ids are ordered by the second
    second = begin(store, "plain", "two")
    third = begin(store, "plain", "three")
    wait(lambda: "Waiting for" in second.status().sentence)
    assert state(second) == "queued" and run_step(second) == 0
    third.request_stop()
    wait(lambda: state(third) == "stopped")
    first.request_stop()
    wait(lambda: state(second) == "finished")


def run_step(run: Run) -> int:
    return run.status().step


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("bad data", r"rows\.csv is empty; give a file with at least two rows\."),
        ("defect", r"The run ended with an unexpected KeyError; the log shows where\."),
        ("no memory", r"Memory ran out; lower the batch size.*"),
    ],
)
def test_a_failure_is_one_sentence_and_the_log_has_the_rest(mode: str, sentence: str, store: RunStore) -> None:
    run = begin(store, mode)
    wait(lambda: state(run) == "failed")
    assert re.fullmatch(sentence, run.status().sentence)
    assert "Traceback" in run.log_tail() and "secret detail" not in run.status().sentence


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    run.files.metrics.symlink_to("/dev/full")
    start_worker(run.files, [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), "plain"])
    wait(lambda: state(run) == "failed")
    assert run.status().sentence.startswith("The disk is full; free some space")


def test_too_little_disk_is_told_before_the_run_is_made(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1, 1, 3 * 2**20))
    with pytest.raises(RunError, match="has 3 MB free and a run needs 50 MB"):
        store.create(CONFIG, "one")
    assert store.list() == ()


def test_a_double_click_makes_one_run(store: RunStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: store.create(CONFIG, "the same click"), range(8)))
    assert len({run.id for run in runs}) == 1 == len(store.list())
    assert store.create(CONFIG, "another click").id != runs[0].id


def test_a_second_worker_leaves_the_first_one_alone(store: RunStore) -> None:
    run = begin(store, "endless")
    wait(lambda: run.status().step == 3)
    first = worker_of(run)
    again = subprocess.run(
        [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), "plain"],
        cwd=Path(__file__).parents[2],
        timeout=20,
    )
    assert again.returncode == 0 and worker_of(run) == first and state(run) == "running"
    run.request_stop()
    wait(lambda: state(run) == "stopped")


def test_starting_a_run_twice_starts_one_worker(store: RunStore) -> None:
    run = begin(store, "plain")
    before = worker_of(run)
    start(run)
    assert worker_of(run) == before
    wait(lambda: state(run) == "finished")


def test_a_file_is_copied_into_the_run_so_that_it_can_be_done_again(store: RunStore, tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("prompt,answer\na,b\n")
    run = store.create(RunConfig("x", "tiny", str(source)), "one")
    source.unlink()
    assert Path(run.data_source).read_text() == "prompt,answer\na,b\n"


def test_settings_survive_the_disk(store: RunStore) -> None:
    selection = Selection((Site("a.k", "output", 4, "key", ((0, 4),), 12),), "some/model")
    config = RunConfig("x", "m", "d", selection, TrainConfig(epochs=0.5, max_steps=3), 0.2)
    run = store.create(config, "one")
    again = RunStore(store.root).open(run.id).config
    assert again == config and isinstance(again.selection, Selection) and again.selection.base_model == "some/model"


@pytest.mark.parametrize("run_id", ["", "..", "../x", "20261124-081500-zzzzzz", "20261124-081500-abcdef", "a/b"])
def test_an_id_that_names_no_run_is_refused(run_id: str, store: RunStore) -> None:
    store.root.mkdir()
    with pytest.raises(RunError, match="There is no run"):
        store.open(run_id)


def test_a_damaged_run_is_listed_and_explained(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    run.files.config.write_text("{")
    (again,) = store.list()
    assert again.status().state in ("queued", "interrupted")
    with pytest.raises(RunError, match="cannot be read"):
        _ = again.config


def test_a_worker_without_a_folder_says_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ia3_studio.runs.worker"], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 2 and "usage" in done.stderr
