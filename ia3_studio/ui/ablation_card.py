"""Which parts of the adapter matter? Started, watched and drawn on the Scales tab."""

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
from ia3_studio.ui.figure_fit import FIT
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.worker.ablation import read_ablation, start_ablation

LOOK_SECONDS = 2.0
"""How often a page that waits for the numbers looks."""


@dataclass(frozen=True)
class PartsCard:
    """What the tab around it fills."""

    drawn: list[Any]
    """What :func:`draw` fills."""
    pruned: gr.Button
    keep: gr.Slider
    saved: gr.HTML


def draw(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (note, button, body, layers, roles, curve, table, file, timer) of what is shown."""
    shown = find(studio, key)
    if shown is None or shown.run is None:
        return _nothing(words.PARTS_NO_RUN, startable=False)
    if shown.adapter is None or shown.run.status().active:
        return _nothing(words.PARTS_LATER, startable=False)
    state = read_ablation(shown.run)
    if state.progress is not None:
        return _nothing(words.measuring(state.progress), startable=False, waits=True)
    if state.report is None:
        return _nothing(state.problem or words.PARTS_READY, startable=True, is_bad=bool(state.problem))
    return _drawn(studio, key, state.report)


def begin(studio: Studio, key: str) -> tuple[Any, ...]:
    """Start measuring; return as :func:`draw`.

    Raises:
        RunError: there is no run with an adapter to measure, or it is not over.
    """
    shown = find(studio, key)
    if shown is None or shown.run is None:
        raise RunError(words.PARTS_NO_RUN)
    start_ablation(shown.run)
    return draw(studio, key)


def save_pruned(studio: Studio, key: str, percent: float) -> tuple[str, str]:
    """Keep the largest numbers of what is shown as an adapter of its own; return (its key, note).

    Raises:
        AdapterError: there is nothing to prune.
    """
    from ia3_studio.method import Adapter
    from ia3_studio.method.algebra import prune

    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        raise RunError(words.PRUNE_EMPTY)
    adapter = Adapter.load(shown.adapter)
    studio.store.require_room()
    kept = prune(adapter, percent / 100)
    kept = replace(kept, metadata={**adapter.metadata, "pruned_to": f"{percent:g} %"})
    with tempfile.TemporaryDirectory(dir=studio.scratch) as work:
        folder = Path(work)
        if kept.why_not_peft:
            kept.save_native(folder)
        else:
            kept.save(folder)
        library = imports_folder(studio)
        target = take_in(sorted(folder.iterdir()), library)
    numbers = int((kept.vector != 1).sum())
    return import_key(target), note(words.saved_pruned(percent, numbers), "good")


def _nothing(said: str, *, startable: bool, waits: bool = False, is_bad: bool = False) -> tuple[Any, ...]:
    return (
        note(said, "bad" if is_bad else "plain"),
        gr.update(interactive=startable, value=words.PARTS_START),
        gr.update(visible=False),
        *(gr.skip() for _ in range(5)),
        gr.Timer(LOOK_SECONDS, active=waits),
    )


def _drawn(studio: Studio, key: str, report: AblationReport) -> tuple[Any, ...]:
    path = studio.desk(key) / "ablation.csv"
    report.table().to_csv(path, index=False)
    kinds = {part.kind for part in report.parts}
    return (
        note(sentence(report)),
        gr.update(interactive=False, value=words.PARTS_START),
        gr.update(visible=True),
        *(gr.update(value=ablation_figure(report, kind) if kind in kinds else None, visible=kind in kinds)
          for kind in ("layer", "role")),
        pruning_figure(report),
        report.table().round(4),
        str(path),
        gr.Timer(LOOK_SECONDS, active=False),
    )  # fmt: skip


def build(studio: Studio, session: Session) -> PartsCard:
    """Draw the card and wire its own events."""
    with gr.Accordion(words.PARTS_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.PARTS_WORDS))
        with gr.Row(elem_classes="inline"):
            start = gr.Button(words.PARTS_START, min_width=140, elem_id="parts-start")
        said = gr.HTML(elem_id="parts-note")
        with gr.Column(visible=False) as body:
            layers = gr.Plot(show_label=False, elem_id="parts-layers")
            with gr.Row(equal_height=False):
                roles = gr.Plot(show_label=False, elem_id="parts-roles")
                curve = gr.Plot(show_label=False, elem_id="parts-curve")
            csv = gr.DownloadButton(words.PARTS_CSV, size="md", elem_id="parts-csv")
            with gr.Accordion(words.PARTS_TABLE, open=False, elem_classes="accordion"):
                table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="parts-table")
        with gr.Row(elem_classes="choose-row"):
            keep = gr.Slider(0.5, 100, 10, step=0.5, label=words.KEEP, info=words.KEEP_INFO, scale=4, elem_id="keep")
            pruned = gr.Button(words.SAVE_PRUNED, scale=1, min_width=200, elem_id="save-pruned")
        saved = gr.HTML(elem_id="pruned-note")
    timer = gr.Timer(LOOK_SECONDS, active=False)
    drawn = [said, start, body, layers, roles, curve, table, csv, timer]
    start.click(guard(begin, studio), session.current, drawn, **quiet())
    timer.tick(guard(draw, studio), session.current, drawn, **quiet(queue=False, trigger_mode="once")).then(
        None, None, None, js=FIT, **quiet(queue=False)
    )
    return PartsCard(drawn, pruned, keep, saved)
