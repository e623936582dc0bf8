"""Which of some given answers does each model find likeliest? Ranked choices, as T-Few ranks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.tasks.multiple_choice import rank_choices
from ia3_studio.ui import classify_words
from ia3_studio.ui.classify_panel import attached, bars, reported, side_by_side
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import note
from ia3_studio.ui.session import Session, Studio, quiet

MOST_CHOICES = 50


def rank(studio: Studio, key: str, question: str, choices: str) -> Iterator[tuple[str, str]]:
    """Rank the choices, one a line; yield (note, both models' ranking)."""
    yield from reported(lambda report: _ranked(studio, key, question, choices, report))


def _ranked(studio: Studio, key: str, question: str, choices: str, report: Callable[[str], None]) -> str:
    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        raise AdapterError(classify_words.RANK_NOBODY)
    lines = list(dict.fromkeys(line.strip() for line in (choices or "").splitlines() if line.strip()))
    if not 2 <= len(lines) <= MOST_CHOICES:
        raise StudioError(classify_words.rank_count(len(lines), MOST_CHOICES))
    acquire = partial(studio.memory.acquire, shown.model)
    with attached(studio, shown.model, shown.adapter, acquire, report) as (loaded, attachment):
        found = rank_choices(loaded, attachment, question or "", lines)
    return side_by_side(found, lambda name, guesses: bars(name, guesses, "single", MOST_CHOICES))


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
    inputs: list[Any] = [session.current, question, choices]
    go.click(guard(rank, studio), inputs, [said, found], **quiet())
