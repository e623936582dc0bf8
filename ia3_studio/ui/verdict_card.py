"""Did training help? The verdict of a run and its measures for base and tuned model, with their tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.data.export_rows import escape_formula
from ia3_studio.errors import RunError
from ia3_studio.insight.advice import advice
from ia3_studio.insight.verdict import Verdict, change, figure, span
from ia3_studio.runs.evaluation import RunEvaluation, read_evaluation
from ia3_studio.ui import text
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import Tone, bullets, heading, note, table
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.verdict_page import facts_of, write_verdict

if TYPE_CHECKING:
    from ia3_studio.runs import Run
    from ia3_studio.training.report import Measure


MAX_MISTAKES = 8
"""Pairs of labels in the table; the download has all."""


@dataclass(frozen=True)
class VerdictCard:
    """What the tab around it fills."""

    drawn: list[gr.components.Component | gr.Column]
    """What :func:`draw` fills."""


def draw(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (card, verdict, table, its file, errors, their file, suggestions, button, page) of the selected run.

    The button writes the page; one of another run is hidden. The card is hidden if there is no run with an adapter.
    """
    nothing = gr.update(visible=False)
    current = find(studio, key)
    if current is None or current.run is None or current.adapter is None:
        return nothing, "", "", nothing, "", nothing, "", nothing, nothing
    found = read_evaluation(current.run.folder)
    if found is None:
        status = note(text.VERDICT_PENDING if current.run.status().active else text.VERDICT_NONE)
        return gr.update(visible=True), status, "", nothing, "", nothing, "", gr.update(visible=True), nothing
    folder = studio.download_folder(key)
    verdict = found.verdict
    return (
        gr.update(visible=True),
        note(verdict.sentence, tone(verdict)),
        measures_table(found),
        gr.update(value=write_table(folder, found), visible=True),
        errors_table(found),
        gr.update(value=write_confusion(folder, found), visible=True) if found.held_out.confusion else nothing,
        suggestions(current.run, current.adapter, found),
        gr.update(visible=True),
        nothing,
    )


def suggestions(run: Run, folder: Path, found: RunEvaluation) -> str:
    """Return what to try next, as a list."""
    return f"<h3 class='tokens-title'>{text.VERDICT_NEXT}</h3>{bullets(suggested(run, folder, found))}"


def suggested(run: Run, folder: Path, found: RunEvaluation) -> Sequence[str]:
    """Return a sentence for each thing to try next."""
    from ia3_studio.method import Adapter

    return advice(facts_of(run, Adapter.load(folder), found))


def write_page(studio: Studio, key: str) -> Any:
    """Write the verdict page of the selected run; return the button that downloads it.

    Raises:
        RunError: no run with an adapter is selected.
    """
    current = find(studio, key)
    if current is None or current.run is None:
        raise RunError(text.NO_ADAPTER)
    page = write_verdict(current.run, studio.download_folder(key) / "verdict.html")
    return gr.update(value=str(page), visible=True)


def tone(verdict: Verdict) -> Tone:
    """Return the tone of a verdict: only a gain without forgetting is good."""
    if verdict.forgets or verdict.kind == "loss":
        return "warn"
    return "good" if verdict.kind == "gain" else "plain"


def measures_table(found: RunEvaluation) -> str:
    """Return the measures as a table: base, tuned, and the difference with its interval."""
    parts = (
        (text.ON_HELD_OUT, found.held_out),
        (text.ON_SAMPLE_GENERATIONS, found.sample_generations),
        (text.ON_NEUTRAL, found.forgetting),
    )
    rows = [_row(on, measure) for on, evaluation in parts if evaluation for measure in evaluation.measures]
    neutral, generated = (part.rows if part else 0 for part in (found.forgetting, found.sample_generations))
    return table(text.VERDICT_COLUMNS, rows, text.measured_on(found.held_out.rows, neutral, generated))


def errors_table(found: RunEvaluation) -> str:
    """Return the most frequent errors of the tuned model with the base model's counts; empty without labels."""
    by_model = {confusion.model: confusion for confusion in found.held_out.confusion}
    if len(by_model) < 2:
        return ""
    names, tuned, base = by_model["tuned"].names, by_model["tuned"].counts, by_model["base"].counts
    wrong = [(tuned[line][column], line, column) for line in range(len(names)) for column in range(len(names))
             if line != column and tuned[line][column]]  # fmt: skip
    wrong.sort(key=lambda error: (-error[0], error[1:]))
    rows = [(names[line], names[column], base[line][column], count) for count, line, column in wrong[:MAX_MISTAKES]]
    if not rows:
        return note(text.NO_ERRORS, "good")
    return table(text.ERROR_COLUMNS, rows, text.errors_caption(len(wrong), MAX_MISTAKES))


def write_table(folder: Path, found: RunEvaluation) -> str:
    """Write all measures and intervals as CSV; return the path."""
    from pandas import DataFrame

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "evaluation.csv"
    DataFrame(found.table()).to_csv(path, index=False)
    return str(path)


def write_confusion(folder: Path, found: RunEvaluation) -> str:
    """Write how often each label was taken for each other as CSV, one line a model and pair; return the path."""
    from pandas import DataFrame

    path = folder / "confusion.csv"
    DataFrame(
        [
            {
                "model": confusion.model,
                "label": escape_formula(label),
                "predicted": escape_formula(predicted),
                "rows": count,
            }
            for confusion in found.held_out.confusion
            for label, line in zip(confusion.names, confusion.counts, strict=True)
            for predicted, count in zip(confusion.names, line, strict=True)
        ]
    ).to_csv(path, index=False)
    return str(path)


def build(studio: Studio, session: Session) -> VerdictCard:
    """Draw the card, hidden until there is a verdict, and wire its own events."""
    with gr.Column(visible=False, elem_classes="card", elem_id="verdict") as card:
        gr.HTML(heading(text.VERDICT_TITLE, text.VERDICT_WORDS))
        status = gr.HTML(elem_id="verdict-note")
        measures = gr.HTML(elem_id="verdict-table")
        csv = gr.DownloadButton(text.VERDICT_CSV, size="md", visible=False, elem_id="verdict-csv")
        errors = gr.HTML(elem_id="errors")
        confusion = gr.DownloadButton(text.CONFUSION_CSV, size="md", visible=False, elem_id="confusion-csv")
        suggested = gr.HTML(elem_id="suggestions")
        write = gr.Button(text.VERDICT_PAGE, size="md", visible=False, elem_id="write-page")
        page = gr.DownloadButton(text.VERDICT_PAGE_READY, size="md", visible=False, elem_id="verdict-page")
    written = write.click(guard(write_page, studio), session.current, page, **quiet())
    written.success(None, None, None, js=_DOWNLOAD, **quiet(queue=False))
    return VerdictCard([card, status, measures, csv, errors, confusion, suggested, write, page])


def _row(on: str, measure: Measure) -> tuple[str, str, str, str]:
    name = f"{measure.name} {on}" + (f" ({measure.unit})" if measure.unit else "")
    difference = f"{change(measure.difference)} ({span(measure.difference_interval)})"
    return name, figure(measure.base), figure(measure.tuned), difference


_DOWNLOAD = """() => {
  const tries = setInterval(() => {
    const button = document.querySelector('a#verdict-page, #verdict-page a, button#verdict-page, #verdict-page button');
    if (button) { clearInterval(tries); button.click(); }
  }, 100);
  setTimeout(() => clearInterval(tries), 5000);
}"""
"""Script that starts the download of the page once it is written."""
