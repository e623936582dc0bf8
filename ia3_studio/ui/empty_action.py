"""What can be done on a tab that is still empty? One click trains the demo, which fills it."""

from __future__ import annotations

import gradio as gr

from ia3_studio.ui import text


def empty_action(tab: str) -> gr.Button:
    """Draw the button below the note of a tab; the stylesheet shows it while that note is an invitation."""
    return gr.Button(
        text.TRAIN_DEMO, variant="primary", scale=0, elem_id=f"train-demo-{tab}", elem_classes="empty-action"
    )
