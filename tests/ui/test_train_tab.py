"""From the form to a run's configuration."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from ia3_studio.errors import DataError, RunError, SelectionError, TrainingError
from ia3_studio.method.sites import Selection, Site
from ia3_studio.training import TrainConfig
from ia3_studio.training.rate_probe import RATES
from ia3_studio.ui import text
from ia3_studio.ui.modules_tab import pick_preset
from ia3_studio.ui.session import Studio
from ia3_studio.ui.train_tab import plan, rate_notice, run_config, start_run, stop_run, suggest, ticked, use_recipe
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import says

SELECTION = Selection((Site("layers.0.k_proj", "output", 4, "key"),))
FORM: tuple[Any, ...] = (
    "  ", 0.02, 1.5, 4, 128, 7, 0.1, 2.0, 0.001, 512, 5, "float32", "adafactor", 9, 2, False, "skip", 3, "",
)  # fmt: skip
NUMBER_LABELS = (
    text.RATE, text.EPOCHS, text.BATCH, text.LENGTH, text.SEED, text.WARMUP, text.CLIP, text.PULL, text.MICRO,
    text.EVERY, text.MOST, text.PATIENCE, text.ANSWERS,
)  # fmt: skip
NUMBERS = [place for place, value in enumerate(FORM) if type(value) in (int, float)]


def test_every_field_of_the_form_reaches_the_run() -> None:
    config = run_config("some/model", "data/my.pairs.csv", SELECTION, 0.2, *FORM)
    assert config.train == TrainConfig(
        learning_rate=0.02, epochs=1.5, batch_size=4, max_length=128, seed=7, warmup_ratio=0.1, max_grad_norm=2.0,
        decay_to_one=0.001, micro_batch_tokens=512, eval_steps=5, backward_dtype="float32", optimizer="adafactor",
        max_steps=9, early_stopping_patience=2, keep_best=False, long_rows="skip", sample_generations=3,
    )  # fmt: skip
    assert (config.model, config.data, config.selection, config.held_out) == (
        "some/model", "data/my.pairs.csv", SELECTION, 0.2,
    )  # fmt: skip


def test_a_run_without_a_name_is_called_after_its_data() -> None:
    assert run_config("m", "/up/loads/my_pairs.csv", SELECTION, 0.1, *FORM).name == "My_pairs run"
    assert run_config("m", "lighthouse", SELECTION, 0.1, *FORM).name == "Lighthouse run"
    unopened = run_config("m", "lighthouse", SELECTION, 0.1, None, *FORM[1:])  # the tab was never looked at
    assert unopened.name == "Lighthouse run"
    assert run_config("m", "lighthouse", SELECTION, 0.1, " Mine ", *FORM[1:]).name == "Mine"


@pytest.mark.parametrize(("place", "label"), list(zip(NUMBERS, NUMBER_LABELS, strict=True)))
def test_an_emptied_field_is_named(place: int, label: str) -> None:
    form = [*FORM]
    form[place] = None
    with pytest.raises(TrainingError) as refused:
        run_config("m", "lighthouse", SELECTION, 0.1, *form)
    assert str(refused.value) == text.empty_field(label)


@pytest.mark.parametrize(("rate", "noticed"), [(2e-4, True), (9e-4, True), (1e-3, False), (1e-2, False), (None, False)])
def test_only_a_rate_for_lora_is_noticed(rate: float | None, noticed: bool) -> None:
    said, repair = rate_notice(rate)
    assert bool(said) == repair["visible"] == noticed


def test_the_plan_says_what_is_missing(bench: Studio, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    rows = bench.shelf.read(source).rows
    ticks = next(str(row) for row, site in enumerate(rows.sites) if site)
    assert says(plan(bench, source, "lighthouse", ticks), text.vectors(1, 32))
    assert says(plan(bench, source, "lighthouse", ""), text.NOTHING_TICKED)
    assert says(plan(bench, source, "", ticks), text.CHOOSE_FILE)
    assert says(plan(bench, "", "lighthouse", ticks), text.RELOAD)


def test_stopping_nothing_says_so(bench: Studio) -> None:
    with pytest.raises(RunError, match=re.escape(text.NOTHING_TO_STOP)):
        stop_run(bench, "")


def test_a_full_disk_is_told_before_anything_is_started(
    bench: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ia3_studio.runs.store.NEEDED_BYTES", 2**70)
    source = str(save_tiny_chat(tmp_path / "tiny"))
    ticks, _said = pick_preset(bench, source, "paper")
    page: Any = SimpleNamespace(session_hash="page")
    started = start_run(bench, page, source, "lighthouse", ticks, 0.1, *FORM)
    shown = next(started)[1]
    with pytest.raises(RunError, match=r"\d MB") as refused:
        next(started)
    assert says(shown, str(refused.value))
    assert bench.store.list() == ()


def test_a_ticked_module_that_the_result_goes_around_is_named_before_a_start(bench: Studio, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    read = bench.shelf.read(source)
    ticks, _said = pick_preset(bench, source, "paper")
    assert len(ticked(ticks, read)) == 6
    nodes = tuple(replace(node, live=not node.path.endswith("1.mlp.down_proj")) for node in read.tree.nodes)
    with pytest.raises(SelectionError, match=re.escape(text.never_trained(["model.layers.1.mlp.down_proj"]))):
        ticked(ticks, replace(read, tree=replace(read.tree, nodes=nodes)))


def test_a_recipe_fills_the_form_and_says_what_it_rests_on() -> None:
    said, *fields = use_recipe("paper")
    assert "T-Few" in said and fields == [3e-3, 1000.0, 8, 256, "adafactor", 1000]
    said, *fields = use_recipe("")
    assert said == "" and all(field == gr.skip() for field in fields)


def test_a_rate_is_suggested_from_trials_on_ones_own_rows(bench: Studio, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    ticks, _said = pick_preset(bench, source, "paper")
    *_, (rate, said) = suggest(bench, source, "lighthouse", ticks, 0.1, *FORM[:-3], "truncate", 0, "")
    assert rate in RATES and said.count("<tr") == 1 + len(RATES) and says(said, text.suggested(rate))
    with pytest.raises(DataError, match=re.escape(text.CHOOSE_FILE)):
        list(suggest(bench, source, "", ticks, 0.1, *FORM))
