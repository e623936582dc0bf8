"""Which channels are tuned? The layer tree of the model, with presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ia3_studio.errors import SelectionError
from ia3_studio.models import STARTER
from ia3_studio.ui import text
from ia3_studio.ui.boundary import guard
from ia3_studio.ui.components.layer_tree import LayerTree, show_rows
from ia3_studio.ui.components.tree_rows import decode_ticks, ticks_of
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import ReadModel, Session, Studio, chosen_model, quiet

PAPER = "paper"
"""The preset ticked at first."""


@dataclass(frozen=True)
class ModulesTab:
    """What the page wires to other tabs."""

    tree: LayerTree
    drawn: list[gr.components.Component]
    """What :func:`show_model` fills."""
    next: gr.Button


def show_model(studio: Studio, source: str) -> tuple[Any, str, str]:
    """Return (layer tree, preset, note) for a model, the paper's selection ticked."""
    read = studio.shelf.read(chosen_model(source))
    try:
        ticks, said = preset_ticks(read, PAPER), note(read.tree.note)
    except SelectionError as error:
        ticks, said = "", note(str(error), "bad")
    return show_rows(read.rows, ticks), PAPER, said


def pick_preset(studio: Studio, source: str, preset: str) -> tuple[str, str]:
    """Tick a preset's sites; return (ticks, note)."""
    read = studio.shelf.read(chosen_model(source))
    try:
        return preset_ticks(read, preset), note(read.tree.note)
    except SelectionError as error:
        return "", note(str(error), "bad")


def name_preset(studio: Studio, source: str, ticks: str) -> str | None:
    """Return the preset that the ticks amount to, or None when they are the visitor's own."""
    read = studio.shelf.read(chosen_model(source))
    chosen = frozenset(decode_ticks(ticks, read.rows))
    for preset, _label in text.PRESETS:
        try:
            if chosen == frozenset(read.tree.select(preset)):
                return preset
        except SelectionError:  # this model has nothing of that preset
            continue
    return None


def preset_ticks(read: ReadModel, preset: str) -> str:
    """Return a preset as the tree's value.

    Raises:
        SelectionError: the model has nothing of that preset.
    """
    return ticks_of(read.rows, read.tree.select(preset))


def build(studio: Studio, session: Session) -> ModulesTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.MODULES_TITLE, text.MODULES_WORDS))
    preset = gr.Radio(
        [(label, name) for name, label in text.PRESETS],
        value=PAPER,
        label=text.PRESET_LABEL,
        elem_id="preset",
    )
    said = gr.HTML(note(text.reading(STARTER)), elem_id="modules-note")
    tree = LayerTree(elem_id="layer-tree")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_DATA, variant="primary", elem_id="next-data")
    preset.input(guard(pick_preset, studio), [session.model, preset], [tree, said], **quiet())
    tree.input(guard(name_preset, studio), [session.model, tree], preset, **quiet(trigger_mode="always_last"))
    return ModulesTab(tree, [tree, preset, said], onward)
