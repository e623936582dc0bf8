"""Whatever is killed, cut short or damaged, at whatever moment: no step is lost, none is doubled, no status lies.

CI tries a few kills; the series of the marker ``nightly`` tries as many as IA3_FAULTS says.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ia3_studio.cli.progress import watch
from ia3_studio.errors import RunError
from ia3_studio.models import ModelMemory
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.comparison import curve_of, differing
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.runs.history import matching, ranked, record_of, records
from ia3_studio.runs.queue import position_of, waiting
from ia3_studio.runs.run import ACTIVE
from ia3_studio.runs.trash import delete, restore
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.polling import Cursor, poll
from ia3_studio.ui.run_table import history_frame
from ia3_studio.ui.session import Studio
from ia3_studio.worker.ablation import read_ablation
from ia3_studio.worker.launch import start_worker
from tests.runs.fake_worker import MANY_STEPS
from tests.runs.test_history import ended, evaluated
from tests.runs.test_resume import go_on, numbers, readable_checkpoints
from tests.runs.test_runs import begin, state, store, wait, worker_of

__all__ = ["readable_checkpoints", "store"]

FEW_KILLS = 4
MANY_KILLS = int(os.environ.get("IA3_FAULTS", "100"))
TRUTH_SECONDS = 5.0
"""Within which the list must tell the truth."""
STATES = {"queued", "running", "stopping", "finished", "stopped", "failed", "interrupted"}


def kill_at_random(run: Run, draw: random.Random) -> None:
    """Kill a run's worker at any moment between its start and its end."""
    time.sleep(draw.uniform(0.0, 1.2))
    record = read_json(run.files.worker)
    if record and state(run) in ACTIVE:
        try:
            os.kill(int(record["pid"]), signal.SIGKILL)
        except ProcessLookupError:
            return


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_kills_at_any_moment_lose_no_step_and_double_none(store: RunStore) -> None:
    kill_again_and_again(store, FEW_KILLS, random.Random(0))


@pytest.mark.nightly
@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_many_kills_at_any_moment_lose_no_step_and_double_none(store: RunStore) -> None:
    kill_again_and_again(store, MANY_KILLS, random.Random(2))


def kill_again_and_again(store: RunStore, kills: int, draw: random.Random) -> None:
    """Kill the workers of runs and let the runs go on, until so many kills were tried."""
    tried = 0
    while tried < kills:
        run = begin(store, "steady", f"run {tried}")
        while True:
            kill_at_random(run, draw)
            tried += 1
            wait(lambda run=run: state(run) not in ACTIVE or alive(run), TRUTH_SECONDS)
            seen = numbers(run)
            assert seen == list(range(len(seen))), "a step was lost or doubled"
            status = run.status()
            if status.state == "finished":
                break
            if status.state in ACTIVE:  # it was killed before it was there to be killed, or is done in a moment
                wait(lambda run=run: state(run) not in ACTIVE)
                continue
            assert status.state == "interrupted", status
            if not status.resumable:  # killed before its first checkpoint
                break
            go_on(run, "steady")
        if run.status().state == "finished":
            assert numbers(run) == list(range(MANY_STEPS + 1))
        assert record_of(run).state == run.status().state


def alive(run: Run) -> bool:
    """Say whether the process that is recorded lives: then an active state is no lie."""
    record = read_json(run.files.worker)
    try:
        os.kill(int((record or {})["pid"]), 0)
    except (KeyError, ProcessLookupError):
        return False
    return True


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_the_queue_goes_on_whoever_is_killed(store: RunStore) -> None:
    draw = random.Random(1)
    runs = [begin(store, "steady", str(number)) for number in range(4)]
    for _kill in range(2):
        time.sleep(draw.uniform(0.3, 0.8))
        victim = draw.choice([run for run in runs if read_json(run.files.worker)])
        if state(victim) in ACTIVE and alive(victim):
            os.kill(worker_of(victim), signal.SIGKILL)
    wait(lambda: not any(state(run) in ACTIVE for run in runs))
    assert {state(run) for run in runs} <= {"finished", "interrupted"}
    assert sum(state(run) == "finished" for run in runs) >= 2
    for run in runs:
        assert numbers(run) == list(range(len(numbers(run))))


