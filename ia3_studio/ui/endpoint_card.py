"""How do other programs use the adapters? A switch for the endpoint, with its address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from ia3_studio.errors import RunError, StudioError
from ia3_studio.models import STARTER
from ia3_studio.settings import is_public
from ia3_studio.ui import endpoint_words as words
from ia3_studio.ui.current_run import find, imports_folder
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import Session, Studio, quiet


def describe(studio: Studio, key: str) -> tuple[Any, ...]:
    """Return (card, start, stop, note, code) of the endpoint as it is now."""
    switch = studio.endpoint
    is_on = bool(switch.address)
    current = find(studio, key)
    is_served = current is not None and current.adapter is not None and current.model == switch.source
    model = current.key.partition(":")[2] if is_served and current else switch.source
    has_key = bool(switch.key)
    on = words.on(switch.address, switch.source, switch.note, has_key=has_key)
    return (
        gr.update(visible=not is_public()),
        gr.update(visible=not is_on),
        gr.update(visible=is_on),
        note(on, "good") if is_on else note(words.OFF),
        gr.update(visible=is_on, value=words.code(switch.address, model, has_key=has_key) if is_on else ""),
    )


def start(studio: Studio, key: str) -> Iterator[tuple[Any, ...]]:
    """Start the endpoint for the base model of the selected run; yield what :func:`describe` returns."""
    _require_own()
    try:
        with Job[str, None](lambda report: _started(studio, key, report)) as job:
            for update in job:
                yield *[gr.skip()] * 3, note(update), gr.skip()
            job.result()
        yield describe(studio, key)
    except StudioError as error:
        yield *[gr.skip()] * 3, note(str(error), "bad"), gr.skip()


def stop(studio: Studio, key: str) -> tuple[Any, ...]:
    """Stop the endpoint; return what :func:`describe` returns."""
    _require_own()
    studio.endpoint.stop()
    return describe(studio, key)


def _started(studio: Studio, key: str, report: Any) -> None:
    current = find(studio, key)
    source = (current and current.model) or STARTER
    report(words.STARTING)
    library = imports_folder(studio)
    studio.endpoint.start(source, studio.memory, studio.store, library, lambda _share, sentence: report(sentence))


def _require_own() -> None:
    if is_public():  # visitors would use each other's adapters
        raise RunError(words.NO_PUBLIC)


def build(studio: Studio, session: Session, page: gr.Tab) -> list[Any]:
    """Draw the card and wire its events; return what :func:`describe` fills."""
    with gr.Column(elem_classes="card", visible=not is_public(), elem_id="endpoint-card") as card:
        gr.HTML(heading(words.TITLE, words.WORDS))
        started = gr.Button(words.START, elem_id="endpoint-start")
        stopped = gr.Button(words.STOP, visible=False, elem_id="endpoint-stop")
        status = gr.HTML(note(words.OFF), elem_id="endpoint-note")
        code = gr.Code(
            language="python", label=words.CODE_LABEL, interactive=False, wrap_lines=True, visible=False,
            elem_id="endpoint-code",
        )  # fmt: skip
    drawn = [card, started, stopped, status, code]
    page.select(guard(describe, studio), session.current, drawn, **quiet())
    started.click(guard(start, studio), session.current, drawn, **quiet(concurrency_limit=1))
    stopped.click(guard(stop, studio), session.current, drawn, **quiet())
    return drawn
