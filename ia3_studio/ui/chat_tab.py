"""How do the base model and the tuned ones respond to the same prompt?"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from ia3_studio.chat import Answer
from ia3_studio.data.conversations import Message
from ia3_studio.data.labels import labels_in
from ia3_studio.errors import StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui import classify_panel, text
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_history import (
    History,
    as_json,
    as_markdown,
    before,
    messages_of,
    question_at,
    question_of,
    with_question,
    with_response,
)
from ia3_studio.ui.chat_responses import ChatRequest, Update, respond, sharing_note
from ia3_studio.ui.chat_variants import (
    BASE,
    CURRENT,
    MAX_RESPONSES,
    MERGED,
    choices_for,
    find_variant,
    muted_sites,
    rows_of_adapter,
)
from ia3_studio.ui.chat_widgets import FIRST_COUNT, ChatWidgets, draw_chat
from ia3_studio.ui.components.layer_tree import show_rows
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.empty_action import empty_action
from ia3_studio.ui.forms import Drawn, in_order, read_form
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, invitation, note
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.temporary_files import fresh_folder

SPEED_PAUSE = 1.0
"""Seconds between two updates of the speeds: what is drawn costs the browser time that the responses need."""


@dataclass(frozen=True)
class ChatTab:
    """What the page wires to other tabs."""

    inputs: list[gr.components.Component]
    drawn: list[gr.components.Component | gr.Column]
    """What :func:`describe` fills."""
    train_demo: gr.Button
    """Shown while the tab is empty."""
    next: gr.Button


def send(studio: Studio, *values: Any) -> tuple[Any, ...]:
    """Append the prompt to the histories; return (empty prompt, every history)."""
    form = read_form(ChatForm, values)
    prompt = form.prompt.strip()
    return "", *_every(with_question(form.shown_histories, prompt) if prompt else ())


def stream_responses(studio: Studio, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Stream the responses; yield (note, tokens, files, speed of each response, every history)."""
    unchanged = [gr.skip()] * (2 * MAX_RESPONSES)
    try:
        form = read_form(ChatForm, values)
        request = request_of(studio, form)
        labels = [each.label for each in request.variants]
        status, timed_at = "", float("-inf")
        with Job[Update, tuple[Answer, ...]](lambda report: respond(studio, request, report), only_latest=True) as job:
            for update in job:
                if isinstance(update, str):
                    yield note(update), *[gr.skip()] * 3, *unchanged
                    continue
                is_due = time.monotonic() - timed_at > SPEED_PAUSE
                timed_at = time.monotonic() if is_due else timed_at
                drawn = _responded(form, update) if is_due else [*unchanged[:MAX_RESPONSES], *_texts(form, update)]
                if status:
                    yield *[gr.skip()] * 4, *drawn
                else:  # what is shared is looked up once: that reads every run's folder
                    status = note(_who_responds(studio, form))
                    yield status, *[gr.skip()] * 3, *drawn
            responses = job.result()
        files = _save_conversation(studio, form, labels, responses)
        yield status, words.token_view(labels, responses), *files, *_responded(form, responses)
    except StudioError as error:  # shown here: a failed event would cover the responses
        gr.Warning(text.escape(str(error)), title=text.PROBLEM)
        yield note(str(error), "bad"), *[gr.skip()] * 3, *unchanged


def describe(
    studio: Studio, key: str, model: str, count: int, had_adapter: bool | None, *variants: str
) -> tuple[Any, ...]:
    """Return what can respond now.

    That is (note, body, classify panel, tree, second adapter, every variant, count, whether there is an adapter, every
    column, every strength).

    Args:
        had_adapter: whether there was one when this was last asked: the second response comes with the first adapter;
            None if this was never asked.
    """
    current = find(studio, key)
    model = (current and current.model) or model
    labels = labels_in(current.adapter) if current and current.adapter else None
    choices = choices_for(studio, key, model)
    known = {choice for _label, choice in choices}
    has_adapter = CURRENT in known
    if not has_adapter:
        choices = [*choices, (words.NO_ADAPTER_YET, CURRENT)]
    count = max(count, FIRST_COUNT) if has_adapter and not had_adapter else count if has_adapter else 1
    chosen = [
        each if each in known | {CURRENT} else CURRENT if number else BASE for number, each in enumerate(variants)
    ]
    second = [(label, choice) for label, choice in choices if choice not in (BASE, CURRENT, MERGED)]
    return (
        (note if current else invitation)(chatting_with(current, model)),
        gr.update(visible=labels is None),
        *classify_panel.describe(current.adapter if current else None),
        _tree_update(studio, current, model) if labels is None else gr.skip(),
        gr.update(choices=second, value=second[0][1] if second else None),
        *(gr.update(choices=choices, value=each) for each in chosen),
        count,
        has_adapter,
        *show_responses(count, *chosen),
    )