def damage(path: Path, draw: random.Random) -> str:
    """Damage a file in one of the ways in which files are damaged; return which."""
    way = draw.choice(["gone", "empty", "cut", "noise", "zeros", "other json", "a folder"])
    data = path.read_bytes() if path.is_file() else b""
    if way == "gone":
        path.unlink(missing_ok=True)
    elif way == "a folder":
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        place = draw.randrange(len(data) + 1)
        made = {
            "empty": b"",
            "cut": data[:place],
            "noise": data[:place] + draw.randbytes(draw.randrange(1, 40)) + data[place + 5 :],
            "zeros": data[:place] + bytes(len(data) - place),
            "other json": draw.choice([b"[]", b"null", b'{"phase": 3}', b'"text"', b"{}", b'{"step": "x"}']),
        }[way]
        path.write_bytes(made)
    return way


@pytest.mark.parametrize("cases", [60, pytest.param(400, marks=pytest.mark.nightly)])
def test_no_damage_to_any_file_breaks_the_list(cases: int, tmp_path: Path) -> None:
    draw = random.Random(2)
    store = RunStore(tmp_path / "runs")
    whole = evaluated(ended(store), 0.7)
    record_of(whole)
    others = ("queue_position.json", "environment.json", "split.json", "worker.json", "log.txt", "owner.json")
    for name in ("notes.json", *others):
        (whole.folder / name).write_text('{"pid": 1, "born": 0, "place": 1, "name": "a", "note": "", "tags": []}')
    spare = tmp_path / "spare"
    shutil.copytree(whole.folder, spare)
    names = sorted(path.name for path in spare.iterdir() if path.is_file())
    for _case in range(cases):
        shutil.rmtree(whole.folder)
        shutil.copytree(spare, whole.folder)
        damaged = [(name, damage(whole.folder / name, draw)) for name in draw.sample(names, draw.randrange(1, 4))]
        assert_told(store, whole.id, damaged)


STRANGE = (None, "word", "", True, -1, 1.5, float("nan"), 1e400, 10**400, -(10**30), [], [[1]], {}, {"a": [None]})


