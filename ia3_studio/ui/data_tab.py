"""What does the model learn from? A starter, or a person's own data; what was found, and what a run would see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from ia3_studio.data.export_rows import export_rows, write_left_out
from ia3_studio.data.large import is_large
from ia3_studio.data.load import LIGHTHOUSE, DataChoice, load_data
from ia3_studio.errors import DataError
from ia3_studio.ui import data_source, hub_source, model_choice, parsing_form, preview_card, reread, text
from ia3_studio.ui.data_source import DEFAULT_HELD_OUT, OwnData
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading
from ia3_studio.ui.rows_card import data_overview
from ia3_studio.ui.session import Session, Studio, chosen_data, quiet
from ia3_studio.ui.temporary_files import fresh_folder


@dataclass(frozen=True)
class DataTab:
    """What the page wires to other tabs."""

    used: list[gr.components.Component]
    """What :func:`use_data` fills."""
    held_out: gr.Slider
    preview: preview_card.PreviewCard
    next: gr.Button


def choose_kind(
    studio: Studio, kind: str, given: str | None, held_out: float, *fields: str
) -> Iterator[tuple[Any, ...]]:
    """Switch between a starter and own data; yield (groups shown, data source, facts, first rows, problems, form)."""
    groups = [gr.update(visible=kind == own) for own in text.OWN_KINDS]
    sources = {name: source for source, name in text.STARTER_NAMES.items()}
    form = [gr.skip()] * parsing_form.OFFERED
    starter = [(*use_data(sources[kind], DEFAULT_HELD_OUT), *form)] if kind in sources else None
    for used in starter or reread.apply_parsing(studio, given, held_out, *fields):
        yield *groups, gr.update(visible=kind in text.OWN_KINDS), *used


def use_data(source: str, held_out: float) -> tuple[str, str, str, str]:
    """Read a starter; return (data in use, facts, first rows, problems)."""
    return source, *data_overview(load_data(source, held_out=held_out))


def use_starter() -> tuple[str, str, str, str]:
    """Read the starter's data; return (data source, note, table, problems)."""
    return use_data(LIGHTHOUSE, DEFAULT_HELD_OUT)


def export_processed(studio: Studio, data: str, held_out: float) -> tuple[Any, Any]:
    """Write the rows as they are understood, and those that are left out; return both downloads."""
    choice = DataChoice.from_text(chosen_data(data))
    if is_large(Path(choice.source)):
        raise DataError(text.TOO_LARGE_TO_EXPORT)
    split = choice.load(held_out)
    folder = fresh_folder(studio.scratch, "rows-")
    rows, left_out = folder / "rows.jsonl", folder / "left-out.csv"
    export_rows(split, rows)
    write_left_out(split.problems, left_out)
    return (
        gr.update(value=str(rows), label=text.rows_file(len(split.train) + len(split.held_out)), visible=True),
        gr.update(value=str(left_out), label=text.left_out_file(len(split.problems)), visible=bool(split.problems)),
    )


