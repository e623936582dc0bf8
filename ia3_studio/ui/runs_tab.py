"""What came of all runs? Their history, the run that is shown, sweeps, comparison, and the bin."""

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
from ia3_studio.ui.figure_fit import FIT
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.run_table import compare, found_runs, history_frame
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.temporary_files import fresh_folder

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class RunsTab:
    """What the page wires to other tabs."""

    drawn: list[gr.components.Component]
    """What :func:`draw` fills."""
    words: gr.Textbox
    edit: gr.Button
    """Takes the settings of the run that is shown to the other tabs."""
    next: gr.Button


def draw(studio: Studio, words: str | None) -> tuple[DataFrame, Any, str, str]:
    """Return (table, runs to compare, note, file) of the runs that words find."""
    found = found_runs(studio, words)
    frame = history_frame(found)
    said = "" if found else note(text.NO_RUNS_FOUND if words else text.NO_RUNS_YET)
    choices = [(f"{record.name} ({record.id[-6:]})", record.id) for record in found]
    return frame, gr.update(choices=choices, value=[]), said, write_history(studio.scratch, frame)


def write_history(folder: Path, frame: DataFrame) -> str:
    """Write the table as CSV; return its path."""
    path = fresh_folder(folder, "history-") / "runs.csv"  # of each look its own: visitors have different runs
    frame.map(lambda cell: escape_formula(cell) if isinstance(cell, str) else cell).to_csv(path, index=False)
    return str(path)


def choose_row(studio: Studio, event: gr.SelectData) -> Any:
    """Return the key of the run whose row was clicked, once it is found to exist."""
    row = event.row_value or [""]
    key = run_key(str(row[-1]))
    return key if find_or_none(studio, key) else gr.skip()


def show_side_by_side(studio: Studio, chosen: list[str] | None, words: str, cost: str) -> tuple[Any, ...]:
    """Return (ranking, differing settings, curves, result over cost) of chosen runs, or of those that words find."""
    found = found_runs(studio, "" if chosen else words)
    wanted = [record for record in found if not chosen or record.id in set(chosen)]
    if chosen and len(wanted) < len(set(chosen)):
        raise RunError(text.RUNS_GONE)
    beside = compare(studio, wanted, cost)
    figures = (
        gr.update(value=figure, visible=True) if figure is not None else gr.update(visible=False)
        for figure in (beside.curves, beside.pareto)
    )
    return beside.ranking, beside.settings, *figures


def build(studio: Studio, session: Session, page: gr.Tab) -> RunsTab:
    """Draw the tab and wire its own events."""
    with gr.Row(elem_classes="title-row"):
        gr.HTML(heading(text.RUNS_TITLE, text.RUNS_WORDS))
        refresh = gr.Button(text.REFRESH, scale=0, min_width=120, elem_id="runs-refresh")
    words = gr.Textbox(label=text.FIND_RUNS, info=text.FIND_RUNS_INFO, max_lines=1, elem_id="find-runs")
    said = gr.HTML(elem_id="history-note")
    table = gr.Dataframe(
        interactive=False, show_label=False, max_height=380, elem_id="history", column_widths=_widths(), wrap=False
    )
    csv = gr.DownloadButton(text.HISTORY_CSV, size="sm", elem_id="history-csv")
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=5, min_width=320, elem_classes="card"):
            desk = _desk()
        with gr.Column(scale=6, min_width=320, elem_classes="card"):
            again = _again()
    beside = _beside()
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_SCALES, variant="primary", elem_id="next-scales-from-runs")

    tab = RunsTab([table, beside.chosen, said, csv], words, again.edit, onward)
    listed: dict[str, Any] = {"fn": guard(draw, studio), "inputs": words, "outputs": tab.drawn}
    gr.on([page.select, refresh.click, words.submit], **listed, **quiet())
    words.change(**listed, **quiet(trigger_mode="always_last"))
    table.select(guard(choose_row, studio), None, session.current, **quiet())
    _wire_desk(studio, session, page, refresh, desk, listed)
    again.start.click(
        guard(run_actions.start_again, studio),
        [session.current, *again.fields],
        [session.current, again.note, words],
        **quiet(),
    ).then(**listed, **quiet())
    gr.on(
        [beside.ask.click, beside.cost.input],
        guard(show_side_by_side, studio),
        [beside.chosen, words, beside.cost],
        beside.drawn,
        **quiet(),
    ).then(None, None, None, js=FIT, **quiet(queue=False))
    return tab


