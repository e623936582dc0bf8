"""What are the results of all runs? The history, the selected run, sweeps, comparison, and the trash."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.data.export_rows import escape_formula
from ia3_studio.errors import RunError
from ia3_studio.runs.rerun import GROUPS
from ia3_studio.ui import run_actions, text
from ia3_studio.ui.current_run import find_or_none, run_key
from ia3_studio.ui.empty_action import empty_action
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, invitation, note
from ia3_studio.ui.run_table import compare, history_frame, search_runs
from ia3_studio.ui.session import RESIZE_FIGURES, Session, Studio, quiet
from ia3_studio.ui.temporary_files import fresh_folder

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class RunsTab:
    """What the page wires to other tabs."""

    listed_by: list[gr.components.Component]
    """What :func:`draw` takes: words and columns."""
    drawn: list[gr.components.Component]
    """What :func:`draw` fills."""
    edit: gr.Button
    """Loads the settings of the selected run into the other tabs."""
    train_demo: gr.Button
    """Shown while the tab is empty."""
    next: gr.Button


def draw(studio: Studio, words: str | None, columns: list[str] | None) -> tuple[Any, Any, str, str]:
    """Return (table, runs to compare, note, file) of the runs that match the words; the file has every column."""
    found = search_runs(studio, words)
    frame = history_frame(found)
    shown = [name for name in text.HISTORY_COLUMNS if name in (columns or ()) or name == text.RUN_ID]
    widths = [_WIDTHS.get(name, 96) for name in shown]
    table = gr.update(value=frame[shown], column_widths=widths, visible=bool(found))
    status = "" if found else note(text.NO_RUNS_FOUND) if words else invitation(text.NO_RUNS_YET)
    choices = [(f"{record.name} ({record.id[-6:]})", record.id) for record in found]
    return table, gr.update(choices=choices, value=[]), status, write_history(studio.scratch, frame)


def draw_changed(studio: Studio, words: str | None, columns: list[str] | None) -> tuple[Any, Any, str, str]:
    """Return as :func:`draw` after a run has started or ended; the runs chosen for a comparison stay chosen."""
    table, compared, status, csv = draw(studio, words, columns)
    return table, gr.update(choices=compared["choices"]), status, csv


def write_history(folder: Path, frame: DataFrame) -> str:
    """Write the table as CSV; return its path."""
    path = fresh_folder(folder, "history-") / "runs.csv"  # one per search: visitors have different runs
    frame.map(lambda cell: escape_formula(cell) if isinstance(cell, str) else cell).to_csv(path, index=False)
    return str(path)


def choose_row(studio: Studio, event: gr.SelectData) -> Any:
    """Return the key of the run whose row was clicked, if it exists."""
    row = event.row_value or [""]
    key = run_key(str(row[-1]))
    return key if find_or_none(studio, key) else gr.skip()


def compare_runs(studio: Studio, chosen: list[str] | None, words: str, cost: str) -> tuple[Any, ...]:
    """Return (ranking, differences, curves, result over cost) of the chosen runs, or of those that match the words."""
    found = search_runs(studio, "" if chosen else words)
    wanted = [record for record in found if not chosen or record.id in set(chosen)]
    if chosen and len(wanted) < len(set(chosen)):
        raise RunError(text.RUNS_GONE)
    comparison = compare(studio, wanted, cost)
    figures = (
        gr.update(value=figure, visible=True) if figure is not None else gr.update(visible=False)
        for figure in (comparison.curves, comparison.pareto)
    )
    return comparison.ranking, comparison.settings, *figures


def build(studio: Studio, session: Session, page: gr.Tab) -> RunsTab:
    """Draw the tab and wire its own events."""
    with gr.Row(elem_classes="title-row"):
        gr.HTML(heading(text.RUNS_TITLE, text.RUNS_WORDS))
        refresh = gr.Button(text.REFRESH, scale=0, min_width=120, elem_id="runs-refresh")
    with gr.Row(equal_height=False):
        words = gr.Textbox(
            label=text.SEARCH_RUNS, info=text.SEARCH_RUNS_INFO, max_lines=1, scale=5, min_width=240, elem_id="find-runs"
        )
        columns = gr.Dropdown(
            [name for name in text.HISTORY_COLUMNS if name != text.RUN_ID], value=list(text.FIRST_COLUMNS),
            multiselect=True, label=text.COLUMNS, info=text.COLUMNS_INFO, scale=6, min_width=240, elem_id="run-columns",
        )  # fmt: skip
    status = gr.HTML(elem_id="history-note")
    train_demo = empty_action("runs")
    table = gr.Dataframe(interactive=False, show_label=False, max_height=380, elem_id="history", wrap=False)
    csv = gr.DownloadButton(text.HISTORY_CSV, size="sm", elem_id="history-csv")
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=5, min_width=320, elem_classes="card"):
            details = _draw_details()
        with gr.Column(scale=6, min_width=320, elem_classes="card"):
            rerun = _draw_rerun()
    comparison = _draw_comparison()
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_SCALES, variant="primary", elem_id="next-scales-from-runs")

    tab = RunsTab([words, columns], [table, comparison.chosen, status, csv], rerun.edit, train_demo, onward)
    listed: dict[str, Any] = {"fn": guard(draw, studio), "inputs": tab.listed_by, "outputs": tab.drawn}
    gr.on([page.select, refresh.click, words.submit, columns.change], **listed, **quiet(trigger_mode="always_last"))
    words.change(**listed, **quiet(trigger_mode="always_last"))
    table.select(guard(choose_row, studio), None, session.current, **quiet())
    _wire_details(studio, session, page, refresh, details, listed)
    rerun.start.click(
        guard(run_actions.start_sweep, studio),
        [session.current, *rerun.fields],
        [session.current, rerun.note, words],
        **quiet(),
    ).then(**listed, **quiet())
    gr.on(
        [comparison.start.click, comparison.cost.input],
        guard(compare_runs, studio),
        [comparison.chosen, words, comparison.cost],
        comparison.drawn,
        **quiet(trigger_mode="always_last"),
    ).then(None, None, None, js=RESIZE_FIGURES, **quiet(queue=False))
    return tab


_WIDTHS = {
    "Name": 190, "Held-out result": 150, "95 % interval": 160, "Verdict": 150, "Model": 170, "Data": 130,
    "Target modules": 150, "Learning rate": 120, "Parameters": 110, "Tags": 140, "Started": 140, text.RUN_ID: 190,
}  # fmt: skip
"""Widths of the wider columns of ``text.HISTORY_COLUMNS``, in pixels."""


@dataclass(frozen=True)
class _Details:
    facts: gr.HTML
    card: gr.Column
    name: gr.Textbox
    tags: gr.Textbox
    notes: gr.Textbox
    save: gr.Button
    queue: gr.Row
    moves: list[gr.Button]
    remove: gr.Button
    note: gr.HTML
    log: gr.Textbox
    search: gr.Textbox
    level: gr.Dropdown
    trash: gr.Dropdown
    restore: gr.Button
    erase: gr.Button


def _draw_details() -> _Details:
    gr.HTML(heading(text.RUN_TITLE))
    described = gr.HTML(elem_id="details-facts")
    with gr.Column(visible=False) as card:
        name = gr.Textbox(label=text.RUN_NAME, max_lines=1, max_length=80, elem_id="details-name")
        tags = gr.Textbox(label=text.TAGS, info=text.TAGS_INFO, max_lines=1, elem_id="details-tags")
        notes = gr.Textbox(label=text.NOTE, lines=2, max_lines=6, max_length=4000, elem_id="details-notes")
        save = gr.Button(text.SAVE_NOTES, elem_id="save-notes")
        with gr.Row(visible=False) as queue:
            moves = [gr.Button(label, size="sm", elem_id=f"queue-{way}") for way, label in text.QUEUE_MOVES]
        remove = gr.Button(text.DELETE, elem_id="delete-run")
        with gr.Accordion(text.LOG_OF_RUN, open=False, elem_classes="accordion"):
            with gr.Row():
                search = gr.Textbox(label=text.SEARCH_LOG, info=text.SEARCH_LOG_INFO, max_lines=1, elem_id="search-log")
                level = gr.Dropdown(list(text.LOG_LEVELS), value="", label=text.LOG_LEVEL, elem_id="log-level")
            log = gr.Textbox(show_label=False, lines=10, max_lines=10, interactive=False, elem_id="details-log")
    status = gr.HTML(elem_id="details-note")
    with gr.Accordion(text.TRASH, open=False, elem_classes="accordion"):
        deleted = gr.Dropdown([], label=text.TRASH_EMPTY, elem_id="trash")
        with gr.Row():
            restore = gr.Button(text.RESTORE, size="sm", elem_id="restore-run")
            erase = gr.Button(text.DELETE_PERMANENTLY, size="sm", variant="stop", elem_id="delete-permanently")
    return _Details(
        described,
        card,
        name,
        tags,
        notes,
        save,
        queue,
        moves,
        remove,
        status,
        log,
        search,
        level,
        deleted,
        restore,
        erase,
    )


def _wire_details(
    studio: Studio, session: Session, page: gr.Tab, refresh: gr.Button, details: _Details, listed: dict[str, Any]
) -> None:
    drawn = gr.State(())
    described = [
        details.facts, details.card, details.name, details.tags, details.notes, details.queue, details.log, drawn,
    ]  # fmt: skip
    gr.on(
        [page.select, refresh.click, session.current.change],
        guard(run_actions.describe, studio), [session.current, drawn], described, **quiet(trigger_mode="always_last"),
    )  # fmt: skip
    edited = [session.current, details.name, details.tags, details.notes]
    saved = details.save.click(guard(run_actions.save_notes, studio), edited, details.note, **quiet())
    saved.success(**listed, **quiet())
    for (way, _label), button in zip(text.QUEUE_MOVES, details.moves, strict=True):
        moved = button.click(guard(run_actions.move_in_queue, studio, way), session.current, details.note, **quiet())
        moved.success(**listed, **quiet())
    trash: dict[str, Any] = {"fn": guard(run_actions.list_trash, studio), "inputs": None, "outputs": details.trash}
    page.select(**trash, **quiet())
    filled = [session.current, details.note]
    removed = details.remove.click(guard(run_actions.delete_run, studio), session.current, filled, **quiet())
    restored = details.restore.click(guard(run_actions.restore_run, studio), details.trash, filled, **quiet())
    for event in (removed, restored):
        event.success(**listed, **quiet()).then(**trash, **quiet())
    erased = details.erase.click(guard(run_actions.delete_permanently, studio), details.trash, details.note, **quiet())
    erased.success(**trash, **quiet())
    gr.on(
        [details.search.change, details.level.input], guard(run_actions.search_log, studio),
        [session.current, details.search, details.level], details.log, **quiet(trigger_mode="always_last"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Rerun:
    fields: list[gr.components.Component]
    start: gr.Button
    edit: gr.Button
    note: gr.HTML


def _draw_rerun() -> _Rerun:
    gr.HTML(heading(text.SWEEP_TITLE, text.SWEEP_WORDS))
    with gr.Row():
        rates = gr.Textbox(label=text.SWEEP_RATES, placeholder="0.003, 0.01, 0.03", max_lines=1, elem_id="sweep-rates")
        epochs = gr.Textbox(label=text.SWEEP_EPOCHS, placeholder="1, 2", max_lines=1, elem_id="sweep-epochs")
        seeds = gr.Textbox(label=text.SWEEP_SEEDS, placeholder="0, 1, 2", max_lines=1, elem_id="sweep-seeds")
    groups = gr.CheckboxGroup(
        list(GROUPS), label=text.SWEEP_GROUPS, info=text.SWEEP_GROUPS_INFO, elem_id="sweep-groups"
    )
    start = gr.Button(text.START_SWEEP, variant="primary", elem_id="start-sweep")
    edit = gr.Button(text.EDIT_SETTINGS, elem_id="edit-settings")
    status = gr.HTML(elem_id="sweep-note")
    return _Rerun([rates, epochs, seeds, groups], start, edit, status)


@dataclass(frozen=True)
class _Comparison:
    chosen: gr.Dropdown
    cost: gr.Radio
    start: gr.Button
    drawn: list[gr.components.Component]


def _draw_comparison() -> _Comparison:
    with gr.Column(elem_classes="card"):
        gr.HTML(heading(text.COMPARE_TITLE, text.COMPARE_WORDS))
        chosen = gr.Dropdown(
            [], value=[], multiselect=True, max_choices=8, label=text.COMPARE_LABEL, info=text.COMPARE_INFO,
            elem_id="compare-runs",
        )  # fmt: skip
        with gr.Row(elem_classes="choose-row"):
            cost = gr.Radio(list(text.COSTS), value=text.COSTS[0][1], label=text.COST_LABEL, elem_id="compare-cost")
            start = gr.Button(text.COMPARE, scale=0, min_width=200, elem_id="compare")
        ranking, differences = gr.HTML(elem_id="ranking"), gr.HTML(elem_id="differences")
        with gr.Row(equal_height=False):
            curves = gr.Plot(show_label=False, visible=False, elem_id="overlay")
            pareto = gr.Plot(show_label=False, visible=False, elem_id="pareto")
    return _Comparison(chosen, cost, start, [ranking, differences, curves, pareto])
