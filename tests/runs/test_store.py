"""The newest runs of a store are the beginning of its list, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.models import STARTER
from ia3_studio.runs import RunConfig, RunStore
from ia3_studio.runs import store as stores
from ia3_studio.runs.user_store import UserStore

CONFIG = RunConfig("First light", "tiny", "lighthouse")


def test_the_newest_runs_are_the_first_of_the_list(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    assert store.newest(3) == () == store.list()
    for number in range(5):
        store.create(CONFIG, str(number))
    listed = [run.id for run in store.list()]
    assert len(listed) == 5 and listed == sorted(listed, reverse=True)
    for count in (0, 1, 3, 9):
        assert [run.id for run in store.newest(count)] == listed[:count]


def test_the_newest_runs_of_a_visitor_are_their_own(tmp_path: Path) -> None:
    who = ["ann"]
    store = UserStore(tmp_path / "runs", lambda: who[0])
    ids: dict[str, list[str]] = {"ann": [], "bo": []}
    for number, name in enumerate(["ann", "bo", "ann", "bo", "bo"]):
        who[0] = name
        ids[name].append(store.create(RunConfig("Run", STARTER, "lighthouse"), str(number)).id)
    for name, made in ids.items():
        who[0] = name
        assert {run.id for run in store.list()} == set(made)
        assert [run.id for run in store.newest(2)] == [run.id for run in store.list()][:2]


def test_only_the_runs_that_are_asked_for_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RunStore(tmp_path / "runs")
    for number in range(4):
        store.create(CONFIG, str(number))
    opened: list[Path] = []
    make = stores.Run
    monkeypatch.setattr(stores, "Run", lambda path: (opened.append(path), make(path))[1])
    store.newest(2)
    assert len(opened) == 2
