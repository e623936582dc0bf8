"""Runs wait in an order that can be changed, and as many work at once as are asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunConfig, RunStore
from ia3_studio.runs.folder import read_json
from ia3_studio.runs.queue import AT_ONCE, free_slot, move, position_of, runs_at_once, waiting
from ia3_studio.runs.trash import delete
from ia3_studio.worker.launch import start_worker
from tests.runs.test_runs import begin, state, store, wait

__all__ = ["store"]

CONFIG = RunConfig("First light", "tiny", "lighthouse")


def queued(store: RunStore, count: int) -> list[Run]:
    return [store.create(CONFIG, str(number)) for number in range(count)]


def order(store: RunStore, runs: list[Run]) -> str:
    names = {run.id: str(number) for number, run in enumerate(runs)}
    return "".join(names[run.id] for run in waiting(store))


def test_runs_wait_in_the_order_of_their_start_until_they_are_moved(store: RunStore) -> None:
    runs = queued(store, 4)
    assert order(store, runs) == "0123"
    for run, way, expected in (
        (3, "first", "3012"), (0, "later", "3102"), (2, "earlier", "3120"), (3, "last", "1203"), (1, "earlier", "1203"),
    ):  # fmt: skip
        move(store, runs[run], way)  # type: ignore[arg-type]
        assert order(store, runs) == expected, (run, way)


def test_a_run_started_later_waits_behind_one_that_was_not_moved(store: RunStore) -> None:
    runs = queued(store, 2)
    move(store, runs[1], "first")
    runs.append(store.create(CONFIG, "late"))
    assert order(store, runs) == "102"


def test_only_a_waiting_run_can_be_moved(store: RunStore) -> None:
    (run,) = queued(store, 1)
    run.request_stop()
    with pytest.raises(RunError, match="is not queued"):
        move(store, run, "first")


def test_a_damaged_place_is_none(store: RunStore) -> None:
    runs = queued(store, 2)
    runs[1].files.queue_position.write_text('{"position": "front"}')
    assert position_of(runs[1]) == (0.0, runs[1].id) and order(store, runs) == "01"


@pytest.mark.parametrize(("given", "slots"), [("", 1), ("3", 3), ("0", 1), ("-2", 1), ("many", 1), ("99", 16)])
def test_as_many_work_at_once_as_the_environment_says(
    given: str, slots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AT_ONCE, given)
    assert runs_at_once() == slots
    taken = [free_slot(tmp_path) for _slot in range(slots)]
    assert all(taken) and free_slot(tmp_path) is None
    for lock in taken:
        lock.release()  # type: ignore[union-attr]
    assert free_slot(tmp_path)


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_a_moved_run_is_worked_on_first(store: RunStore) -> None:
    first = begin(store, "endless", "first")
    wait(lambda: state(first) == "running")
    others = [begin(store, "good", name) for name in ("second", "third")]
    wait(lambda: all(read_json(run.files.status) for run in others))
    move(store, others[1], "first")
    first.request_stop()
    wait(lambda: all(state(run) == "finished" for run in others))
    ended = [read_json(run.files.status)["ended_at"] for run in others]  # type: ignore[index]
    assert ended[1] < ended[0]


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_two_runs_work_side_by_side_where_the_machine_is_asked_for_two(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AT_ONCE, "2")
    runs = [begin(store, "endless", name) for name in "abc"]
    wait(lambda: [state(run) for run in runs] == ["running", "running", "queued"])
    for run in runs[:2]:
        run.request_stop()
    wait(lambda: state(runs[2]) == "running")
    runs[2].request_stop()
    wait(lambda: not any(run.status().active for run in runs))


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_a_run_that_waits_is_canceled_and_the_next_goes_on(store: RunStore) -> None:
    first = begin(store, "endless", "first")
    wait(lambda: state(first) == "running")
    second, third = begin(store, "good", "second"), begin(store, "good", "third")
    wait(lambda: read_json(second.files.status) and read_json(third.files.status))
    second.request_stop()
    wait(lambda: state(second) == "stopped")
    delete(store, second)
    first.request_stop()
    wait(lambda: state(third) == "finished")
    assert second.id not in {run.id for run in store.list()}


@pytest.mark.worker
@pytest.mark.usefixtures("workers_start_at_once")
def test_a_worker_says_what_it_uses(store: RunStore) -> None:
    run = store.create(CONFIG, "use")
    start_worker(run.files, [sys.executable, "-m", "tests.runs.fake_worker", str(run.folder), "endless"])
    wait(lambda: run.status().usage.memory > 2**20)
    run.request_stop()
    wait(lambda: state(run) == "stopped")


def test_a_run_that_is_created_while_another_waits_is_seen_once(
    store: RunStore,
) -> None:
    first, second = (store.create(CONFIG, name) for name in ("first", "second"))
    order = sorted((first.id, second.id), reverse=True)
    assert [run.id for run in store.newer("")] == order
    assert [run.id for run in store.newer(order[1])] == order[:1] and store.newer(order[0]) == ()
