"""How is the selected adapter downloaded, and how is one imported?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from ia3_studio.errors import AdapterError, ModelError, StudioError
from ia3_studio.export.archive import file_name, zip_adapter
from ia3_studio.export.card import CardFacts, programs
from ia3_studio.export.import_adapter import take_in
from ia3_studio.models import parse_source
from ia3_studio.runs.imported import base_model_of, source_of
from ia3_studio.ui import endpoint_card, hub_card, more_exports, text
from ia3_studio.ui.current_run import CurrentRun, find, import_key, imports_folder
from ia3_studio.ui.empty_action import empty_action
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.hub_card import card_for
from ia3_studio.ui.markup import Fact, facts, heading, invitation, note
from ia3_studio.ui.session import Session, Studio, quiet


@dataclass(frozen=True)
class ExportTab:
    """What the page wires to other tabs."""

    drawn: list[gr.components.Component]
    """What :func:`offer` fills."""
    more: more_exports.MoreExports
    hub: hub_card.HubCard
    upload: gr.File
    note: gr.HTML
    train_demo: gr.Button
    """Shown while the tab is empty."""


def offer(studio: Studio, key: str) -> tuple[str, Any, Any]:
    """Offer the newest adapter of the selected run; return (facts, download button, code)."""
    current = find(studio, key)
    if current is None or current.adapter is None:
        missing = note(text.NO_ADAPTER_YET) if current else invitation(text.EXPORT_EMPTY)
        return missing, gr.update(interactive=False, value=None), gr.update(visible=False)
    target, card = zipped(studio, current)
    name = file_name(card.name)
    described = facts(Fact(*row) for row in text.adapter_facts(card, target.stat().st_size))
    return (
        note(text.not_for_peft(card.not_for_peft), "warn") + described if card.not_for_peft else described,
        gr.update(interactive=True, value=str(target)),
        gr.update(visible=True, value=text.snippets(programs(replace(card, address=name)))),
    )


def zipped(studio: Studio, current: CurrentRun) -> tuple[Path, CardFacts]:
    """Write the newest adapter with its card as an archive; return (archive, facts on the card).

    Raises:
        AdapterError: there is none, or it cannot be read.
    """
    card = card_for(current)
    if current.adapter is None:
        raise AdapterError(text.EXPORT_EMPTY)
    target = studio.download_folder(current.key) / f"{file_name(card.name)}-ia3.zip"
    return zip_adapter(current.adapter, target, card), card


def import_files(studio: Studio, uploads: list[str] | None) -> Iterator[tuple[Any, str]]:
    """Import an uploaded adapter and select it on every tab; yield (its key, note)."""
    if not uploads:
        yield gr.skip(), ""
        return
    try:
        studio.store.require_room()
        folder = take_in([Path(upload) for upload in uploads], imports_folder(studio))
    except StudioError as error:
        yield gr.skip(), note(str(error), "bad")
        raise
    yield import_key(folder), _import_note(base_model_of(folder))


def _import_note(base_model: str) -> str:
    """Return the note on an imported adapter, with a warning if its base model is not available."""
    try:
        if base_model:
            parse_source(source_of(base_model))
    except ModelError as error:
        return note(text.imported_without_model(base_model, str(error)), "warn")
    return note(text.imported(base_model), "good")


def build(studio: Studio, session: Session, page: gr.Tab) -> ExportTab:
    """Draw the tab and wire its own events."""
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=6, min_width=320):
            with gr.Column(elem_classes="card"):
                gr.HTML(heading(text.EXPORT_TITLE, text.EXPORT_WORDS))
                download = gr.DownloadButton(text.DOWNLOAD, variant="primary", interactive=False, elem_id="download")
                described = gr.HTML(note(text.LOOKING_FOR_ADAPTER), elem_id="export-facts")
                train_demo = empty_action("export")
                code = gr.Code(
                    language="python", label=text.SNIPPET_LABEL, interactive=False, wrap_lines=True, visible=False
                )
            more = more_exports.build(studio, session)
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="card"):
                gr.HTML(heading(text.IMPORT_TITLE, text.IMPORT_WORDS))
                upload = gr.File(
                    label=text.IMPORT_UPLOAD,
                    file_count="multiple",
                    file_types=[".zip", ".json", ".safetensors", ".html"],
                    height=140,
                    elem_id="import",
                )
                status = gr.HTML(elem_id="import-note")
            hub = hub_card.build(studio, session)
            endpoint_card.build(studio, session, page)
    drawn = [described, download, code]
    imported = upload.upload(
        guard(import_files, studio), upload, [session.current, status], **quiet(trigger_mode="always_last")
    )
    upload.clear(lambda: "", None, status, **quiet(queue=False))  # it spoke of the files that are removed
    for offered, filled in ((offer, drawn), (more_exports.offer, more.drawn), (hub_card.offer, hub.drawn)):
        page.select(guard(offered, studio), session.current, filled, **quiet())
        imported.success(guard(offered, studio), session.current, filled, **quiet())
    return ExportTab(drawn, more, hub, upload, status, train_demo)
