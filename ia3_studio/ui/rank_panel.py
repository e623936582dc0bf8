"""Which of several answers is the most likely for each model? Ranked as in T-Few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import gradio as gr

from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.tasks.multiple_choice import rank_choices
from ia3_studio.ui import classify_words as words
from ia3_studio.ui.classify_panel import attached
from ia3_studio.ui.current_run import find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import with_notes
from ia3_studio.ui.markup import note
from ia3_studio.ui.predictions import bars, side_by_side
from ia3_studio.ui.session import Session, Studio, quiet

MAX_ANSWERS = 50


def rank(studio: Studio, key: str, question: str, choices: str) -> Iterator[tuple[str, str]]:
    """Rank the answers, one per line; yield (note, rankings of both models)."""
    yield from with_notes(lambda report: _ranked(studio, key, question, choices, report))


def _ranked(studio: Studio, key: str, question: str, choices: str, report: Callable[[str], None]) -> str:
    current = find(studio, key)
    if current is None or current.adapter is None:
        raise AdapterError(words.NO_ADAPTER_TO_RANK)
    lines = list(dict.fromkeys(line.strip() for line in (choices or "").splitlines() if line.strip()))
    if not 2 <= len(lines) <= MAX_ANSWERS:
        raise StudioError(words.rank_count(len(lines), MAX_ANSWERS))
    acquire = partial(studio.memory.acquire, current.model)
    with attached(studio, current.model, current.adapter, acquire, report) as (loaded, attachment):
        found = rank_choices(loaded, attachment, question or "", lines)
    return side_by_side(found, lambda name, guesses: bars(name, guesses, "single", MAX_ANSWERS))


def build(studio: Studio, session: Session) -> None:
    """Draw the panel and wire its own events."""
    with gr.Accordion(words.RANK_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.RANK_WORDS))
        with gr.Row(equal_height=False):
            question = gr.Textbox(
                label=words.RANK_QUESTION,
                lines=3,
                max_lines=8,
                max_length=20_000,
                min_width=240,
                elem_id="rank-question",
            )
            choices = gr.Textbox(
                label=words.RANK_CHOICES,
                info=words.RANK_CHOICES_INFO,
                lines=3,
                max_lines=12,
                max_length=20_000,
                min_width=240,
                elem_id="rank-choices",
            )
        with gr.Row(elem_classes="inline"):
            rank_button = gr.Button(words.RANK, min_width=140, elem_id="rank")
        status = gr.HTML(elem_id="rank-note")
        rankings = gr.HTML(elem_id="rankings")
    rank_button.click(guard(rank, studio), [session.current, question, choices], [status, rankings], **quiet())
