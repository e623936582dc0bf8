"""How do the base model and the tuned ones respond to the same prompt?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ia3_studio.data.labels import labels_in
from ia3_studio.errors import StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui import classify_panel, text
from ia3_studio.ui.chat_form import ChatForm
from ia3_studio.ui.chat_history import (
    before,
    question_at,
    question_of,
    with_question,
)
from ia3_studio.ui.chat_stream import chatting_with, for_all, stream_responses
from ia3_studio.ui.chat_turn import ChatTurn
from ia3_studio.ui.chat_variants import (
    BASE,
    CURRENT,
    MAX_RESPONSES,
    MERGED,
    choices_for,
    rows_of_adapter,
)
from ia3_studio.ui.chat_widgets import FIRST_COUNT, ChatWidgets, draw_chat
from ia3_studio.ui.components.layer_tree import show_rows
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.empty_action import empty_action
from ia3_studio.ui.forms import Drawn, in_order, read_form
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, invitation, note
from ia3_studio.ui.session import Session, Studio, quiet


@dataclass(frozen=True)
class ChatTab:
    """What the page wires to other tabs."""

    inputs: list[gr.components.Component]
    drawn: list[gr.components.Component | gr.Column]
    """What :func:`describe` fills."""
    train_demo: gr.Button
    """Shown while the tab is empty."""
    next: gr.Button


def send(studio: Studio, turn: ChatTurn, *values: Any) -> tuple[Any, ...]:
    """Append the prompt to the histories; return (empty prompt, every history).

    Raises:
        StudioError: the prompt is empty; what streams goes on.
    """
    form = read_form(ChatForm, values)
    prompt = form.prompt.strip()
    if not prompt:
        raise StudioError(text.EMPTY_PROMPT)
    asked = with_question(form.shown_histories, prompt)
    turn.ask(asked)
    return "", *for_all(asked)


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


def show_responses(count: int, *variants: str) -> tuple[Any, ...]:
    """Show as many responses as requested; return (every column, every strength)."""
    return (
        *(gr.update(visible=number < count) for number in range(MAX_RESPONSES)),
        *(gr.update(visible=number < count and choice != BASE) for number, choice in enumerate(variants)),
    )


def retry(studio: Studio, number: int, turn: ChatTurn, event: gr.RetryData, *values: Any) -> tuple[Any, ...]:
    """Remove a response to generate it again with the next seed; return (seed, every history)."""
    form = read_form(ChatForm, values)
    question = question_at(form.histories[number], _position(event))
    kept = [
        [*before(history, question), {"role": "user", "content": question_of(history, question)}]
        for history in form.shown_histories
    ]
    turn.ask(kept)
    return (form.seed or 0) + 1, *for_all(kept)


def undo(studio: Studio, number: int, turn: ChatTurn, event: gr.UndoData, *values: Any) -> tuple[Any, ...]:
    """Remove the last question and its responses; return (the question, every history, Send, Stop)."""
    form = read_form(ChatForm, values)
    question = question_at(form.histories[number], _position(event))
    kept = [before(history, question) for history in form.shown_histories]
    turn.end()
    return question_of(form.histories[number], question), *for_all(kept), *show_stop(False)


def edit(studio: Studio, number: int, turn: ChatTurn, event: gr.EditData, *values: Any) -> tuple[Any, ...]:
    """Replace an earlier question, and remove what followed it; return every history."""
    form = read_form(ChatForm, values)
    question = question_at(form.histories[number], _position(event))
    kept = [before(history, question) for history in form.shown_histories]
    asked = with_question(kept, str(event.value).strip())
    turn.ask(asked)
    return tuple(for_all(asked))


def show_stop(is_responding: bool) -> tuple[Any, Any]:
    """Return (Send, Stop), of which one is visible."""
    return gr.update(visible=not is_responding), gr.update(visible=is_responding)


def show_stop_while(turn: ChatTurn) -> tuple[Any, Any]:
    """Return (Send, Stop), of which one is visible: Stop if something streams, or is about to."""
    return show_stop(turn.is_taken)


def stop(turn: ChatTurn) -> tuple[Any, Any]:
    """End what streams; return (Send, Stop)."""
    turn.end()
    return show_stop(False)


def clear(turn: ChatTurn) -> tuple[Any, ...]:
    """End what streams; return (every history and speed, emptied, Send, Stop)."""
    return *[[]] * MAX_RESPONSES, *[""] * MAX_RESPONSES, *stop(turn)


def _tree_update(studio: Studio, current: CurrentRun | None, model: str) -> Any:
    from ia3_studio.method import Adapter

    if current is None or current.adapter is None:
        return gr.update(value="")
    rows = studio.layers.get(model).rows
    return show_rows(rows, rows_of_adapter(rows, Adapter.load(current.adapter)))


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
    turn = gr.State(ChatTurn())
    inputs = [turn, *in_order(ChatForm, form)]
    prompt, seed, histories = form["prompt"], form["seed"], form["histories"]
    send_or_stop = [widgets.send, widgets.stop]
    filled = [status, widgets.tokens, widgets.markdown, widgets.document, *widgets.speeds, *histories]

    def then_respond(event: Any) -> Any:
        began = event.success(lambda: show_stop(True), None, send_or_stop, **quiet(queue=False))
        responded = began.then(
            guard(stream_responses, studio), inputs, filled,
            **quiet(concurrency_limit=4, trigger_mode="multiple"),  # the one that it ends may still be ending
        )  # fmt: skip
        responded.then(show_stop_while, turn, send_or_stop, **quiet(queue=False))
        return responded

    sent = asked.success(guard(send, studio), inputs, [prompt, *histories], **quiet())
    responding = [then_respond(sent)]
    for number, chatbot in enumerate(histories):
        retried = chatbot.retry(guard(retry, studio, number), inputs, [seed, *histories], **quiet())
        edited = chatbot.edit(guard(edit, studio, number), inputs, histories, **quiet())
        responding += [then_respond(retried), then_respond(edited)]
    clearing = [widgets.clear.click, *(chatbot.clear for chatbot in histories)]  # all responses share their questions
    # Before what they remove: a piece that is on its way would put it back.
    ending = [*(chatbot.undo for chatbot in histories), *clearing]
    gr.on(ending, None, None, None, cancels=responding, **quiet(queue=False))
    for number, chatbot in enumerate(histories):
        chatbot.undo(guard(undo, studio, number), inputs, [prompt, *histories, *send_or_stop], **quiet())
    widgets.stop.click(stop, turn, send_or_stop, cancels=responding, **quiet(queue=False))
    emptied = [*histories, *widgets.speeds, *send_or_stop]
    gr.on(clearing, clear, turn, emptied, **quiet(trigger_mode="multiple"))
    gr.on(
        [form["count"].input, *(each.input for each in form["variants"])],
        show_responses,
        [form["count"], *form["variants"]],
        [*widgets.columns, *form["strengths"]],
        **quiet(queue=False, trigger_mode="always_last"),
    )