def _widths() -> list[str | int]:
    """Return the widths of the columns of ``text.HISTORY_COLUMNS``, in pixels."""
    wide = {0: 190, 2: 150, 4: 160, 5: 110, 6: 170, 7: 130, 8: 150, 9: 120, 14: 110, 17: 140, 18: 140, 19: 190}
    return [wide.get(place, 96) for place in range(len(text.HISTORY_COLUMNS))]


@dataclass(frozen=True)
class _Desk:
    facts: gr.HTML
    card: gr.Column
    name: gr.Textbox
    tags: gr.Textbox
    words: gr.Textbox
    save: gr.Button
    ways: gr.Row
    moves: list[gr.Button]
    remove: gr.Button
    note: gr.HTML
    log: gr.Textbox
    find: gr.Textbox
    level: gr.Dropdown
    bin: gr.Dropdown
    restore: gr.Button
    forget: gr.Button


def _desk() -> _Desk:
    gr.HTML(heading(text.DESK_TITLE))
    shown = gr.HTML(elem_id="desk-facts")
    with gr.Column(visible=False) as card:
        name = gr.Textbox(label=text.RUN_NAME, max_lines=1, max_length=80, elem_id="desk-name")
        tags = gr.Textbox(label=text.TAGS, info=text.TAGS_INFO, max_lines=1, elem_id="desk-tags")
        words = gr.Textbox(label=text.NOTE, lines=2, max_lines=6, max_length=4000, elem_id="desk-note")
        save = gr.Button(text.SAVE_ABOUT, elem_id="save-about")
        with gr.Row(visible=False) as ways:
            moves = [gr.Button(said, size="sm", elem_id=f"queue-{way}") for way, said in text.QUEUE_WAYS]
        remove = gr.Button(text.DELETE, elem_id="delete-run")
        with gr.Accordion(text.LOG_OF_RUN, open=False, elem_classes="accordion"):
            with gr.Row():
                find = gr.Textbox(
                    label=text.FIND_IN_LOG, info=text.FIND_IN_LOG_INFO, max_lines=1, elem_id="find-in-log"
                )
                level = gr.Dropdown(list(text.LOG_LEVELS), value="", label=text.LOG_LEVEL, elem_id="log-level")
            log = gr.Textbox(show_label=False, lines=10, max_lines=10, interactive=False, elem_id="desk-log")
    said = gr.HTML(elem_id="desk-said")
    with gr.Accordion(text.BIN, open=False, elem_classes="accordion"):
        deleted = gr.Dropdown([], label=text.BIN_EMPTY, elem_id="bin")
        with gr.Row():
            restore = gr.Button(text.RESTORE, size="sm", elem_id="restore-run")
            forget = gr.Button(text.DELETE_FOR_GOOD, size="sm", variant="stop", elem_id="forget-run")
    return _Desk(
        shown, card, name, tags, words, save, ways, moves, remove, said, log, find, level, deleted, restore, forget
    )


