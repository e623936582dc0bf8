"""The Runs tab: a history that can be searched, and runs that are compared."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from ia3_studio.errors import RunError
from ia3_studio.insight.curves import Curve, Point, pareto_front
from ia3_studio.insight.figures import overlay_figure, pareto_figure
from ia3_studio.ui import text
from ia3_studio.ui.runs_tab import choose_row, compare_runs, draw, draw_changed
from ia3_studio.ui.session import Studio
from tests.runs.test_history import ended, evaluated
from tests.ui.conftest import says

NAME, _STATE, RESULT, _BASE, INTERVAL, VERDICT, _MODEL, _DATA, _SITES, RATE, *_OTHERS, RUN = text.HISTORY_COLUMNS
REQUEST: Any = SimpleNamespace(session_hash="page")


def test_the_table_holds_numbers_and_the_id_of_every_run(bench: Studio) -> None:
    bench.scratch.mkdir()
    run = evaluated(ended(bench.store, name="Voice"), 0.8)
    shown, choices, said, csv = draw(bench, "", list(text.HISTORY_COLUMNS))
    frame = shown["value"]
    assert list(frame.columns) == list(text.HISTORY_COLUMNS) and len(frame) == 1 and said == ""
    line = frame.iloc[0]
    assert (line[RESULT], line[INTERVAL], line[VERDICT], line[RUN]) == (0.8, "0.700 to 0.900", "gain", run.id)
    assert choices["choices"][0][1] == run.id
    assert pd.read_csv(csv)[RATE].tolist() == [0.02]


def test_words_narrow_the_table_and_nothing_found_is_said(bench: Studio) -> None:
    ended(bench.store, name="Voice")
    ended(bench.store, name="Letters")
    assert draw(bench, "voice", [NAME])[0]["value"][NAME].tolist() == ["Voice"]
    assert says(draw(bench, "nothing", [NAME])[2], text.NO_RUNS_FOUND)
    assert len(draw(bench, None, [NAME])[0]["value"]) == 2


def test_the_chosen_columns_are_shown_in_their_order_and_the_file_has_all(bench: Studio) -> None:
    ended(bench.store, name="Voice")
    shown, _compared, _said, csv = draw(bench, "", [VERDICT, NAME, "no column"])
    assert list(shown["value"].columns) == [NAME, VERDICT, RUN] and len(shown["column_widths"]) == 3
    assert list(draw(bench, "", None)[0]["value"].columns) == [RUN]
    assert list(pd.read_csv(csv).columns) == list(text.HISTORY_COLUMNS)
    assert "value" not in draw_changed(bench, "", [NAME])[1]  # what is chosen for a comparison stays chosen


def test_an_empty_history_says_how_a_run_comes_to_be(bench: Studio) -> None:
    assert says(draw(bench, "", [NAME])[2], text.NO_RUNS_YET)


def test_a_clicked_row_shows_its_run_and_a_forged_one_shows_nothing(bench: Studio) -> None:
    run = ended(bench.store)
    assert choose_row(bench, SimpleNamespace(row_value=["x", run.id])) == f"run:{run.id}"  # type: ignore[arg-type]
    for forged in ("../../etc", "20260101-000000-abcdef", ""):
        chosen = choose_row(bench, SimpleNamespace(row_value=[forged]))  # type: ignore[arg-type]
        assert not isinstance(chosen, str)


def test_runs_are_ranked_and_drawn_side_by_side(bench: Studio) -> None:
    low, high = evaluated(ended(bench.store, name="low"), 0.5), evaluated(ended(bench.store, name="high"), 0.9)
    ranking, settings, curves, pareto = compare_runs(bench, [], "", "seconds")
    assert ranking.index("high") < ranking.index("low") and "0.800 to 1.000" in ranking and "accuracy" in ranking
    assert text.SAME_SETTINGS in settings and curves["visible"] and len(curves["value"].data) == 4
    assert isinstance(pareto["value"], go.Figure)
    chosen = compare_runs(bench, [low.id], "", "seconds")
    assert text.COMPARE_EMPTY in chosen[0] and not chosen[2]["visible"]
    with pytest.raises(RunError, match=re.escape(text.RUNS_GONE)):
        compare_runs(bench, [low.id, "../../etc"], "", "seconds")
    with pytest.raises(RunError, match="__class__"):
        compare_runs(bench, [low.id, high.id], "", "__class__")


def test_no_point_of_the_front_is_beaten_by_another() -> None:
    points = [Point("a", 1, 5.0), Point("b", 2, 6.0), Point("c", 3, 4.0), Point("d", 3, 4.5)]
    assert [point.name for point in pareto_front(points, True)] == ["a", "c"]
    assert [point.name for point in pareto_front(points, False)] == ["a", "b"]
    drawn = pareto_figure(points, "numbers", "loss", True)
    assert list(drawn.data[0].x) == [1, 3] and list(drawn.data[1].text) == ["a", "b", "c", "d"]


def test_every_loss_of_every_run_is_drawn_in_the_runs_own_color() -> None:
    curves = [Curve(name, (1, 2), (3.0, 2.0), (0, 2), (4.0, 2.5)) for name in ("one", "two")]
    lines = overlay_figure(curves).data
    assert [line.name for line in lines] == ["one, training", "one", "two, training", "two"]
    assert lines[0].line.color == lines[1].line.color != lines[2].line.color and list(lines[3].y) == [4.0, 2.5]


def test_the_table_goes_into_a_file(bench: Studio) -> None:
    ended(bench.store, name="=1+1")
    path = Path(draw(bench, "", [NAME])[3])
    assert "'=1+1" in path.read_text()
