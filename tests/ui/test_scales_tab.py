"""The map, the histogram and their tables, of whatever is shown."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest

from ia3_studio.ui import text
from ia3_studio.ui.scales_tab import draw
from ia3_studio.ui.session import Studio
from ia3_studio.ui.shown import run_key
from tests.ui.conftest import AddRun
from tests.ui.test_export_tab import save_adapter


def test_figures_tables_and_files_say_the_same(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    said, body, heatmap, bars, site, table, bins, sites_csv, bins_csv = draw(bench, run_key(run.id), "", text.DIRECTION)
    assert "75% of the scales moved" in said and body["visible"]
    assert heatmap.data[0].z.ravel().tolist() == pytest.approx([0.05])
    assert sum(bars.data[0].y) == bins["scales"].sum() == 4
    assert len(site["choices"]) == 2
    assert table["mean"].tolist() == pytest.approx([0.05])
    assert pandas.read_csv(sites_csv)["size"].tolist() == [4]
    assert pandas.read_csv(bins_csv)["scales"].sum() == 4
    assert Path(sites_csv).is_relative_to(bench.scratch)


def test_before_the_first_adapter_it_says_when_there_will_be_one(bench: Studio, add_run: AddRun) -> None:
    said, body, *_rest = draw(bench, run_key(add_run().id), "", text.DIRECTION)
    assert "no adapter yet" in said and not body["visible"]
    said, body, *_rest = draw(bench, "", "", text.DIRECTION)
    assert "Train the demo" in said and not body["visible"]


def test_a_site_that_this_adapter_does_not_have_falls_back_to_all(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    drawn = draw(bench, run_key(run.id), "a.site.of.another.run", text.STRENGTH)
    assert drawn[4]["value"] == ""
    assert drawn[2].data[0].z.ravel().tolist() == pytest.approx([0.1])
