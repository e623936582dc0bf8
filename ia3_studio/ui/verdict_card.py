"""Did it help? A run's verdict and the numbers behind it, base beside tuned, with their table to take away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.insight.verdict import Verdict, change, figure, span
from ia3_studio.runs.evaluation import RunEvaluation, read_evaluation
from ia3_studio.ui import text
from ia3_studio.ui.markup import Tone, heading, note, table
from ia3_studio.ui.session import Studio
from ia3_studio.ui.shown import find

if TYPE_CHECKING:
    from ia3_studio.training.report import Measure


@dataclass(frozen=True)
class VerdictCard:
    """What a tab that shows the verdict needs."""

    drawn: list[gr.components.Component | gr.Column]
    """What :func:`draw` fills."""


def draw(studio: Studio, key: str) -> tuple[Any, str, str, Any]:
    """Return (card, verdict, table, download) of what is shown; no card where there is no run with an adapter."""
    shown = find(studio, key)
    if shown is None or shown.run is None or shown.adapter is None:
        return gr.update(visible=False), "", "", gr.update(visible=False)
    found = read_evaluation(shown.run.folder)
    if found is None:
        said = text.VERDICT_SOON if shown.run.status().active else text.VERDICT_NONE
        return gr.update(visible=True), note(said), "", gr.update(visible=False)
    path = write_table(studio.scratch / key.replace(":", "-"), found)
    verdict = found.verdict
    return (
        gr.update(visible=True),
        note(verdict.sentence, tone(verdict)),
        numbers(found),
        gr.update(value=path, visible=True),
    )


def tone(verdict: Verdict) -> Tone:
    """Return how a verdict is meant: only a gain that forgets nothing is good news."""
    if verdict.forgets or verdict.kind == "loss":
        return "warn"
    return "good" if verdict.kind == "gain" else "plain"


def numbers(found: RunEvaluation) -> str:
    """Return the measures as a table: base, tuned, and their difference with its interval."""
    parts = ((text.ON_HELD_OUT, found.held_out), (text.ON_NEUTRAL, found.forgetting))
    rows = [_row(where, measure) for where, evaluation in parts if evaluation for measure in evaluation.measures]
    neutral = found.forgetting.rows if found.forgetting else 0
    return table(text.VERDICT_COLUMNS, rows, text.measured_on(found.held_out.rows, neutral))


def write_table(folder: Path, found: RunEvaluation) -> str:
    """Write all numbers and intervals as CSV into a folder; return the path."""
    from pandas import DataFrame

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "evaluation.csv"
    DataFrame(found.table()).to_csv(path, index=False)
    return str(path)


def build() -> VerdictCard:
    """Draw the card, hidden until there is something to say."""
    with gr.Column(visible=False, elem_classes="card", elem_id="verdict") as card:
        gr.HTML(heading(text.VERDICT_TITLE, text.VERDICT_WORDS))
        said = gr.HTML(elem_id="verdict-note")
        measures = gr.HTML(elem_id="verdict-table")
        csv = gr.DownloadButton(text.VERDICT_CSV, size="md", visible=False, elem_id="verdict-csv")
    return VerdictCard([card, said, measures, csv])


def _row(where: str, measure: Measure) -> tuple[str, str, str, str]:
    name = f"{measure.name} {where}" + (f" ({measure.unit})" if measure.unit else "")
    difference = f"{change(measure.difference)} ({span(measure.difference_interval)})"
    return name, figure(measure.base), figure(measure.tuned), difference
