"""Figures: diverging at 1, honest about little, and nothing of them leaves the machine."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ia3_studio.insight.deviation import Measure, deviations, grid, histogram
from ia3_studio.insight.figures import (
    AMPLIFIED,
    CONFIG,
    INHIBITED,
    INK,
    SMALLEST_RANGE,
    heatmap,
    histogram_figure,
    loss_figure,
)
from ia3_studio.method.sites import Site
from ia3_studio.training.config import Step

VECTORS = {Site("a.0.k", "output", 3, "key"): torch.tensor([0.9, 0.7, 1.0])}


def test_the_heatmap_is_centered_on_the_base_model() -> None:
    trace = heatmap(grid(deviations(VECTORS))).data[0]
    assert trace.zmin == -trace.zmax and np.allclose(trace.z, -0.4 / 3)


def test_an_untrained_adapter_does_not_look_trained() -> None:
    trace = heatmap(grid(deviations({site: torch.ones(3) + 1e-6 for site in VECTORS}))).data[0]
    assert trace.zmax == SMALLEST_RANGE


@pytest.mark.parametrize("measure", ["spread", "std"])
def test_what_has_no_direction_starts_at_nothing(measure: Measure) -> None:
    trace = heatmap(grid(deviations(VECTORS), measure)).data[0]
    assert trace.zmin == 0 and trace.zmax > SMALLEST_RANGE
    assert "inhibited" not in trace.colorbar.title.text


def test_the_colors_are_named_at_the_scale() -> None:
    bar = heatmap(grid(deviations(VECTORS))).data[0].colorbar
    assert bar.title.text == "inhibited ← mean of scale − 1 → amplified"
    assert bar.ticktext == ("−0.13", "0", "+0.13")


def test_a_cell_tells_its_path_role_mean_and_range_and_a_gap_tells_nothing() -> None:
    other = Site("a.1.v", "output", 1, "value")
    cells = heatmap(grid(deviations({**VECTORS, other: torch.ones(1)}))).data[0].text
    assert "<b>a.0.k</b><br>key, output side, 3 parameters" in cells[0][0]
    assert "mean 0.8667, from 0.7000 to 1.0000" in cells[0][0] and "67% inhibited" in cells[0][0]
    assert cells[0][1] == ""


def test_the_histogram_has_a_line_at_1() -> None:
    figure = histogram_figure(histogram(VECTORS))
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 1


def test_the_bin_around_1_is_neither_inhibited_nor_amplified() -> None:
    colors = histogram_figure(histogram(VECTORS)).data[0].marker.color
    middle = len(colors) // 2
    assert colors[middle] == INK and colors[middle - 1] == INHIBITED and colors[middle + 1] == AMPLIFIED


def test_counts_can_be_read_on_a_log_scale_which_the_axis_says() -> None:
    axis = histogram_figure(histogram(VECTORS), "log").layout.yaxis
    assert axis.type == "log" and "log" in axis.title.text
    assert histogram_figure(histogram(VECTORS)).layout.yaxis.type is None


def test_backgrounds_are_transparent_and_nothing_is_offered_for_upload() -> None:
    for figure in (heatmap(grid(deviations(VECTORS))), histogram_figure(histogram(VECTORS)), loss_figure([])):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert CONFIG["showSendToCloud"] is False and CONFIG["plotlyServerURL"] == ""


def test_the_loss_figure_draws_what_was_measured() -> None:
    steps = [Step(n, 2, n, None if n == 0 else 2.0 - n, 3.0 if n != 1 else None, 0, None, 0, 0, None) for n in range(3)]
    losses, held_out = loss_figure(steps).data
    assert list(losses.x) == [1, 2] and list(held_out.x) == [0, 2]
