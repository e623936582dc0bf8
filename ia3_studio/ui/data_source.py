"""How do a person's own data get in? As a file, by its path, as pasted rows, or from the hub; then read, then shown."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.atomic import replacing
from ia3_studio.data.archives import require_room
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.large import fingerprint_of
from ia3_studio.data.listed_images import find_images
from ia3_studio.data.load import DataChoice, look_at, split_images, split_table
from ia3_studio.data.other_readings import other_readings
from ia3_studio.data.pasted import write_pasted
from ia3_studio.data.paths import split_path
from ia3_studio.data.row_places import places_in
from ia3_studio.data.sampled import sample_rows
from ia3_studio.data.table import Table
from ia3_studio.errors import DataError, OneFileError, StudioError
from ia3_studio.settings import is_public
from ia3_studio.ui import parsing_form, readings_card, text
from ia3_studio.ui.components.model_picker import ModelPicker
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import note
from ia3_studio.ui.parsing_form import ParsingForm
from ia3_studio.ui.rows_card import PREVIEW_ROWS, data_overview, raw_rows
from ia3_studio.ui.session import Studio
from ia3_studio.ui.temporary_files import remove_older
from ia3_studio.ui.upload_names import name_together
from ia3_studio.ui.visitor import VISITOR_LENGTH, visitor

UPLOADS = "uploads"
"""The folder of uploaded data below the studio's home; a run finds its data there later."""
DEFAULT_HELD_OUT = 0.1
KEPT_DAYS = 7
"""Days for which a visitor's upload is kept after its last use."""
MOST_HUB_ROWS = 5_000
"""Rows of each split that are taken from the hub unless more are asked for."""


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


@dataclass(frozen=True)
class HubFields:
    """The fields for a data set on the hub."""

    name: ModelPicker
    look: gr.Button
    note: gr.HTML
    found: gr.Column
    """Hidden until a data set is found."""
    configuration: gr.Dropdown
    splits: gr.CheckboxGroup
    most: gr.Number
    use: gr.Button

    @property
    def chosen(self) -> list[gr.components.Component]:
        """Return what says which rows are taken."""
        return [self.name, self.configuration, self.splits, self.most]


def take_upload(studio: Studio, uploads: list[str] | None, held_out: float) -> Iterator[tuple[Any, ...]]:
    """Read uploaded files, several as one table, and keep them; yield (given, data, facts, first rows, problems, form).

    Several files become one zip archive.
    """
    if not uploads:
        yield "", *_nothing(text.CHOOSE_FILE)
        return
    folder = uploads_folder(studio)
    if len(uploads) == 1:
        yield from _take(Path(uploads[0]), held_out, folder)
        return
    try:
        together = keep_together([Path(each) for each in uploads], folder)
    except StudioError as error:
        yield "", *_nothing(str(error))
        raise
    yield from _take(together, held_out, None)


def take_path(studio: Studio, path: str | None, held_out: float) -> Iterator[tuple[Any, ...]]:
    """Read a file or folder where it lies on this computer; yield as :func:`take_upload`.

    Raises:
        DataError: this is a Space, whose files are none of a visitor's business.
    """
    found = local_path(path or "")
    if not (path or "").strip():
        yield "", *_nothing(text.NAME_PATH)
        return
    yield from _take(found, held_out, None)


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
        yield "", *_nothing(str(error))
        raise
    yield from _take(path, held_out, None)


def look_up(name: str | None) -> Iterator[tuple[Any, ...]]:
    """Ask the hub for a data set; yield (note, found, configuration, splits, first rows)."""
    from ia3_studio.data import hub_rows

    hidden = gr.update(visible=False), gr.skip(), gr.skip(), gr.skip()
    try:
        hub_id = hub_rows.hub_id_of(name or "")
        yield note(text.ASKING_HUB), *hidden
        names = hub_rows.configurations(hub_id)
        parts, rows = _parts(hub_id, names[0])
    except StudioError as error:
        yield note(str(error), "bad"), *hidden
        raise
    chosen = gr.update(choices=list(names), value=names[0], visible=len(names) > 1)
    yield note(text.hub_found(hub_id, len(names)), "good"), gr.update(visible=True), chosen, parts, rows


