"""How does a question get its answers? The model is borrowed, the variants are served, the answers are reported."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ia3_studio.chat import Answer, ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.ui import chat_words, text
from ia3_studio.ui.chat_variants import Speaker, variants_of

if TYPE_CHECKING:
    from ia3_studio.method import Site
    from ia3_studio.ui.session import Studio

News = str | tuple[Answer, ...]
"""What is being done, or the answers so far."""
PAUSE = 0.1
"""Seconds between two reports: faster than a page is redrawn costs the answers time."""


@dataclass(frozen=True)
class Question:
    """What one click on Send asks for."""

    model: str
    speakers: tuple[Speaker, ...]
    conversations: tuple[tuple[Message, ...], ...]
    """One for each speaker."""
    settings: ChatSettings = field(default_factory=ChatSettings)
    muted: Collection[Site] = ()
    """Parts that stay as in the base model."""


def answer_in_memory(studio: Studio, question: Question, report: Callable[[News], None]) -> tuple[Answer, ...]:
    """Load the model, serve the variants, report the answers as they grow, return them; leave the model as it was."""
    from ia3_studio.method import serve

    memory = studio.memory
    report(text.WAITING_FOR_MODEL if memory.loaded else text.loading(question.model))
    served, variants = variants_of(question.speakers, question.muted)
    answers: tuple[Answer, ...] = ()
    with memory.acquire(question.model, lambda _share, sentence: report(sentence)) as loaded:
        with memory.turn:
            use_cores(studio)
            serving = serve(loaded.model, served) if served else None
        try:
            told = 0.0
            for answers in reply(loaded, serving, question.conversations, variants, question.settings, memory.turn):
                if time.perf_counter() - told > PAUSE:
                    report(answers)
                    told = time.perf_counter()
            report(answers)
        finally:
            if serving:
                with memory.turn:
                    serving.detach()
    return answers


def sharing(studio: Studio) -> str:
    """Say what an answer shares with a run or with other conversations; nothing where it has all to itself."""
    run = active_run(studio)
    others = studio.memory.users - 1
    said = chat_words.shares(run, os.cpu_count() or 1, cores_for(True)) if run else ""
    return " ".join(filter(None, (said, chat_words.shares_with(others) if others > 0 else "")))


def active_run(studio: Studio) -> str:
    """Return the name of a run that is training now; empty where none is."""
    return next(
        (run.name for run in studio.store.list() if not run.has_ended and run.status().active),
        "",
    )


def cores_for(is_shared: bool) -> int:
    """Return how many cores an answer uses: all but one, or half of these beside a run.

    Products on several cores wait for the slowest of them. With the page and its browser at work on the last one, two
    answers came at 8 tokens a second on two cores, and at 10 on one.
    """
    cores = max(1, (os.cpu_count() or 1) - 1)
    return max(1, cores // 2) if is_shared else cores


def use_cores(studio: Studio) -> None:
    """Let the running thread compute with as many cores as the page and a run leave: the run was there first."""
    import torch

    torch.set_num_threads(cores_for(bool(active_run(studio))))
