"""In public mode, visitors see and change only what is theirs: over raw HTTP, not through the page."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from ia3_studio.errors import RunError, StudioError
from ia3_studio.runs import Run, RunConfig
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.runs.queue import move
from ia3_studio.runs.trash import TRASH_FOLDER, delete, deleted, restore
from ia3_studio.runs.user_store import Limits, UserStore
from ia3_studio.ui import text
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.visitor import COOKIE, name_of, visiting, visitor
from tests.e2e.studio_app import StudioProcess, free_port
from tests.runs.test_history import ended
from tests.ui.visit import Visit

CONFIG = RunConfig("Secret plans", "org/tiny-model", "lighthouse")


class Asked:
    """A request as far as a handler looks at it."""

    def __init__(self, cookie: str = "", session: str = "") -> None:
        self.cookies = {COOKIE: cookie} if cookie else {}
        self.session_hash = session


def asked(cookie: str = "", session: str = "") -> Any:
    return Asked(cookie, session)


@pytest.fixture
def store(tmp_path: Path) -> UserStore:
    return UserStore(tmp_path / "runs", visitor)


ANN, BEN = asked("a" * 43), asked("b" * 43)


def test_a_visitor_finds_only_their_own_runs(store: UserStore) -> None:
    with visiting(ANN):
        mine = store.create(CONFIG, "click")
        assert [run.id for run in store.list()] == [mine.id]
    with visiting(BEN):
        assert store.list() == ()
        with pytest.raises(RunError, match=mine.id):
            store.open(mine.id)
        assert store.create(CONFIG, "click").id != mine.id  # the same start from somebody else is another run
    with visiting(ANN):
        assert store.create(CONFIG, "click").id == mine.id == store.open(mine.id).id


def test_the_words_for_a_foreign_run_are_those_for_none(store: UserStore) -> None:
    with visiting(ANN):
        mine = store.create(CONFIG, "click")
    with visiting(BEN):
        with pytest.raises(RunError) as foreign:
            store.open(mine.id)
        with pytest.raises(RunError) as absent:
            store.open("20260101-000000-abcdef")
    assert str(foreign.value).replace(mine.id, "X") == str(absent.value).replace("20260101-000000-abcdef", "X")


def test_nobody_owns_what_has_no_owner(store: UserStore) -> None:
    with visiting(ANN):
        mine = store.create(CONFIG, "click")
    mine.files.owner.unlink()
    fresh = UserStore(store.root, visitor)
    with visiting(ANN):
        assert fresh.list() == ()
    write_json(mine.files.owner, {"owner": ""})
    assert UserStore(store.root, visitor).list() == ()  # asked without a visitor


def test_the_bin_is_each_visitors_own(store: UserStore) -> None:
    with visiting(ANN):
        mine = ended(store)
        delete(store, mine)
        assert [run.id for run in deleted(store)] == [mine.id]
    with visiting(BEN):
        assert deleted(store) == ()
        with pytest.raises(RunError, match="not in the trash"):
            restore(store, mine.id)
    assert (store.root / TRASH_FOLDER / mine.id).is_dir()


def test_nobody_jumps_the_queue_of_others(store: UserStore) -> None:
    with visiting(ANN), pytest.raises(RunError, match="order cannot be changed"):
        move(store, store.create(CONFIG, "click"), "first")


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(runs=2), "You have 2 runs and the limit per visitor is 2"),
        (Limits(active=2), "2 of your runs are queued or running"),
        (Limits(active_in_all=2), "The queue is full"),
        (Limits(bytes=10), "Your runs, uploads and adapters use 0 MB"),
    ],
)
def test_more_than_a_visitor_may_have_is_refused_with_a_sentence(limits: Limits, said: str, tmp_path: Path) -> None:
    store = UserStore(tmp_path / "runs", visitor, limits)
    with visiting(ANN):
        made = [store.create(replace(CONFIG, name=str(n)), str(n)) for n in range(2 if limits.bytes > 10 else 1)]
        with pytest.raises(RunError, match=said):
            store.create(CONFIG, "one more")
        assert store.create(replace(CONFIG, name="0"), "0").id == made[0].id  # the same click is no further run


def test_who_asks_is_known_by_cookie_or_session_and_else_refused() -> None:
    assert name_of(asked("a" * 43)) == name_of(asked("a" * 43, "x")) != name_of(asked("b" * 43))
    assert name_of(asked("short", "tab-1")) == name_of(asked("", "tab-1")) != name_of(asked("", "tab-2"))
    assert "a" * 43 not in name_of(asked("a" * 43))
    for nobody in (None, asked(), asked("short")):
        with pytest.raises(StudioError, match=re.escape(text.RELOAD)):
            name_of(nobody)


def whose() -> str:
    return visitor()


def whose_twice() -> Iterator[str]:
    yield visitor()
    yield visitor()


def test_handlers_run_for_the_visitor_who_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard(whose)() == ""
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert guard(whose)(ANN) == name_of(ANN) != guard(whose)(BEN)
    streams = [guard(whose_twice)(each) for each in (ANN, BEN)]
    seen = [next(stream) for _turn in range(2) for stream in streams]
    assert seen == [name_of(ANN), name_of(BEN)] * 2 and visitor() == ""
    with pytest.raises(gr.Error, match=re.escape(text.RELOAD)):
        guard(whose)(asked())


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    folder = tmp_path_factory.mktemp("public")
    app = StudioProcess(folder, free_port(), environment={"IA3_STUDIO_PUBLIC": "1", "HF_HUB_OFFLINE": "1"})
    try:
        app.start()
        yield app
    finally:
        app.close()


def give(public: StudioProcess, visit: Visit, name: str) -> Run:
    """Put a finished run into the app's folder that belongs to a visitor."""
    run = ended(public.store, CONFIG, name=name)
    run.files.log.write_text(f"the log of {name}\n")
    write_json(run.files.owner, {"owner": name_of(asked(visit.cookie[COOKIE].value))})
    return run