def choose_configuration(name: str, configuration: str) -> tuple[str, Any, str]:
    """Return (note, splits, first rows) of another configuration of the data set that was found."""
    from ia3_studio.data import hub_rows

    return "", *_parts(hub_rows.hub_id_of(name), configuration)


def _parts(hub_id: str, configuration: str) -> tuple[Any, str]:
    """Return (splits offered, first rows); the first is ticked, which is the one to learn from in most data sets."""
    from ia3_studio.data import hub_rows

    parts = hub_rows.splits(hub_id, configuration)
    rows = hub_rows.first_rows(hub_id, configuration, parts[0], PREVIEW_ROWS)
    return gr.update(choices=list(parts), value=list(parts[:1])), raw_rows(rows)


def take_hub(
    studio: Studio, held_out: float, name: str, configuration: str, splits: Sequence[str], most: float | None
) -> Iterator[tuple[Any, ...]]:
    """Fetch rows from the hub into a file and read it; yield (hub's note, given, … as :func:`take_upload`)."""
    from ia3_studio.data import hub_rows

    try:
        if not splits or not most or most < 2:
            raise DataError(text.CHOOSE_SPLITS)
        hub_id = hub_rows.hub_id_of(name)
        # Of each fetch its own: two visitors may want the same rows.
        studio.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=studio.scratch) as folder:
            work = Job[str, Path](
                lambda report: hub_rows.fetch(hub_id, configuration, list(splits), int(most), Path(folder), report)
            )
            with work as job:
                for said in job:
                    yield note(said), *(gr.skip() for _each in range(5 + parsing_form.OFFERED))
                kept = keep(job.result(), uploads_folder(studio))
    except StudioError as error:
        yield note(str(error), "bad"), "", *_nothing(text.CHOOSE_FILE)
        raise
    for taken in _take(kept, held_out, None):
        yield note(text.hub_taken(hub_id), "good"), *taken


def _take(path: Path, held_out: float, kept_in: Path | None) -> Iterator[tuple[Any, ...]]:
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


def _nothing(sentence: str) -> tuple[Any, ...]:
    """Return (data, facts, first rows, problems, form) without any data."""
    return "", note(sentence), "", "", *parsing_form.offered(None, None)


