"""How do the responses to one prompt get into the page? They are streamed to every history, and saved at the end."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import gradio as gr

from ia3_studio.chat import Answer
from ia3_studio.data.conversations import Message
from ia3_studio.data.labels import labels_in
from ia3_studio.errors import StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui import text
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_history import History, as_json, as_markdown, messages_of, with_response
from ia3_studio.ui.chat_responses import ChatRequest, Update, respond, sharing_note
from ia3_studio.ui.chat_turn import ChatTurn
from ia3_studio.ui.chat_variants import MAX_RESPONSES, find_variant, muted_sites
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.forms import read_form
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import Studio
from ia3_studio.ui.temporary_files import fresh_folder

SPEED_PAUSE = 1.0
"""Seconds between two updates of the speeds: what is drawn costs the browser time that the responses need."""
UNCHANGED = [gr.skip()] * (2 * MAX_RESPONSES)
"""The speed and the history of every response, as they are."""


def stream_responses(studio: Studio, turn: ChatTurn, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Stream the responses until something else takes or ends the page's turn.

    Yields (note, tokens, files, speed of each response, every history).
    """
    mark, asked = turn.take()
    try:
        form = read_form(ChatForm, values)
        if asked:  # what the page has shown since then is of the stream that was ended
            form = replace(form, count=len(asked), histories=(*asked, *form.histories[len(asked) :]))
            yield *[gr.skip()] * 4, *UNCHANGED[:MAX_RESPONSES], *for_all(asked)
        with closing(_steps(studio, form, request_of(studio, form))) as steps:
            for step in steps:
                if not turn.is_of(mark):
                    return
                yield step
    except StudioError as error:  # shown here: a failed event would cover the responses
        gr.Warning(text.escape(str(error)), title=text.PROBLEM)
        yield note(str(error), "bad"), *[gr.skip()] * 3, *UNCHANGED
    finally:
        turn.leave(mark)


def _steps(studio: Studio, form: ChatForm, request: ChatRequest) -> Generator[tuple[Any, ...], None, None]:
    """Generate the responses; yield what the page shows of each step."""
    labels = [each.label for each in request.variants]
    status, timed_at = "", float("-inf")
    with Job[Update, tuple[Answer, ...]](lambda report: respond(studio, request, report), only_latest=True) as job:
        for update in job:
            if isinstance(update, str):
                yield note(update), *[gr.skip()] * 3, *UNCHANGED
                continue
            is_due = time.monotonic() - timed_at > SPEED_PAUSE
            timed_at = time.monotonic() if is_due else timed_at
            drawn = _responded(form, update) if is_due else [*UNCHANGED[:MAX_RESPONSES], *_texts(form, update)]
            if status:
                yield *[gr.skip()] * 4, *drawn
            else:  # what is shared is looked up once: that reads every run's folder
                status = note(_who_responds(studio, form))
                yield status, *[gr.skip()] * 3, *drawn
        responses = job.result()
    files = _save_conversation(studio, form, labels, responses)
    yield status, words.token_view(labels, responses), *files, *_responded(form, responses)


def request_of(studio: Studio, form: ChatForm) -> ChatRequest:
    """Return what a form of the chat asks for.

    Raises:
        StudioError: there is no prompt, a value is out of its range, or an adapter does not exist.
    """
    current = find(studio, form.key)
    model = (current and current.model) or form.model
    histories = form.shown_histories
    if not histories[0] or histories[0][-1]["role"] != "user":
        raise StudioError(text.EMPTY_PROMPT)
    variants = tuple(
        find_variant(studio, form.variants[number], form.strengths[number], form.key, form.merge)
        for number in range(form.count)
    )
    system = (Message("system", form.system_prompt.strip()),) if form.system_prompt.strip() else ()
    conversations = tuple(system + messages_of(history) for history in histories)
    return ChatRequest(model, variants, conversations, form.settings, _muted(studio, form, current, model))


def for_all(values: Sequence[Any]) -> list[Any]:
    """Return values for all responses; those that are not shown keep theirs."""
    return [*values, *[gr.skip()] * (MAX_RESPONSES - len(values))]


def chatting_with(current: CurrentRun | None, model: str) -> str:
    """Say which adapter responds, or how to get one."""
    if current is None:
        return text.chat_without_run(model)
    if not current.adapter:
        return text.chat_without_adapter(current.name, model)
    sentence = text.classify_with if labels_in(current.adapter) else text.chat_with
    return sentence(current.name, current.model)


def _who_responds(studio: Studio, form: ChatForm) -> str:
    return f"{chatting_with(find(studio, form.key), form.model)} {sharing_note(studio)}".strip()


def _muted(studio: Studio, form: ChatForm, current: CurrentRun | None, model: str) -> frozenset[Any]:
    from ia3_studio.method import Adapter

    if current is None or current.adapter is None or not form.active_sites:
        return frozenset()
    return muted_sites(studio.layers.get(model).rows, Adapter.load(current.adapter), form.active_sites)


def _responded(form: ChatForm, responses: Sequence[Answer]) -> list[Any]:
    """Return (speed of each response, every history) for the responses so far."""
    speeds = [note(words.speed(each)) for each in responses]
    return [*for_all(speeds), *_texts(form, responses)]


def _texts(form: ChatForm, responses: Sequence[Answer]) -> list[Any]:
    """Return every history with the responses so far."""
    return for_all(_with_responses(form, responses))


def _with_responses(form: ChatForm, responses: Sequence[Answer]) -> list[History]:
    return [with_response(history, each.text) for history, each in zip(form.shown_histories, responses, strict=True)]


def _save_conversation(
    studio: Studio, form: ChatForm, labels: Sequence[str], responses: Sequence[Answer]
) -> tuple[str, str]:
    """Write the conversation for the download buttons; return the paths."""
    histories, settings = _with_responses(form, responses), asdict(form.settings)
    # A separate folder: conversations with the base model have no key that distinguishes visitors.
    folder = fresh_folder(studio.scratch, "chat-")
    markdown, document = folder / "conversation.md", folder / "conversation.json"
    described = ", ".join(f"{name} {value}" for name, value in settings.items())
    facts = [(text.MODEL_LABEL, form.model), (text.SAMPLING, described)]
    markdown.write_text(as_markdown(labels, histories, facts), encoding="utf-8")
    last = [
        {"tokens": [asdict(token) for token in each.tokens], "seconds": each.seconds, "notes": each.notes}
        for each in responses
    ]
    more = {
        "model": form.model,
        "system": form.system_prompt,
        "settings": settings,
        "variants": list(labels),
        "last_answers": last,
    }
    document.write_text(as_json(labels, histories, more), encoding="utf-8")
    return str(markdown), str(document)
