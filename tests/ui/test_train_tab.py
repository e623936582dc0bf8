"""The Train tab: what it starts, stops and suggests."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from ia3_studio.data.load import DataChoice
from ia3_studio.data.mapping import Mapping
from ia3_studio.errors import DataError, RunError, SelectionError
from ia3_studio.models import STARTER, ModelMemory
from ia3_studio.runs.user_store import UserStore
from ia3_studio.training.rate_probe import RATES
from ia3_studio.ui import text
from ia3_studio.ui.forms import updates_of
from ia3_studio.ui.modules_tab import select_preset
from ia3_studio.ui.session import Studio
from ia3_studio.ui.train_tab import (
    build,
    find_rate,
    placement,
    plan,
    rate_notice,
    selection_of,
    show_preferences,
    start_run,
    stop_run,
    use_preset,
)
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import FORM, says


@pytest.mark.parametrize(("rate", "noticed"), [(2e-4, True), (9e-4, True), (1e-3, False), (1e-2, False), (None, False)])
def test_only_a_rate_for_lora_is_noticed(rate: float | None, noticed: bool) -> None:
    said, repair = rate_notice(rate)
    assert bool(said) == repair["visible"] == noticed


def test_the_plan_says_what_is_missing(bench: Studio, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    rows = bench.layers.get(source).rows
    selected = next(str(row) for row, site in enumerate(rows.sites) if site)
    assert says(plan(bench, source, "lighthouse", selected), text.vectors(1, 32))
    assert says(plan(bench, source, "lighthouse", ""), text.NOTHING_SELECTED)
    assert says(plan(bench, source, "", selected), text.CHOOSE_FILE)
    assert says(plan(bench, "", "lighthouse", selected), text.RELOAD)


def test_preference_settings_are_visible_for_preferences_only(tmp_path: Path) -> None:
    pairs, answers, broken = (tmp_path / f"{name}.csv" for name in ("pairs", "answers", "broken"))
    pairs.write_text("prompt,chosen,rejected\n" + "".join(f"ask {n},yes {n},no {n}\n" for n in range(5)))
    answers.write_text("prompt,answer\n" + "".join(f"ask {n},yes {n}\n" for n in range(5)))
    broken.write_text("a\n")
    as_pairs = DataChoice(str(pairs), Mapping("pairs", "prompt", "chosen")).to_text()
    shown = {data: show_preferences(data)["visible"] for data in (str(pairs), str(answers), str(broken), as_pairs, "")}
    assert [data for data, visible in shown.items() if visible] == [str(pairs)]


def test_stopping_nothing_says_so(bench: Studio) -> None:
    with pytest.raises(RunError, match=re.escape(text.NOTHING_TO_STOP)):
        stop_run(bench, "")


def test_a_full_disk_is_told_before_anything_is_started(
    bench: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ia3_studio.runs.store.NEEDED_BYTES", 2**70)
    source = str(save_tiny_chat(tmp_path / "tiny"))
    selected, _said = select_preset(bench, source, "paper")
    page: Any = SimpleNamespace(session_hash="page")
    started = start_run(bench, page, *updates_of(replace(FORM, model=source, selected_rows=selected)))
    shown = next(started)[1]
    with pytest.raises(RunError, match=r"\d MB") as refused:
        next(started)
    assert says(shown, str(refused.value))
    assert bench.store.list() == ()


def test_a_ticked_module_that_the_result_goes_around_is_named_before_a_start(bench: Studio, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    read = bench.layers.get(source)
    selected, _said = select_preset(bench, source, "paper")
    assert len(selection_of(selected, read)) == 6
    nodes = tuple(replace(node, live=not node.path.endswith("1.mlp.down_proj")) for node in read.tree.nodes)
    with pytest.raises(SelectionError, match=re.escape(text.sites_without_effect(["model.layers.1.mlp.down_proj"]))):
        selection_of(selected, replace(read, tree=replace(read.tree, nodes=nodes)))


def test_a_preset_fills_the_form_and_says_what_it_rests_on() -> None:
    said, *fields = use_preset("paper")
    assert "T-Few" in said and fields == [3e-3, 1000.0, 8, 256, "adafactor", 1000, 1024, 0.0]
    assert use_preset("preferences")[-2:] == (320, 1.0)  # tokens per pass, and the SFT weight
    said, *fields = use_preset("")
    assert said == "" and all(field == gr.skip() for field in fields)


def test_a_rate_is_suggested_from_trials_on_ones_own_rows(bench: Studio, tmp_path: Path) -> None:
    source = str(save_tiny_chat(tmp_path / "tiny"))
    selected, _said = select_preset(bench, source, "paper")
    form = replace(FORM, model=source, selected_rows=selected, long_rows="truncate", sample_generations=0)
    *_, (rate, said) = find_rate(bench, *updates_of(form))
    assert rate in RATES and said.count("<tr") == 1 + len(RATES) and says(said, text.suggested(rate))
    with pytest.raises(DataError, match=re.escape(text.CHOOSE_FILE)):
        list(find_rate(bench, *updates_of(replace(form, data=""))))


def test_where_the_weights_will_go_is_shown_before_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tiny_chat(tmp_path)
    assert placement(str(tmp_path), 0, "auto") == ""
    assert "Sharded over 2 processes on the CPU" in placement(str(tmp_path), 2, "full")
    assert "set processes to 2 or more" in placement(str(tmp_path), 1, "full")
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert placement(str(tmp_path), 2, "full") == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"processes": 2}, "Visitors cannot choose the number of processes"),
        ({"processes": 2, "sharding": "full"}, "Visitors cannot choose the number of processes"),
        ({"sharding": "full"}, "Visitors cannot choose where the weights of a model go; leave sharding at auto."),
        ({"sharding": "none"}, "Visitors cannot choose where the weights of a model go; leave sharding at auto."),
        ({"sharding": "offload"}, "Visitors cannot choose where the weights of a model go; leave sharding at auto."),
        ({"compute": "ray"}, "Visitors cannot choose where runs are trained; leave compute at local."),
        ({"compute": "ray", "ray_address": "10.0.0.1:6379"}, "Visitors cannot choose where runs are trained"),
        ({"report_to": "tensorboard"}, "Visitors' runs cannot use experiment trackers"),
    ],
)
def test_a_visitor_whose_request_fills_in_hidden_fields_chooses_nothing_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], said: str
) -> None:
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    monkeypatch.setattr("ia3_studio.ui.run_form.require_sink", lambda _name: None)  # as if it were installed
    store = UserStore(tmp_path / "runs", lambda: "a visitor")
    public = Studio(store, ModelMemory(), tmp_path, tmp_path / "scratch")
    selected, _said = select_preset(public, STARTER, "paper")
    page: Any = SimpleNamespace(session_hash="page")
    form = replace(FORM, model=STARTER, selected_rows=selected, **asked)
    with pytest.raises(RunError, match=re.escape(said)):
        list(start_run(public, page, *updates_of(form)))
    assert store.list() == ()


def test_a_visitors_page_shows_no_field_that_chooses_something_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hidden = ("processes", "sharding", "compute", "ray_address", "node_cpus", "node_gpus", "node_memory", "report_to")

    async def shown() -> set[str]:  # in a running loop: otherwise Gradio makes loops and never closes them
        with gr.Blocks():
            settings = build().settings
        return {name for name in hidden if is_shown(settings[name])}

    def is_shown(widget: Any) -> bool:
        return widget is None or bool(getattr(widget, "visible", True) and is_shown(widget.parent))

    assert {"processes", "sharding", "report_to"} <= asyncio.run(shown())
    monkeypatch.setenv("IA3_STUDIO_PUBLIC", "1")
    assert asyncio.run(shown()) == set()
