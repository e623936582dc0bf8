"""Which roles and layers of the adapter matter? The ablation, on the Scales tab."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.errors import RunError
from ia3_studio.export.import_adapter import take_in
from ia3_studio.insight.ablation import AblationReport, sentence
from ia3_studio.insight.ablation_figures import ablation_figure, pruning_figure
from ia3_studio.ui import scales_words as words
from ia3_studio.ui.current_run import find, import_key, imports_folder
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import RESIZE_FIGURES, Session, Studio, quiet
from ia3_studio.worker import ablation as worker_ablation

POLL_SECONDS = 2.0
"""Interval of a page that waits for the result."""


@dataclass(frozen=True)
class AblationCard:
    """What the tab around it fills."""

    drawn: list[Any]
    """What :func:`draw` fills."""
    prune: gr.Button
    keep: gr.Slider
    pruned_note: gr.HTML


def draw(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (note, button, body, layers, roles, curve, table, file, timer) of the selected run."""
    current = find(studio, key)
    if current is None or current.run is None:
        return _nothing(words.ABLATION_NO_RUN, startable=False)
    if current.adapter is None or current.run.status().active:
        return _nothing(words.ABLATION_LATER, startable=False)
    state = worker_ablation.read_ablation(current.run)
    if state.progress is not None:
        return _nothing(words.ablation_progress(state.progress), startable=False, waits=True)
    if state.report is None:
        return _nothing(state.problem or words.ABLATION_READY, startable=True, is_bad=bool(state.problem))
    return _drawn(studio, key, state.report)


def start_ablation(studio: Studio, key: str) -> tuple[Any, ...]:
    """Start the ablation; return as :func:`draw`.

    Raises:
        RunError: no run with an adapter is selected, or it has not ended.
    """
    current = find(studio, key)
    if current is None or current.run is None:
        raise RunError(words.ABLATION_NO_RUN)
    worker_ablation.start_ablation(current.run)
    return draw(studio, key)


def save_pruned(studio: Studio, key: str, percent: float) -> tuple[str, str]:
    """Save the largest deviations of the selected adapter as another adapter; return (its key, note).

    Raises:
        RunError: no adapter is selected.
    """
    from ia3_studio.method import Adapter
    from ia3_studio.method.algebra import prune

    current = find(studio, key)
    if current is None or current.adapter is None:
        raise RunError(words.NOTHING_TO_PRUNE)
    adapter = Adapter.load(current.adapter)
    studio.store.require_room()
    kept = prune(adapter, percent / 100)
    kept = replace(kept, metadata={**adapter.metadata, "pruned_to": f"{percent:g} %"})
    with tempfile.TemporaryDirectory(dir=studio.scratch) as work:
        folder = Path(work)
        if kept.why_not_peft:
            kept.save_native(folder)
        else:
            kept.save(folder)
        target = take_in(sorted(folder.iterdir()), imports_folder(studio))
    parameters = int((kept.vector != 1).sum())
    return import_key(target), note(words.saved_pruned(percent, parameters), "good")


def _nothing(status: str, *, startable: bool, waits: bool = False, is_bad: bool = False) -> tuple[Any, ...]:
    return (
        note(status, "bad" if is_bad else "plain"),
        gr.update(interactive=startable, value=words.ABLATION_START),
        gr.update(visible=False),
        *(gr.skip() for _ in range(5)),
        gr.Timer(POLL_SECONDS, active=waits),
    )


def _drawn(studio: Studio, key: str, report: AblationReport) -> tuple[Any, ...]:
    path = studio.download_folder(key) / "ablation.csv"
    report.table().to_csv(path, index=False)
    kinds = {part.kind for part in report.parts}
    return (
        note(sentence(report)),
        gr.update(interactive=False, value=words.ABLATION_START),
        gr.update(visible=True),
        *(gr.update(value=ablation_figure(report, kind) if kind in kinds else None, visible=kind in kinds)
          for kind in ("layer", "role")),
        pruning_figure(report),
        report.table().round(4),
        str(path),
        gr.Timer(POLL_SECONDS, active=False),
    )  # fmt: skip


def build(studio: Studio, session: Session) -> AblationCard:
    """Draw the card and wire its own events."""
    with gr.Accordion(words.ABLATION_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.ABLATION_WORDS))
        with gr.Row(elem_classes="inline"):
            start = gr.Button(words.ABLATION_START, min_width=140, elem_id="start-ablation")
        status = gr.HTML(elem_id="ablation-note")
        with gr.Column(visible=False) as body:
            layers = gr.Plot(show_label=False, elem_id="ablation-layers")
            with gr.Row(equal_height=False):
                roles = gr.Plot(show_label=False, elem_id="ablation-roles")
                curve = gr.Plot(show_label=False, elem_id="ablation-curve")
            csv = gr.DownloadButton(words.ABLATION_CSV, size="md", elem_id="ablation-csv")
            with gr.Accordion(words.ABLATION_TABLE, open=False, elem_classes="accordion"):
                table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="ablation-table")
        with gr.Row(elem_classes="choose-row"):
            keep = gr.Slider(0.5, 100, 10, step=0.5, label=words.KEEP, info=words.KEEP_INFO, scale=4, elem_id="keep")
            prune_button = gr.Button(words.SAVE_PRUNED, scale=1, min_width=200, elem_id="save-pruned")
        pruned_note = gr.HTML(elem_id="pruned-note")
    timer = gr.Timer(POLL_SECONDS, active=False)
    drawn = [status, start, body, layers, roles, curve, table, csv, timer]
    start.click(guard(start_ablation, studio), session.current, drawn, **quiet())
    timer.tick(guard(draw, studio), session.current, drawn, **quiet(queue=False, trigger_mode="once")).then(
        None, None, None, js=RESIZE_FIGURES, **quiet(queue=False)
    )
    return AblationCard(drawn, prune_button, keep, pruned_note)
