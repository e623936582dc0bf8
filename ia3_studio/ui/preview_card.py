"""What does the model see, and what does a run need? Rows as tokens, their lengths, and the estimate of a run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.data.image_files import thumbnail
from ia3_studio.data.listed_images import find_images
from ia3_studio.data.load import DataChoice
from ia3_studio.errors import StudioError
from ia3_studio.insight.figures import length_figure
from ia3_studio.tasks.preview import RunPreview, preview_run
from ia3_studio.ui import data_words, text
from ia3_studio.ui.forms import read_form
from ia3_studio.ui.long_task import Job
from ia3_studio.ui.markup import Fact, bullets, facts, gallery, heading, marked, note
from ia3_studio.ui.run_form import RunForm, config_of
from ia3_studio.ui.session import Studio, chosen_data, chosen_model

if TYPE_CHECKING:
    from ia3_studio.runs import RunConfig

PAPER = "paper"
"""The sites of the estimate: the selected ones hardly change what a run needs."""


@dataclass(frozen=True)
class PreviewCard:
    """What the page wires to the other tabs."""

    start: gr.Button
    number: gr.Number
    drawn: list[gr.components.Component]
    """What :func:`draw` fills."""


def draw(studio: Studio, number: float | None, *values: Any) -> Iterator[tuple[str, Any, str]]:
    """Preview the data as the run of the form would read them; yield (facts, figure of the lengths, rows).

    Args:
        number: a further example to show, counted from 1; None for none.
        values: the fields of :class:`~ia3_studio.ui.run_form.RunForm`.
    """
    nothing = gr.update(visible=False)
    try:
        form = read_form(RunForm, values)
        image = _image(chosen_data(form.data), number)
        if image:
            yield "", nothing, image
            return
        chosen_model(form.model)
        config = config_of(form, PAPER)
        example = int(number) if number and number > 1 else None
        with Job[str, RunPreview](lambda report: _preview(studio, config, example, report)) as job:
            for update in job:
                yield note(update), nothing, ""
            preview = job.result()
    except StudioError as error:
        yield note(str(error), "bad"), nothing, ""
        raise
    figure = length_figure(preview.training.lengths, preview.training.limit)
    described, rows = preview_html(preview)
    yield described, gr.update(value=figure, visible=True), rows


def _preview(studio: Studio, config: RunConfig, example: int | None, report: Callable[[str], None]) -> RunPreview:
    tree = studio.layers.get(config.model).tree
    seed = secrets.randbelow(2**31)  # another random row at every click
    return preview_run(config, lambda _share, sentence: report(sentence), tree=tree, seed=seed, asked=example)


def preview_html(preview: RunPreview) -> tuple[str, str]:
    """Return a preview as HTML: the facts on all rows, and the rows that are shown."""
    described = facts(Fact(*row) for row in data_words.preview_facts(preview))
    rows = "".join(_row_title(row) + _row_tokens(row) for row in preview.shown)
    return described + bullets(data_words.preview_warnings(preview), "warn"), rows


def _row_title(row: Any) -> str:
    return f"<h3 class='tokens-title'>{text.escape(data_words.shown_title(row))}</h3>"


def _row_tokens(row: Any) -> str:
    """Return the tokens of a row; of preferences, those of each answer under its name."""
    if not row.named:
        return marked(row.pieces)
    return "".join(f"<h4 class='tokens-part'>{text.escape(name)}</h4>{marked(pieces)}" for name, pieces in row.named)


def _image(data: str, number: float | None) -> str:
    """Return an image as the model sees it; empty if the data are not images."""
    choice = DataChoice.from_text(data)
    if not find_images(Path(choice.source)):
        return ""
    split = choice.load()
    example = split.train[min(int(number or 1), len(split.train)) - 1]
    return note(text.PICTURE_SEEN) + gallery([(thumbnail(example.text, 320), example.labels[0])], text.PICTURE)


def build() -> PreviewCard:
    """Draw the card, empty until the button is clicked."""
    gr.HTML(heading(text.TOKENS_TITLE, text.TOKENS_WORDS))
    with gr.Row(elem_classes="inline"):
        number = gr.Number(1, label=text.EXAMPLE_NUMBER, precision=0, minimum=1, scale=0, min_width=140)
        start = gr.Button(text.SHOW_TOKENS, scale=0, min_width=220, elem_id="preview-tokens")
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            described = gr.HTML(elem_id="preview")
        with gr.Column(scale=7, min_width=320):
            lengths = gr.Plot(show_label=False, visible=False, elem_id="lengths")
    rows = gr.HTML(elem_id="tokens")
    return PreviewCard(start, number, [described, lengths, rows])
