"""How do a person's own data get in? As a file, by its path, as pasted rows, or from the hub; then read, then shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.data.listed_images import find_images
from ia3_studio.data.load import look_at, split_images, split_table
from ia3_studio.data.pasted import write_pasted
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError, OneFileError, StudioError
from ia3_studio.settings import is_public
from ia3_studio.ui import hub_fields, parsing_form, text
from ia3_studio.ui.hub_fields import HubFields
from ia3_studio.ui.kept_files import keep, keep_together, uploads_folder
from ia3_studio.ui.markup import note
from ia3_studio.ui.parsing_form import ParsingForm
from ia3_studio.ui.rows_card import data_overview
from ia3_studio.ui.session import Studio

DEFAULT_HELD_OUT = 0.1


@dataclass(frozen=True)
class OwnData:
    """The fields for a person's own data."""

    groups: list[gr.Column]
    """One for each way in, in the order of ``text.OWN_KINDS``, and last what they share."""
    given: gr.State
    """The path of what came in, whether or not it could be read."""
    upload: gr.File
    path: gr.Textbox
    use_path: gr.Button
    pasted: gr.Textbox
    use_pasted: gr.Button
    hub: HubFields
    held_out: gr.Slider
    form: ParsingForm


def take_upload(studio: Studio, uploads: list[str] | None, held_out: float) -> Iterator[tuple[Any, ...]]:
    """Read uploaded files, several as one table, and keep them; yield (given, data, facts, first rows, problems, form).

    Several files become one zip archive.
    """
    if not uploads:
        yield "", *nothing(text.CHOOSE_FILE)
        return
    folder = uploads_folder(studio)
    if len(uploads) == 1:
        yield from taken_from(Path(uploads[0]), held_out, folder)
        return
    try:
        together = keep_together([Path(each) for each in uploads], folder)
    except StudioError as error:
        yield "", *nothing(str(error))
        raise
    yield from taken_from(together, held_out, None)


def take_path(studio: Studio, path: str | None, held_out: float) -> Iterator[tuple[Any, ...]]:
    """Read a file or folder where it lies on this computer; yield as :func:`take_upload`.

    Raises:
        DataError: this is a Space, whose files are none of a visitor's business.
    """
    found = local_path(path or "")
    if not (path or "").strip():
        yield "", *nothing(text.NAME_PATH)
        return
    yield from taken_from(found, held_out, None)


def local_path(given: str) -> Path:
    """Return the full path of a file or folder on this computer.

    Raises:
        DataError: this is a Space, whose files are none of a visitor's business.
    """
    if is_public():
        raise DataError(text.NO_PATHS_HERE)
    return Path(os.path.abspath(os.path.expanduser(given.strip().strip('"'))))


def take_pasted(studio: Studio, pasted: str | None, held_out: float) -> Iterator[tuple[Any, ...]]:
    """Keep pasted rows as a file of their kind and read it; yield as :func:`take_upload`."""
    try:
        path = write_pasted(pasted or "", uploads_folder(studio))
    except StudioError as error:
        yield "", *nothing(str(error))
        raise
    yield from taken_from(path, held_out, None)


def taken_from(path: Path, held_out: float, kept_in: Path | None) -> Iterator[tuple[Any, ...]]:
    """Read data as guessed; yield (given, data, facts, first rows, problems, fields of the form).

    Without readable data none are in use: training then says so, rather than learn something else.
    """
    found: Table | None = None
    try:
        if pictures := find_images(path):
            split = split_images(path.name, pictures, held_out=held_out)
        else:
            found = look_at(path)
            split = split_table(path.name, found, held_out=held_out)
        used = str(keep(path, kept_in) if kept_in else path)
    except StudioError as error:
        files = error.files if isinstance(error, OneFileError) else ()
        form = parsing_form.offered(found, None, files=files, refused=str(error))
        yield str(path), "", note(str(error), "bad"), "", "", *form
        raise
    yield used, used, *data_overview(split), *parsing_form.offered(found, split.mapping)


def nothing(sentence: str) -> tuple[Any, ...]:
    """Return (data, facts, first rows, problems, form) without any data."""
    return "", note(sentence), "", "", *parsing_form.offered(None, None)


def build() -> OwnData:
    """Draw the fields of every way in, hidden until one is chosen."""
    with gr.Column(visible=False) as by_file:
        upload = gr.File(label=text.UPLOAD, file_count="multiple", height=140, elem_id="data-file")
        with gr.Row(elem_classes="choose-row", visible=not is_public()):
            path = gr.Textbox(label=text.PATH, info=text.PATH_INFO, max_lines=1, elem_id="data-path")
            use_path = gr.Button(text.USE_PATH, scale=0, min_width=120, elem_id="use-path")
    with gr.Column(visible=False) as by_paste:
        pasted = gr.Textbox(
            label=text.PASTED, info=text.PASTED_INFO, placeholder=text.PASTED_EXAMPLE, lines=8, max_lines=8,
            elem_id="pasted",
        )  # fmt: skip
        use_pasted = gr.Button(text.USE_PASTED, elem_id="use-pasted")
    with gr.Column(visible=False) as by_hub:
        hub = hub_fields.build()
    with gr.Column(visible=False) as shared:
        held_out = gr.Slider(
            0.05, 0.5, DEFAULT_HELD_OUT, step=0.05, label=text.HELD_OUT, info=text.HELD_OUT_INFO, elem_id="held-out"
        )
        form = parsing_form.build()
    groups = [by_file, by_paste, by_hub, shared]
    return OwnData(groups, gr.State(""), upload, path, use_path, pasted, use_pasted, hub, held_out, form)
