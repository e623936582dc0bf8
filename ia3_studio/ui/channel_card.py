"""What goes with a channel? Asked of the base model with texts, on the Scales tab."""

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
from ia3_studio.ui.vectors import vectors_of

if TYPE_CHECKING:
    from ia3_studio.method import Site

MOST_TEXTS = 48
"""Texts that are read at most."""


@dataclass(frozen=True)
class ChannelCard:
    """What the tab around it fills."""

    site: gr.Dropdown


def look(studio: Studio, key: str, site: str | None, channel: float | None, texts: str) -> Iterator[tuple[str, str]]:
    """Look at one channel; yield (note, what goes with it)."""
    try:
        with Job[str, tuple[str, str]](lambda report: _looked(studio, key, site, channel, texts, report)) as job:
            for news in job:
                yield note(news), gr.skip()
            said, found = job.result()
        yield note(said), found
    except StudioError as error:
        yield note(str(error), "bad"), gr.skip()


def _looked(
    studio: Studio, key: str, name: str | None, channel: float | None, texts: str, report: Callable[[str], None]
) -> tuple[str, str]:
    shown = find(studio, key)
    if shown is None or shown.adapter is None:
        raise AdapterError(text.SCALES_EMPTY)
    vectors = vectors_of(shown.adapter)
    site = next((each for each in vectors if each.name == name), None) or next(iter(vectors))
    place = int(channel or 0)
    read = [line.strip() for line in (texts or "").splitlines() if line.strip()] or learned_texts(shown)
    if not read:
        raise AdapterError(words.NO_TEXTS)
    found = _asked(studio, shown, site, place, read[:MOST_TEXTS], report)
    scale = float(vectors[site][site.positions.index(place)])
    return words.scale_of(site.name, place, scale), found + heads_table(studio, shown, site, vectors[site])


def _asked(
    studio: Studio, shown: CurrentRun, site: Site, channel: int, texts: list[str], report: Callable[[str], None]
) -> str:
    from ia3_studio.insight.max_activating import logit_lens, max_activating_tokens

    memory = studio.memory
    report(text.WAITING_FOR_MODEL if memory.loaded else text.loading(shown.model))
    with memory.acquire(shown.model, lambda _share, said: report(said)) as loaded:
        work = max_activating_tokens(loaded.model, loaded.tokenizer, site, channel, texts)
        while True:
            try:
                with memory.turn:
                    progress = next(work)
                report(words.READING.format(done=progress.done, of=progress.total))
            except StopIteration as end:
                excited = end.value
                break
        with memory.turn:
            try:
                spoken = logit_lens(loaded.model, loaded.tokenizer, site, channel)
            except AdapterError:  # a site that does not lead back into the model, or no vocabulary: nothing to say
                spoken = None
    return words.channel_found(excited, spoken)


def learned_texts(shown: CurrentRun) -> list[str]:
    """Return texts that a run learned from; none where nothing is known of its data."""
    if shown.run is None:
        return []
    config = shown.run.config
    split = config.choice(shown.run.data_source).load(config.held_out, config.train.seed)
    examples = [split.train[place] for place in range(min(MOST_TEXTS, len(split.train)))]
    return ["\n".join(turn.content for turn in each.turns) or each.text for each in examples]


def heads_table(studio: Studio, shown: CurrentRun, site: Site, vector: Any) -> str:
    """Return the sums over heads of a vector of keys or values; nothing for other sites."""
    from ia3_studio.insight.max_activating import head_sums, heads_of
    from ia3_studio.models import load_skeleton

    heads = heads_of(load_skeleton(shown.model).model.config) if site.role in ("key", "value") else 0
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
            ask = gr.Button(words.CHANNEL_LOOK, scale=1, min_width=110, elem_id="channel-look")
        texts = gr.Textbox(label=words.CHANNEL_TEXTS, info=words.CHANNEL_TEXTS_INFO, lines=2, max_lines=8,
                           max_length=20_000, elem_id="channel-texts")  # fmt: skip
        said = gr.HTML(elem_id="channel-note")
        found = gr.HTML(elem_id="channel-found")
    gr.on(
        [ask.click, channel.submit],
        guard(look, studio),
        [session.current, site, channel, texts],
        [said, found],
        **quiet(),
    )
    return ChannelCard(site)
