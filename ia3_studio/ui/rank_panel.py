"""Which of some given answers does each model find likeliest? Ranked choices, as T-Few ranks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.tasks.multiple_choice import rank_choices
from ia3_studio.ui import classify_words, text
from ia3_studio.ui.boundary import guard
from ia3_studio.ui.classify_panel import bars
from ia3_studio.ui.job import Job
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.shown import find

MOST_CHOICES = 50


def rank(studio: Studio, key: str, question: str, choices: str) -> Iterator[tuple[str, str]]:
    """Rank the choices, one a line; yield (note, both models' ranking)."""
    try:
        with Job[str, str](lambda report: _ranked(studio, key, question, choices, report)) as job:
            for news in job:
                yield note(news), gr.skip()
            yield "", job.result()
    except StudioError as error:
        yield note(str(error), "bad"), gr.skip()


def _ranked(studio: Studio, key: str, question: str, choices: str, report: Callable[[str], None]) -> str:
    from ia3_studio.method import load_adapter

    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        raise AdapterError(classify_words.RANK_NOBODY)
    lines = list(dict.fromkeys(line.strip() for line in (choices or "").splitlines() if line.strip()))
    if not 2 <= len(lines) <= MOST_CHOICES:
        raise StudioError(classify_words.rank_count(len(lines), MOST_CHOICES))
    memory = studio.memory
    report(text.WAITING_FOR_MODEL if memory.loaded else text.loading(shown.model))
    with memory.acquire(shown.model, lambda _share, said: report(said)) as loaded, memory.turn:
        attachment = load_adapter(loaded.model, shown.adapter)
        try:
            found = rank_choices(loaded, attachment, question or "", lines)
        finally:
            attachment.detach()
    names = (text.BASE, text.TUNED)
    return "".join(bars(name, guesses, "single", MOST_CHOICES) for name, guesses in zip(names, found, strict=True))


def build(studio: Studio, session: Session) -> None:
    """Draw the panel and wire its own events."""
    with gr.Accordion(classify_words.RANK_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(classify_words.RANK_WORDS))
        with gr.Row(equal_height=False):
            question = gr.Textbox(
                label=classify_words.RANK_QUESTION,
                lines=3,
                max_lines=8,
                max_length=20_000,
                min_width=240,
                elem_id="rank-question",
            )
            choices = gr.Textbox(
                label=classify_words.RANK_CHOICES,
                info=classify_words.RANK_CHOICES_INFO,
                lines=3,
                max_lines=12,
                max_length=20_000,
                min_width=240,
                elem_id="rank-choices",
            )
        with gr.Row(elem_classes="inline"):
            go = gr.Button(classify_words.RANK, min_width=140, elem_id="rank")
        said = gr.HTML(elem_id="rank-note")
        found = gr.HTML(elem_id="rank-found")
    inputs: list[Any] = [session.shown, question, choices]
    go.click(guard(rank, studio), inputs, [said, found], **quiet())