def apply_parsing(
    studio: Studio, given: str | None, held_out: float, *fields: Any, new_task: bool = False, before: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Read what came in as the form says; yield (data, facts, first rows, problems, form).

    The fields are those of the new reading afterwards, also where its columns cannot be used as chosen.

    Args:
        new_task: whether the task was chosen last, which brings its own columns.
        before: the data in use, whose columns change places with one that is chosen in the place of another.
    """
    if not given:
        yield "", note(text.CHOOSE_FILE), "", "", *_unchanged()
        return
    path = Path(given)
    columns, cells = fields[: -parsing_form.CELL_FIELDS], fields[-parsing_form.CELL_FIELDS :]
    found: Table | None = None
    try:
        _touch(path)
        if pictures := find_images(path):
            split = split_images(path.name, pictures, held_out=held_out)
            yield given, *data_overview(split), *parsing_form.offered(None, split.mapping)
            return
        parsing = parsing_form.chosen_parsing(*cells)
        found = look_at(path, parsing)
        wanted = parsing_form.of_new_task(found, columns) if new_task else columns
        if before and (choice := DataChoice.from_text(before)).source == given:
            wanted = parsing_form.exchanged(found, choice.mapping, wanted)
        *chosen, system = _still_there(found, wanted)
        mapping = parsing_form.with_system(found, parsing_form.chosen_mapping(found, *chosen), system)
        split = split_table(path.name, found, mapping, held_out=held_out)
        kept = str(keep(path, uploads_folder(studio))) if _is_fleeting(path) else given
    except StudioError as error:
        yield "", note(str(error), "bad"), "", "", *parsing_form.offered_again(found, fields, str(error))
        raise
    form = parsing_form.offered(found, split.mapping, cells, split.mapping.split)
    yield DataChoice(kept, mapping, parsing).to_text(), *data_overview(split), *form


def use_reading(studio: Studio, given: str | None, held_out: float, way: str | None) -> Iterator[tuple[Any, ...]]:
    """Read the data in another way that was offered; yield as :func:`apply_parsing`."""
    if not given:
        yield "", note(text.CHOOSE_FILE), "", "", *_unchanged()
        return
    try:
        chosen, path = readings_card.chosen(way), Path(given)
        _touch(path)
        found = look_at(path, chosen.parsing)
        split = split_table(path.name, found, chosen.mapping, held_out=held_out)
        kept = str(keep(path, uploads_folder(studio))) if _is_fleeting(path) else given
    except StudioError as error:
        yield "", note(str(error), "bad"), "", "", *_unchanged()
        raise
    form = parsing_form.offered(found, split.mapping, parsing_form.cells_of(chosen.parsing), split.mapping.split)
    yield replace(chosen, source=kept).to_text(), *data_overview(split), *form


def offer_readings(studio: Studio, given: str | None, data: str, *cells: str) -> tuple[Any, ...]:
    """Return (shape, what holds the list, list) that offer what came in to be read in other ways.

    Args:
        given: the path of what came in.
        data: the data in use; empty where what came in is refused.
        cells: the fields on how cells are read.
    """
    choice = DataChoice.from_text(data or "")
    if not given or (data and choice.source != given):
        return gr.skip(), *readings_card.hidden()
    path, parsing = Path(given), choice.parsing if data else parsing_form.chosen_parsing(*cells)
    table: Table | None = None
    files: tuple[str, ...] = ()
    try:
        table = look_at(path, parsing)
    except StudioError as error:  # its sentence is on the page already
        files, parsing = error.files if isinstance(error, OneFileError) else (), None
    used = choice.mapping or (infer_columns(sample_rows(table)) if data and table else None)
    known = places_in(path)
    can_be = path.exists() and not find_images(path)
    readings = other_readings(path, table, used, parsing, files, known) if can_be else ()
    places = parsing_form.offered_places(known, parsing.rows or "" if parsing else "")
    return places, *readings_card.offered(readings, needed=used is None)


def apply_choices(
    studio: Studio, given: str | None, held_out: float, *fields: Any, new_task: bool = False, before: str = ""
) -> Iterator[tuple[Any, ...]]:
    """Read what came in as the form says; yield as :func:`apply_parsing`, without fields that it leaves as they are.

    What was chosen in them meanwhile stays, and is read next.
    """
    steps = apply_parsing(studio, given, held_out, *fields, new_task=new_task, before=before)
    for data, said, rows, faults, *form in steps:
        yield data, said, rows, faults, *parsing_form.only_changes(form, fields)


def apply_column(
    studio: Studio, data: str, given: str | None, held_out: float, *fields: Any
) -> Iterator[tuple[Any, ...]]:
    """Read what came in with another column; yield as :func:`apply_choices`.

    Where another field had the column, that field gets the one that it replaces.
    """
    yield from apply_choices(studio, given, held_out, *fields, before=data)


def apply_task(studio: Studio, given: str | None, held_out: float, *fields: Any) -> Iterator[tuple[Any, ...]]:
    """Read what came in as rows of the task that was chosen, by its likeliest columns; yield as :func:`apply_choices`.

    Columns that stay from the reading before are not those of another task.
    """
    yield from apply_choices(studio, given, held_out, *fields, new_task=True)


def use_unused(
    studio: Studio, given: str | None, held_out: float, choice: str | None, *fields: Any
) -> Iterator[tuple[Any, ...]]:
    """Read the data anew with a column that was not used; yield as :func:`apply_parsing`."""
    yield from apply_parsing(studio, given, held_out, *parsing_form.chosen_unused(choice, fields))


def _unchanged() -> Iterator[Any]:
    """Return no update for any field of the form."""
    return (gr.skip() for _each in range(parsing_form.OFFERED))


def _still_there(table: Table, columns: Sequence[Any]) -> Sequence[Any]:
    """Return the fields on columns; empty ones where another reading of the file has other columns."""
    _kind, first, second, answer, rejected, choices, template, split, system = columns
    chosen = [each for each in (first, second, answer, rejected, system, *(choices or ())) if each]
    names = {str(name) for name in table.frame.columns}
    gone = [name for name in chosen if name not in names and split_path(name, names) is None]
    if not gone:
        return columns
    return ("", "", "", "", "", [], template, split if split in names else "", "")


def _touch(path: Path) -> None:
    """Note that a visitor's upload is in use."""
    if path.is_file() and not _is_fleeting(path) and is_public():
        os.utime(path)


def _is_fleeting(path: Path) -> bool:
    """Say whether a file lies among Gradio's own, which are cleared from time to time."""
    return path.is_relative_to(Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio"))


def uploads_folder(studio: Studio) -> Path:
    """Return where uploaded data are kept: each visitor has a folder of their own, from which old ones go.

    Raises:
        RunError: the visitor has as much here as may be.
    """
    if not is_public():
        return studio.home / UPLOADS
    folder = studio.home / UPLOADS / visitor()
    if folder.is_dir():
        remove_older(folder, KEPT_DAYS * 86_400)
    studio.store.require_room()
    return folder


def expire_uploads(home: Path) -> None:
    """Remove what visitors uploaded and did not use for days; a run has a copy of its own. The owner's are kept."""
    for folder in (home / UPLOADS).glob("*") if is_public() else ():
        if len(folder.name) == VISITOR_LENGTH and folder.is_dir():
            remove_older(folder, KEPT_DAYS * 86_400)


def keep_together(uploads: Sequence[Path], folder: Path) -> Path:
    """Copy several files into one zip archive, in a folder named by their content; return it. The largest names it.

    Raises:
        DataError: together they are larger than is read.
    """
    require_room(text.plural(len(uploads), "file"), sum(path.stat().st_size for path in uploads))
    named: dict[str, Path] = {}
    for path in uploads:
        name = path.name if path.name not in named else f"{len(named)}/{path.name}"
        named[name] = path
    content = "\n".join(f"{name} {fingerprint_of(path)}" for name, path in sorted(named.items()))
    target = folder / hashlib.sha256(content.encode()).hexdigest()[:16] / f"{name_together(named)}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part, zipfile.ZipFile(part, "w") as archive:
            for name, path in named.items():
                archive.write(path, name)
    os.utime(target)  # it is in use again
    return target


def keep(upload: Path, folder: Path) -> Path:
    """Copy a file into a folder named by its content; return the copy."""
    target = folder / fingerprint_of(upload)[:16] / upload.name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            shutil.copyfile(upload, part)
    os.utime(target)  # it is in use again
    return target


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
        hub = _hub_fields()
    with gr.Column(visible=False) as shared:
        held_out = gr.Slider(
            0.05, 0.5, DEFAULT_HELD_OUT, step=0.05, label=text.HELD_OUT, info=text.HELD_OUT_INFO, elem_id="held-out"
        )
        form = parsing_form.build()
    groups = [by_file, by_paste, by_hub, shared]
    return OwnData(groups, gr.State(""), upload, path, use_path, pasted, use_pasted, hub, held_out, form)


def _hub_fields() -> HubFields:
    with gr.Row(elem_classes="choose-row"):
        name = ModelPicker(key="data", label=text.HUB_DATA, info=text.HUB_DATA_INFO, elem_id="hub-data")
        look = gr.Button(text.LOOK_UP, scale=0, min_width=120, elem_id="look-up")
    said = gr.HTML(elem_id="hub-note")
    with gr.Column(visible=False) as found:
        configuration = gr.Dropdown([], label=text.CONFIGURATION, elem_id="hub-configuration")
        splits = gr.CheckboxGroup([], label=text.SPLITS, info=text.SPLITS_INFO, elem_id="hub-splits")
        most = gr.Number(
            MOST_HUB_ROWS, label=text.MOST_ROWS, info=text.MOST_ROWS_INFO, precision=0, minimum=2, elem_id="hub-most"
        )
        use = gr.Button(text.USE_HUB, elem_id="use-hub")
    return HubFields(name, look, said, found, configuration, splits, most, use)
