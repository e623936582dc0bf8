"""Which channels are tuned? The layer tree of the model, with presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ia3_studio.errors import SelectionError
from ia3_studio.models import STARTER
from ia3_studio.ui import text
from ia3_studio.ui.components.layer_tree import LayerTree, show_rows
from ia3_studio.ui.components.tree_rows import decode_ticks, in_rows, ticks_of
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import ReadModel, Session, Studio, chosen_model, quiet

PAPER = "paper"
"""The preset ticked at first."""


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


def choose_sites(studio: Studio, source: str, words: str) -> tuple[Any, Any, str]:
    """Tick the sites that a few words mean; return (ticks, preset, note). What was ticked stays after an error."""
    read = studio.shelf.read(chosen_model(source))
    try:
        if not words.strip():
            raise SelectionError(text.CHOOSE_EMPTY)
        chosen = in_rows(read.rows, read.tree.choose(words.strip()))
        ticks = ticks_of(read.rows, chosen)
    except SelectionError as error:
        return gr.skip(), gr.skip(), note(str(error), "bad")
    said = text.ticked(len(chosen), sum(site.size for site in chosen))
    return ticks, name_preset(studio, source, ticks), note(said, "good")


def name_preset(studio: Studio, source: str, ticks: str) -> str | None:
    """Return the preset that the ticks amount to, or None when they are the visitor's own."""
    read = studio.shelf.read(chosen_model(source))
    chosen = frozenset(decode_ticks(ticks, read.rows))
    for preset, _label in text.PRESETS:
        try:
            if chosen == frozenset(in_rows(read.rows, read.tree.select(preset))):
                return preset
        except SelectionError:  # this model has nothing of that preset
            continue
    return None


def preset_ticks(read: ReadModel, preset: str) -> str:
    """Return a preset as the tree's value.

    Raises:
        SelectionError: the model has nothing of that preset.
    """
    return ticks_of(read.rows, in_rows(read.rows, read.tree.select(preset)))


def build(studio: Studio, session: Session) -> ModulesTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.MODULES_TITLE, text.MODULES_WORDS))
    preset = gr.Radio(
        [(label, name) for name, label in text.PRESETS],
        value=PAPER,
        label=text.PRESET_LABEL,
        elem_id="preset",
    )
    with gr.Row(equal_height=False, elem_classes="choose-row"):
        words = gr.Textbox(
            label=text.CHOOSE_LABEL,
            info=text.CHOOSE_INFO,
            placeholder=text.CHOOSE_HINT,
            max_lines=1,
            max_length=2000,
            scale=8,
            min_width=240,
            elem_id="choose",
        )
        choose = gr.Button(text.CHOOSE_BUTTON, scale=1, min_width=120, elem_id="choose-these")
    said = gr.HTML(note(text.reading(STARTER)), elem_id="modules-note")
    tree = LayerTree(elem_id="layer-tree")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_DATA, variant="primary", elem_id="next-data")
    preset.input(guard(pick_preset, studio), [session.model, preset], [tree, said], **quiet())
    gr.on(
        [words.submit, choose.click],
        guard(choose_sites, studio),
        [session.model, words],
        [tree, preset, said],
        **quiet(),
    )
    tree.input(guard(name_preset, studio), [session.model, tree], preset, **quiet(trigger_mode="always_last"))
    return ModulesTab(tree, preset, said, onward)
