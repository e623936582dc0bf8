"""How does a run come back into the form, to be changed before it is started again?"""

from __future__ import annotations

from typing import Any

import gradio as gr

from ia3_studio.data.load import DataChoice
from ia3_studio.errors import RunError
from ia3_studio.method.sites import Selection
from ia3_studio.runs import RunConfig
from ia3_studio.ui import text
from ia3_studio.ui.components.layer_tree import show_rows
from ia3_studio.ui.components.tree_rows import in_rows, ticks_of
from ia3_studio.ui.current_run import find
from ia3_studio.ui.markup import note
from ia3_studio.ui.rows_card import shown as rows_shown
from ia3_studio.ui.session import ReadModel, Studio


def refill(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return everything that the tabs need to start the shown run again.

    That is (model, layer tree, preset, modules' note; data, facts, first rows, problems, held-out share; the fields of
    the Train tab; its note; the tab to look at).

    Raises:
        RunError: no run is shown.
        StudioError: its model, sites or data are not there any more.
    """
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(text.DESK_EMPTY)
    config = shown.run.config
    read = studio.shelf.read(config.model)
    choice = DataChoice(shown.run.data_source, config.mapping, config.reading)
    return (
        config.model,
        show_rows(read.rows, ticks_of_run(read, config.selection)),
        None,
        note(text.settings_of(shown.name)),
        choice.to_text(),
        *rows_shown(choice.look(config.held_out, config.train.seed)),
        config.held_out,
        *fields_of(config),
        note(text.settings_of(shown.name), "good"),
        gr.Tabs(selected="train"),
    )


def ticks_of_run(read: ReadModel, chosen: Selection | str) -> str:
    """Return a run's sites as the tree's value.

    Raises:
        SelectionError: the model has no such sites.
    """
    from ia3_studio.method.sites import PRESETS

    if isinstance(chosen, str):
        chosen = read.tree.select(chosen) if chosen in PRESETS else read.tree.choose(chosen)
    return ticks_of(read.rows, in_rows(read.rows, chosen))


def fields_of(config: RunConfig) -> tuple[Any, ...]:
    """Return the fields of the Train tab, in the order in which they make a run's settings."""
    train = config.train
    return (
        config.name, train.learning_rate, train.epochs, train.batch_size, train.max_length, train.seed,
        train.warmup_ratio, train.max_grad_norm, train.decay_to_one, train.micro_batch_tokens, train.eval_steps,
        train.backward_dtype, train.optimizer, train.max_steps or 0, train.early_stopping_patience or 0,
        train.keep_best, train.long_rows, train.sample_generations, config.report_to,
    )  # fmt: skip
