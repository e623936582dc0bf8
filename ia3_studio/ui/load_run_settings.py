"""How does a run come back into the form, to be changed before it is started again?"""

from __future__ import annotations

from typing import Any

import gradio as gr

from ia3_studio.errors import RunError
from ia3_studio.method.sites import Selection
from ia3_studio.ui import text
from ia3_studio.ui.components.layer_tree import show_rows
from ia3_studio.ui.components.tree_rows import in_rows, ticks_of
from ia3_studio.ui.current_run import find
from ia3_studio.ui.forms import updates_of
from ia3_studio.ui.markup import note
from ia3_studio.ui.rows_card import shown as rows_shown
from ia3_studio.ui.run_form import form_of
from ia3_studio.ui.session import ReadModel, Studio


def refill(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return everything that the tabs need to start the shown run again.

    That is (preset of target modules, their note; facts on the data, first rows, problems; note of the Train tab, the
    tab to look at; the fields of :class:`~ia3_studio.ui.run_form.RunForm`).

    Raises:
        RunError: no run is shown.
        StudioError: its model, sites or data are not there any more.
    """
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(text.DESK_EMPTY)
    config = shown.run.config
    read = studio.shelf.read(config.model)
    form = form_of(config, ticks_of_run(read, config.selection), shown.run.data_source)
    found = config.choice(shown.run.data_source).look(config.held_out, config.train.seed)
    return (
        None,
        note(text.settings_of(shown.name)),
        *rows_shown(found),
        note(text.settings_of(shown.name), "good"),
        gr.Tabs(selected="train"),
        *updates_of(form, ticks=show_rows(read.rows, form.ticks)),
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