def describe_first(studio: Studio, drawn: int, *asked: Any) -> tuple[Any, ...]:
    """Return what :func:`describe` does if the tab is still as it was built, and else nothing new.

    Args:
        studio: the studio.
        drawn: the number of widgets to fill.
        asked: as for ``describe``.
    """
    had_adapter = asked[3]
    return describe(studio, *asked) if had_adapter is None else (gr.skip(),) * drawn


def chatting_with(current: CurrentRun | None, model: str) -> str:
    """Say which adapter responds, or how to get one."""
    if current is None:
        return text.chat_without_run(model)
    if not current.adapter:
        return text.chat_without_adapter(current.name, model)
    sentence = text.classify_with if labels_in(current.adapter) else text.chat_with
    return sentence(current.name, current.model)


def show_responses(count: int, *variants: str) -> tuple[Any, ...]:
    """Show as many responses as requested; return (every column, every strength)."""
    return (
        *(gr.update(visible=number < count) for number in range(MAX_RESPONSES)),
        *(gr.update(visible=number < count and choice != BASE) for number, choice in enumerate(variants)),
    )


def retry(studio: Studio, number: int, event: gr.RetryData, *values: Any) -> tuple[Any, ...]:
    """Remove a response to generate it again with the next seed; return (seed, every history)."""
    form = read_form(ChatForm, values)
    question = question_at(form.histories[number], _position(event))
    kept = [
        [*before(history, question), {"role": "user", "content": question_of(history, question)}]
        for history in form.shown_histories
    ]
    return (form.seed or 0) + 1, *_every(kept)


def undo(studio: Studio, number: int, event: gr.UndoData, *values: Any) -> tuple[Any, ...]:
    """Remove the last question and its responses; return (the question, every history, Send, Stop)."""
    form = read_form(ChatForm, values)
    question = question_at(form.histories[number], _position(event))
    kept = [before(history, question) for history in form.shown_histories]
    return question_of(form.histories[number], question), *_every(kept), *show_stop(False)


def edit(studio: Studio, number: int, event: gr.EditData, *values: Any) -> tuple[Any, ...]:
    """Replace an earlier question, and remove what followed it; return every history."""
    form = read_form(ChatForm, values)
    question = question_at(form.histories[number], _position(event))
    kept = [before(history, question) for history in form.shown_histories]
    return tuple(_every(with_question(kept, str(event.value).strip())))


def show_stop(is_responding: bool) -> tuple[Any, Any]:
    """Return (Send, Stop), of which one is visible."""
    return gr.update(visible=not is_responding), gr.update(visible=is_responding)


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


def _who_responds(studio: Studio, form: ChatForm) -> str:
    return f"{chatting_with(find(studio, form.key), form.model)} {sharing_note(studio)}".strip()


def _muted(studio: Studio, form: ChatForm, current: CurrentRun | None, model: str) -> frozenset[Any]:
    from ia3_studio.method import Adapter

    if current is None or current.adapter is None or not form.active_sites:
        return frozenset()
    return muted_sites(studio.layers.get(model).rows, Adapter.load(current.adapter), form.active_sites)


def _tree_update(studio: Studio, current: CurrentRun | None, model: str) -> Any:
    from ia3_studio.method import Adapter

    if current is None or current.adapter is None:
        return gr.update(value="")
    rows = studio.layers.get(model).rows
    return show_rows(rows, rows_of_adapter(rows, Adapter.load(current.adapter)))


def _responded(form: ChatForm, responses: Sequence[Answer]) -> list[Any]:
    """Return (speed of each response, every history) for the responses so far."""
    speeds = [note(words.speed(each)) for each in responses]
    return [*_every(speeds), *_texts(form, responses)]


def _texts(form: ChatForm, responses: Sequence[Answer]) -> list[Any]:
    """Return every history with the responses so far."""
    return _every(_with_responses(form, responses))


