"""How do the base model and the tuned one answer the same prompt?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.chat import ChatSettings, reply
from ia3_studio.data.examples import Message
from ia3_studio.errors import StudioError
from ia3_studio.sorting import labels_in, sort_text
from ia3_studio.ui import text
from ia3_studio.ui.boundary import guard
from ia3_studio.ui.instrument import ROLES, STRONGEST, Knobs, played
from ia3_studio.ui.job import Job
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.shown import Shown, find

if TYPE_CHECKING:
    from pathlib import Path

    from ia3_studio.data.labels import Labels
    from ia3_studio.models import ModelMemory

Bubble = dict[str, Any]
"""One message as gr.Chatbot sends and takes it."""
News = str | tuple[str, ...]
"""What is being done, or the answers so far."""


@dataclass(frozen=True)
class ChatTab:
    """What the page wires to other tabs."""

    note: gr.HTML
    next: gr.Button


@dataclass(frozen=True)
class Question:
    """What one click on Send asks for."""

    shown: Shown | None
    model: str
    conversations: tuple[tuple[Message, ...], ...]
    """The base model's first, then the tuned model's when there is one."""
    settings: ChatSettings
    knobs: Knobs = field(default_factory=Knobs)
    """How the tuned model is played."""


def ask(
    studio: Studio, key: str, prompt: str, base: list[Bubble], tuned: list[Bubble]
) -> tuple[str, list[Bubble], list[Bubble]]:
    """Put the prompt into the panes that can answer; return (empty textbox, base pane, tuned pane)."""
    if not prompt.strip():
        return "", base, tuned
    bubble = {"role": "user", "content": prompt.strip()}
    return "", [*base, bubble], [*tuned, bubble] if has_adapter(find(studio, key)) else tuned


def answer(
    studio: Studio,
    key: str,
    model: str,
    base: list[Bubble],
    tuned: list[Bubble],
    temperature: float,
    top_p: float,
    length: float,
    seed: float,
    system: str = "",
    strength: float = 1.0,
    roles: Sequence[str] = (),
    layers: str = "",
) -> Iterator[tuple[Any, Any, str]]:
    """Stream both answers; yield (base pane, tuned pane, note)."""
    shown = find(studio, key)
    panes = (base, tuned) if has_adapter(shown) else (base,)
    try:
        if not base or base[-1]["role"] != "user":
            raise StudioError(text.EMPTY_PROMPT)
        settings = ChatSettings(temperature, top_p, int(length), int(seed))
        knobs = Knobs(float(strength), tuple(roles or ()), layers or "")
        opening = (Message("system", system.strip()),) if system and system.strip() else ()
        conversations = tuple(opening + messages_of(pane) for pane in panes)
        question = Question(shown, (shown and shown.model) or model, conversations, settings, knobs)
        with Job[News, None](lambda report: answer_in_memory(studio, question, report)) as job:
            for news in job:
                if isinstance(news, str):
                    yield gr.skip(), gr.skip(), note(news)
                else:
                    filled = [with_answer(pane, words) for pane, words in zip(panes, news, strict=True)]
                    yield filled[0], filled[1] if len(filled) > 1 else gr.skip(), note(chatting_with(shown, model))
            job.result()
    except StudioError as error:  # said here: a failed event would cover both panes
        gr.Warning(text.escape(str(error)), title=text.PROBLEM)
        yield gr.skip(), gr.skip(), note(str(error), "bad")


def answer_in_memory(studio: Studio, question: Question, report: Callable[[News], None]) -> None:
    """Load the model, attach the adapter and report the answers as they grow; leave the model as it was."""
    from ia3_studio.method import Adapter
    from ia3_studio.method.adapter import put_on

    memory, knobs = studio.memory, question.knobs
    report(text.WAITING_FOR_MODEL if memory.loaded else text.loading(question.model))
    adapter = question.shown.adapter if question.shown else None
    labels = labels_in(adapter) if adapter else None
    with memory.lock:
        if adapter and labels:
            report(sorted_in_memory(memory, question, adapter, labels, report))
            return
        loaded = memory.get(question.model, lambda _share, sentence: report(sentence))
        attachment = None
        if adapter:
            heard = Adapter.load(adapter)
            heard = played(heard, knobs, studio.shelf.read(question.model).tree) if knobs.mutes else heard
            attachment = put_on(loaded.model, heard, source=f"in {adapter}")
        strengths = (0.0, knobs.strength)[: len(question.conversations)]
        try:
            for answers in reply(loaded, attachment, question.conversations, strengths, question.settings):
                report(answers)
        finally:
            if attachment:
                attachment.detach()


def sorted_in_memory(
    memory: ModelMemory, question: Question, adapter: Path, labels: Labels, report: Callable[[News], None]
) -> tuple[str, ...]:
    """Return what both models sort the last message into; leave the model as it was."""
    from ia3_studio.method import load_adapter

    loaded = memory.get_classifier(question.model, labels.names, labels.kind, lambda _share, said: report(said))
    attachment = load_adapter(loaded.model, adapter)
    try:
        found = sort_text(loaded, attachment, labels, question.conversations[-1][-1].content)
    finally:
        attachment.detach()
    return tuple(text.guesses([(guess.label, guess.share) for guess in each], labels.kind) for each in found)


def describe(studio: Studio, key: str, model: str) -> str:
    """Return which models the next question goes to."""
    return note(chatting_with(find(studio, key), model))


def chatting_with(shown: Shown | None, model: str) -> str:
    """Say which adapter answers, or what to do to get one."""
    if shown is None:
        return text.chat_without_run(model)
    if not shown.adapter:
        return text.chat_before_adapter(shown.name, model)
    said = text.sorts_with if labels_in(shown.adapter) else text.chat_with
    return said(shown.name, shown.model)


def messages_of(pane: list[Bubble]) -> tuple[Message, ...]:
    """Return a pane as the chat template wants it: a question that was never answered is left out."""
    turns = [Message(str(bubble["role"]), plain_text(bubble["content"])) for bubble in pane]
    following = [*(turn.role for turn in turns[1:]), ""]
    return tuple(turn for turn, after in zip(turns, following, strict=True) if (turn.role, after) != ("user", "user"))


def plain_text(content: Any) -> str:
    """Return a bubble's text; gr.Chatbot sends a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def with_answer(pane: list[Bubble], words: str) -> list[Bubble]:
    """Return a pane with the answer so far."""
    return [*pane, {"role": "assistant", "content": words or "…"}]


