"""What do the base model and the tuned ones answer to the same prompt?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from ia3_studio.chat import PRESETS, Answer, ChatSettings
from ia3_studio.data.conversations import Message
from ia3_studio.data.labels import labels_in
from ia3_studio.errors import StudioError
from ia3_studio.ui import chat_words as words
from ia3_studio.ui import classify_panel, rank_panel, text
from ia3_studio.ui.answering import News, Question, answer_in_memory, sharing
from ia3_studio.ui.chat_variants import (
    BASE,
    HEAVIEST,
    MIX,
    PANES,
    SHOWN,
    STRONGEST,
    Mixture,
    heard_ticks,
    muted_by,
    offered,
    speaker,
)
from ia3_studio.ui.components.layer_tree import LayerTree, show_rows
from ia3_studio.ui.current_run import Shown, find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.panes import (
    Pane,
    as_json,
    as_markdown,
    asked,
    before,
    matched,
    messages_of,
    question_of,
    turn_at,
    with_answer,
)
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.temporary_files import fresh_folder

PANE_IDS = ("chat-base", "chat-tuned", "chat-third", "chat-fourth")
UNTOUCHED = ""
"""Ticks of a tree that was never filled: nothing is muted."""
FIRST_PANES = 2
"""Panes that are there at first: the base model and what the tabs show."""


@dataclass(frozen=True)
class ChatTab:
    """What the page wires to other tabs."""

    inputs: list[gr.components.Component]
    drawn: list[gr.components.Component | gr.Column]
    """What :func:`describe` fills."""
    next: gr.Button


@dataclass(frozen=True)
class Form:
    """The fields of the tab as a click finds them."""

    key: str
    model: str
    count: int
    who: tuple[str, ...]
    strengths: tuple[float, ...]
    panes: list[Pane]
    settings: ChatSettings
    system: str
    ticks: str
    mixture: Mixture

    @staticmethod
    def of(values: Sequence[Any]) -> Form:
        """Read the fields in the order in which :func:`build` hands them over.

        Raises:
            StudioError: a field holds what it cannot.
        """
        key, model, count, *rest = values
        if count not in range(1, PANES + 1):
            raise StudioError(words.count_out_of_range(count, PANES))
        who, strengths, panes = rest[:PANES], rest[PANES : 2 * PANES], rest[2 * PANES : 3 * PANES]
        temperature, top_p, top_k, penalty, length, seed, system, ticks, other, weight, other_weight = rest[3 * PANES :]
        settings = ChatSettings(
            float(temperature), float(top_p), int(length), int(seed or 0), int(top_k or 0), float(penalty)
        )
        mixture = Mixture(str(other or ""), float(weight), float(other_weight))
        return Form(
            str(key), str(model), int(count), tuple(map(str, who)), tuple(map(float, strengths)),
            matched([list(pane or []) for pane in panes[: int(count)]]), settings, str(system or ""), str(ticks or ""),
            mixture,
        )  # fmt: skip


def ask(studio: Studio, prompt: str, count: int, *panes: Pane) -> tuple[Any, ...]:
    """Put the prompt into the panes; return (empty textbox, every pane)."""
    if not prompt.strip():
        return "", *(gr.skip() for _ in range(PANES))
    return "", *_filled(asked(matched([list(pane or []) for pane in panes[:count]]), prompt.strip()))


def answer(studio: Studio, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Stream the answers; yield (note, tokens, files, speed below each pane, every pane)."""
    unchanged = [gr.skip()] * (2 * PANES)
    try:
        form = Form.of(values)
        question = _question(studio, form)
        labels = [each.label for each in question.speakers]
        said = ""
        asking = Job[News, tuple[Answer, ...]](
            lambda report: answer_in_memory(studio, question, report), only_latest=True
        )
        with asking as job:
            for news in job:
                if isinstance(news, str):
                    yield note(news), *[gr.skip()] * 3, *unchanged
                else:  # what is shared is looked up once: that reads every run's folder
                    said = said or note(_said(studio, form))
                    yield said, *[gr.skip()] * 3, *_shown(form, news)
            answers = job.result()
        files = _files(studio, form, labels, answers)
        yield said, words.token_view(labels, answers), *files, *_shown(form, answers)
    except StudioError as error:  # said here: a failed event would cover the panes
        gr.Warning(text.escape(str(error)), title=text.PROBLEM)
        yield note(str(error), "bad"), *[gr.skip()] * 3, *unchanged