def _with_responses(form: ChatForm, responses: Sequence[Answer]) -> list[History]:
    return [with_response(history, each.text) for history, each in zip(form.shown_histories, responses, strict=True)]


def _every(values: Sequence[Any]) -> list[Any]:
    """Return values for all responses; those that are not shown keep theirs."""
    return [*values, *[gr.skip()] * (MAX_RESPONSES - len(values))]


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


def _position(event: gr.EventData) -> int:
    index = event.index
    return int(index[0] if isinstance(index, list | tuple) else index)


def build(studio: Studio, session: Session, page: gr.Tab) -> ChatTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(words.TITLE, words.WORDS), elem_id="chat-lead")
    status = gr.HTML(elem_id="chat-note")
    train_demo = empty_action("chat")
    panel = classify_panel.build(studio, session)
    form = Drawn(ChatForm)
    form["key"], form["model"] = session.current, session.model
    with gr.Column(elem_id="chat-body") as body:
        widgets = draw_chat(studio, session, form)
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_EXPORT, variant="primary", elem_id="next-export")
    had_adapter = gr.State(None)
    inputs = [session.current, session.model, form["count"], had_adapter, *form["variants"]]
    drawn = [
        status, body, *panel.drawn, form["active_sites"], form["second_adapter"], *form["variants"], form["count"],
        had_adapter, *widgets.columns, *form["strengths"],
    ]  # fmt: skip
    page.select(guard(describe, studio), inputs, drawn, **quiet())
    # Whoever is faster gets as many responses: the first prompt describes the tab before it is sent.
    asked = gr.on(
        [widgets.send.click, form["prompt"].submit],
        guard(describe_first, studio, len(drawn)), inputs, drawn, **quiet(queue=False),
    )  # fmt: skip
    _wire(studio, form, widgets, status, asked)
    return ChatTab(inputs, drawn, train_demo, onward)


def _wire(studio: Studio, form: Drawn, widgets: ChatWidgets, status: gr.HTML, asked: Any) -> None:
    """Let Send, Retry and Edit be followed by the responses, with a button to stop them.

    Args:
        asked: the event that a prompt is sent after.
    """
    inputs = in_order(ChatForm, form)
    prompt, seed, histories = form["prompt"], form["seed"], form["histories"]
    send_or_stop = [widgets.send, widgets.stop]
    filled = [status, widgets.tokens, widgets.markdown, widgets.document, *widgets.speeds, *histories]

    def then_respond(event: Any) -> Any:
        began = event.success(lambda: show_stop(True), None, send_or_stop, **quiet(queue=False))
        responded = began.then(guard(stream_responses, studio), inputs, filled, **quiet(concurrency_limit=4))
        responded.then(lambda: show_stop(False), None, send_or_stop, **quiet(queue=False))
        return responded

    sent = asked.success(guard(send, studio), inputs, [prompt, *histories], **quiet())
    responding = [then_respond(sent)]
    for number, chatbot in enumerate(histories):
        retried = chatbot.retry(guard(retry, studio, number), inputs, [seed, *histories], **quiet())
        edited = chatbot.edit(guard(edit, studio, number), inputs, histories, **quiet())
        responding += [then_respond(retried), then_respond(edited)]
    for number, chatbot in enumerate(histories):  # what still streams would put back what these remove
        gr.on([chatbot.retry, chatbot.edit, chatbot.undo], None, None, None, cancels=responding, **quiet(queue=False))
        chatbot.undo(guard(undo, studio, number), inputs, [prompt, *histories, *send_or_stop], **quiet())
    widgets.stop.click(lambda: show_stop(False), None, send_or_stop, cancels=responding, **quiet())
    gr.on(
        [widgets.clear.click, *(chatbot.clear for chatbot in histories)],  # all responses share their questions
        lambda: (*[[]] * MAX_RESPONSES, *[""] * MAX_RESPONSES, *show_stop(False)),
        None,
        [*histories, *widgets.speeds, *send_or_stop],
        cancels=responding,
        **quiet(),
    )
    gr.on(
        [form["count"].input, *(each.input for each in form["variants"])],
        show_responses,
        [form["count"], *form["variants"]],
        [*widgets.columns, *form["strengths"]],
        **quiet(queue=False, trigger_mode="always_last"),
    )
