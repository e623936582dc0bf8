"""The map, the histogram and their tables, of the selected run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import gradio as gr
import pandas
import pytest
import torch

from ia3_studio.insight.channels import concentration_sentence
from ia3_studio.insight.deviation import deviations, summary
from ia3_studio.method import Adapter, Selection, Site
from ia3_studio.runs.folder import KEPT_ADAPTERS, RunFolder, WorkerStatus, write_json
from ia3_studio.ui import ablation_card, text, verdict_card
from ia3_studio.ui import scales_words as words
from ia3_studio.ui.current_run import run_key
from ia3_studio.ui.scales_tab import draw, draw_newer, draw_shape, redraw_at_end, replay
from ia3_studio.ui.session import Studio
from tests.ui.conftest import AddRun, save_adapter, says


def test_figures_tables_and_files_say_the_same(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    said, body, heatmap, bars, site, table, bins, channels, sites_csv, bins_csv, *_rest = draw(
        bench, run_key(run.id), "", text.DIRECTION, words.HISTOGRAM
    )
    vectors = Adapter.load(run.adapter_folder() or "").vectors()
    assert says(said, summary(deviations(vectors))) and "75%" in said and body["visible"]
    assert heatmap.data[0].z.ravel().tolist() == pytest.approx([0.05])
    assert sum(bars.data[0].y) == bins["scales"].sum() == 4
    assert len(site["choices"]) == 2
    assert concentration_sentence(vectors) in said and channels.count("<tr>") > 1
    assert table["mean"].tolist() == pytest.approx([0.05])
    assert pandas.read_csv(sites_csv)["size"].tolist() == [4]
    assert pandas.read_csv(bins_csv)["scales"].sum() == 4
    assert Path(sites_csv).is_relative_to(bench.scratch)


def test_before_the_first_adapter_it_says_when_there_will_be_one(bench: Studio, add_run: AddRun) -> None:
    said, body, *_rest = draw(bench, run_key(add_run().id), "", text.DIRECTION, words.HISTOGRAM)
    assert says(said, text.NO_ADAPTER_YET) and not body["visible"]
    said, body, *_rest = draw(bench, "", "", text.DIRECTION, words.HISTOGRAM)
    assert says(said, text.NO_ADAPTER) and not body["visible"]


def test_a_site_that_this_adapter_does_not_have_falls_back_to_all(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    drawn = draw(bench, run_key(run.id), "a.site.of.another.run", text.MAGNITUDE, words.HISTOGRAM)
    assert drawn[4]["value"] == ""
    assert drawn[2].data[0].z.ravel().tolist() == pytest.approx([0.1])


def test_an_earlier_moment_is_drawn_from_the_adapter_kept_then(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    for step, number in ((5, 1.1), (10, 1.2), (15, 1.4)):
        site = Site("layers.0.k_proj", "output", 4)
        adapter = Adapter(Selection((site,), "tiny"), torch.full((4,), number), {"task_type": "CAUSAL_LM"})
        run.files.keep_adapter(step, lambda folder, adapter=adapter: adapter.save(folder))
    key = run_key(run.id)
    *_rest, last, _other, newest, live = draw(bench, key, "", text.DIRECTION, words.HISTOGRAM)
    assert (
        last["visible"]
        and (last["maximum"], last["value"]) == (2, 2)
        and last["label"] == text.snapshot_label(15, 3, 3)
    )
    assert newest.endswith("step-00000015") and live.active
    for place, step, mean in ((0, 5, 0.1), (1, 10, 0.2), (2, 15, 0.4), (9, 15, 0.4)):
        _said, _body, heatmap, *_others, slider, _other, _newest, _live = replay(
            bench, key, "", text.DIRECTION, words.HISTOGRAM, place
        )
        assert heatmap.data[0].z.ravel().tolist() == pytest.approx([mean])
        assert slider["label"] == text.snapshot_label(step, min(place, 2) + 1, 3)
    assert not replay(bench, "", "", text.DIRECTION, words.HISTOGRAM, 1)[1]["visible"]


def test_the_moments_that_are_kept_stay_spread_over_the_run(tmp_path: Path) -> None:
    files = RunFolder(tmp_path)
    for step in range(10, 1010, 10):
        files.keep_adapter(step, lambda folder: (folder / "a").write_text("") and None)
    steps = list(files.snapshots())
    assert len(steps) == KEPT_ADAPTERS and (steps[0], steps[-1]) == (10, 1000)
    gaps = [after - before for before, after in pairwise(steps)]
    assert max(gaps) <= 4 * 1000 / KEPT_ADAPTERS


def test_while_a_run_trains_its_map_is_drawn_again_for_each_new_adapter_and_for_nothing_else(
    bench: Studio, add_run: AddRun
) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    asked = (run_key(run.id), "", text.DIRECTION, words.HISTOGRAM)
    newest = draw(bench, *asked)[-2]
    assert all(update == {"__type__": "update"} for update in draw_newer(bench, *asked, newest))
    run.files.keep_adapter(10, lambda folder: save_adapter(folder) and None)
    assert draw_newer(bench, *asked, newest)[-2].endswith("step-00000010")


def test_the_verdict_and_the_ablation_are_drawn_once_the_run_has_ended(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    asked = (run_key(run.id), "", text.DIRECTION, words.HISTOGRAM)
    newest = draw(bench, *asked)[-2]
    cards = [(verdict_card.draw, 9), (ablation_card.draw, 9)]
    for card, count in cards:
        assert redraw_at_end(bench, card, count, asked[0]) == (gr.skip(),) * count
    write_json(run.files.status, vars(WorkerStatus("ended", "Stopped after step 5", result="stopped")))
    assert draw_newer(bench, *asked, newest)[-1].active is False  # nothing is waited for any more
    assert says(redraw_at_end(bench, *cards[0], asked[0])[1], text.VERDICT_NONE)
    assert says(redraw_at_end(bench, *cards[1], asked[0])[0], words.ABLATION_READY)


@pytest.mark.parametrize("shape", words.SHAPES)
def test_every_shape_shows_the_numbers_of_its_table(shape: str) -> None:
    site = Site("layers.0.k_proj", "output", 5, "key")
    vectors = Adapter(Selection((site,), "tiny"), torch.tensor([0.5, 1.0, 1.0, 1.25, 2.0])).vectors()
    figure, table = draw_shape(vectors, "", shape)
    if shape == words.HISTOGRAM:
        assert sum(figure.data[0].y) == table["scales"].sum() == 5
    else:
        assert table["smallest"].tolist() == [0.5] and table["median"].tolist() == [1.0]
        assert (figure.data[0].y.min(), figure.data[0].y.max()) == (0.5, 2.0)


def test_the_map_can_be_colored_by_how_many_scales_moved(bench: Studio, add_run: AddRun) -> None:
    run = add_run()
    run.files.keep_adapter(5, lambda folder: save_adapter(folder) and None)
    drawn = draw(bench, run_key(run.id), "", text.SHARE_CHANGED, words.HISTOGRAM)
    (numbers,) = Adapter.load(run.adapter_folder() or "").vectors().values()
    assert drawn[2].data[0].z.ravel().tolist() == pytest.approx([float(((numbers - 1).abs() > 0.01).float().mean())])
