"""Insight: figures of the vectors that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ia3_studio.insight.deviation import (
    deviation_table,
    deviations,
    grid,
    histogram,
    histogram_table,
    layer_of,
    parts_of,
    summary,
)
from ia3_studio.method.sites import Site

K0 = Site("model.layers.0.attn.k", "output", 4, "key")
V1 = Site("model.layers.1.attn.v", "output", 2, "value")
FUSED = Site("h.3.attn.c_attn", "output", 2, "key", ((2, 4),), 6)
VECTORS = {K0: torch.tensor([1.0, 1.5, 0.5, 1.005]), V1: torch.tensor([1.1, 1.3])}


def test_a_site_is_described_by_its_own_numbers() -> None:
    first, second = deviations(VECTORS)
    assert (first.site, first.layer, first.part, first.role, first.size) == (K0.path, 0, "attn.k", "key", 4)
    assert first.mean == pytest.approx(0.00125, abs=1e-6) and first.spread == pytest.approx(0.25125, abs=1e-6)
    assert (first.smallest, first.largest, first.inhibited, first.amplified) == (0.5, 1.5, 0.25, 0.25)
    assert second.amplified == 1.0


def test_the_grid_has_a_row_a_block_and_a_gap_where_a_block_lacks_the_part() -> None:
    found = grid(deviations(VECTORS))
    assert found.layers == ("0", "1") and found.parts == ("attn.k", "attn.v")
    assert found.values[1, 1] == pytest.approx(0.2, abs=1e-6) and np.isnan(found.values[0, 1])
    assert found.sites == ((K0.path, ""), ("", V1.path))


def test_parts_of_a_fused_projection_have_columns_of_their_own() -> None:
    value = Site(FUSED.path, "output", 2, "value", ((4, 6),), 6)
    found = grid(deviations({FUSED: torch.ones(2), value: torch.ones(2)}))
    assert found.parts == ("attn.c_attn[key]", "attn.c_attn[value]")


def test_two_stacks_with_the_same_part_stay_apart() -> None:
    paths = ["encoder.block.0.k", "decoder.block.0.k", "decoder.block.0.cross"]
    assert list(parts_of(paths).values()) == ["encoder.block.k", "decoder.block.k", "cross"]


def test_a_path_without_a_number_lies_outside_the_blocks() -> None:
    assert layer_of("lm_head") is None and layer_of("a.12.b.3") == 12


def test_the_histogram_counts_every_number_once_around_1() -> None:
    counted = histogram(VECTORS)
    assert counted.counts.sum() == 6 and len(counted.edges) == len(counted.counts) + 1
    assert counted.edges[0] + counted.edges[-1] == pytest.approx(2)
    assert histogram(VECTORS, V1.name).counts.sum() == 2
    assert histogram_table(counted)["scales"].sum() == 6


def test_an_untouched_adapter_has_a_histogram_and_says_that_nothing_was_learned() -> None:
    untouched = {K0: torch.ones(4)}
    assert histogram(untouched).counts.sum() == 4
    assert "nothing has been learned" in summary(deviations(untouched))


def test_the_summary_names_what_changed_most() -> None:
    text = summary(deviations(VECTORS))
    assert text.startswith("67% of the scales moved by more than 0.01. The key vectors changed most")
    assert "model.layers.0.attn.k (0.251)" in text


def test_the_table_has_one_row_a_site() -> None:
    table = deviation_table(deviations(VECTORS))
    assert table["site"].tolist() == [K0.path, V1.path] and table["largest"].tolist() == pytest.approx([1.5, 1.3])


def test_an_unknown_site_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        histogram(VECTORS, "nowhere")
