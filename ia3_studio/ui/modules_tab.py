"""Which channels are tuned? The layer tree of the model, with presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.errors import SelectionError
from ia3_studio.models import STARTER
from ia3_studio.ui import text
from ia3_studio.ui.components.layer_tree import LayerTree, show_rows
from ia3_studio.ui.components.tree_rows import decode_selection, encode_selection, row_sites
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import ModelLayers, Session, Studio, chosen_model, quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ia3_studio.method import Site

PAPER = "paper"
"""The preset that is selected at first."""


@dataclass(frozen=True)
class ModulesTab:
    """What the page wires to other tabs."""

    tree: LayerTree
    preset: gr.Radio
    note: gr.HTML
    next: gr.Button

    @property
    def drawn(self) -> list[gr.components.Component]:
        """Return what :func:`show_model` fills."""
        return [self.tree, self.preset, self.note]


def show_model(studio: Studio, source: str) -> tuple[Any, str, str]:
    """Return (layer tree, preset, note) for a model, with the paper's preset selected."""
    layers = studio.layers.get(chosen_model(source))
    try:
        selected, status = preset_rows(layers, PAPER), note(layers.tree.note)
    except SelectionError as error:
        selected, status = "", note(str(error), "bad")
    return show_rows(layers.rows, selected), PAPER, status


def select_preset(studio: Studio, source: str, preset: str) -> tuple[str, str]:
    """Select the sites of a preset; return (selected rows, note)."""
    layers = studio.layers.get(chosen_model(source))
    try:
        return preset_rows(layers, preset), note(layers.tree.note)
    except SelectionError as error:
        return "", note(str(error), "bad")


def select_sites(studio: Studio, source: str, expression: str) -> tuple[Any, Any, str]:
    """Select the sites of an expression; return (selected rows, preset, note). An error keeps the selection."""
    layers = studio.layers.get(chosen_model(source))
    try:
        sites = chosen_sites(layers, expression)
        selected = encode_selection(layers.rows, sites)
    except SelectionError as error:
        return gr.skip(), gr.skip(), note(str(error), "bad")
    matched = text.selected_sites(len(sites), sum(site.size for site in sites))
    return selected, preset_of(studio, source, selected), note(matched, "good")


def chosen_sites(layers: ModelLayers, expression: str) -> Sequence[Site]:
    """Return the sites of an expression, as the rows of the layer tree have them.

    Raises:
        SelectionError: it is empty, cannot be read, or hits nothing.
    """
    if not expression.strip():
        raise SelectionError(text.SELECTION_EMPTY)
    return row_sites(layers.rows, layers.tree.choose(expression.strip()))


def rows_of(layers: ModelLayers, words: str) -> str:
    """Return the rows of the layer tree for a preset or an expression.

    Raises:
        SelectionError: the model has no such site.
    """
    if words in dict(text.PRESETS):
        return preset_rows(layers, words)
    return encode_selection(layers.rows, chosen_sites(layers, words))


def preset_of(studio: Studio, source: str, selected_rows: str) -> str | None:
    """Return the preset with the same sites, or None if there is none."""
    layers = studio.layers.get(chosen_model(source))
    selected = frozenset(decode_selection(selected_rows, layers.rows))
    for preset, _label in text.PRESETS:
        try:
            if selected == frozenset(row_sites(layers.rows, layers.tree.select(preset))):
                return preset
        except SelectionError:  # this model has no site of that preset
            continue
    return None


def preset_rows(layers: ModelLayers, preset: str) -> str:
    """Return the rows of the layer tree for a preset.

    Raises:
        SelectionError: the model has no site of that preset.
    """
    return encode_selection(layers.rows, row_sites(layers.rows, layers.tree.select(preset)))


def build(studio: Studio, session: Session) -> ModulesTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.MODULES_TITLE, text.MODULES_WORDS))
    preset = gr.Radio(
        [(label, name) for name, label in text.PRESETS],
        value=PAPER,
        label=text.PRESET_LABEL,
        elem_id="preset",
    )
    status = gr.HTML(note(text.reading(STARTER)), elem_id="modules-note")
    tree = LayerTree(elem_id="layer-tree")
    with (
        gr.Accordion(text.SELECTION_TITLE, open=False, elem_classes="accordion"),
        gr.Row(equal_height=False, elem_classes="choose-row"),
    ):
        expression = gr.Textbox(
            label=text.SELECTION,
            info=text.SELECTION_INFO,
            placeholder=text.SELECTION_HINT,
            max_lines=1,
            max_length=2000,
            scale=8,
            min_width=240,
            elem_id="selection",
        )
        select = gr.Button(text.SELECT_SITES, scale=1, min_width=120, elem_id="select-sites")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_DATA, variant="primary", elem_id="next-data")
    preset.input(
        guard(select_preset, studio), [session.model, preset], [tree, status], **quiet(trigger_mode="always_last")
    )
    gr.on(
        [expression.submit, select.click],
        guard(select_sites, studio),
        [session.model, expression],
        [tree, preset, status],
        **quiet(),
    )
    tree.input(guard(preset_of, studio), [session.model, tree], preset, **quiet(trigger_mode="always_last"))
    return ModulesTab(tree, preset, status, onward)