def describe(studio: Studio, key: str, model: str, count: int, could: bool, *who: str) -> tuple[Any, ...]:
    """Return who can answer now (note, room, try-it panel, tree, mixture, who, count, could, columns, strengths).

    Args:
        could: whether there was an adapter to answer when this was last asked: the second pane comes with the first.
    """
    shown = find(studio, key)
    model = (shown and shown.model) or model
    labels = labels_in(shown.adapter) if shown and shown.adapter else None
    choices = offered(studio, key, model)
    known = {value for _label, value in choices}
    can = SHOWN in known
    if not can:
        choices = [*choices, (words.SHOWN_SOON, SHOWN)]
    count = max(count, FIRST_PANES) if can and not could else count if can else 1
    chosen = [each if each in known | {SHOWN} else SHOWN if number else BASE for number, each in enumerate(who)]
    others = [(label, value) for label, value in choices if value not in (BASE, SHOWN, MIX)]
    return (
        note(chatting_with(shown, model)),
        gr.update(visible=labels is None),
        *classify_panel.describe(shown.adapter if shown else None),
        _tree_update(studio, shown, model) if labels is None else gr.skip(),
        gr.update(choices=others, value=others[0][1] if others else None),
        *(gr.update(choices=choices, value=each) for each in chosen),
        count,
        can,
        *show_panes(count, *chosen),
    )


def chatting_with(shown: Shown | None, model: str) -> str:
    """Say which adapter answers, or what to do to get one."""
    if shown is None:
        return text.chat_without_run(model)
    if not shown.adapter:
        return text.chat_before_adapter(shown.name, model)
    said = text.sorts_with if labels_in(shown.adapter) else text.chat_with
    return said(shown.name, shown.model)


def show_panes(count: int, *who: str) -> tuple[Any, ...]:
    """Show as many panes as wanted; return (every pane's column, strength of each)."""
    return (
        *(gr.update(visible=number < count) for number in range(PANES)),
        *(gr.update(visible=_is_tuned(number, count, each)) for number, each in enumerate(who)),
    )


def again(studio: Studio, number: int, event: gr.RetryData, seed: float, count: int, *panes: Pane) -> tuple[Any, ...]:
    """Take an answer back to draw it anew, with the next seed; return (seed, every pane)."""
    turn = turn_at(panes[number], _place(event))
    kept = [[*before(pane, turn), {"role": "user", "content": question_of(pane, turn)}] for pane in panes[:count]]
    return int(seed or 0) + 1, *_filled(kept)


def undo(studio: Studio, number: int, event: gr.UndoData, count: int, *panes: Pane) -> tuple[Any, ...]:
    """Take the last exchange back; return (its question, every pane)."""
    turn = turn_at(panes[number], _place(event))
    return question_of(panes[number], turn), *_filled([before(pane, turn) for pane in panes[:count]])


def edit(studio: Studio, number: int, event: gr.EditData, count: int, *panes: Pane) -> tuple[Any, ...]:
    """Ask another question in place of an earlier one; return every pane, cut there."""
    turn = turn_at(panes[number], _place(event))
    return tuple(_filled(asked([before(pane, turn) for pane in panes[:count]], str(event.value).strip())))


def use_preset(name: str) -> tuple[Any, ...]:
    """Return (temperature, top-p, top-k, repetition penalty) of a way of drawing."""
    chosen = PRESETS.get(name)
    if chosen is None:
        return tuple(gr.skip() for _ in range(4))
    return chosen.temperature, chosen.top_p, chosen.top_k, chosen.repetition_penalty


def show_stop(answering: bool) -> tuple[Any, Any]:
    """Return (Send, Stop): one of them is there at a time."""
    return gr.update(visible=not answering), gr.update(visible=answering)


