"""What a page gets of its run, and that it gets it only once."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from ia3_studio.runs.folder import WorkerStatus, step_line, write_json
from ia3_studio.runs.held_out import held_out_loss
from ia3_studio.runs.history import record_of
from ia3_studio.training.config import Step
from ia3_studio.ui import text
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.page import change_visibility, follow, poll_page
from ia3_studio.ui.polling import (
    ACTIVE,
    HIDDEN,
    PAGE_TIMEOUT,
    POLLS_PER_SECOND,
    Cursor,
    OpenPages,
    newest_key,
    poll,
)
from ia3_studio.ui.run_table import search_runs
from ia3_studio.ui.scales_tab import draw_clicked
from ia3_studio.ui.session import Studio
from tests.runs.test_history import ended, evaluated
from tests.ui.conftest import AddRun, save_adapter, write_steps

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
    assert third.strip is third.listing is third.log is None


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


def test_an_empty_store_shows_nothing(bench: Studio) -> None:
    view = poll(bench, newest_key(bench), Cursor())
    assert message(view.strip or "")["state"] == ""
    assert view.chart == ""


def test_a_run_that_is_gone_leaves_the_page_standing(bench: Studio) -> None:
    view = poll(bench, "run:20200101-000000-abcdef", Cursor())
    assert view.chart == "" and not view.active


def test_a_damaged_run_is_listed_by_its_id(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.config.write_text("{")
    bench.store.list()
    (choice,) = message(poll(bench, "", Cursor()).strip or "")["choices"]
    assert run.id in choice["label"]
    assert search_runs(bench, "")[0].name == run.id


def test_the_first_and_the_newest_held_out_loss_count_while_a_run_trains(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    write_steps(run, 0, 6)
    assert held_out_loss(run, False)[:2] == (4.0, 3.5)
    write_steps(run, 6, 11)
    assert held_out_loss(run, False)[:2] == (4.0, 3.0)


def test_the_table_of_runs_is_drawn_again_when_a_run_starts_or_ends_and_not_at_a_step(
    bench: Studio, add_run: AddRun
) -> None:
    run = add_run()
    write_steps(run, 0, 3)
    first = poll(bench, run_key(run.id), Cursor())
    write_steps(run, 3, 5)
    second = poll(bench, run_key(run.id), first.cursor)
    assert first.listing is None and second.listing is None  # a page that opens draws no table
    other = add_run("Other")
    third = poll(bench, run_key(run.id), second.cursor)
    assert other.id in (third.listing or "")
    write_json(run.files.status, vars(WorkerStatus("ended", "Finished after 5 steps", result="finished")))
    assert poll(bench, run_key(run.id), third.cursor).listing


def test_a_finished_run_says_what_it_came_to_and_leads_to_its_scales_and_the_chat(
    bench: Studio, add_run: AddRun
) -> None:
    run = add_run()
    write_steps(run, 0, 6)
    active = message(poll(bench, run_key(run.id), Cursor()).strip or "")
    assert not active["has_adapter"]
    done = evaluated(ended(bench.store, name="Voice"), 0.8)
    save_adapter(done.files.adapters / "step-00000003")
    shown = message(poll(bench, run_key(done.id), Cursor()).strip or "")
    assert shown["has_adapter"] and text.outcome(record_of(done)) in shown["sentence"]
    assert all(part in text.outcome(record_of(done)) for part in ("accuracy", "0.800", "gain"))
    assert follow(SimpleNamespace(tab="chat")).selected == "chat"  # type: ignore[arg-type]
    assert follow(SimpleNamespace(tab="../x")) == gr.skip()  # type: ignore[arg-type]


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
    assert held_out_loss(run, False) == (4.0, 2.5, 2)
    assert held_out_loss(run, True) == (4.0, 2.0, 1)
    evaluating = replace(run.status(), state="running", phase="evaluating")
    assert evaluating.is_trained and not replace(evaluating, phase="training").is_trained


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


@pytest.mark.parametrize("data", [None, "tab", 7, {}, {"tab": ["chat"], "hidden": None, "key": {}}])
def test_an_event_without_the_data_of_its_script_changes_nothing(bench: Studio, data: Any) -> None:
    event = gr.EventData(None, data)
    assert follow(event) == gr.skip()
    assert change_visibility(event)[0] is False
    assert draw_clicked(bench, event, "", "", text.DIRECTION, "")
