"""The settings of a run are loaded into the form: starting it unchanged makes the same settings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ia3_studio.data.mapping import Mapping
from ia3_studio.errors import RunError, SelectionError
from ia3_studio.method.sites import Selection
from ia3_studio.runs import RunConfig
from ia3_studio.ui import text
from ia3_studio.ui.forms import read_form
from ia3_studio.ui.load_run_settings import load_run_settings
from ia3_studio.ui.run_form import RunForm, config_of
from ia3_studio.ui.session import Studio
from ia3_studio.ui.train_tab import selection_of
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import FORM, says


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    data = tmp_path / "rows.csv"
    data.write_text("a,b\n" + "".join(f"ask {n},tell {n}\n" for n in range(9)))
    mapping = Mapping("pairs", prompt="b", answer="a")
    return replace(
        config_of(FORM, "paper"), model=str(save_tiny_chat(tmp_path / "tiny")), data=str(data), mapping=mapping
    )


def test_a_run_started_again_unchanged_has_the_same_settings(bench: Studio, config: RunConfig) -> None:
    read = bench.layers.get(config.model)
    keys = tuple(site for site in read.tree.sites if site.role == "key")
    expected = {"paper": read.tree.select(), "feed-forward@0": read.tree.choose("feed-forward@0")}
    for chosen in ("paper", "feed-forward@0", Selection(keys, read.tree.base_model)):
        run = bench.store.create(replace(config, selection=chosen), str(chosen))
        _preset, _note, facts, rows, _faults, said, tabs, *filled = load_run_settings(bench, f"run:{run.id}")
        form = read_form(RunForm, [each["value"] if isinstance(each, dict) else each for each in filled])
        again = config_of(form, selection_of(form.selected_rows, read))
        assert replace(again, selection="", data="") == replace(run.config, selection="", data="")
        assert Path(again.data).read_bytes() == Path(config.data).read_bytes()
        expected = (
            chosen
            if isinstance(chosen, Selection)
            else read.tree.choose(chosen)
            if "@" in chosen
            else read.tree.select()
        )
        assert again.selection == expected
        assert (
            says(facts, str(config.mapping))
            and "<table" in rows
            and says(said, text.settings_of("Mine"))
            and tabs.selected == "train"
        )


def test_without_a_run_or_its_sites_the_form_stays_as_it_is(bench: Studio, config: RunConfig) -> None:
    with pytest.raises(RunError, match=re.escape(text.NO_RUN_SELECTED)):
        load_run_settings(bench, "")
    run = bench.store.create(replace(config, selection="no_such_module"), "odd")
    with pytest.raises(SelectionError):
        load_run_settings(bench, f"run:{run.id}")
