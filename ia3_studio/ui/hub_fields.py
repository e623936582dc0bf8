"""The fields for a data set on the hub."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ia3_studio.ui import text
from ia3_studio.ui.components.model_picker import ModelPicker

MOST_HUB_ROWS = 5_000
"""Rows of each split that are taken from the hub unless more are asked for."""


@dataclass(frozen=True)
class HubFields:
    """The fields for a data set on the hub."""

    name: ModelPicker
    look: gr.Button
    note: gr.HTML
    found: gr.Column
    """Hidden until a data set is found."""
    configuration: gr.Dropdown
    splits: gr.CheckboxGroup
    most: gr.Number
    use: gr.Button

    @property
    def chosen(self) -> list[gr.components.Component]:
        """Return what says which rows are taken."""
        return [self.name, self.configuration, self.splits, self.most]


def build() -> HubFields:
    """Draw the fields; those on what was found are hidden until then."""
    with gr.Row(elem_classes="choose-row"):
        name = ModelPicker(key="data", label=text.HUB_DATA, info=text.HUB_DATA_INFO, elem_id="hub-data")
        look = gr.Button(text.LOOK_UP, scale=0, min_width=120, elem_id="look-up")
    said = gr.HTML(elem_id="hub-note")
    with gr.Column(visible=False) as found:
        configuration = gr.Dropdown([], label=text.CONFIGURATION, elem_id="hub-configuration")
        splits = gr.CheckboxGroup([], label=text.SPLITS, info=text.SPLITS_INFO, elem_id="hub-splits")
        most = gr.Number(
            MOST_HUB_ROWS, label=text.MOST_ROWS, info=text.MOST_ROWS_INFO, precision=0, minimum=2, elem_id="hub-most"
        )
        use = gr.Button(text.USE_HUB, elem_id="use-hub")
    return HubFields(name, look, said, found, configuration, splits, most, use)
