"""What does the model learn from? The starter voice, or a file; the first rows, and which tokens are trained."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.data.examples import Example
from ia3_studio.data.findings import examine
from ia3_studio.data.load import LIGHTHOUSE, DataChoice, DataSplit, load_data, split_pictures, split_table
from ia3_studio.data.pictures import find_pictures, thumbnail
from ia3_studio.data.table import Table, read_table
from ia3_studio.errors import StudioError
from ia3_studio.ui import data_words, outlook_card, reading_form, text
from ia3_studio.ui.boundary import guard
from ia3_studio.ui.markup import Fact, bullets, facts, gallery, heading, note, table
from ia3_studio.ui.session import Session, Studio, quiet

UPLOADS = "uploads"
"""The folder of uploaded data below the studio's home; a run finds its data there later."""
PREVIEW_ROWS = 6
PREVIEW_PICTURES = 24
DEFAULT_HELD_OUT = 0.1
_LONGEST_CELL = 300


@dataclass(frozen=True)
class DataTab:
    """What the page wires to other tabs."""

    used: list[gr.components.Component]
    """What :func:`use_data` fills."""
    held_out: gr.Slider
    outlook: outlook_card.OutlookCard
    next: gr.Button


def choose_kind(
    studio: Studio, kind: str, upload: str | None, held_out: float, *fields: str
) -> Iterator[tuple[Any, ...]]:
    """Switch between the starter and a file; yield (upload shown, data source, facts, first rows, problems)."""
    own = gr.update(visible=kind == text.OWN_DATA)
    sources = {name: source for source, name in text.STARTER_NAMES.items()}
    starter = [use_data(sources[kind], DEFAULT_HELD_OUT)] if kind in sources else None
    for used in starter or read_so(studio, upload, held_out, *fields):
        yield own, *used


def take_upload(studio: Studio, upload: str | None, held_out: float) -> Iterator[tuple[Any, ...]]:
    """Keep an uploaded file and read it as guessed; yield (data, facts, first rows, problems, fields of the form).

    Without a readable file no data is in use: training then says so, rather than learn something else.
    """
    if not upload:
        yield "", note(text.CHOOSE_FILE), "", "", *reading_form.offered(None, None)
        return
    found: Table | None = None
    path = Path(upload)
    try:
        if pictures := find_pictures(path):
            split = split_pictures(path.name, pictures, held_out=held_out)
        else:
            found = read_table(path)
            split = split_table(path.name, found, held_out=held_out)
        used = str(keep(path, studio.home / UPLOADS))
    except StudioError as error:
        yield "", note(str(error), "bad"), "", "", *reading_form.offered(found, None)
        raise
    yield used, *shown(split), *reading_form.offered(found, split.mapping)


def read_so(studio: Studio, upload: str | None, held_out: float, *fields: str) -> Iterator[tuple[Any, ...]]:
    """Read the uploaded file as the form says; yield (data, facts, first rows, problems)."""
    if not upload:
        yield "", note(text.CHOOSE_FILE), "", ""
        return
    path, columns, cells = Path(upload), fields[:-3], fields[-3:]
    try:
        if pictures := find_pictures(path):
            split = split_pictures(path.name, pictures, held_out=held_out)
            yield str(keep(path, studio.home / UPLOADS)), *shown(split)
            return
        reading = reading_form.chosen_reading(*cells)
        found = read_table(path, reading)
        mapping = reading_form.chosen_mapping(found, *columns)
        split = split_table(path.name, found, mapping, held_out=held_out)
        choice = DataChoice(str(keep(path, studio.home / UPLOADS)), mapping, reading)
    except StudioError as error:
        yield "", note(str(error), "bad"), "", ""
        raise
    yield choice.to_text(), *shown(split)


def use_data(source: str, held_out: float) -> tuple[str, str, str, str]:
    """Read a starter; return (data in use, facts, first rows, problems)."""
    return source, *shown(load_data(source, held_out=held_out))


def shown(split: DataSplit) -> tuple[str, str, str]:
    """Return (facts, first rows, problems) of data that have been read."""
    found = examine(split)
    balance = data_words.balance_rows(found.balance)
    return (
        facts(Fact(*row) for row in data_words.data_facts(split)),
        first_rows(split) + (table(data_words.BALANCE_COLUMNS, balance, data_words.BALANCE) if balance else ""),
        bullets(data_words.finding_sentences(found), "warn"),
    )


