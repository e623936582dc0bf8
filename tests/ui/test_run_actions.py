"""What can be done with a run: started once, named, moved, deleted, restored, run again; and its log searched."""

from __future__ import annotations

import re
import time
from html import escape
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from filelock import FileLock

from ia3_studio.errors import AdapterError, RunError, StudioError
from ia3_studio.runs import Run, RunConfig
from ia3_studio.runs.folder import WorkerStatus, write_json
from ia3_studio.ui import run_actions, text
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.run_actions import (
    delete_permanently,
    delete_run,
    describe,
    list_trash,
    log_lines,
    move_in_queue,
    restore_run,
    save_notes,
    search_log,
    start_sweep,
)
from ia3_studio.ui.runs_tab import draw
from ia3_studio.ui.session import Studio
from tests.runs.test_history import ended
from tests.ui.conftest import says

NAME, RATE = text.HISTORY_COLUMNS[0], text.HISTORY_COLUMNS[9]
REQUEST: Any = SimpleNamespace(session_hash="page")
CONFIG = RunConfig("A run", "some/model", "lighthouse")


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_actions, "start", lambda _run, _ready: None)


def end(run: Run) -> None:
    write_json(run.files.status, vars(WorkerStatus("ended", "Finished", result="finished")))


def test_a_double_click_gives_one_run(bench: Studio) -> None:
    assert run_actions.start_once(bench, CONFIG, "page") == run_actions.start_once(bench, CONFIG, "page")
    assert len(bench.store.list()) == 1


def test_a_double_click_on_a_run_that_fails_at_once_gives_one_run(bench: Studio) -> None:
    first = run_actions.start_once(bench, CONFIG, "page")
    end(bench.store.list()[0])
    assert run_actions.start_once(bench, CONFIG, "page") == first


