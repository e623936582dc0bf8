"""Distributions and comparisons of adapters: the numbers drawn are the numbers of the adapter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.insight.ablation_figures import difference_map, sorted_curve, violins
from ia3_studio.insight.diff import diff, sentence
from ia3_studio.insight.distributions import QUANTILES, by_layer, by_role, distribution_table, of_site
from ia3_studio.method import Site

KEY0, KEY1 = Site("layers.0.k_proj", "output", 3, "key"), Site("layers.1.k_proj", "output", 3, "key")
VALUE0 = Site("layers.0.v_proj", "output", 3, "value")
VECTORS = {
    KEY0: torch.tensor([0.5, 1.0, 1.5]),
    KEY1: torch.tensor([1.0, 1.0, 3.0]),
    VALUE0: torch.tensor([0.9, 1.0, 1.1]),
}


def test_scales_are_grouped_by_role_and_by_layer() -> None:
    roles = {each.name: each for each in by_role(VECTORS)}
    assert (roles["key"].scales, roles["value"].scales) == (6, 3)
    assert (roles["key"].quantiles[0], roles["key"].quantiles[-1]) == (0.5, 3.0)
    layers = by_layer(VECTORS)
    assert [each.name for each in layers] == ["0", "1"]
    assert layers[0].quantiles[QUANTILES // 2] == pytest.approx(np.median([0.5, 1, 1.5, 0.9, 1, 1.1]))
    assert distribution_table(layers)["largest"].tolist() == [1.5, 3.0]


def test_two_stacks_are_told_apart() -> None:
    stacks = {
        Site("encoder.block.0.k", "output", 2, "key"): torch.ones(2),
        Site("decoder.block.0.k", "output", 2, "key"): torch.ones(2),
    }
    assert [each.name for each in by_layer(stacks)] == ["encoder.block: 0", "decoder.block: 0"]


def test_a_sorted_curve_draws_the_numbers_of_its_site() -> None:
    found = of_site(VECTORS, KEY0.name)
    curve = sorted_curve(found).data[0]
    assert (curve.y[0], curve.y[QUANTILES // 2], curve.y[-1]) == (0.5, 1.0, 1.5)
    with pytest.raises(AdapterError, match="no vector at nowhere"):
        of_site(VECTORS, "nowhere")


def test_violins_are_drawn_from_the_quantiles() -> None:
    figure = violins(by_role(VECTORS), "role")
    assert [violin.name for violin in figure.data] == ["key", "value"]
    assert np.array_equal(figure.data[0].y, by_role(VECTORS)[0].quantiles.astype(np.float32))


def test_an_adapter_beside_itself_points_the_same_way() -> None:
    found = diff(VECTORS, VECTORS)
    assert found.cosine == pytest.approx(1) and all(each.distance == 0 for each in found.sites)
    opposite = {site: 2 - vector for site, vector in VECTORS.items()}
    assert diff(VECTORS, opposite).cosine == pytest.approx(-1)


def test_difference_and_cosine_are_those_of_the_deviations() -> None:
    other = {KEY0: torch.tensor([1.0, 1.0, 2.0]), VALUE0: torch.ones(3)}
    found = diff(VECTORS, other)
    key, value = found.sites
    one, two = np.array([-0.5, 0, 0.5]), np.array([0, 0, 1.0])
    assert key.cosine == pytest.approx(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
    assert key.difference == pytest.approx((one - two).mean())
    assert key.distance == pytest.approx(np.abs(one - two).mean())
    assert math.isnan(value.cosine)  # one of them learned nothing there
    assert (found.only_first, found.only_second) == (1, 0)
    assert found.map.values[0, 0] == pytest.approx(key.difference)
    assert "1 sites only first scales" in sentence(found, "first", "second")
    assert difference_map(found.map, "first", "second").data[0].z[0, 0] == pytest.approx(key.difference)


def test_adapters_without_a_common_site_are_refused() -> None:
    with pytest.raises(AdapterError, match="no site in common"):
        diff({KEY0: torch.ones(3)}, {VALUE0: torch.ones(3)})
