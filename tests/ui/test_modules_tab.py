"""Presets, expressions and selected rows agree."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest

from ia3_studio.errors import SelectionError
from ia3_studio.method import discover
from ia3_studio.ui import text
from ia3_studio.ui.components.tree_rows import decode_selection, row_sites, tree_rows
from ia3_studio.ui.modules_tab import preset_of, select_preset, select_sites, show_model
from ia3_studio.ui.session import Studio
from tests.families import tiny_model
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import says


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(save_tiny_chat(tmp_path / "tiny"))


@pytest.mark.parametrize("preset", [name for name, _label in text.PRESETS])
def test_a_preset_ticked_is_recognized_again(bench: Studio, tiny: str, preset: str) -> None:
    selected, _said = select_preset(bench, tiny, preset)
    same = {"peft": "paper"}  # of this type of model PEFT scales what the paper does
    assert preset_of(bench, tiny, selected) == same.get(preset, preset)


def test_ticks_of_ones_own_are_no_preset(bench: Studio, tiny: str) -> None:
    rows = bench.layers.get(tiny).rows
    first = next(row for row, site in enumerate(rows.sites) if site)
    assert preset_of(bench, tiny, str(first)) is None
    assert preset_of(bench, tiny, "") is None


def test_a_model_is_shown_with_the_papers_sites_ticked(bench: Studio, tiny: str) -> None:
    update, preset, _said = show_model(bench, tiny)
    read = bench.layers.get(tiny)
    assert preset == "paper"
    assert {site.role for site in decode_selection(update["value"], read.rows)} == {"key", "value", "feed-forward"}
    assert dict(read.facts)[text.LINEAR_LAYERS] == "15"


def test_words_tick_the_sites_they_mean(bench: Studio, tiny: str) -> None:
    selected, preset, said = select_sites(bench, tiny, " key,value@1 ")
    sites = decode_selection(selected, bench.layers.get(tiny).rows)
    assert [site.name for site in sites] == [f"model.layers.1.self_attn.{name}_proj" for name in "kv"]
    assert preset is None and says(said, text.selected_sites(2, 32))
    assert select_sites(bench, tiny, "key,value; feed-forward")[1] == "paper"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [("valeu", "value"), ("key@7", "0 to 1"), ("  ", text.SELECTION_EMPTY)],
)
def test_words_that_mean_nothing_are_answered_and_leave_the_ticks(
    bench: Studio, tiny: str, words: str, sentence: str
) -> None:
    selected, preset, said = select_sites(bench, tiny, words)
    assert sentence in said and "bad" in said
    assert selected == preset == gr.skip()


def test_a_fused_projection_named_whole_ticks_all_of_its_parts() -> None:
    tree = discover(tiny_model("gpt2"))
    rows = row_sites(tree_rows(tree), tree.choose("peft@0"))
    assert sorted(site.role for site in rows) == ["feed-forward", "key", "query", "value"]


def test_a_side_without_a_row_is_said() -> None:
    tree = discover(tiny_model("bert"))
    with pytest.raises(SelectionError, match=r"the input side of .*attention\.output\.dense, which has no row"):
        row_sites(tree_rows(tree), tree.select("peft"))
