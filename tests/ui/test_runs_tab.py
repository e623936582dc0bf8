"""The Runs tab: a history that can be searched, what can be done with a run, sweeps, and runs side by side."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from ia3_studio.errors import AdapterError, RunError, StudioError
from ia3_studio.insight.curves import Curve, Point, pareto_front
from ia3_studio.insight.figures import overlay_figure, pareto_figure
from ia3_studio.runs import Run
from ia3_studio.ui import run_desk, text
from ia3_studio.ui.run_desk import (
    bring_back,
    delete_run,
    describe,
    forget,
    log_lines,
    move_in_queue,
    offer_bin,
    save_about,
    search_log,
    start_again,
)
from ia3_studio.ui.runs_tab import choose_row, draw, show_side_by_side
from ia3_studio.ui.session import Studio
from tests.runs.test_history import ended, evaluated
from tests.ui.conftest import says

NAME, _STATE, RESULT, _BASE, INTERVAL, VERDICT, _MODEL, _DATA, _SITES, RATE, *_OTHERS, RUN = text.HISTORY_COLUMNS
REQUEST: Any = SimpleNamespace(session_hash="page")


def test_the_table_holds_numbers_and_the_id_of_every_run(bench: Studio) -> None:
    bench.scratch.mkdir()
    run = evaluated(ended(bench.store, name="Voice"), 0.8)
    frame, choices, said, csv = draw(bench, "")
    assert list(frame.columns) == list(text.HISTORY_COLUMNS) and len(frame) == 1 and said == ""
    line = frame.iloc[0]
    assert (line[RESULT], line[INTERVAL], line[VERDICT], line[RUN]) == (0.8, "0.700 to 0.900", "gain", run.id)
    assert choices["choices"][0][1] == run.id
    assert pd.read_csv(csv)[RATE].tolist() == [0.02]


def test_words_narrow_the_table_and_nothing_found_is_said(bench: Studio) -> None:
    ended(bench.store, name="Voice")
    ended(bench.store, name="Letters")
    assert draw(bench, "voice")[0][NAME].tolist() == ["Voice"]
    assert says(draw(bench, "nothing")[2], text.NO_RUNS_FOUND)
    assert len(draw(bench, None)[0]) == 2


def test_an_empty_history_says_how_a_run_comes_to_be(bench: Studio) -> None:
    assert says(draw(bench, "")[2], text.NO_RUNS_YET)


def test_a_clicked_row_shows_its_run_and_a_forged_one_shows_nothing(bench: Studio) -> None:
    run = ended(bench.store)
    assert choose_row(bench, SimpleNamespace(row_value=["x", run.id])) == f"run:{run.id}"  # type: ignore[arg-type]
    for forged in ("../../etc", "20260101-000000-abcdef", ""):
        chosen = choose_row(bench, SimpleNamespace(row_value=[forged]))  # type: ignore[arg-type]
        assert not isinstance(chosen, str)


def test_a_run_is_described_named_and_found_by_its_tag(bench: Studio) -> None:
    run = ended(bench.store)
    key = f"run:{run.id}"
    assert text.ABOUT_SAVED in save_about(bench, key, "A better name", "voice, second try", "It went well.")
    said, card, name, tags, words, ways, _log = describe(bench, key)
    assert card["visible"] and not ways["visible"] and run.id in said
    assert (name, tags, words) == ("A better name", "voice, second-try", "It went well.")
    assert draw(bench, "second-try")[0][NAME].tolist() == ["A better name"]
    with pytest.raises(RunError, match="not a valid tag"):
        save_about(bench, key, "x", "<b>", "")


@pytest.mark.parametrize("key", ["", "import:0123456789abcdef"])
def test_without_a_run_nothing_can_be_done(bench: Studio, key: str) -> None:
    for act in (lambda: save_about(bench, key, "", "", ""), lambda: move_in_queue(bench, "first", key),
                lambda: delete_run(bench, key), lambda: search_log(bench, key, "", "")):  # fmt: skip
        with pytest.raises((RunError, AdapterError)):
            act()


def test_a_waiting_run_can_be_moved_and_not_deleted(bench: Studio, add_run: Any) -> None:
    _first, second = add_run("one"), add_run("two")
    key = f"run:{second.id}"
    assert describe(bench, key)[5]["visible"]
    assert text.MOVED in move_in_queue(bench, "first", key)
    with pytest.raises(RunError, match="stop it before"):
        delete_run(bench, key)


def test_a_deleted_run_is_in_the_bin_until_it_is_brought_back_or_deleted_for_good(bench: Studio) -> None:
    run = ended(bench.store, name="Gone")
    key, said = delete_run(bench, f"run:{run.id}")
    assert key == "" and says(said, text.deleted_run("Gone")) and len(draw(bench, "")[0]) == 0
    assert offer_bin(bench)["choices"] == [(f"Gone ({run.id})", run.id)]
    key, said = bring_back(bench, run.id)
    assert key == f"run:{run.id}" and says(said, text.restored_run("Gone"))
    delete_run(bench, key)
    assert text.DELETED_FOR_GOOD in forget(bench, run.id) and offer_bin(bench)["label"] == text.BIN_EMPTY
    for act in (bring_back, forget):
        with pytest.raises(RunError, match=re.escape(text.CHOOSE_DELETED)):
            act(bench, None)
        with pytest.raises(RunError, match="not in the trash"):
            act(bench, "../runs")


def test_a_sweep_queues_every_combination_and_finds_it(bench: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Run] = []
    monkeypatch.setattr(run_desk, "start", started.append)
    key = f"run:{ended(bench.store).id}"
    ((shown, said, words),) = start_again(bench, REQUEST, key, "0.003; 0.01", "", "0,1", ["keys"])
    assert len(started) == 4 and shown == f"run:{started[0].id}" and says(said, text.sweep_started(4, str(words)))
    assert sorted(draw(bench, words)[0][RATE]) == [0.003, 0.003, 0.01, 0.01]
    ((shown, said, words),) = start_again(bench, REQUEST, key, "", "", "", [])
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
    monkeypatch.setattr(run_desk, "start", lambda _run: pytest.fail("it was started"))
    steps = start_again(bench, REQUEST, f"run:{ended(bench.store).id}", *fields)
    assert escape(said) in next(steps)[1]
    with pytest.raises(StudioError, match=re.escape(said)):
        next(steps)
    assert len(bench.store.list()) == 1


def test_runs_are_ranked_and_drawn_side_by_side(bench: Studio) -> None:
    low, high = evaluated(ended(bench.store, name="low"), 0.5), evaluated(ended(bench.store, name="high"), 0.9)
    ranking, settings, curves, pareto = show_side_by_side(bench, [], "", "seconds")
    assert ranking.index("high") < ranking.index("low") and "0.800 to 1.000" in ranking and "accuracy" in ranking
    assert text.SAME_SETTINGS in settings and curves["visible"] and len(curves["value"].data) == 4
    assert isinstance(pareto["value"], go.Figure)
    chosen = show_side_by_side(bench, [low.id], "", "seconds")
    assert text.COMPARE_EMPTY in chosen[0] and not chosen[2]["visible"]
    with pytest.raises(RunError, match=re.escape(text.RUNS_GONE)):
        show_side_by_side(bench, [low.id, "../../etc"], "", "seconds")
    with pytest.raises(RunError, match="__class__"):
        show_side_by_side(bench, [low.id, high.id], "", "__class__")


def test_the_log_is_searched_by_words_and_level(bench: Studio) -> None:
    run = ended(bench.store)
    run.files.log.write_text(
        "Loading the model\nUserWarning: odd\nTraceback (most recent call last):\nstep 3: all well\n"
    )
    assert log_lines(run, "MODEL loading", "") == "Loading the model"
    assert log_lines(run, "", "warning").splitlines() == ["UserWarning: odd", "Traceback (most recent call last):"]
    assert log_lines(run, "", "error") == "Traceback (most recent call last):"
    assert search_log(bench, f"run:{run.id}", "nothing of it", "") == text.NO_SUCH_LINE


def test_no_point_of_the_front_is_beaten_by_another() -> None:
    points = [Point("a", 1, 5.0), Point("b", 2, 6.0), Point("c", 3, 4.0), Point("d", 3, 4.5)]
    assert [point.name for point in pareto_front(points, True)] == ["a", "c"]
    assert [point.name for point in pareto_front(points, False)] == ["a", "b"]
    drawn = pareto_figure(points, "numbers", "loss", True)
    assert list(drawn.data[0].x) == [1, 3] and list(drawn.data[1].text) == ["a", "b", "c", "d"]


def test_every_loss_of_every_run_is_drawn_in_the_runs_own_colour() -> None:
    curves = [Curve(name, (1, 2), (3.0, 2.0), (0, 2), (4.0, 2.5)) for name in ("one", "two")]
    lines = overlay_figure(curves).data
    assert [line.name for line in lines] == ["one, training", "one", "two, training", "two"]
    assert lines[0].line.color == lines[1].line.color != lines[2].line.color and list(lines[3].y) == [4.0, 2.5]


def test_the_table_goes_into_a_file(bench: Studio) -> None:
    ended(bench.store, name="=1+1")
    path = Path(draw(bench, "")[3])
    assert "'=1+1" in path.read_text()