def test_the_same_settings_can_be_trained_again_after_the_end(bench: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_actions.start_once(bench, CONFIG, "page")
    end(bench.store.list()[0])
    monkeypatch.setattr(run_actions, "SAME_CLICK", 0.0)
    second = run_actions.start_once(bench, CONFIG, "page")
    end(next(run for run in bench.store.list() if second.endswith(run.id)))
    third = run_actions.start_once(bench, CONFIG, "page")
    assert len({first, second, third}) == 3


def test_other_settings_or_another_page_give_another_run(bench: Studio) -> None:
    run_actions.start_once(bench, CONFIG, "page")
    run_actions.start_once(bench, RunConfig("B run", "some/model", "lighthouse"), "page")
    run_actions.start_once(bench, CONFIG, "another page")
    assert len(bench.store.list()) == 3


def test_a_run_is_described_named_and_found_by_its_tag(bench: Studio) -> None:
    run = ended(bench.store)
    key = f"run:{run.id}"
    assert text.NOTES_SAVED in save_notes(bench, key, "A better name", "voice, second try", "It went well.")
    said, card, name, tags, words, ways, _log, _drawn = describe(bench, key, ())
    assert card["visible"] and not ways["visible"] and run.id in said
    assert (name, tags, words) == ("A better name", "voice, second-try", "It went well.")
    assert draw(bench, "second-try", [NAME])[0]["value"][NAME].tolist() == ["A better name"]
    with pytest.raises(RunError, match="not a valid tag"):
        save_notes(bench, key, "x", "<b>", "")


def test_fields_in_which_somebody_may_be_typing_are_left_alone_until_what_is_saved_changes(bench: Studio) -> None:
    key = f"run:{ended(bench.store).id}"
    *_parts, drawn = describe(bench, key, ())
    again = describe(bench, key, drawn)
    assert again[2:5] == (gr.skip(),) * 3 and again[-1] == drawn
    save_notes(bench, key, "Another name", "", "")
    assert describe(bench, key, drawn)[2] == "Another name"
    other = f"run:{ended(bench.store).id}"
    assert isinstance(describe(bench, other, drawn)[2], str)


@pytest.mark.parametrize("key", ["", "import:0123456789abcdef"])
def test_without_a_run_nothing_can_be_done(bench: Studio, key: str) -> None:
    for act in (lambda: save_notes(bench, key, "", "", ""), lambda: move_in_queue(bench, "first", key),
                lambda: delete_run(bench, key), lambda: search_log(bench, key, "", "")):  # fmt: skip
        with pytest.raises((RunError, AdapterError)):
            act()


def test_a_waiting_run_can_be_moved_and_not_deleted(bench: Studio, add_run: Any) -> None:
    _first, second = add_run("one"), add_run("two")
    key = f"run:{second.id}"
    assert describe(bench, key, ())[5]["visible"]
    assert text.MOVED in move_in_queue(bench, "first", key)
    with pytest.raises(RunError, match="stop it before"):
        delete_run(bench, key)


def test_a_deleted_run_is_in_the_bin_until_it_is_brought_back_or_deleted_for_good(bench: Studio) -> None:
    run = ended(bench.store, name="Gone")
    key, said = delete_run(bench, f"run:{run.id}")
    assert key == "" and says(said, text.deleted_run("Gone")) and len(draw(bench, "", [NAME])[0]["value"]) == 0
    assert list_trash(bench)["choices"] == [(f"Gone ({run.id})", run.id)]
    key, said = restore_run(bench, run.id)
    assert key == f"run:{run.id}" and says(said, text.restored_run("Gone"))
    delete_run(bench, key)
    assert (
        text.DELETED_PERMANENTLY in delete_permanently(bench, run.id) and list_trash(bench)["label"] == text.TRASH_EMPTY
    )
    for act in (restore_run, delete_permanently):
        with pytest.raises(RunError, match=re.escape(text.CHOOSE_DELETED)):
            act(bench, None)
        with pytest.raises(RunError, match="not in the trash"):
            act(bench, "../runs")


def test_a_sweep_queues_every_combination_and_finds_it(bench: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Run] = []
    monkeypatch.setattr(run_actions, "start", lambda run, _ready: started.append(run))
    key = f"run:{ended(bench.store).id}"
    ((shown, said, words),) = start_sweep(bench, REQUEST, key, "0.003; 0.01", "", "0,1", ["keys"])
    assert len(started) == 4 and shown == f"run:{started[0].id}" and says(said, text.sweep_started(4, str(words)))
    assert sorted(draw(bench, words, [RATE])[0]["value"][RATE]) == [0.003, 0.003, 0.01, 0.01]
    ((shown, said, words),) = start_sweep(bench, REQUEST, key, "", "", "", [])
    assert says(said, text.sweep_started(1, "")) and not isinstance(words, str)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("fast", "", "", []), text.not_numbers(text.SWEEP_RATES, "fast")),
        (("-1", "", "", []), "learning_rate is -1.0"),
        (("", "", ",".join(map(str, range(70))), []), "70 runs"),
    ],
)
def test_a_sweep_that_cannot_be_says_why_and_queues_nothing(
    fields: tuple[Any, ...], said: str, bench: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_actions, "start", lambda _run: pytest.fail("it was started"))
    steps = start_sweep(bench, REQUEST, f"run:{ended(bench.store).id}", *fields)
    assert escape(said) in next(steps)[1]
    with pytest.raises(StudioError, match=re.escape(said)):
        next(steps)
    assert len(bench.store.list()) == 1


def test_the_log_is_searched_by_words_and_level(bench: Studio) -> None:
    run = ended(bench.store)
    run.files.log.write_text(
        "Loading the model\nUserWarning: odd\nTraceback (most recent call last):\nstep 3: all well\n"
    )
    assert log_lines(run, "MODEL loading", "") == "Loading the model"
    assert log_lines(run, "", "warning").splitlines() == ["UserWarning: odd", "Traceback (most recent call last):"]
    assert log_lines(run, "", "error") == "Traceback (most recent call last):"
    assert search_log(bench, f"run:{run.id}", "nothing of it", "") == text.NO_SUCH_LINE


def test_what_each_process_of_a_run_uses_is_shown(bench: Studio) -> None:
    run_actions.start_once(bench, CONFIG, "page")
    run = bench.store.list()[0]
    used = [
        {"memory": rank * 10**9, "cpu": 1.5, "gpu_memory": gpu * 10**9, "gpus": gpu / 10, "host": "here", "pid": 1}
        for rank, gpu in ((1, 0), (2, 7))
    ]
    document = {"phase": "training", "message": "Training", "heartbeat_at": time.time(), "memory": 3 * 10**9}
    write_json(run.files.status, {**document, "cpu": 3.0, "processes": used})
    with FileLock(run.files.lock):
        shown = str(run_actions.describe(bench, run_key(run.id), ())[0])
    assert all(words in shown for words in ("3.00 GB, 3.0 cores", "Process 0", "1.00 GB", "Process 1", "2.00 GB"))
    assert shown.count("GPU") == 2 and "7.0 GB of GPU memory, 0.7 GPUs" in shown
    assert "here" not in shown  # all processes are on one machine
