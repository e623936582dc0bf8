"""How are the settings of a run loaded into the form, to be edited before it is started again?"""

from __future__ import annotations

from typing import Any

import gradio as gr

from ia3_studio.errors import RunError
from ia3_studio.method.sites import Selection
from ia3_studio.ui import text
from ia3_studio.ui.components.layer_tree import show_rows
from ia3_studio.ui.components.tree_rows import encode_selection, row_sites
from ia3_studio.ui.current_run import find
from ia3_studio.ui.forms import updates_of
from ia3_studio.ui.markup import note
from ia3_studio.ui.rows_card import data_overview
from ia3_studio.ui.run_form import form_of
from ia3_studio.ui.session import ModelLayers, Studio


def load_run_settings(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return what the tabs need to start the selected run again.

    That is (preset of target modules, their note; facts on the data, first rows, problems; note of the Train tab, the
    Train tab; the fields of :class:`~ia3_studio.ui.run_form.RunForm`).

    Raises:
        RunError: no run is selected.
        StudioError: its model, sites or data no longer exist.
    """
    current = find(studio, key)
    if current is None or current.run is None:
        raise RunError(text.NO_RUN_SELECTED)
    config, source = current.run.config, current.run.data_source
    layers = studio.layers.get(config.model)
    form = form_of(config, rows_of_run(layers, config.selection), source)
    loaded = text.settings_of(current.name)
    return (
        None,
        note(loaded),
        *data_overview(config.choice(source).look(config.held_out, config.train.seed)),
        note(loaded, "good"),
        gr.Tabs(selected="train"),
        *updates_of(form, selected_rows=show_rows(layers.rows, form.selected_rows)),
    )


def rows_of_run(layers: ModelLayers, selection: Selection | str) -> str:
    """Return the rows of the layer tree for a run's sites.

    Raises:
        SelectionError: the model has no such sites.
    """
    from ia3_studio.method.sites import PRESETS

    tree, rows = layers.tree, layers.rows
    if isinstance(selection, str):
        selection = tree.select(selection) if selection in PRESETS else tree.choose(selection)
    return encode_selection(rows, row_sites(rows, selection))
