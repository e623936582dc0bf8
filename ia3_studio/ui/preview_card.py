"""What will the model see, and what will it take? The rows as tokens, their lengths, and the forecast of a run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.data.load import DataChoice
from ia3_studio.data.pictures import find_pictures, thumbnail
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
"""The sites a forecast is made for: which are ticked changes hardly anything of what a run takes."""


@dataclass(frozen=True)
class OutlookCard:
    """What the page wires to the other tabs."""

    ask: gr.Button
    number: gr.Number
    drawn: list[gr.components.Component]
    """What :func:`draw` fills."""


def draw(studio: Studio, number: float | None, *values: Any) -> Iterator[tuple[str, Any, str]]:
    """Look at the data as the run of the form would; yield (what is said, figure of the lengths, rows).

    Args:
        number: an example to show besides, counted from 1; None for none.
        values: the fields of :class:`~ia3_studio.ui.run_form.RunForm`.
    """
    nothing = gr.update(visible=False)
    try:
        form = read_form(RunForm, values)
        picture = _picture(chosen_data(form.data), number)
        if picture:
            yield "", nothing, picture
            return
        chosen_model(form.model)
        config = config_of(form, PAPER)
        asked = int(number) if number and number > 1 else None
        with Job[str, RunPreview](lambda report: _look(studio, config, asked, report)) as job:
            for said in job:
                yield note(said), nothing, ""
            found = job.result()
    except StudioError as error:
        yield note(str(error), "bad"), nothing, ""
        raise
    figure = length_figure(found.learned.lengths, found.learned.limit)
    said, rows = told(found)
    yield said, gr.update(value=figure, visible=True), rows


def _look(studio: Studio, config: RunConfig, asked: int | None, report: Callable[[str], None]) -> RunPreview:
    tree = studio.shelf.read(config.model).tree
    seed = secrets.randbelow(2**31)  # another row at every look
    return preview_run(config, lambda _share, said: report(said), tree=tree, seed=seed, asked=asked)


def told(found: RunPreview) -> tuple[str, str]:
    """Return what was found as the page shows it: what is said of all rows, and the rows that are shown."""
    said = facts(Fact(*row) for row in data_words.outlook_facts(found))
    rows = "".join(heading_of_row(shown) + marked(shown.pieces) for shown in found.shown)
    return said + bullets(data_words.outlook_sentences(found), "warn"), rows


def heading_of_row(shown: Any) -> str:
    """Return the line above an example."""
    return f"<h3 class='tokens-title'>{text.escape(data_words.shown_title(shown))}</h3>"


def _picture(data: str, number: float | None) -> str:
    """Return a picture as the model sees it; empty where the data are no pictures."""
    choice = DataChoice.from_text(data)
    if not find_pictures(Path(choice.source)):
        return ""
    split = choice.load()
    example = split.train[min(int(number or 1), len(split.train)) - 1]
    return note(text.PICTURE_SEEN) + gallery([(thumbnail(example.text, 320), example.labels[0])], text.PICTURE)


def build() -> OutlookCard:
    """Draw the card, empty until it is asked for."""
    gr.HTML(heading(text.TOKENS_TITLE, text.TOKENS_WORDS))
    with gr.Row(elem_classes="inline"):
        number = gr.Number(1, label=text.EXAMPLE_NUMBER, precision=0, minimum=1, scale=0, min_width=140)
        ask = gr.Button(text.SHOW_TOKENS, scale=0, min_width=220, elem_id="show-tokens")
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            said = gr.HTML(elem_id="outlook")
        with gr.Column(scale=7, min_width=320):
            lengths = gr.Plot(show_label=False, visible=False, elem_id="lengths")
    rows = gr.HTML(elem_id="tokens")
    return OutlookCard(ask, number, [said, lengths, rows])