@pytest.mark.worker
def test_raw_requests_reach_nothing_of_another_visitor(public: StudioProcess) -> None:
    with Visit(public.address, "session-of-ann") as ann, Visit(public.address, "session-of-ben") as ben:
        reach_for(public, ann, ben)


def reach_for(public: StudioProcess, ann: Visit, ben: Visit) -> None:
    """Let Ben ask every handler that takes a run for Ann's."""
    assert ann.cookie[COOKIE]["httponly"] and ann.cookie[COOKIE].value != ben.cookie[COOKIE].value
    run = give(public, ann, "Secret plans")
    key = f"run:{run.id}"

    assert "Secret plans" in json.dumps(ann.call("draw", [""], place=0)["output"])
    for name in ("draw", "describe", "poll_page", "draw_newer", "open_page", "offer", "list_trash", "compare_runs"):
        count = sum(each["api_name"] == name for each in ben.config["dependencies"])
        assert count, name
        for place in range(count):
            answer = json.dumps(ben.call(name, ["", key, key, key], place=place))
            assert "Secret plans" not in answer and "the log of" not in answer, name
    for name in ("choose", "choose_row", "stop_run", "resume_run", "delete_run", "save_notes", "start_sweep"):
        handlers = [each for each in ben.config["dependencies"] if each["api_name"] == name]
        assert handlers, name
        event = {"key": key, "row_value": [run.id], "index": [0, 0], "value": run.id}
        for place in range(len(handlers)):
            answer = ben.call(name, [key] * 8, event, place)
            assert "Secret plans" not in json.dumps(answer), name
    assert not run.files.stop.exists() and not run.files.notes.exists()
    assert run.folder.is_dir() and [each.id for each in public.store.list()] == [run.id]


@pytest.mark.worker
def test_files_of_runs_are_not_served(public: StudioProcess) -> None:
    with Visit(public.address, "session-of-ann-2") as ann:
        run = give(public, ann, "Files")
        for path in (run.files.config, run.files.log, run.folder / "..", public.home / "runs"):
            answer = ann.http.get(f"/gradio_api/file={path}")
            assert answer.status_code in (403, 404), path
    shutil.rmtree(run.folder)


@pytest.mark.worker
def test_a_space_tells_no_paths_and_opens_none(public: StudioProcess) -> None:
    with Visit(public.address, "session-of-ann-3") as ann:
        run = give(public, ann, "Mine")
        assert str(public.home) not in json.dumps(ann.call("describe", []))
        refused = json.dumps(ann.call("take_path", ["/etc/passwd", 0.1]))
        assert "root:" not in refused and text.NO_PATHS_HERE in refused
    shutil.rmtree(run.folder)
    assert read_json(run.files.owner) is None
