"""Single channels are those of the adapter's file, and the few that hold half of the change are counted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ia3_studio.insight.channels import channel_table, concentration, concentration_sentence, extremes
from ia3_studio.method import Adapter, discover
from ia3_studio.method.scaling import attach
from ia3_studio.method.sites import Site
from tests.families import tiny_model

A, B = Site("layers.0.k_proj", "output", 4, role="key"), Site("layers.1.down", "input", 3, role="feed-forward")
VECTORS = {A: np.array([1.0, 1.5, 0.2, 1.0]), B: np.array([3.0, 0.9, 1.0])}


def test_the_furthest_channels_are_named_with_their_numbers() -> None:
    amplified, inhibited = extremes(VECTORS)
    assert [(c.site, c.channel, c.scale) for c in amplified] == [(B.name, 0, 3.0), (A.name, 1, 1.5)]
    assert [(c.site, c.channel, c.scale) for c in inhibited] == [(A.name, 2, 0.2), (B.name, 1, 0.9)]
    assert amplified[0].role == "feed-forward"


def test_one_site_can_be_looked_at_alone_and_no_more_are_named_than_asked_for() -> None:
    amplified, inhibited = extremes(VECTORS, A.name, count=1)
    assert [c.channel for c in amplified] == [1] and [c.channel for c in inhibited] == [2]
    assert extremes(VECTORS, "elsewhere") == ([], [])
    assert list(channel_table(amplified).columns) == ["site", "role", "channel", "scale"]


def test_numbers_equal_those_of_the_adapters_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    model = tiny_model("gpt2")  # keys and values are parts of one fused projection
    attachment = attach(model, discover(model).select("paper"))
    with torch.no_grad():
        attachment.parameter.uniform_(0, 2)
    attachment.adapter({"task_type": "CAUSAL_LM"}).save(tmp_path)
    vectors = Adapter.load(tmp_path).vectors()
    amplified, inhibited = extremes(vectors, count=3)
    everything = torch.cat(list(vectors.values()))
    assert [c.scale for c in amplified] == pytest.approx(everything.sort(descending=True).values[:3].tolist())
    assert [c.scale for c in inhibited] == pytest.approx(everything.sort().values[:3].tolist())
    for channel in (*amplified, *inhibited):
        site = next(site for site in vectors if site.name == channel.site)
        assert vectors[site][list(site.positions).index(channel.channel)].item() == pytest.approx(channel.scale)


def test_few_channels_hold_half_of_what_changed() -> None:
    assert concentration({A: np.array([1.0, 1.0, 1.0, 2.0])}) == 0.25
    assert concentration({A: np.array([1.1, 1.1, 0.9, 0.9])}) == 0.5
    assert concentration({A: np.ones(4)}) == 0 and concentration_sentence({A: np.ones(4)}) == ""
    assert concentration(VECTORS) == pytest.approx(1 / 7)
    assert concentration_sentence(VECTORS) == " 14.3% of the channels account for half of the total change."
