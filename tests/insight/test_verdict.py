"""The verdict follows from the interval of the paired difference, and its sentence says the numbers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ia3_studio.insight.verdict import FEWEST_ROWS, FORGETTING_BOUND, change, figure, span, verdict
from ia3_studio.training.intervals import Interval
from ia3_studio.training.report import Better, Evaluation, Measure


def loss(low: float, high: float, rows: int = 24, better: Better = "lower") -> Evaluation:
    middle = (low + high) / 2
    ends = Interval(3.0, 4.0)
    measure = Measure("Loss", "nats per token", better, 3.5, 3.5 + middle, ends, ends, Interval(low, high))
    return Evaluation("language", (measure,), rows, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "better", "kind"),
    [
        (-0.4, -0.1, "lower", "gain"),
        (0.1, 0.4, "lower", "loss"),
        (0.1, 0.4, "higher", "gain"),
        (-0.4, -0.1, "higher", "loss"),
        (-0.1, 0.4, "lower", "no gain"),
        (0.0, 0.0, "lower", "no gain"),
        (-0.1, 0.0, "lower", "no gain"),
    ],
)
def test_only_an_interval_on_one_side_of_zero_decides(low: float, high: float, better: Better, kind: str) -> None:
    assert verdict(loss(low, high, better=better)).kind == kind


def test_few_rows_tell_nothing_however_far_they_agree() -> None:
    assert 2 * 0.5 ** (FEWEST_ROWS - 1) > 0.05 > 2 * 0.5**FEWEST_ROWS
    assert verdict(loss(-0.4, -0.1, rows=FEWEST_ROWS)).kind == "gain"
    said = verdict(loss(-0.4, -0.1, rows=FEWEST_ROWS - 1))
    assert said.kind == "too few rows to tell" and "5 held-out rows" in said.sentence
    alone = Evaluation("language", (Measure("Loss", "", "lower", 1.0, 0.5, None, None, None),), 1, 1.0)
    assert verdict(alone).kind == "too few rows to tell"


def test_it_forgets_only_when_the_whole_interval_lies_above_the_bound() -> None:
    gain = loss(-0.4, -0.1)
    assert verdict(gain, loss(FORGETTING_BOUND + 0.01, 0.4)).forgets
    assert not verdict(gain, loss(FORGETTING_BOUND - 0.01, 0.4)).forgets
    assert not verdict(gain, loss(-0.4, -0.1)).forgets and not verdict(gain).forgets
    assert verdict(gain, loss(0.1, 0.4)).kind == "gain"


def test_the_sentence_says_both_numbers_and_the_interval() -> None:
    said = verdict(loss(-0.4, -0.1), loss(0.1, 0.3)).sentence
    assert said == (
        "Gain. Loss went from 3.500 to 3.250 nats per token (95 % interval of the difference: −0.400 to "
        "−0.100). Forgetting: the loss on neutral text changed by +0.200 nats per token (+0.100 to +0.300), "
        "clearly more than the allowed 0.05."
    )
    assert "the 95 % interval of the difference (−0.100 to +0.100) contains 0." in verdict(loss(-0.1, 0.1)).sentence
    assert verdict(loss(0, 0)).sentence == "No gain. Loss stayed at 3.500 nats per token on every row."
    assert "No clear forgetting" in verdict(loss(-0.1, 0.1), loss(-0.1, 0.1)).sentence


def test_numbers_are_short_and_carry_their_sign() -> None:
    assert (figure(1234.5), figure(-0.5), change(0.25), change(0), change(-0.25)) == (
        "1,234.5", "−0.500", "+0.250", "0.000", "−0.250",
    )  # fmt: skip
    assert span(None) == "–"


def test_a_verdict_needs_no_torch() -> None:
    rooms = "ia3_studio.insight.verdict, ia3_studio.training.report"
    code = f"import sys, {rooms}; print({{'torch', 'scipy'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
