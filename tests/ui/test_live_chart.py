"""Messages to the chart: only what is new, and only numbers a browser can read."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from ia3_studio.training.config import Step
from ia3_studio.ui.components.live_chart import COLUMNS, WORDS, chart_delta


def step(number: int, loss: float | None = 2.0) -> Step:
    return Step(number, 50, number / 25, loss, None, 0.01, 0.5, 100 * number, 1.5 * number, 300.0)


def test_a_message_carries_only_the_steps_it_is_given() -> None:
    message = json.loads(chart_delta("run-1", [step(7)], 7, 50, True, 93.7))
    assert message == {
        "run": "run-1", "from": 7, "total_steps": 50, "active": True, "elapsed": 94, "base_so_far": None,
        "points": [[7.0, 2.0, None, 0.01, 0.5, 300.0, 10.5, 0.28]],
    }  # fmt: skip


def test_a_point_has_the_columns_in_their_order() -> None:
    rewarded = replace(step(1), chosen_reward=0.5, held_out_reward_accuracy=0.75)
    plain, point = json.loads(chart_delta("r", [step(1), rewarded], 0, 50, True))["points"]
    assert len(point) == len(COLUMNS) == len(WORDS["columns"]) and COLUMNS[:3] == ("step", "loss", "held_out")
    assert point[8:] == [0.5, None, None, None, None, 0.75]
    assert len(plain) == 8  # a run without rewards sends none


def test_a_loss_that_is_no_number_is_left_out() -> None:
    (point,) = json.loads(chart_delta("r", [step(1, math.nan)], 0, 50, True))["points"]
    assert point[1] is None


def test_the_base_model_s_loss_so_far_is_sent_while_there_is_no_point() -> None:
    assert json.loads(chart_delta("r", [], 0, 0, True, 2.0, 4.25))["base_so_far"] == 4.25
    assert json.loads(chart_delta("r", [], 0, 0, True, 2.0, math.nan))["base_so_far"] is None


def test_without_a_run_the_message_is_empty() -> None:
    assert chart_delta("", [], 0, 0, False) == ""
