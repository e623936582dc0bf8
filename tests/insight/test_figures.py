"""Figures: diverging at 1, honest about little, and nothing of them leaves the machine."""

from __future__ import annotations

import numpy as np
import torch

from ia3_studio.insight.deviation import deviations, grid, histogram
from ia3_studio.insight.figures import CONFIG, SMALLEST_RANGE, heatmap, histogram_figure, loss_figure
from ia3_studio.method.sites import Site
from ia3_studio.training.config import Step

VECTORS = {Site("a.0.k", "output", 3, "key"): torch.tensor([0.9, 0.7, 1.0])}


def test_the_heatmap_is_centred_on_the_base_model() -> None:
    trace = heatmap(grid(deviations(VECTORS))).data[0]
    assert trace.zmin == -trace.zmax and np.allclose(trace.z, -0.4 / 3)


def test_an_untrained_adapter_does_not_look_trained() -> None:
    trace = heatmap(grid(deviations({site: torch.ones(3) + 1e-6 for site in VECTORS}))).data[0]
    assert trace.zmax == SMALLEST_RANGE


def test_the_spread_starts_at_nothing() -> None:
    trace = heatmap(grid(deviations(VECTORS), "spread")).data[0]
    assert trace.zmin == 0 and trace.zmax > 0


def test_the_histogram_has_a_line_at_1() -> None:
    figure = histogram_figure(histogram(VECTORS))
    assert figure.layout.shapes[0].x0 == figure.layout.shapes[0].x1 == 1


def test_backgrounds_are_transparent_and_nothing_is_offered_for_upload() -> None:
    for figure in (heatmap(grid(deviations(VECTORS))), histogram_figure(histogram(VECTORS)), loss_figure([])):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert CONFIG["showSendToCloud"] is False and CONFIG["plotlyServerURL"] == ""


def test_the_loss_figure_draws_what_was_measured() -> None:
    steps = [Step(n, 2, n, None if n == 0 else 2.0 - n, 3.0 if n != 1 else None, 0, None, 0, 0, None) for n in range(3)]
    losses, held_out = loss_figure(steps).data
    assert list(losses.x) == [1, 2] and list(held_out.x) == [0, 2]
