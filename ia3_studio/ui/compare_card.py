"""Did two adapters learn the same? The selected one compared with another, on the Scales tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ia3_studio.insight.ablation_figures import difference_map
from ia3_studio.insight.diff import diff, sentence
from ia3_studio.ui import scales_words as words
from ia3_studio.ui.chat_variants import BASE, CURRENT, MERGED, choices_for
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import RESIZE_FIGURES, Session, Studio, quiet


@dataclass(frozen=True)
class CompareCard:
    """What the tab around it fills."""

    other: gr.Dropdown


def other_adapters(studio: Studio, key: str) -> Any:
    """Return the dropdown with the other adapters of the same model."""
    current = find(studio, key)
    variants = choices_for(studio, key, current.model) if current else []
    choices = [(label, choice) for label, choice in variants if choice not in (BASE, CURRENT, MERGED)]
    return gr.update(choices=choices, value=None)


def compare(studio: Studio, key: str, other: str | None) -> tuple[Any, ...]:
    """Compare the selected adapter with another one; return (note, body, map, table, file)."""
    first, second = find(studio, key), find(studio, other or "")
    if first is None or second is None or first.adapter is None or second.adapter is None:
        return note(words.NO_SECOND_ADAPTER), gr.update(visible=False), gr.skip(), gr.skip(), gr.skip()
    difference = diff(first.vectors(), second.vectors())
    path = studio.download_folder(key) / "comparison.csv"
    difference.table().to_csv(path, index=False)
    return (
        note(sentence(difference, f"“{first.name}”", f"“{second.name}”")),
        gr.update(visible=True),
        difference_map(difference.map, first.name, second.name),
        difference.table().round(4),
        str(path),
    )


def build(studio: Studio, session: Session) -> CompareCard:
    """Draw the card and wire its own events."""
    with gr.Accordion(words.COMPARE_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.COMPARE_WORDS))
        other = gr.Dropdown([], label=words.SECOND_ADAPTER, elem_id="comparison-adapter")
        status = gr.HTML(elem_id="comparison-note")
        with gr.Column(visible=False) as body:
            difference = gr.Plot(show_label=False, elem_id="comparison-map")
            csv = gr.DownloadButton(words.COMPARE_CSV, size="md", elem_id="comparison-csv")
            with gr.Accordion(words.COMPARE_TABLE, open=False, elem_classes="accordion"):
                table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="comparison-table")
    chosen = other.input(
        guard(compare, studio),
        [session.current, other],
        [status, body, difference, table, csv],
        **quiet(trigger_mode="always_last"),
    )
    chosen.then(None, None, None, js=RESIZE_FIGURES, **quiet(queue=False))
    return CompareCard(other)