def _question(studio: Studio, form: Form) -> Question:
    shown = find(studio, form.key)
    model = (shown and shown.model) or form.model
    if not form.panes[0] or form.panes[0][-1]["role"] != "user":
        raise StudioError(text.EMPTY_PROMPT)
    speakers = tuple(
        speaker(studio, form.who[number], form.strengths[number], form.key, form.mixture)
        for number in range(form.count)
    )
    opening = (Message("system", form.system.strip()),) if form.system.strip() else ()
    conversations = tuple(opening + messages_of(pane) for pane in form.panes)
    return Question(model, speakers, conversations, form.settings, _muted(studio, form, shown, model))


def _muted(studio: Studio, form: Form, shown: Shown | None, model: str) -> frozenset[Any]:
    from ia3_studio.method import Adapter

    if shown is None or shown.adapter is None or form.ticks == UNTOUCHED:
        return frozenset()
    return muted_by(studio.shelf.read(model).rows, Adapter.load(shown.adapter), form.ticks)


def _tree_update(studio: Studio, shown: Shown | None, model: str) -> Any:
    from ia3_studio.method import Adapter

    if shown is None or shown.adapter is None:
        return gr.update(value=UNTOUCHED)
    rows = studio.shelf.read(model).rows
    return show_rows(rows, heard_ticks(rows, Adapter.load(shown.adapter)))


def _is_tuned(number: int, count: int, who: str) -> bool:
    return number < count and who != BASE


def _said(studio: Studio, form: Form) -> str:
    shown = find(studio, form.key)
    shared = sharing(studio)
    return f"{chatting_with(shown, form.model)} {shared}".strip()


def _shown(form: Form, answers: Sequence[Answer]) -> list[Any]:
    panes = [with_answer(pane, each.text) for pane, each in zip(form.panes, answers, strict=True)]
    speeds = [note(words.speed(each)) for each in answers]
    return [*speeds, *[gr.skip()] * (PANES - len(speeds)), *_filled(panes)]


def _filled(panes: Sequence[Pane]) -> list[Any]:
    """Return panes for all columns: those not shown stay."""
    return [*panes, *[gr.skip()] * (PANES - len(panes))]


def _files(studio: Studio, form: Form, labels: Sequence[str], answers: Sequence[Answer]) -> tuple[str, str]:
    """Write the conversation for the download buttons; return the paths."""
    panes = [with_answer(pane, each.text) for pane, each in zip(form.panes, answers, strict=True)]
    facts = {"model": form.model, "system": form.system, "settings": asdict(form.settings), "variants": list(labels)}
    # A folder of its own: the base model's conversations have no key that tells visitors apart.
    folder = fresh_folder(studio.scratch, "chat-")
    markdown, document = folder / "conversation.md", folder / "conversation.json"
    said = [
        (text.MODEL_LABEL, form.model),
        (text.CHAT_SETTINGS, ", ".join(f"{k} {v}" for k, v in asdict(form.settings).items())),
    ]
    markdown.write_text(as_markdown(labels, panes, said), encoding="utf-8")
    last = [{"tokens": [asdict(token) for token in each.tokens], "seconds": each.seconds} for each in answers]
    document.write_text(as_json(labels, panes, {**facts, "last_answers": last}), encoding="utf-8")
    return str(markdown), str(document)


def _place(event: gr.EventData) -> int:
    index = event.index
    return int(index[0] if isinstance(index, list | tuple) else index)


