"""What a page gets of its run, and that it gets it only once."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ia3_studio.runs.folder import WorkerStatus, step_line, write_json
from ia3_studio.training.config import Step
from ia3_studio.ui import text
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.page import change_visibility, poll_page
from ia3_studio.ui.polling import (
    ACTIVE,
    HIDDEN,
    PAGE_TIMEOUT,
    POLLS_PER_SECOND,
    Cursor,
    OpenPages,
    newest_key,
    poll,
    run_row,
)
from ia3_studio.ui.session import Studio
from tests.ui.conftest import AddRun, write_steps

STEP = Step(0, 9, 0.0, 1.0, None, 0.1, 0.1, 1, 1.0, 1.0)


def message(text: str) -> dict[str, Any]:
    return dict(json.loads(text))


def test_a_second_look_brings_only_new_points_and_nothing_else(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    write_steps(run, 0, 3)
    first = poll(bench, run_key(run.id), Cursor())
    write_steps(run, 3, 5)
    second = poll(bench, run_key(run.id), first.cursor)
    third = poll(bench, run_key(run.id), second.cursor)
    assert [point[0] for point in message(first.chart)["points"]] == [0, 1, 2]
    assert message(second.chart)["from"] == 3
    assert [point[0] for point in message(second.chart)["points"]] == [3, 4]
    assert message(third.chart)["points"] == []
    assert third.strip is third.rows is third.log is None


def test_showing_another_run_starts_its_curve_from_the_first_point(bench: Studio, add_run: AddRun) -> None:
    one, other = add_run("One"), add_run("Other")
    write_steps(one, 0, 4)
    write_steps(other, 0, 2)
    seen = poll(bench, run_key(one.id), Cursor())
    turned = poll(bench, run_key(other.id), seen.cursor)
    assert message(turned.chart)["run"] == other.id
    assert message(turned.chart)["from"] == 0
    assert len(message(turned.chart)["points"]) == 2


def test_a_page_opens_on_the_active_run_rather_than_the_newest(bench: Studio, add_run: AddRun) -> None:
    active, newest = add_run("Active"), add_run("Newest")
    write_json(newest.files.status, vars(WorkerStatus("ended", "Finished after 5 steps", result="finished")))
    assert newest_key(bench) == run_key(active.id)


def test_an_empty_store_shows_nothing_and_says_what_to_do(bench: Studio) -> None:
    view = poll(bench, newest_key(bench), Cursor())
    assert message(view.strip or "")["state"] == ""
    assert message(view.rows or "")["empty"] == text.NO_RUNS
    assert view.chart == ""


def test_a_run_that_is_gone_leaves_the_page_standing(bench: Studio) -> None:
    view = poll(bench, "run:20200101-000000-abcdef", Cursor())
    assert view.chart == "" and not view.active


def test_a_damaged_run_is_listed_by_its_id(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.config.write_text("{")
    bench.store.list()
    rows = message(poll(bench, "", Cursor()).rows or "")["rows"]
    assert rows[0]["name"] == run.id


def test_the_list_gives_the_first_and_the_newest_held_out_loss(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    write_steps(run, 0, 6)
    assert bench.outcomes.of(run, False)[:2] == (4.0, 3.5)
    write_steps(run, 6, 11)
    assert bench.outcomes.of(run, False)[:2] == (4.0, 3.0)
    rows = message(poll(bench, "", Cursor()).rows or "")["rows"]
    assert rows[0]["held_out"] == "4.000 → 3.000"


def test_after_a_gap_the_whole_curve_is_sent_again(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    write_steps(run, 0, 4)
    seen = poll(bench, run_key(run.id), Cursor())
    again = poll(bench, run_key(run.id), replace(seen.cursor, offset=0, points=0))
    assert message(again.chart)["from"] == 0
    assert len(message(again.chart)["points"]) == 4


def test_a_resumed_run_is_drawn_anew_from_its_first_point(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    write_steps(run, 0, 6)
    seen = poll(bench, run_key(run.id), Cursor())
    run.files.go_back_to(2)
    write_steps(run, 3, 9)  # more than before: the size alone would not tell
    again = poll(bench, run_key(run.id), seen.cursor)
    assert message(again.chart)["from"] == 0
    assert [point[0] for point in message(again.chart)["points"]] == list(range(9))


def test_what_a_step_has_to_say_stays_until_another_has(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    steps = [replace(STEP, step=number, note=note) for number, note in enumerate(["A <high> rate.", None, "Ended."])]
    run.files.metrics.write_text("".join(map(step_line, steps[:2])))
    first = poll(bench, run_key(run.id), Cursor())
    assert first.note == text.step_note(0, "A <high> rate.")
    assert poll(bench, run_key(run.id), first.cursor).note is None
    with run.files.metrics.open("a") as metrics:
        metrics.write(step_line(steps[2]))
    assert poll(bench, run_key(run.id), first.cursor).note == text.step_note(2, "Ended.")
    other = add_run("Other")
    assert poll(bench, run_key(other.id), first.cursor).note == ""


def test_a_finished_run_is_told_by_the_loss_of_the_numbers_it_keeps(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    losses = [4.0, 2.0, 2.5]
    run.files.metrics.write_text("".join(step_line(replace(STEP, step=n, held_out=h)) for n, h in enumerate(losses)))
    assert bench.outcomes.of(run, False) == (4.0, 2.5, 2)
    assert bench.outcomes.of(run, True) == (4.0, 2.0, 1)


def test_a_run_that_measures_its_result_is_listed_with_the_loss_it_keeps(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    losses = [4.0, 2.0, 2.5]
    run.files.metrics.write_text("".join(step_line(replace(STEP, step=n, held_out=h)) for n, h in enumerate(losses)))
    shown = [
        run_row(bench, run, replace(run.status(), state="running", phase=p)).held_out
        for p in ("training", "evaluating")
    ]
    assert shown == [text.before_after(4.0, 2.5), text.before_after(4.0, 2.0)]


def test_a_page_alone_looks_as_soon_as_it_wants_and_a_crowd_shares_what_it_may_cost() -> None:
    pages = OpenPages()
    assert pages.interval("one", ACTIVE, 100.0) == ACTIVE and pages.interval("one", ACTIVE, 101.0) == ACTIVE
    pauses = [pages.interval(f"page {number}", ACTIVE, 102.0) for number in range(50)]
    assert pauses[-1] == pytest.approx(51 / POLLS_PER_SECOND)
    assert pages.interval("one", HIDDEN, 103.0) == HIDDEN  # of whom nobody sees is seldom enough
    assert pages.interval("one", ACTIVE, 102.0 + 2 * PAGE_TIMEOUT) == ACTIVE  # the others are gone


def test_a_page_that_nobody_sees_looks_rarely(bench: Studio, add_run: AddRun) -> None:
    add_run()
    request: Any = SimpleNamespace(session_hash="page")
    pauses = [poll_page(bench, request, "", Cursor(), hidden)[8].value for hidden in (False, True)]
    assert pauses == [ACTIVE, HIDDEN]
    assert change_visibility(SimpleNamespace(hidden=True))[0] and not change_visibility(SimpleNamespace())[0]  # type: ignore[arg-type]
