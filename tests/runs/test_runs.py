"""Runs: the list tells the truth whatever dies, and nothing learned is lost."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from ia3_studio.errors import RunError
from ia3_studio.method.sites import Selection, Site
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import ResourceUsage, RunFolder, WorkerStatus, read_json, step_line, write_json
from ia3_studio.runs.process import record_worker, started_process_lives
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.worker import heartbeat, start
from ia3_studio.worker.launch import start_worker

CONFIG = RunConfig("First light", "tiny", "lighthouse")

pytestmark = [pytest.mark.worker, pytest.mark.usefixtures("workers_start_at_once")]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(tmp_path / "runs")
    yield store
    for run in store.list():
        if run.status().active and started_process_lives(run.files):  # only after a test that failed
            os.kill(worker_of(run), signal.SIGKILL)


def begin(store: RunStore, mode: str, name: str = "one") -> Run:
    run = store.create(CONFIG, name)
    start_worker(run.files, [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), mode])
    return run


def wait(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to be in time"
        time.sleep(0.02)


def state(run: Run) -> str:
    return run.status().state


def worker_of(run: Run) -> int:
    return int((read_json(run.files.worker) or {})["pid"])


@pytest.mark.usefixtures("workers_start_as_ever")
def test_a_run_goes_from_running_to_finished_and_keeps_its_adapter(store: RunStore) -> None:
    run = begin(store, "plain")
    wait(lambda: state(run) == "finished")
    status = run.status()
    assert (status.step, status.total_steps, status.message) == (6, 6, "Finished after 6 steps")
    folder = run.adapter_folder()
    assert folder is not None and (folder / "adapter.txt").read_text() == "learned"


def test_whoever_looks_all_the_time_sees_no_state_that_never_was(store: RunStore) -> None:
    run = begin(store, "plain")
    seen: list[str] = []
    while (now := state(run)) != "finished":
        if [now] != seen[-1:]:
            seen.append(now)
    assert seen == [each for each in ("queued", "running") if each in seen]  # it may begin or end between two looks


def test_a_worker_recorded_between_two_looks_is_no_interruption(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.create(CONFIG, "one")

    def recorded_late(folder: RunFolder) -> bool:
        alive = started_process_lives(folder)
        record_worker(folder, os.getpid())
        return alive

    monkeypatch.setattr("ia3_studio.runs.run.started_process_lives", recorded_late)
    assert (state(run), state(run)) == ("queued", "queued")


def test_readers_do_not_take_each_other_for_the_worker(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    write_json(run.files.status, vars(WorkerStatus("training", "Training", heartbeat_at=time.time())))
    run.files.lock.touch()
    with run.files.lock.open("rb") as another_reader:
        fcntl.flock(another_reader, fcntl.LOCK_SH)
        assert state(run) == "interrupted"


def test_another_store_on_the_same_folder_sees_the_same(store: RunStore) -> None:
    run = begin(store, "plain")
    wait(lambda: state(run) == "finished")
    again = RunStore(store.root).open(run.id)
    assert again.status() == run.status()
    assert (again.metrics(), again.adapter_folder()) == (run.metrics(), run.adapter_folder())


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


def test_a_damaged_line_costs_that_step_only(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    lines = [step_line(Step(n, 3, 0.5, 1.0, None, 0.1, 0.1, 5, 0.1, 1.0)) for n in range(4)]
    run.files.metrics.write_bytes(f"{lines[0]}\0\0\n[1]\n{lines[1][:30]}{lines[2]}{lines[3]}".encode())
    assert [step.step for step in run.metrics()[0]] == [0, 3] and run.status().step == 3


def test_the_newest_step_is_found_at_the_end_of_a_long_file(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    run.files.metrics.write_text("".join(step_line(Step(n, 500, 0, 1.0, None, 0, 0, 0, 0, 0)) for n in range(501)))
    assert run.status().step == 500


def test_a_stop_keeps_what_was_learned(store: RunStore) -> None:
    run = begin(store, "endless")
    wait(lambda: run.status().step == 3)
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    step = run.status().step  # the one it was in: the worker may see the stop before it takes another
    assert step in (3, 4)
    assert run.status().message == f"Stopped after step {step}; the adapter trained so far is kept"
    assert run.adapter_folder() == run.files.adapters / f"step-{step:08d}"


def test_a_stop_while_preparing_ends_without_an_adapter(store: RunStore) -> None:
    run = begin(store, "endless preparation")
    wait(lambda: run.status().message == "Still preparing")
    run.request_stop()
    wait(lambda: state(run) == "stopped")
    assert run.adapter_folder() is None and "nothing was trained" in run.status().message


def test_a_polite_signal_is_a_stop(store: RunStore) -> None:
    run = begin(store, "endless")
    wait(lambda: run.status().step == 3)
    os.kill(worker_of(run), signal.SIGTERM)
    wait(lambda: state(run) == "stopped")


def test_a_killed_worker_is_seen_at_the_next_look_with_its_last_step(store: RunStore) -> None:
    run = begin(store, "killed")
    wait(lambda: state(run) == "interrupted")
    sentence = run.status().message
    assert "killed at step 2 of 6: out of memory, or ended by someone." in sentence
    assert "The latest adapter is kept." in sentence


@pytest.mark.usefixtures("workers_start_as_ever")
def test_a_worker_that_cannot_begin_is_explained_by_its_log(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    start_worker(run.files, [sys.executable, "-c", "raise SystemExit('No module named torch')"])
    wait(lambda: state(run) == "interrupted")
    assert run.status().message == (
        "The worker process ended before it started the run. The log ends with “No module named torch”. Start it again."
    )


def test_a_machine_that_restarted_is_named(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    write_json(run.files.status, vars(WorkerStatus("training", "Training", heartbeat_at=psutil.boot_time() - 60)))
    assert run.status().message.startswith("The run ended before its first step: the machine restarted.")


def test_a_clock_that_is_set_right_kills_no_run(store: RunStore) -> None:
    run = begin(store, "endless")
    wait(lambda: run.status().step == 3)
    write_json(run.files.worker, {"pid": worker_of(run), "born": 1.0})
    assert state(run) == "running"
    run.request_stop()
    wait(lambda: state(run) == "stopped")


def test_a_reused_process_number_does_not_look_alive(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    write_json(run.files.worker, {"pid": os.getpid(), "born": psutil.Process().create_time() - 500})
    assert state(run) == "interrupted"


def test_a_run_without_a_worker_is_starting_for_a_moment_only(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    assert state(run) == "queued"
    for shift in (-60, 60):  # the clock may have been set back since
        os.utime(run.files.config, (time.time() + shift,) * 2)
        assert state(run) == "interrupted"


def test_the_run_goes_on_when_the_process_that_started_it_is_killed(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    code = (
        "import sys, time; from ia3_studio.runs import Run; from ia3_studio.worker.launch import start_worker;"
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
    second = begin(store, "plain", "two")
    third = begin(store, "plain", "three")
    wait(lambda: (said := second.files.read_status()) is not None and said.phase == "queued")
    assert state(second) == "queued" and run_step(second) == 0
    third.request_stop()
    wait(lambda: state(third) == "stopped")
    first.request_stop()
    wait(lambda: state(second) == "finished")


def test_the_queue_goes_on_when_the_run_at_work_is_killed(store: RunStore) -> None:
    first = begin(store, "endless", "one")
    wait(lambda: run_step(first) == 3)
    second = begin(store, "plain", "two")
    wait(lambda: state(second) == "queued" and second.files.read_status() is not None)
    os.kill(worker_of(first), signal.SIGKILL)
    wait(lambda: state(second) == "finished")
    assert state(first) == "interrupted"


def run_step(run: Run) -> int:
    return run.status().step


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("bad data", r"rows\.csv is empty; give a file with at least two rows\."),
        ("defect", r"The run ended with an unexpected KeyError; see the log for the traceback\."),
        ("no memory", r"Out of memory before the first step; .* a smaller model .* start the run again\."),
        ("no memory for a tensor", r"Out of memory before the first step; .*"),
        (
            "no memory to evaluate",
            r"Out of memory while base and tuned model were evaluated, .* The adapter is kept; .*",
        ),
        ("full while saving", r"The disk is full; free some space.*"),
    ],
)
def test_a_failure_is_one_sentence_and_the_log_has_the_rest(mode: str, sentence: str, store: RunStore) -> None:
    run = begin(store, mode)
    wait(lambda: state(run) == "failed")
    assert re.fullmatch(sentence, run.status().message)
    assert "Traceback" in run.log_tail() and "secret detail" not in run.status().message


def test_a_training_that_diverges_keeps_the_vectors_it_took_back(store: RunStore) -> None:
    run = begin(store, "diverging")
    wait(lambda: state(run) == "failed")
    assert run.status().message == "At step 3 the loss was no longer a number."
    folder = run.adapter_folder()
    assert folder is not None and (folder / "adapter.txt").read_text() == "the last good vectors"


def test_an_adapter_half_written_on_a_full_disk_is_cleared_away(store: RunStore) -> None:
    run = begin(store, "full while saving")
    wait(lambda: state(run) == "failed")
    assert list(run.files.adapters.iterdir()) == [] and run.adapter_folder() is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_named(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    run.files.metrics.symlink_to("/dev/full")
    start_worker(run.files, [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), "plain"])
    wait(lambda: state(run) == "failed")
    assert run.status().message.startswith("The disk is full; free some space")


def test_too_little_disk_is_told_before_the_run_is_made(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1, 1, 3 * 2**20))
    with pytest.raises(RunError, match="has 3 MB free and a run needs 50 MB"):
        store.create(CONFIG, "one")
    assert store.list() == ()


def test_a_run_that_cannot_be_written_leaves_nothing_behind(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_paths: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "rows.csv").write_text("prompt,answer\na,b\n")
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(RunError, match="No space left on device"):
        store.create(RunConfig("x", "tiny", str(tmp_path / "rows.csv")), "one")
    assert [path.name for path in store.root.iterdir() if path.is_dir()] == []
    monkeypatch.undo()
    assert store.create(CONFIG, "one").status().state == "queued"


def test_a_start_that_was_cut_short_can_be_made_again(store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    shutil.rmtree(run.folder)
    assert store.create(CONFIG, "one").folder.is_dir()


def test_runs_of_one_second_keep_their_order(store: RunStore) -> None:
    made = [store.create(CONFIG, str(number)).id for number in range(20)]
    assert [run.id for run in store.list()] == made[::-1]


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
        timeout=60,
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


def test_a_run_that_ended_is_not_worked_on_again(store: RunStore) -> None:
    run = begin(store, "plain")
    wait(lambda: state(run) == "finished")
    before = run.files.metrics.read_bytes()
    again = [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), "plain"]
    assert subprocess.run(again, cwd=Path(__file__).parents[2], timeout=60).returncode == 0
    assert run.files.metrics.read_bytes() == before and state(run) == "finished"


@pytest.mark.usefixtures("workers_start_as_ever")
def test_a_process_that_the_system_refuses_is_told(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(RunError, match="could not be started"):
        start(store.create(CONFIG, "one"))


def test_a_model_folder_is_found_from_anywhere(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    assert store.create(RunConfig("x", "model", "lighthouse"), "one").config.model == str(tmp_path / "model")


def test_a_starter_is_not_mistaken_for_a_file_of_its_name(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lighthouse").write_text("prompt,answer\n")
    monkeypatch.chdir(tmp_path)
    assert store.create(CONFIG, "one").data_source == "lighthouse"


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
    with pytest.raises(RunError, match="not found"):
        store.open(run_id)


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b"[]", b'{"name": "x"}', None])
def test_a_damaged_run_is_listed_and_explained(damage: bytes | None, store: RunStore) -> None:
    run = store.create(CONFIG, "one")
    run.files.config.unlink()
    if damage is not None:
        run.files.config.write_bytes(damage)
        os.utime(run.files.config, (time.time() - 60,) * 2)
    run.files.status.write_text('{"phase": "trai')
    (again,) = store.list()
    status = again.status()
    assert status.state == "interrupted" and "settings" in status.message and "start a new run" in status.message
    with pytest.raises(RunError, match="settings"):
        _ = again.config


def test_a_worker_without_a_folder_says_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ia3_studio.worker"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 2 and "usage" in done.stderr


def test_a_heartbeat_outlives_a_torch_that_is_still_being_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))  # no attribute is there yet
    beats: list[ResourceUsage] = []
    with heartbeat.beating(beats.append):
        wait(lambda: len(beats) > 3)
    assert all(use.memory > 0 and use.gpu_memory == 0 for use in beats)


def test_no_error_ends_the_heartbeat_and_each_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(heartbeat, "HEARTBEAT_SECONDS", 0.01)
    tried: list[ResourceUsage] = []

    def beat(use: ResourceUsage) -> None:
        tried.append(use)
        if len(tried) < 5:
            raise AttributeError("partially initialized")

    with heartbeat.beating(beat):
        wait(lambda: len(tried) > 6)
    assert capsys.readouterr().err.count("AttributeError: partially initialized") == 1


@pytest.mark.usefixtures("workers_start_as_ever")
def test_a_home_that_is_named_by_a_relative_path_serves_worker_and_page_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IA3_STUDIO_HOME", "studio-home/")
    run = begin(RunStore(), "plain")
    wait(lambda: state(run) == "finished")
    assert run.folder.parent == tmp_path / "studio-home" / "runs" and run.adapter_folder()
    assert Run(Path("studio-home/runs") / run.id).folder == run.folder