def places_in(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document, lists by their first entries."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document[:2]))
    return [path, *(each for key, value in inner for each in places_in(value, (*path, key)))]


def replaced_at(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = replaced_at(copy[path[0]], path[1:], value)
    return copy


@pytest.mark.parametrize("values", [1, pytest.param(len(STRANGE), marks=pytest.mark.nightly)])
def test_no_wrong_type_in_any_field_of_any_file_breaks_the_list(
    values: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = RunStore(tmp_path / "runs")
    draw = random.Random(3)
    neighbor, whole = ended(store, name="neighbor"), evaluated(ended(store, name="whole"), 0.7)
    record_of(whole)
    for name, document in DOCUMENTS.items():
        write_json(whole.folder / name, document)
    for path in sorted(whole.folder.glob("*.json*")):
        lines = path.read_text().splitlines()
        kept = [json.loads(line) for line in lines] if path.suffix == ".jsonl" else [json.loads("".join(lines))]
        for place in places_in(kept[-1]):
            for value in draw.sample(STRANGE, values):
                written = [*kept[:-1], replaced_at(kept[-1], place, value)]
                path.write_text("".join(json.dumps(each) + "\n" for each in written))
                assert_told_beside(store, whole.id, neighbor.id, (path.name, place, value))
        for text in ("[" * 100_000, "\x00", "9" * 5000):
            path.write_text(text)
            assert_told_beside(store, whole.id, neighbor.id, (path.name, text[:9]))
        path.write_text("".join(f"{line}\n" for line in lines))


DOCUMENTS: dict[str, dict[str, Any]] = {
    "notes.json": {"name": "a", "note": "b", "tags": ["c"]},
    "queue_position.json": {"position": 1.0},
    "worker.json": {"pid": 1, "born": 0.0},
    "owner.json": {"owner": "x"},
    "environment.json": {
        "studio_version": "0.1.0",
        "parameters": 5,
        "device": "cpu",
        "libraries": {"torch": "2"},
        "base_model": "f",
    },
    "split.json": {"data": "f", "training_rows": 4, "held_out": 2, "held_out_rows": [1, 2]},
    "ablation.json": {"progress": 0.5, "written_at": 1.0, "adapter": ""},
}
"""What a run's folder holds beside its settings, steps, status and evaluation."""


def assert_told_beside(store: RunStore, run_id: str, neighbor: str, damaged: Any) -> None:
    """All that is read of the damaged run gives an answer, and the other run is told as ever."""
    run = Run(store.root / run_id)
    found = {record.id: record for record in records(store)}
    assert set(found) == {run_id, neighbor} and found[neighbor].state == "finished", damaged
    assert len(history_frame(list(found.values()))) == 2, damaged
    assert ranked(list(found.values())) and isinstance(matching(list(found.values()), "whole x"), list)
    assert run.status().state in STATES and isinstance(run.name, str), damaged
    assert position_of(run)[1] == run_id and curve_of(run).name == run.name, damaged
    assert isinstance(differing([run, Run(store.root / neighbor)]), list), damaged
    assert isinstance(waiting(store), list) and read_ablation(run) is not None, damaged
    if not run.status().active:
        watch(run, as_json=True)
        watch(run, as_json=False)
    studio = Studio(store, ModelMemory(), store.root.parent, store.root.parent / "scratch")
    chart = poll(studio, run_key(run_id), Cursor()).chart
    assert chart == "" or json.loads(chart)["run"] == run_id, damaged  # without settings there is no chart


def assert_told(store: RunStore, run_id: str, damaged: Any) -> None:
    """Everything that is read of a run gives an answer, and steps are those that were written."""
    run = Run(store.root / run_id)
    status = run.status()
    assert status.state in STATES and status.message, damaged
    steps = numbers(run)
    assert steps == sorted(set(steps)) and set(steps) <= {0, 1, 2, 3}, damaged
    (record,) = records(store)
    assert record.id == run_id and record.state == status.state, damaged
    assert isinstance(run.name, str) and isinstance(run.log_tail(), str)
    assert position_of(run)[1] == run_id and curve_of(run).name == run.name
    assert isinstance(differing([run, run]), list) and isinstance(waiting(store), list)


def test_a_clock_that_jumps_back_or_forth_makes_no_run_disappear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path / "runs")
    made = []
    for shift in (0, 86_400, -86_400 * 400, 3600):
        with monkeypatch.context() as patch:
            now = time.time() + shift
            patch.setattr(time, "time", lambda now=now: now)
            made.append(ended(store, name=str(shift)))
    assert {record.id for record in records(store)} == {run.id for run in made}
    assert all(record.state == "finished" and record.seconds >= 0 for record in records(store))


def test_two_studios_on_one_folder_keep_every_run(tmp_path: Path) -> None:
    one, other = RunStore(tmp_path / "runs"), RunStore(tmp_path / "runs")
    made = [store.create(RunConfig(str(n), "m", "lighthouse"), str(n)) for n in range(20) for store in (one, other)]
    assert len({run.id for run in made}) == 20 == len(one.list()) == len(other.list())
    done = ended(one, name="done")
    delete(other, done)
    with pytest.raises(RunError, match="no longer exists"):
        delete(one, done)
    assert restore(one, done.id).id in {run.id for run in other.list()}


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_a_worker_that_starts_while_its_run_is_deleted_leaves_nothing_behind(store: RunStore) -> None:
    run = begin(store, "good")
    wait(lambda: state(run) == "finished")
    delete(store, run)
    start_worker_of = [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), "good"]
    with pytest.raises(OSError, match="No such file"):
        start_worker(run.files, start_worker_of)
    assert store.list() == ()
