"""What to try next: each rule speaks where its number says so, and is silent elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ia3_studio.insight.advice import Facts, advice
from ia3_studio.insight.deviation import deviations, grid
from ia3_studio.insight.svg import lines_svg, map_svg
from ia3_studio.insight.verdict import Verdict
from ia3_studio.method import Site

GAIN = Verdict("gain", False, "")
SETTLED = [(0, 4.0), (10, 3.0), (20, 2.5), (30, 2.45), (40, 2.44)]
USUAL = Facts(1e-2, 2, SETTLED, 40, 0.07, GAIN)


def test_a_run_without_a_flaw_is_told_so() -> None:
    (said,) = advice(USUAL)
    assert "No problem found" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"learning_rate": 1e-4, "verdict": Verdict("no gain", False, "")}, "0.0001 is too low for (IA)³"),
        ({"spread": 0.001, "verdict": Verdict("no gain", False, "")}, "hardly changed (mean |scale − 1| 0.0010)"),
        ({"verdict": Verdict("loss", False, "")}, "worse than the base model"),
        ({"held_out": [(0, 4.0), (10, 3.5), (20, 3.0), (30, 2.5), (40, 2.0)]}, "still falling at the end"),
        ({"held_out": [(0, 4.0), (10, 2.0), (20, 2.2), (30, 2.4), (40, 2.6)]}, "lowest at step 10 (2.000) and rose"),
        ({"verdict": Verdict("gain", True, "")}, "Forgetting: "),
        ({"rows": 8}, "Only 8 rows were held out"),
        ({"enough": 0.2}, "largest 20% of the parameters"),
        ({"verdict": Verdict("no gain", False, "")}, "higher learning rate"),
    ],
)
def test_each_flaw_is_named_with_its_number(changes: dict[str, object], said: str) -> None:
    assert said in " ".join(advice(replace(USUAL, **changes)))  # type: ignore[arg-type]


def test_a_low_rate_is_no_flaw_where_it_gained() -> None:
    assert "too low" not in " ".join(advice(replace(USUAL, learning_rate=1e-4)))


def test_lines_are_drawn_through_all_points_and_names_are_escaped() -> None:
    drawn = lines_svg([("<b>", [(0, 1.0), (10, 3.0), (20, 2.0)])], "step", "loss")
    points = drawn.partition("points='")[2].partition("'")[0].split()
    ys = [float(point.split(",")[1]) for point in points]
    assert len(points) == 3 and ys[1] < ys[2] < ys[0]  # down the page is down the scale
    assert "<b>" not in drawn and lines_svg([], "a", "b") == ""


def test_the_map_without_a_script_holds_every_vector() -> None:
    sites = [Site(f"layers.{number}.k_proj", "output", 2, "key") for number in range(3)]
    rows = deviations({site: np.array([1.0, 1.2]) for site in sites})
    drawn = map_svg(grid(rows))
    assert drawn.count("<rect") == 3 and "mean 1.1000" in drawn
