"""Which tokens is a channel associated with? The channel inspector, on the Scales tab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.errors import AdapterError, StudioError
from ia3_studio.ui import scales_words as words
from ia3_studio.ui import text
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import note, table
from ia3_studio.ui.session import Session, Studio, quiet

if TYPE_CHECKING:
    from ia3_studio.method import Site

MAX_TEXTS = 48
"""Texts that are processed."""


@dataclass(frozen=True)
class ChannelCard:
    """What the tab around it fills."""

    site: gr.Dropdown


def inspect_channel(
    studio: Studio, key: str, site: str | None, channel: float | None, texts: str
) -> Iterator[tuple[str, str]]:
    """Inspect one channel; yield (note, its tokens)."""
    try:
        with Job[str, tuple[str, str]](lambda report: _inspected(studio, key, site, channel, texts, report)) as job:
            for update in job:
                yield note(update), gr.skip()
            scale, tokens = job.result()
        yield note(scale), tokens
    except StudioError as error:
        yield note(str(error), "bad"), gr.skip()


def _inspected(
    studio: Studio, key: str, name: str | None, channel: float | None, texts: str, report: Callable[[str], None]
) -> tuple[str, str]:
    current = find(studio, key)
    if current is None:
        raise AdapterError(text.NO_ADAPTER)
    vectors = current.vectors()
    site = next((each for each in vectors if each.name == name), None) or next(iter(vectors))
    position = int(channel or 0)
    lines = [line.strip() for line in (texts or "").splitlines() if line.strip()] or training_texts(current)
    if not lines:
        raise AdapterError(words.NO_TEXTS)
    tokens = _tokens(studio, current, site, position, lines[:MAX_TEXTS], report)
    scale = float(vectors[site][site.positions.index(position)])
    return words.scale_of(site.name, position, scale), tokens + heads_table(current, site, vectors[site])


def _tokens(
    studio: Studio, current: CurrentRun, site: Site, channel: int, texts: list[str], report: Callable[[str], None]
) -> str:
    from ia3_studio.insight.max_activating import logit_lens, max_activating_tokens

    memory = studio.memory
    report(text.WAITING_FOR_MODEL if memory.loaded else text.loading(current.model))
    with memory.acquire(current.model, lambda _share, sentence: report(sentence)) as loaded:
        work = max_activating_tokens(loaded.model, loaded.tokenizer, site, channel, texts)
        while True:
            try:
                with memory.turn:
                    progress = next(work)
                report(words.READING.format(done=progress.done, of=progress.total))
            except StopIteration as end:
                activations = end.value
                break
        with memory.turn:
            try:
                logits = logit_lens(loaded.model, loaded.tokenizer, site, channel)
            except AdapterError:  # the output of the site does not reach the residual stream, or there is no vocabulary
                logits = None
    return words.channel_found(activations, logits)


def training_texts(current: CurrentRun) -> list[str]:
    """Return the texts of a run's first training rows; none for an imported adapter."""
    if current.run is None:
        return []
    config = current.run.config
    split = config.choice(current.run.data_source).load(config.held_out, config.train.seed)
    examples = [split.train[index] for index in range(min(MAX_TEXTS, len(split.train)))]
    return ["\n".join(turn.content for turn in each.turns) or each.text for each in examples]


def heads_table(current: CurrentRun, site: Site, vector: Any) -> str:
    """Return the sums per head for a vector of keys or values; empty for other sites."""
    from ia3_studio.insight.max_activating import head_sums, heads_of
    from ia3_studio.models import load_skeleton

    heads = heads_of(load_skeleton(current.model).model.config) if site.role in ("key", "value") else 0
    if not heads or len(vector) % heads:
        return ""
    rows = [(number, f"{value:+.3f}") for number, value in enumerate(head_sums(vector, heads))]
    return table(words.HEAD_COLUMNS, rows, f"{words.BY_HEAD}, {site.name}")


def build(studio: Studio, session: Session) -> ChannelCard:
    """Draw the card and wire its own events."""
    with gr.Accordion(words.CHANNEL_TITLE, open=False, elem_classes="accordion"):
        gr.HTML(note(words.CHANNEL_WORDS))
        with gr.Row(elem_classes="choose-row"):
            site = gr.Dropdown([], label=words.CHANNEL_SITE, scale=4, min_width=240, elem_id="channel-site")
            channel = gr.Number(0, label=words.CHANNEL_NUMBER, precision=0, minimum=0, scale=1, min_width=110,
                                elem_id="channel-number")  # fmt: skip
            inspect = gr.Button(words.CHANNEL_INSPECT, scale=1, min_width=110, elem_id="inspect-channel")
        texts = gr.Textbox(label=words.CHANNEL_TEXTS, info=words.CHANNEL_TEXTS_INFO, lines=2, max_lines=8,
                           max_length=20_000, elem_id="channel-texts")  # fmt: skip
        status = gr.HTML(elem_id="channel-note")
        tokens = gr.HTML(elem_id="channel-tokens")
    gr.on(
        [inspect.click, channel.submit],
        guard(inspect_channel, studio),
        [session.current, site, channel, texts],
        [status, tokens],
        **quiet(),
    )
    return ChannelCard(site)