def build(studio: Studio, session: Session) -> DataTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.DATA_TITLE, text.DATA_WORDS))
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            kind = gr.Radio(text.DATA_KINDS, value=text.STARTER_DATA, label=text.DATA_LABEL, elem_id="data-kind")
            own = data_source.build()
            said = gr.HTML(elem_id="data-note")
            faults = gr.HTML(elem_id="data-problems")
            along = gr.Button(text.EXPORT_PROCESSED, size="sm", elem_id="export-processed")
            with gr.Row():
                mended = gr.DownloadButton(visible=False, size="sm", elem_id="rows-file")
                left_out = gr.DownloadButton(visible=False, size="sm", elem_id="left-out-file")
        with gr.Column(scale=7, min_width=320):
            rows = gr.HTML(elem_id="data-rows")
    preview = preview_card.build()
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_TRAIN, variant="primary", elem_id="next-train")
    used: list[gr.components.Component] = [session.data, said, rows, faults]
    read = [own.given, own.held_out, *own.form.fields]
    events = [kind.input(
        guard(choose_kind, studio),
        [kind, *read],
        [*own.groups, *used, *own.form.shown],
        **quiet(trigger_mode="always_last"),
    )]  # fmt: skip
    events += _wire_form(studio, session, own, used, read)
    events += _wire_ways_in(studio, own, used)
    offered = [own.form.fields[-1], *own.form.readings.shown]
    ends = [end for event in events for end in (event.success, event.failure)]  # "then" does not run after an error
    for end in ends:
        end(
            guard(reread.offer_readings, studio),
            [own.given, session.data, *own.form.fields[-parsing_form.CELL_FIELDS :]], offered,
            **quiet(trigger_mode="always_last"),
        )  # fmt: skip
    along.click(guard(export_processed, studio), [session.data, own.held_out], [mended, left_out], **quiet())
    session.data.change(
        lambda data: [gr.update(visible=bool(data)), *[gr.update(visible=False)] * 2],  # files of other data go
        session.data, [along, mended, left_out], **quiet(queue=False),
    )  # fmt: skip
    return DataTab(used, own.held_out, preview, onward)


def _wire_form(
    studio: Studio,
    session: Session,
    own: OwnData,
    used: list[gr.components.Component],
    read: list[gr.components.Component],
) -> list[Dependency]:
    """Read the data again where a field, a column that is not used or another way is chosen; return the events."""
    read_again = [*used, *own.form.shown]
    task, *others = own.form.fields
    columns, others = others[: parsing_form.PLACES], others[parsing_form.PLACES :]
    changed = [each.input for each in others if isinstance(each, gr.Dropdown)]
    given, last = [own.given, own.held_out], quiet(trigger_mode="always_last")
    return [
        gr.on([own.form.apply.click, own.held_out.release, *changed], guard(reread.apply_choices, studio),
              read, read_again, **last),
        task.input(guard(reread.apply_task, studio), read, read_again, **last),  # type: ignore[attr-defined]
        gr.on([each.input for each in columns if isinstance(each, gr.Dropdown)],
              guard(reread.apply_column, studio), [session.data, *read], read_again, **last),
        own.form.unused.input(guard(reread.use_unused, studio),
                              [*given, own.form.unused, *own.form.fields], read_again, **last),
        own.form.readings.ways.input(guard(reread.use_reading, studio),
                                     [*given, own.form.readings.ways], read_again, **last),
    ]  # fmt: skip


def _wire_ways_in(studio: Studio, own: OwnData, used: list[gr.components.Component]) -> list[Dependency]:
    """Wire what brings data in; return the events after which other data may be in use."""
    taken = [own.given, *used, *own.form.shown]
    uploaded = gr.on(
        [own.upload.upload, own.upload.clear],
        guard(data_source.take_upload, studio), [own.upload, own.held_out], taken, **quiet(trigger_mode="always_last"),
    )  # fmt: skip
    named = gr.on(
        [own.use_path.click, own.path.submit], guard(data_source.take_path, studio), [own.path, own.held_out], taken,
        **quiet(),
    )  # fmt: skip
    pasted = own.use_pasted.click(guard(data_source.take_pasted, studio), [own.pasted, own.held_out], taken, **quiet())
    hub = own.hub
    hub.name.search(guard(model_choice.search_data_sets, studio), None, hub.name, **quiet(trigger_mode="multiple"))
    gr.on(
        [hub.look.click, hub.name.submit], guard(hub_source.look_up), hub.name,
        [hub.note, hub.found, hub.configuration, hub.splits, used[2]], **quiet(),
    )  # fmt: skip
    hub.configuration.input(
        guard(hub_source.choose_configuration),
        [hub.name, hub.configuration],
        [hub.note, hub.splits, used[2]],
        **quiet(trigger_mode="always_last"),
    )
    fetched = hub.use.click(
        guard(hub_source.take_hub, studio), [own.held_out, *hub.chosen], [hub.note, *taken], **quiet()
    )
    return [uploaded, named, pasted, fetched]