def _wire_desk(
    studio: Studio, session: Session, page: gr.Tab, refresh: gr.Button, desk: _Desk, listed: dict[str, Any]
) -> None:
    described = [desk.facts, desk.card, desk.name, desk.tags, desk.words, desk.ways, desk.log]
    gr.on(
        [page.select, refresh.click, session.current.change],
        guard(run_actions.describe, studio), session.current, described, **quiet(),
    )  # fmt: skip
    about = [session.current, desk.name, desk.tags, desk.words]
    desk.save.click(guard(run_actions.save_about, studio), about, desk.note, **quiet()).success(**listed, **quiet())
    for (way, _said), button in zip(text.QUEUE_WAYS, desk.moves, strict=True):
        button.click(guard(run_actions.move_in_queue, studio, way), session.current, desk.note, **quiet()).success(
            **listed, **quiet()
        )
    binned: dict[str, Any] = {"fn": guard(run_actions.offer_bin, studio), "inputs": None, "outputs": desk.bin}
    page.select(**binned, **quiet())
    shown_and_said = [session.current, desk.note]
    desk.remove.click(guard(run_actions.delete_run, studio), session.current, shown_and_said, **quiet()).success(
        **listed, **quiet()
    ).then(**binned, **quiet())
    desk.restore.click(guard(run_actions.bring_back, studio), desk.bin, shown_and_said, **quiet()).success(
        **listed, **quiet()
    ).then(**binned, **quiet())
    desk.forget.click(guard(run_actions.forget, studio), desk.bin, desk.note, **quiet()).success(**binned, **quiet())
    gr.on(
        [desk.find.change, desk.level.input], guard(run_actions.search_log, studio),
        [session.current, desk.find, desk.level], desk.log, **quiet(trigger_mode="always_last"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Again:
    fields: list[gr.components.Component]
    start: gr.Button
    edit: gr.Button
    note: gr.HTML


def _again() -> _Again:
    gr.HTML(heading(text.SWEEP_TITLE, text.SWEEP_WORDS))
    with gr.Row():
        rates = gr.Textbox(label=text.SWEEP_RATES, placeholder="0.003, 0.01, 0.03", max_lines=1, elem_id="sweep-rates")
        epochs = gr.Textbox(label=text.SWEEP_EPOCHS, placeholder="1, 2", max_lines=1, elem_id="sweep-epochs")
        seeds = gr.Textbox(label=text.SWEEP_SEEDS, placeholder="0, 1, 2", max_lines=1, elem_id="sweep-seeds")
    groups = gr.CheckboxGroup(
        list(GROUPS), label=text.SWEEP_GROUPS, info=text.SWEEP_GROUPS_INFO, elem_id="sweep-groups"
    )
    begin = gr.Button(text.START_AGAIN, variant="primary", elem_id="start-again")
    edit = gr.Button(text.EDIT_SETTINGS, elem_id="edit-settings")
    said = gr.HTML(elem_id="sweep-note")
    return _Again([rates, epochs, seeds, groups], begin, edit, said)


@dataclass(frozen=True)
class _Beside:
    chosen: gr.Dropdown
    cost: gr.Radio
    ask: gr.Button
    drawn: list[gr.components.Component]


def _beside() -> _Beside:
    with gr.Column(elem_classes="card"):
        gr.HTML(heading(text.COMPARE_TITLE, text.COMPARE_WORDS))
        chosen = gr.Dropdown(
            [], value=[], multiselect=True, max_choices=8, label=text.COMPARE_LABEL, info=text.COMPARE_INFO,
            elem_id="compare-runs",
        )  # fmt: skip
        with gr.Row(elem_classes="choose-row"):
            cost = gr.Radio(list(text.COSTS), value="numbers", label=text.COST_LABEL, elem_id="compare-cost")
            ask = gr.Button(text.COMPARE, scale=0, min_width=200, elem_id="compare")
        ranking, settings = gr.HTML(elem_id="ranking"), gr.HTML(elem_id="differing")
        with gr.Row(equal_height=False):
            curves = gr.Plot(show_label=False, visible=False, elem_id="overlay")
            pareto = gr.Plot(show_label=False, visible=False, elem_id="pareto")
    return _Beside(chosen, cost, ask, [ranking, settings, curves, pareto])
