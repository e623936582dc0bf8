"""Which model is tuned? The first screen: one click trains the demo; any other model can be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr

from ia3_studio.models import STARTER, is_ready, parse_source, starters
from ia3_studio.models.catalog import starter_entries
from ia3_studio.models.fit import epoch_seconds
from ia3_studio.settings import on_zero_gpu
from ia3_studio.ui import model_choice, text
from ia3_studio.ui.components.model_picker import ModelPicker
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import Fact, facts, heading, sample
from ia3_studio.ui.model_words import about_time
from ia3_studio.ui.session import ModelLayers, Session, Studio, quiet

DEMO_PRESET = "small-chat"
"""The demo's settings."""
DEMO_TOKENS = 17_837
"""Of the demo's training rows."""
WITH_EVALUATION = 1.6
"""Time of the demo with preparation and evaluations, per time of its training steps."""


@dataclass(frozen=True)
class ModelTab:
    """What the page wires to other tabs."""

    train_demo: gr.Button
    demo: gr.HTML
    """Facts on what it starts."""
    use: gr.Button
    source: ModelPicker
    note: gr.HTML
    facts: gr.HTML
    next: gr.Button


def read_named(studio: Studio, name: str | None) -> Iterator[str | ModelLayers]:
    """Read the layers of a model; yield what is being done, and the layers at last.

    Raises:
        ModelError: it cannot be found or read, or is a folder in public mode.
        SelectionError: it has nothing to scale.
    """
    source = parse_source(name or "").value
    studio.layers.discard(source)  # its files may have changed since
    yield text.reading(source)
    with Job[str, ModelLayers](
        lambda report: studio.layers.get(source, lambda _share, sentence: report(sentence))
    ) as job:
        yield from job
        yield job.result()


def demo_facts(studio: Studio) -> str:
    """Return the facts on what one click on the demo starts, on this computer."""
    starter = starters()[0]
    seconds = demo_seconds(studio)
    time = about_time(seconds) if seconds else ""
    rows = text.demo_facts(starter.name, starter.size_mb, is_ready(STARTER), time)
    return facts(Fact(*row) for row in rows)


def demo_seconds(studio: Studio) -> float | None:
    """Return about how long the demo takes here, if runs or a benchmark of this computer tell its speed."""
    from ia3_studio.runs.throughput import known_speed

    parameters = {entry.source: entry.parameters for entry in starter_entries()}
    speed = None if on_zero_gpu() else known_speed(studio.store, studio.home, parameters.get, "cpu")
    size = parameters.get(STARTER)
    if speed is None or not size:
        return None
    return WITH_EVALUATION * epoch_seconds(size, DEMO_TOKENS, speed.operations_per_second)


def build(studio: Studio, session: Session) -> ModelTab:
    """Draw the tab and wire its suggestions; using a model fills the next tab too, so the page wires it."""
    with gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=6, min_width=320, elem_classes=["card", "hero"]):
            gr.HTML(heading(text.DEMO_TITLE, text.DEMO_WORDS))
            train_demo = gr.Button(text.TRAIN_DEMO, variant="primary", size="lg", elem_id="train-demo")
            answers = (Fact(text.BASE, text.SAMPLE_BASE), Fact(text.TUNED, text.SAMPLE_TUNED))
            gr.HTML(sample(text.SAMPLE_TITLE, text.SAMPLE_PROMPT, answers))
            demo = gr.HTML(elem_id="demo-facts")
        with gr.Column(scale=5, min_width=320, elem_classes="card"):
            gr.HTML(heading(text.OTHER_MODEL, text.OTHER_MODEL_WORDS))
            source = ModelPicker(
                STARTER, key="model", label=text.MODEL_LABEL, info=text.MODEL_INFO, elem_id="model-source"
            )
            use = gr.Button(text.USE_MODEL, elem_id="use-model")
            status = gr.HTML(elem_id="model-note")
            described = gr.HTML(elem_id="model-facts")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_MODULES, variant="primary", elem_id="next-modules")
    source.search(guard(model_choice.search_models, studio), session.data, source, **quiet(trigger_mode="multiple"))
    return ModelTab(train_demo, demo, use, source, status, described, onward)
