"""How do rows of a data set on the hub get in? It is looked up, its parts are chosen, and they are fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.errors import DataError, StudioError
from ia3_studio.ui import parsing_form, text
from ia3_studio.ui.data_source import nothing, taken_from
from ia3_studio.ui.kept_files import keep, uploads_folder
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import note
from ia3_studio.ui.rows_card import PREVIEW_ROWS, raw_rows
from ia3_studio.ui.session import Studio


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
        yield note(str(error), "bad"), "", *nothing(text.CHOOSE_FILE)
        raise
    for taken in taken_from(kept, held_out, None):
        yield note(text.hub_taken(hub_id), "good"), *taken