def use_starter() -> tuple[str, str, str, str]:
    """Read the starter's data; return (data source, note, table, problems)."""
    return use_data(LIGHTHOUSE, DEFAULT_HELD_OUT)


def first_rows(split: DataSplit) -> str:
    """Return the first examples as a table, or as pictures."""
    if split.mapping.kind == "pictures":
        return _first_pictures(split)
    shown = split.train[:PREVIEW_ROWS]
    return table(_columns(shown[0]), map(_cells, shown), text.FIRST_ROWS)


def _first_pictures(split: DataSplit) -> str:
    """Return some pictures of every class, as many as there is room for."""
    by_class: dict[str, list[Example]] = {}
    for example in split.train:
        by_class.setdefault(example.labels[0], []).append(example)
    each = max(1, PREVIEW_PICTURES // len(by_class))
    shown = [example for examples in by_class.values() for example in examples[:each]][:PREVIEW_PICTURES]
    return gallery(((thumbnail(example.text), example.labels[0]) for example in shown), text.FIRST_PICTURES)


def keep(upload: Path, folder: Path) -> Path:
    """Copy a file into a folder named by its content, for good; return the copy."""
    digest = hashlib.sha256(upload.read_bytes()).hexdigest()[:16]
    target = folder / digest / upload.name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as copy, upload.open("rb") as source:
            shutil.copyfileobj(source, copy)
        os.replace(copy.name, target)
    return target


def _columns(example: Example) -> Sequence[str]:
    if example.choices:
        return ("Row", "Question", "Choices", "Right")
    if example.labels:
        return ("Row", "Text", "Label")
    if not example.messages:
        return ("Row", "Text")
    return ("Row", "Prompt", "Answer") if len(example.messages) == 2 else ("Row", "Conversation")


def _cells(example: Example) -> Sequence[Any]:
    if example.choices:
        return (example.row, _short(example.text), _short(" / ".join(example.choices)), _short(example.labels[0]))
    if example.labels:
        texts = " · ".join(each for each in (example.text, example.second, " ".join(example.words)) if each)
        return (example.row, _short(texts), ", ".join(example.labels))
    if not example.messages:
        return (example.row, _short(example.text))
    if len(_columns(example)) == 3:
        return (example.row, *(_short(message.content) for message in example.messages))
    return (example.row, _short(" · ".join(f"{turn.role}: {turn.content}" for turn in example.messages)))


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST_CELL else f"{words[:_LONGEST_CELL]}…"


def build(studio: Studio, session: Session) -> DataTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.DATA_TITLE, text.DATA_WORDS))
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            kind = gr.Radio(text.DATA_KINDS, value=text.STARTER_DATA, label=text.DATA_LABEL, elem_id="data-kind")
            with gr.Column(visible=False) as own:
                upload = gr.File(
                    label=text.UPLOAD, file_types=text.DATA_TYPES, height=140, elem_id="data-file"
                )  # fmt: skip
                held_out = gr.Slider(
                    0.05,
                    0.5,
                    DEFAULT_HELD_OUT,
                    step=0.05,
                    label=text.HELD_OUT,
                    info=text.HELD_OUT_INFO,
                    elem_id="held-out",
                )
                form = reading_form.build()
            said = gr.HTML(elem_id="data-note")
            faults = gr.HTML(elem_id="data-problems")
        with gr.Column(scale=7, min_width=320):
            rows = gr.HTML(elem_id="data-rows")
    outlook = outlook_card.build()
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_TRAIN, variant="primary", elem_id="next-train")

    used = [session.data, said, rows, faults]
    kind.input(guard(choose_kind, studio), [kind, upload, held_out, *form.fields], [own, *used], **quiet())
    gr.on(
        [upload.upload, upload.clear],
        guard(take_upload, studio),
        [upload, held_out],
        [*used, *form.fields],
        **quiet(),
    )
    gr.on(
        [form.apply.click, held_out.release],
        guard(read_so, studio),
        [upload, held_out, *form.fields],
        used,
        **quiet(),
    )
    return DataTab(used, held_out, outlook, onward)
