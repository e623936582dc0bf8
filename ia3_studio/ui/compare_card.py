"""Did two adapters learn the same? The one shown beside another, on the Scales tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ia3_studio.insight.ablation_figures import difference_map
from ia3_studio.insight.diff import diff, sentence
from ia3_studio.ui import scales_words as words
from ia3_studio.ui.chat_variants import BASE, CURRENT, MERGED, choices_for
from ia3_studio.ui.current_run import find
from ia3_studio.ui.figure_fit import FIT
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.vectors import vectors_of


@dataclass(frozen=True)
class BesideCard:
    """What the tab around it fills."""

    other: gr.Dropdown


def others(studio: Studio, key: str) -> Any:
    """Offer the adapters of the same model; return the dropdown."""
    shown = find(studio, key)
    found = choices_for(studio, key, shown.model) if shown else []
    choices = [(label, value) for label, value in found if value not in (BASE, CURRENT, MERGED)]
    return gr.update(choices=choices, value=None)


def compare(studio: Studio, key: str, other: str | None) -> tuple[Any, ...]:
    """Compare what is shown with another adapter; return (note, body, map, table, file)."""
    first, second = find(studio, key), find(studio, other or "")
    if first is None or second is None or first.adapter is None or second.adapter is None:
        return note(words.BESIDE_NONE), gr.update(visible=False), gr.skip(), gr.skip(), gr.skip()
    found = diff(vectors_of(first.adapter), vectors_of(second.adapter))
    path = studio.desk(key) / "comparison.csv"
    found.table().to_csv(path, index=False)
    return (
        note(sentence(found, f"“{first.name}”", f"“{second.name}”")),
        gr.update(visible=True),
        difference_map(found.map, first.name, second.name),
        found.table().round(4),
        str(path),
    )


def build(studio: Studio, session: Session) -> BesideCard:
    """Draw the card and wire its own events."""
    with gr.Accordion(words.BESIDE_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.BESIDE_WORDS))
        other = gr.Dropdown([], label=words.BESIDE_OTHER, elem_id="beside-other")
        said = gr.HTML(elem_id="beside-note")
        with gr.Column(visible=False) as body:
            picture = gr.Plot(show_label=False, elem_id="beside-map")
            csv = gr.DownloadButton(words.BESIDE_CSV, size="md", elem_id="beside-csv")
            with gr.Accordion(words.BESIDE_TABLE, open=False, elem_classes="accordion"):
                table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="beside-table")
    chosen = other.input(guard(compare, studio), [session.current, other], [said, body, picture, table, csv], **quiet())
    chosen.then(None, None, None, js=FIT, **quiet(queue=False))
    return BesideCard(other)
