"""Presets and ticks say the same thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ia3_studio.ui import text
from ia3_studio.ui.components.tree_rows import decode_ticks
from ia3_studio.ui.modules_tab import name_preset, pick_preset, show_model
from ia3_studio.ui.session import Studio
from tests.tiny_chat import save_tiny_chat


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(save_tiny_chat(tmp_path / "tiny"))


@pytest.mark.parametrize("preset", [name for name, _label in text.PRESETS])
def test_a_preset_ticked_is_recognised_again(bench: Studio, tiny: str, preset: str) -> None:
    ticks, _said = pick_preset(bench, tiny, preset)
    assert name_preset(bench, tiny, ticks) == preset


def test_ticks_of_ones_own_are_no_preset(bench: Studio, tiny: str) -> None:
    rows = bench.shelf.read(tiny).rows
    first = next(row for row, site in enumerate(rows.sites) if site)
    assert name_preset(bench, tiny, str(first)) is None
    assert name_preset(bench, tiny, "") is None


def test_a_model_is_shown_with_the_papers_sites_ticked(bench: Studio, tiny: str) -> None:
    update, preset, _said = show_model(bench, tiny)
    read = bench.shelf.read(tiny)
    assert preset == "paper"
    assert {site.role for site in decode_ticks(update["value"], read.rows)} == {"key", "value", "feed-forward"}
    assert dict(read.facts)["Linear layers"] == "15"
