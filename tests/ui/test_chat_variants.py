"""Variants: which adapters are offered, how two are merged, and which sites are muted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from ia3_studio.errors import StudioError
from ia3_studio.method import Adapter, add, discover
from ia3_studio.method.scaling import attach
from ia3_studio.ui import chat_words, text
from ia3_studio.ui.chat_variants import (
    BASE,
    CURRENT,
    MAX_STRENGTH,
    MAX_WEIGHT,
    MERGED,
    Merge,
    Variant,
    choices_for,
    find_variant,
    load_variants,
    mute,
    muted_sites,
    rows_of_adapter,
)
from ia3_studio.ui.components.tree_rows import encode_rows
from ia3_studio.ui.current_run import import_key
from ia3_studio.ui.session import Studio
from tests.families import tiny_model
from tests.ui.conftest import AddRun


def test_a_merged_adapter_is_the_sum_of_both_deviations(adapter: Path, second_adapter: Path) -> None:
    served, (variant,) = load_variants([Variant("merge", 1.0, ((adapter, 0.7), (second_adapter, 0.3)))], ())
    first, second = Adapter.load(adapter), Adapter.load(second_adapter)
    expected = 1 + 0.7 * (first.vector - 1) + 0.3 * (second.vector - 1)
    torch.testing.assert_close(served[variant.adapter].vector, expected)
    assert torch.equal(served[variant.adapter].vector, add([first, second], [0.7, 0.3]).vector)


def test_muting_one_site_sets_it_to_one_and_leaves_the_others(bench: Studio, tiny: Path, adapter: Path) -> None:
    rows, whole = bench.layers.get(str(tiny)).rows, Adapter.load(adapter)
    selected = [row for row, site in enumerate(rows.sites) if site in set(whole.selection)]
    key = next(row for row in selected if str(rows.sites[row].path).endswith("1.self_attn.k_proj"))  # type: ignore[union-attr]
    muted = muted_sites(rows, whole, encode_rows(row for row in selected if row != key))
    assert {site.path for site in muted} == {rows.sites[key].path}  # type: ignore[union-attr]
    assert muted_sites(rows, whole, rows_of_adapter(rows, whole)) == frozenset()
    left = mute(whole, muted)
    for site, scales in left.vectors().items():
        assert bool((scales == 1).all()) == (site in muted)
        assert site in muted or torch.equal(scales, whole.vectors()[site])


def test_one_part_of_a_fused_projection_is_muted_alone() -> None:
    model = tiny_model("gpt2")
    tree = discover(model)
    attachment = attach(model, tree.choose("peft"))  # scales c_attn whole, queries included
    with torch.no_grad():
        attachment.parameter.fill_(2)
    values_of_block = [site for site in tree.sites if site.path.endswith("h.0.attn.c_attn") and site.role == "value"]
    left = mute(attachment.adapter(), values_of_block)
    site = next(site for site in left.selection if site.path.endswith("h.0.attn.c_attn"))
    scales = left.vectors()[site].tolist()
    muted = {position for part in values_of_block for position in part.positions}
    assert [scale == 1 for scale in scales] == [position in muted for position in site.positions]


def test_only_adapters_of_the_same_model_are_offered(
    bench: Studio, tiny: Path, adapter: Path, second_adapter: Path, add_run: AddRun
) -> None:
    add_run("elsewhere", "some/model")
    offered = [choice for _label, choice in choices_for(bench, import_key(adapter), str(tiny))]
    assert offered == [BASE, CURRENT, import_key(second_adapter), MERGED]
    assert [choice for _label, choice in choices_for(bench, "", "some/model")] == [BASE]


def test_a_damaged_run_does_not_keep_the_others_from_being_offered(
    bench: Studio, tiny: Path, adapter: Path, second_adapter: Path, add_run: AddRun
) -> None:
    add_run("damaged", str(tiny)).files.config.write_text("nothing")
    offered = [choice for _label, choice in choices_for(bench, import_key(adapter), str(tiny))]
    assert import_key(second_adapter) in offered


@pytest.mark.parametrize(
    ("choice", "strength", "said"),
    [
        (CURRENT, 3.0, re.escape(chat_words.strength_out_of_range(3.0, MAX_STRENGTH))),
        ("run:20260101-000000-000000", 1.0, "20260101-000000-000000"),
        ("import:0000000000000000", 1.0, text.SELECTION_GONE),
        (MERGED, 1.0, chat_words.ADAPTER_GONE),
    ],
)
def test_a_variant_that_does_not_exist_is_refused(
    bench: Studio, adapter: Path, choice: str, strength: float, said: str
) -> None:
    with pytest.raises(StudioError, match=said):
        find_variant(bench, choice, strength, import_key(adapter), Merge())


def test_a_weight_beyond_its_range_is_refused() -> None:
    with pytest.raises(StudioError, match=re.escape(chat_words.weight_out_of_range(5.0, MAX_WEIGHT))):
        Merge("import:x", 5.0)
