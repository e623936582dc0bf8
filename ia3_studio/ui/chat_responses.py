"""How does a prompt get its responses? The model is borrowed, the variants are served, the responses are streamed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ia3_studio.chat import Answer, ChatSettings, reply
from ia3_studio.data.conversations import Message
from ia3_studio.ui import chat_words, text
from ia3_studio.ui.chat_variants import Variant, load_variants

if TYPE_CHECKING:
    from ia3_studio.method import Site
    from ia3_studio.ui.session import Studio

Update = str | tuple[Answer, ...]
"""What is being done, or the responses so far."""
PAUSE = 0.2
"""Seconds between two updates. Each takes the processor from the tokens for some 15 ms: with ten a second two responses
come at 82 % of the speed without a page, with five at 91 % (``benchmarks/chat.py --page``)."""


@dataclass(frozen=True)
class ChatRequest:
    """What one click on Send asks for."""

    model: str
    variants: tuple[Variant, ...]
    conversations: tuple[tuple[Message, ...], ...]
    """One for each variant."""
    settings: ChatSettings = field(default_factory=ChatSettings)
    muted: Collection[Site] = ()
    """Sites that stay as in the base model."""


def respond(studio: Studio, request: ChatRequest, report: Callable[[Update], None]) -> tuple[Answer, ...]:
    """Load the model, serve the variants, report the responses as they grow and return them.

    **The model is changed while it generates** and restored at the end.
    """
    from ia3_studio.method import serve

    memory = studio.memory
    report(text.WAITING_FOR_MODEL if memory.loaded else text.loading(request.model))
    served, variants = load_variants(request.variants, request.muted)
    responses: tuple[Answer, ...] = ()
    with memory.acquire(request.model, lambda _share, sentence: report(sentence)) as loaded:
        with memory.turn:
            limit_threads(studio)
            serving = serve(loaded.model, served) if served else None
        if request.settings.weights == "int8":
            report(chat_words.PREPARING_INT8)
        try:
            reported = 0.0
            for responses in reply(
                loaded, serving, request.conversations, variants, request.settings, memory.turn, memory.kept
            ):
                if time.perf_counter() - reported > PAUSE:
                    report(responses)
                    reported = time.perf_counter()
            report(responses)
        finally:
            if serving:
                with memory.turn:
                    serving.detach()
    return responses


def sharing_note(studio: Studio) -> str:
    """Return what a response shares with a run or with other conversations; empty if nothing."""
    run = active_run(studio)
    others = studio.memory.users - 1
    with_run = chat_words.shares(run, os.cpu_count() or 1, threads_for(is_shared=True)) if run else ""
    return " ".join(filter(None, (with_run, chat_words.shares_with(others) if others > 0 else "")))


def active_run(studio: Studio) -> str:
    """Return the name of a run that is training; empty if there is none."""
    return next((run.name for run in studio.store.list() if not run.has_ended and run.status().active), "")


def threads_for(*, is_shared: bool) -> int:
    """Return how many threads a response uses: all cores but one, or half of these while a run is training.

    Products on several cores wait for the slowest of them. With the page and its browser at work on the last one, two
    responses came at 8 tokens a second on two cores, and at 10 on one.
    """
    cores = max(1, (os.cpu_count() or 1) - 1)
    return max(1, cores // 2) if is_shared else cores


def limit_threads(studio: Studio) -> None:
    """Let this thread compute on the cores that the page and a run leave free."""
    import torch

    torch.set_num_threads(threads_for(is_shared=bool(active_run(studio))))