def has_adapter(shown: Shown | None) -> bool:
    """Say whether there is a tuned model to ask."""
    return shown is not None and shown.adapter is not None


def show_stop(answering: bool) -> tuple[Any, Any]:
    """Return (Send, Stop): one of them is there at a time."""
    return gr.update(visible=not answering), gr.update(visible=answering)


def build(studio: Studio, session: Session, page: gr.Tab) -> ChatTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.CHAT_TITLE, text.CHAT_WORDS))
    said = gr.HTML(elem_id="chat-note")
    with gr.Row(elem_classes="panes"):
        base = gr.Chatbot(label=text.BASE, placeholder=text.BASE_EMPTY, elem_id="chat-base", **_PANE)
        tuned = gr.Chatbot(label=text.TUNED, placeholder=text.TUNED_EMPTY, elem_id="chat-tuned", **_PANE)
    with gr.Row(elem_classes="prompt-row"):
        prompt = gr.Textbox(
            label=text.PROMPT, placeholder=text.PROMPT_HINT, lines=1, max_lines=6, scale=8, elem_id="chat-prompt"
        )
        send = gr.Button(text.SEND, variant="primary", scale=1, min_width=110, elem_id="chat-send")
        stop = gr.Button(text.STOP_ANSWER, scale=1, min_width=110, visible=False, elem_id="chat-stop")
        clear = gr.Button(text.CLEAR, scale=1, min_width=110, elem_id="chat-clear")
    examples = [[example] for example in text.CHAT_EXAMPLES]
    gr.Examples(examples, prompt, label=text.CHAT_EXAMPLES_LABEL, api_visibility="private")
    with gr.Row(elem_classes="choose-row"):
        strength = gr.Slider(
            0, STRONGEST, 1, step=0.05, label=text.STRENGTH_DIAL, info=text.STRENGTH_DIAL_INFO, scale=4,
            min_width=240, elem_id="strength",
        )  # fmt: skip
        muted = gr.CheckboxGroup(
            list(ROLES), label=text.MUTED, info=text.MUTED_INFO, scale=4, min_width=240, elem_id="muted"
        )
        layers = gr.Textbox(
            label=text.MUTED_LAYERS, info=text.MUTED_LAYERS_INFO, placeholder="0-9, 12", max_lines=1, max_length=200,
            scale=2, min_width=160, elem_id="muted-layers",
        )  # fmt: skip
    with gr.Accordion(text.CHAT_SETTINGS, open=False, elem_classes="accordion"):
        system = gr.Textbox(
            label=text.SYSTEM_PROMPT,
            info=text.SYSTEM_PROMPT_INFO,
            max_lines=4,
            max_length=4000,
            elem_id="system-prompt",
        )
        with gr.Row():
            temperature = gr.Slider(
                0, 2, _DEFAULTS.temperature, step=0.05, label="Temperature", info=text.TEMPERATURE_INFO
            )
            top_p = gr.Slider(0.05, 1, _DEFAULTS.top_p, step=0.05, label="Top-p", info=text.TOP_P_INFO)
            length = gr.Slider(
                16, 512, _DEFAULTS.max_new_tokens, step=16, label=text.ANSWER_LENGTH, info=text.LENGTH_INFO_CHAT
            )
            seed = gr.Number(_DEFAULTS.seed, label="Seed", precision=0, minimum=0, info=text.SEED_INFO)
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_EXPORT, variant="primary", elem_id="next-export")

    knobs = [system, strength, muted, layers]
    inputs = [session.shown, session.model, base, tuned, temperature, top_p, length, seed, *knobs]
    asked = gr.on(
        [send.click, prompt.submit],
        guard(ask, studio),
        [session.shown, prompt, base, tuned],
        [prompt, base, tuned],
        **quiet(),
    )
    swap = [send, stop]
    answered = asked.success(lambda: show_stop(True), None, swap, **quiet(queue=False)).then(
        guard(answer, studio), inputs, [base, tuned, said], **quiet(concurrency_limit=4)
    )
    answered.then(lambda: show_stop(False), None, swap, **quiet(queue=False))
    stop.click(lambda: show_stop(False), None, swap, cancels=[answered], **quiet())
    gr.on(
        [clear.click, base.clear, tuned.clear],  # both panes hold one conversation: they end together
        lambda: ([], [], *show_stop(False)),
        None,
        [base, tuned, *swap],
        cancels=[answered],
        **quiet(),
    )
    page.select(guard(describe, studio), [session.shown, session.model], said, **quiet())
    return ChatTab(said, onward)


_PANE: dict[str, Any] = {"height": 420, "buttons": ["copy"], "layout": "bubble"}
_DEFAULTS = ChatSettings()
