"""A run comes back into the form as it was: starting it unchanged makes the same settings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ia3_studio.data.examples import Mapping
from ia3_studio.errors import RunError, SelectionError
from ia3_studio.method.sites import Selection
from ia3_studio.runs import RunConfig
from ia3_studio.training import TrainConfig
from ia3_studio.ui import text
from ia3_studio.ui.load_run_settings import refill
from ia3_studio.ui.session import Studio
from ia3_studio.ui.train_tab import run_config, ticked
from tests.tiny_chat import save_tiny_chat
from tests.ui.conftest import says

TRAIN = TrainConfig(
    learning_rate=0.02, epochs=1.5, batch_size=4, max_length=128, seed=7, warmup_ratio=0.1, max_grad_norm=2.0,
    decay_to_one=0.001, micro_batch_tokens=512, eval_steps=5, backward_dtype="float32", optimizer="adafactor",
    max_steps=9, early_stopping_patience=2, keep_best=False, long_rows="skip", sample_generations=3,
)  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    data = tmp_path / "rows.csv"
    data.write_text("a,b\n" + "".join(f"ask {n},tell {n}\n" for n in range(9)))
    mapping = Mapping("pairs", prompt="b", answer="a")
    return RunConfig("Mine", str(save_tiny_chat(tmp_path / "tiny")), str(data), "paper", TRAIN, 0.3, mapping)


def test_a_run_started_again_unchanged_has_the_same_settings(bench: Studio, config: RunConfig) -> None:
    read = bench.shelf.read(config.model)
    keys = tuple(site for site in read.tree.sites if site.role == "key")
    expected = {"paper": read.tree.select(), "feed-forward@0": read.tree.choose("feed-forward@0")}
    for chosen in ("paper", "feed-forward@0", Selection(keys, read.tree.base_model)):
        run = bench.store.create(replace(config, selection=chosen), str(chosen))
        model, tree, _preset, _note, data, facts, rows, _faults, held_out, *fields, said, tabs = refill(
            bench, f"run:{run.id}"
        )
        again = run_config(model, data, ticked(tree["value"], read), held_out, *fields)
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
    with pytest.raises(RunError, match=re.escape(text.DESK_EMPTY)):
        refill(bench, "")
    run = bench.store.create(replace(config, selection="no_such_module"), "odd")
    with pytest.raises(SelectionError):
        refill(bench, f"run:{run.id}")