def build(studio: Studio, session: Session, page: gr.Tab) -> ChatTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(words.TITLE, words.WORDS))
    said = gr.HTML(elem_id="chat-note")
    panel = classify_panel.build(studio, session)
    with gr.Column(elem_id="chat-room") as room:
        panes = _Panes.build()
        with gr.Row(elem_classes="prompt-row"):
            prompt = gr.Textbox(
                label=text.PROMPT, placeholder=text.PROMPT_HINT, lines=1, max_lines=6, scale=8, elem_id="chat-prompt"
            )
            send = gr.Button(text.SEND, variant="primary", scale=1, min_width=110, elem_id="chat-send")
            stop = gr.Button(text.STOP_ANSWER, scale=1, min_width=110, visible=False, elem_id="chat-stop")
            clear = gr.Button(text.CLEAR, scale=1, min_width=110, elem_id="chat-clear")
        examples = [[example] for example in text.CHAT_EXAMPLES]
        gr.Examples(examples, prompt, label=text.CHAT_EXAMPLES_LABEL, api_visibility="private")
        drawing = _drawing_fields()
        with gr.Accordion(words.MUTE_TITLE, open=False, elem_classes="accordion"):
            tree = LayerTree(elem_id="heard-tree", words={"empty": words.MUTE_EMPTY})
        mixture = _mixture_fields()
        rank_panel.build(studio, session)
        with gr.Accordion(words.TOKENS_TITLE, open=False, elem_classes="accordion"):
            tokens = gr.HTML(words.token_view((), ()), elem_id="chat-tokens")
        with gr.Row():
            markdown = gr.DownloadButton(words.SAVE_MARKDOWN, size="md", elem_id="chat-markdown")
            document = gr.DownloadButton(words.SAVE_JSON, size="md", elem_id="chat-json")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_EXPORT, variant="primary", elem_id="next-export")

    fields = [*panes.who, *panes.strengths, *panes.chats, *drawing, tree, *mixture]
    inputs = [session.shown, session.model, panes.count, *fields]
    filled = [said, tokens, markdown, document, *panes.speeds, *panes.chats]
    swap = [send, stop]

    def then_answer(event: Any) -> Any:
        """Let an event be followed by the answers, with a button to stop them."""
        began = event.success(lambda: show_stop(True), None, swap, **quiet(queue=False))
        answered = began.then(guard(answer, studio), inputs, filled, **quiet(concurrency_limit=4))
        answered.then(lambda: show_stop(False), None, swap, **quiet(queue=False))
        return answered

    asking = [panes.count, *panes.chats]
    asked_now = gr.on(
        [send.click, prompt.submit], guard(ask, studio), [prompt, *asking], [prompt, *panes.chats], **quiet()
    )
    answered = [then_answer(asked_now)]
    seed = drawing[5]
    for number, pane in enumerate(panes.chats):
        answered.append(then_answer(pane.retry(guard(again, studio, number), [seed, *asking], [seed, *panes.chats],
                                               **quiet())))  # fmt: skip
        answered.append(then_answer(pane.edit(guard(edit, studio, number), asking, panes.chats, **quiet())))
        pane.undo(guard(undo, studio, number), asking, [prompt, *panes.chats], **quiet())
    stop.click(lambda: show_stop(False), None, swap, cancels=answered, **quiet())
    gr.on(
        [clear.click, *(pane.clear for pane in panes.chats)],  # the panes hold one conversation: they end together
        lambda: (*[[]] * PANES, *[""] * PANES, *show_stop(False)),
        None,
        [*panes.chats, *panes.speeds, *swap],
        cancels=answered,
        **quiet(),
    )
    gr.on(
        [panes.count.input, *(each.input for each in panes.who)],
        show_panes,
        [panes.count, *panes.who],
        [*panes.columns, *panes.strengths],
        **quiet(queue=False),
    )
    could = gr.State(True)
    drawn = [said, room, *panel.drawn, tree, mixture[0], *panes.who, panes.count, could, *panes.columns,
             *panes.strengths]  # fmt: skip
    asks = [session.shown, session.model, panes.count, could, *panes.who]
    page.select(guard(describe, studio), asks, drawn, **quiet())
    return ChatTab(asks, drawn, onward)


