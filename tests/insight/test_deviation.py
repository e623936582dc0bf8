"""Insight: figures of the vectors that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ia3_studio.errors import AdapterError
from ia3_studio.insight.deviation import (
    Measure,
    Place,
    deviation_table,
    deviations,
    grid,
    histogram,
    histogram_table,
    leaves_of,
    places_of,
    summary,
)
from ia3_studio.method.sites import Site

K0 = Site("model.layers.0.attn.k", "output", 4, "key")
V1 = Site("model.layers.1.attn.v", "output", 2, "value")
FUSED = Site("h.3.attn.c_attn", "output", 2, "key", ((2, 4),), 6)
VECTORS = {K0: torch.tensor([1.0, 1.5, 0.5, 1.005]), V1: torch.tensor([1.1, 1.3])}


def test_a_site_is_described_by_its_own_numbers() -> None:
    first, second = deviations(VECTORS)
    assert (first.site, first.layer, first.leaf, first.role, first.size) == (K0.path, 0, "k", "key", 4)
    assert first.mean == pytest.approx(0.00125, abs=1e-6) and first.spread == pytest.approx(0.25125, abs=1e-6)
    assert (first.smallest, first.largest, first.inhibited, first.amplified) == (0.5, 1.5, 0.25, 0.25)
    assert second.amplified == 1.0 and second.std == pytest.approx(0.1, abs=1e-6)


def test_the_threshold_decides_what_counts_as_moved() -> None:
    first, _ = deviations(VECTORS, threshold=0.001)
    assert (first.inhibited, first.amplified) == (0.25, 0.5)


def test_the_grid_has_a_row_a_block_and_a_gap_where_a_block_lacks_the_part() -> None:
    found = grid(deviations(VECTORS))
    assert found.layers == ("0", "1") and found.leaves == ("k", "v")
    assert found.values[1, 1] == pytest.approx(0.2, abs=1e-6) and np.isnan(found.values[0, 1])
    first, second = deviations(VECTORS)
    assert found.sites == ((first, None), (None, second))


@pytest.mark.parametrize("measure", ["mean", "spread", "std"])
def test_the_grid_shows_the_measure_asked_for(measure: Measure) -> None:
    rows = deviations(VECTORS)
    assert grid(rows, measure).values[0, 0] == getattr(rows[0], measure)


def test_what_is_in_no_block_stands_below_the_blocks() -> None:
    head = Site("lm_head", "input", 2, "other")
    assert grid(deviations({head: torch.ones(2), **VECTORS})).layers == ("0", "1", "outside")


def test_parts_of_a_fused_projection_have_columns_of_their_own() -> None:
    value = Site(FUSED.path, "output", 2, "value", ((4, 6),), 6)
    found = grid(deviations({FUSED: torch.ones(2), value: torch.ones(2)}))
    assert found.leaves == ("c_attn[key]", "c_attn[value]")


def leaves(*paths: str) -> list[str]:
    return list(leaves_of(places_of(paths)).values())


def test_a_leaf_takes_its_parents_in_front_where_two_end_alike() -> None:
    assert leaves("h.0.attn.c_proj", "h.0.mlp.c_proj", "h.0.mlp.c_fc") == ["attn.c_proj", "mlp.c_proj", "c_fc"]
    paths = "e.layer.0.output.dense", "e.layer.0.attention.output.dense", "e.layer.0.attention.self.key"
    assert leaves(*paths) == ["output.dense", "attention.output.dense", "key"]


def test_two_stacks_with_the_same_part_stay_apart() -> None:
    paths = "encoder.block.0.attn.k", "decoder.block.0.attn.k", "decoder.block.0.cross.k"
    assert leaves(*paths) == ["encoder: k", "decoder: attn.k", "decoder: cross.k"]
    assert leaves("layers.0.k", "model.layers.0.k") == ["layers: k", "model: k"]


def test_the_first_number_of_a_path_is_its_layer() -> None:
    places = places_of(["lm_head", "a.12.b.3"])
    assert places["lm_head"].layer is None
    assert places["a.12.b.3"] == Place("a", 12, "b.3")


def test_a_number_that_opens_every_path_and_never_differs_is_no_layer() -> None:
    assert places_of(["0.model.layer.3.k", "0.model.layer.4.k"])["0.model.layer.3.k"].layer == 3
    assert places_of(["0.k", "1.k"])["1.k"].layer == 1
    assert places_of(["0.k"])["0.k"].layer == 0


def test_the_histogram_counts_every_number_once_around_1() -> None:
    counted = histogram(VECTORS)
    assert counted.counts.sum() == 6 and len(counted.edges) == len(counted.counts) + 1
    assert counted.edges[0] + counted.edges[-1] == pytest.approx(2)
    assert histogram(VECTORS, V1.name).counts.sum() == 2
    assert histogram_table(counted)["scales"].sum() == 6


def test_an_untouched_adapter_has_a_histogram_and_says_that_nothing_was_learned() -> None:
    untouched = {K0: torch.ones(4)}
    assert histogram(untouched).counts.sum() == 4
    assert "nothing has been trained" in summary(deviations(untouched))


def test_the_summary_names_what_changed_most() -> None:
    text = summary(deviations(VECTORS))
    assert text.startswith("67% of the scales changed by more than 0.01. The key vectors changed most")
    assert "model.layers.0.attn.k (0.251)" in text


def test_the_summary_names_the_layers_that_moved_furthest_and_no_layers_when_all_moved_alike() -> None:
    def moved(by: list[float]) -> str:
        vectors = {Site(f"m.layers.{n}.k", "output", 2, "key"): np.full(2, 1 + away) for n, away in enumerate(by)}
        return summary(deviations(vectors))

    late = moved([0.1] * 6 + [0.4] * 3)
    assert late.endswith("Layers 6–8 changed most (0.400, compared with 0.200 over all layers).")
    assert moved([0.1] * 9).endswith("changed by about the same amount.")
    assert moved([0.1, 0.4]).endswith("m.layers.1.k (0.400).")  # too few layers to speak of bands


def test_the_summary_says_which_stack_the_layers_are_of() -> None:
    vectors = {
        Site(f"{stack}.block.{n}.k", "output", 1, "key"): np.array([1 + away * n])
        for stack, away in (("encoder", 0.0), ("decoder", 0.1))
        for n in range(6)
    }
    assert "Layers 4–5 of decoder.block changed most (0.450" in summary(deviations(vectors))


def test_a_vector_in_training_or_in_a_short_dtype_is_read() -> None:
    learning = torch.nn.Parameter(torch.tensor([1.0, 1.5], dtype=torch.bfloat16))
    assert deviations({V1: learning})[0].mean == 0.25


def test_a_vector_that_diverged_is_named_and_never_drawn() -> None:
    broken = {**VECTORS, V1: torch.tensor([1.0, torch.nan])}
    for read in (deviations, histogram):
        with pytest.raises(AdapterError, match=r"layers\.1\.attn\.v has 1 of 2 scales that are NaN or infinite"):
            read(broken)


def test_the_table_has_one_row_a_site() -> None:
    table = deviation_table(deviations(VECTORS))
    assert table["site"].tolist() == [K0.path, V1.path] and table["largest"].tolist() == pytest.approx([1.5, 1.3])


def test_an_unknown_site_is_refused_by_name() -> None:
    with pytest.raises(AdapterError, match="no vector at nowhere"):
        histogram(VECTORS, "nowhere")
