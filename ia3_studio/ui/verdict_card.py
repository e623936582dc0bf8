"""Did it help? A run's verdict and the numbers behind it, base beside tuned, with their table to take away."""

from __future__ import annotations

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


MOST_MISTAKES = 8
"""Pairs of classes shown; the download has all."""


@dataclass(frozen=True)
class VerdictCard:
    """What a tab that shows the verdict needs."""

    drawn: list[gr.components.Component | gr.Column]
    """What :func:`draw` fills."""


def draw(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (card, verdict, table, its download, mistakes, their download, advice, button, page) of what is shown.

    The button makes the page; one made of another run is put away.

    There is no card where there is no run with an adapter.
    """
    nothing = gr.update(visible=False)
    shown = find(studio, key)
    if shown is None or shown.run is None or shown.adapter is None:
        return nothing, "", "", nothing, "", nothing, "", nothing, nothing
    found = read_evaluation(shown.run.folder)
    if found is None:
        said = text.VERDICT_SOON if shown.run.status().active else text.VERDICT_NONE
        return gr.update(visible=True), note(said), "", nothing, "", nothing, "", gr.update(visible=True), nothing
    folder = studio.desk(key)
    verdict = found.verdict
    return (
        gr.update(visible=True),
        note(verdict.sentence, tone(verdict)),
        numbers(found),
        gr.update(value=write_table(folder, found), visible=True),
        mistakes(found),
        gr.update(value=write_mistakes(folder, found), visible=True) if found.held_out.confusion else nothing,
        what_next(shown.run, shown.adapter, found),
        gr.update(visible=True),
        nothing,
    )


def what_next(run: Run, folder: Path, found: RunEvaluation) -> str:
    """Return what to try next."""
    from ia3_studio.method import Adapter

    said = advice(facts_of(run, Adapter.load(folder), found))
    return f"<h3 class='tokens-title'>{text.VERDICT_NEXT}</h3>{bullets(said)}"


def make_page(studio: Studio, key: str) -> Any:
    """Write the page of the run that is shown; return the button that downloads it.

    Raises:
        RunError: there is no run with an adapter.
    """
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(text.SCALES_EMPTY)
    page = write_verdict(shown.run, studio.desk(key) / "verdict.html")
    return gr.update(value=str(page), visible=True)


def tone(verdict: Verdict) -> Tone:
    """Return how a verdict is meant: only a gain that forgets nothing is good news."""
    if verdict.forgets or verdict.kind == "loss":
        return "warn"
    return "good" if verdict.kind == "gain" else "plain"


def numbers(found: RunEvaluation) -> str:
    """Return the measures as a table: base, tuned, and their difference with its interval."""
    parts = (
        (text.ON_HELD_OUT, found.held_out),
        (text.IN_ANSWERS, found.sample_generations),
        (text.ON_NEUTRAL, found.forgetting),
    )
    rows = [_row(where, measure) for where, evaluation in parts if evaluation for measure in evaluation.measures]
    neutral, written = (part.rows if part else 0 for part in (found.forgetting, found.sample_generations))
    return table(text.VERDICT_COLUMNS, rows, text.measured_on(found.held_out.rows, neutral, written))


def mistakes(found: RunEvaluation) -> str:
    """Return which classes the tuned model takes for which others most often, beside the base model; or nothing."""
    by_model = {confusion.model: confusion for confusion in found.held_out.confusion}
    if len(by_model) < 2:
        return ""
    names, tuned, base = by_model["tuned"].names, by_model["tuned"].counts, by_model["base"].counts
    wrong = [(tuned[line][column], line, column) for line in range(len(names)) for column in range(len(names))
             if line != column and tuned[line][column]]  # fmt: skip
    wrong.sort(key=lambda found: (-found[0], found[1:]))
    rows = [(names[line], names[column], base[line][column], count) for count, line, column in wrong[:MOST_MISTAKES]]
    if not rows:
        return note(text.NO_MISTAKES, "good")
    return table(text.MISTAKE_COLUMNS, rows, text.mistakes(len(wrong), MOST_MISTAKES))


def write_table(folder: Path, found: RunEvaluation) -> str:
    """Write all numbers and intervals as CSV into a folder; return the path."""
    from pandas import DataFrame

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "evaluation.csv"
    DataFrame(found.table()).to_csv(path, index=False)
    return str(path)


def write_mistakes(folder: Path, found: RunEvaluation) -> str:
    """Write how often each label was taken for each other as CSV, one line a model and pair; return the path."""
    from pandas import DataFrame

    path = folder / "confusion.csv"
    DataFrame(
        [
            {
                "model": confusion.model,
                "label": escape_formula(label),
                "predicted": escape_formula(taken),
                "rows": count,
            }
            for confusion in found.held_out.confusion
            for label, line in zip(confusion.names, confusion.counts, strict=True)
            for taken, count in zip(confusion.names, line, strict=True)
        ]
    ).to_csv(path, index=False)
    return str(path)


def build(studio: Studio, session: Session) -> VerdictCard:
    """Draw the card, hidden until there is something to say, and wire its own events."""
    with gr.Column(visible=False, elem_classes="card", elem_id="verdict") as card:
        gr.HTML(heading(text.VERDICT_TITLE, text.VERDICT_WORDS))
        said = gr.HTML(elem_id="verdict-note")
        measures = gr.HTML(elem_id="verdict-table")
        csv = gr.DownloadButton(text.VERDICT_CSV, size="md", visible=False, elem_id="verdict-csv")
        taken_for = gr.HTML(elem_id="mistakes")
        confusion = gr.DownloadButton(text.CONFUSION_CSV, size="md", visible=False, elem_id="confusion-csv")
        following = gr.HTML(elem_id="verdict-next")
        make = gr.Button(text.VERDICT_PAGE, size="md", visible=False, elem_id="make-page")
        page = gr.DownloadButton(text.VERDICT_PAGE_READY, size="md", visible=False, elem_id="verdict-page")
    made = make.click(guard(make_page, studio), session.current, page, **quiet())
    made.success(None, None, None, js=_FETCH, **quiet(queue=False))
    return VerdictCard([card, said, measures, csv, taken_for, confusion, following, make, page])


def _row(where: str, measure: Measure) -> tuple[str, str, str, str]:
    name = f"{measure.name} {where}" + (f" ({measure.unit})" if measure.unit else "")
    difference = f"{change(measure.difference)} ({span(measure.difference_interval)})"
    return name, figure(measure.base), figure(measure.tuned), difference


_FETCH = """() => {
  const tries = setInterval(() => {
    const button = document.querySelector('a#verdict-page, #verdict-page a, button#verdict-page, #verdict-page button');
    if (button) { clearInterval(tries); button.click(); }
  }, 100);
  setTimeout(() => clearInterval(tries), 5000);
}"""
"""The page is written when it is asked for; then its download begins by itself."""