@dataclass(frozen=True)
class _Panes:
    """The columns of answers."""

    count: gr.Radio
    columns: list[gr.Column]
    who: list[gr.Dropdown]
    strengths: list[gr.Slider]
    chats: list[gr.Chatbot]
    speeds: list[gr.HTML]

    @staticmethod
    def build() -> _Panes:
        """Draw all columns, of which the first two are there at first."""
        count = gr.Radio(list(range(1, PANES + 1)), value=FIRST_PANES, label=words.PANE_COUNT, elem_id="pane-count")
        panes = _Panes(count, [], [], [], [], [])
        with gr.Row(elem_classes="panes", equal_height=True):
            for number, name in enumerate(PANE_IDS):
                with gr.Column(min_width=280, visible=number < FIRST_PANES, elem_classes="pane") as column:
                    panes._draw(number, name)
                panes.columns.append(column)
        return panes

    def _draw(self, number: int, name: str) -> None:
        who = BASE if number == 0 else SHOWN
        label = words.WHO.format(number=number + 1)
        choices = [(words.BASE_VOICE, BASE), (words.SHOWN_SOON, SHOWN)]
        with gr.Row(equal_height=True):
            self.who.append(gr.Dropdown(choices, value=who, label=label, min_width=150, elem_id=f"who-{number + 1}"))
            self.strengths.append(
                gr.Slider(0, STRONGEST, 1, step=0.05, label=words.STRENGTH, info=words.STRENGTH_INFO, min_width=150,
                          visible=_is_tuned(number, FIRST_PANES, who), elem_id=f"strength-{number + 1}")
            )  # fmt: skip
        self.chats.append(
            gr.Chatbot(label=label, show_label=False, placeholder=words.EMPTY_PANE, elem_id=name, height=420,
                       buttons=["copy", "copy_all"], layout="bubble", editable="user", feedback_options=None)
        )  # fmt: skip
        self.speeds.append(gr.HTML(elem_id=f"speed-{number + 1}", elem_classes="speed"))


def _drawing_fields() -> list[gr.components.Component]:
    """Draw how answers are drawn; return (temperature, top-p, top-k, penalty, length, seed, system prompt)."""
    usual = ChatSettings()
    with gr.Accordion(text.CHAT_SETTINGS, open=False, elem_classes="accordion"):
        preset = gr.Radio(list(PRESETS), value="Balanced", label=words.PRESET, elem_id="draw-preset")
        with gr.Row():
            temperature = gr.Slider(0, 2, usual.temperature, step=0.05, label=text.TEMPERATURE, min_width=150,
                                    info=text.TEMPERATURE_INFO, elem_id="temperature")  # fmt: skip
            top_p = gr.Slider(0.05, 1, usual.top_p, step=0.05, label=text.TOP_P, min_width=150, info=text.TOP_P_INFO)
            top_k = gr.Number(
                usual.top_k, label=text.TOP_K, precision=0, minimum=0, min_width=110, info=words.TOP_K_INFO
            )
            penalty = gr.Slider(1, 2, usual.repetition_penalty, step=0.05, label=words.PENALTY, min_width=150,
                                info=words.PENALTY_INFO)  # fmt: skip
            length = gr.Slider(16, 512, usual.max_new_tokens, step=16, label=text.ANSWER_LENGTH, min_width=150,
                               info=text.LENGTH_INFO_CHAT, elem_id="answer-length")  # fmt: skip
            seed = gr.Number(usual.seed, label=text.SEED, precision=0, minimum=0, min_width=110, info=text.SEED_INFO,
                             elem_id="chat-seed")  # fmt: skip
        system = gr.Textbox(label=text.SYSTEM_PROMPT, info=text.SYSTEM_PROMPT_INFO, max_lines=4, max_length=4000,
                            elem_id="system-prompt")  # fmt: skip
    preset.input(use_preset, preset, [temperature, top_p, top_k, penalty], **quiet(queue=False))
    return [temperature, top_p, top_k, penalty, length, seed, system]


def _mixture_fields() -> list[gr.components.Component]:
    """Draw what a mixture is made of; return (the other adapter, weight of the one shown, weight of the other)."""
    with gr.Accordion(words.MIX_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.MIX_WORDS))
        with gr.Row():
            other = gr.Dropdown(
                [], label=words.MIX_OTHER, info=words.MIX_OTHER_INFO, min_width=200, elem_id="mix-other"
            )
            own = gr.Slider(-HEAVIEST, HEAVIEST, 0.5, step=0.05, label=words.MIX_OWN_WEIGHT, elem_id="mix-own")
            weight = gr.Slider(-HEAVIEST, HEAVIEST, 0.5, step=0.05, label=words.MIX_OTHER_WEIGHT, elem_id="mix-weight")
    return [other, own, weight]
