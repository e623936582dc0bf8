"""What was learned? Every vector's distance from 1, by layer and by number, each with its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.insight.channels import concentration_sentence, extremes
from ia3_studio.insight.deviation import (
    Histogram,
    SiteDeviation,
    deviation_table,
    deviations,
    grid,
    histogram,
    histogram_table,
    summary,
)
from ia3_studio.insight.figures import heatmap, histogram_figure
from ia3_studio.ui import text, verdict_card
from ia3_studio.ui.boundary import guard
from ia3_studio.ui.figure_fit import FIT
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.markup import table as table_of
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.shown import Shown, find

if TYPE_CHECKING:
    from pandas import DataFrame
    from torch import Tensor

    from ia3_studio.method import Site


SHOWN_CHANNELS = 5
"""Channels that are named on either side."""


@dataclass(frozen=True)
class ScalesTab:
    """What the page wires to other tabs."""

    inputs: list[gr.components.Component]
    drawn: list[gr.components.Component | gr.Column]
    """What :func:`draw` fills."""
    verdict: verdict_card.VerdictCard
    next: gr.Button


def draw(studio: Studio, key: str, site: str | None, measure: str) -> tuple[Any, ...]:
    """Draw the newest adapter of what is shown; return (note, body, map, histogram, site, tables, files, replay)."""
    shown = find(studio, key)
    moments = shown.run.files.moments() if shown and shown.run else {}
    replay = gr.update(visible=len(moments) > 1, maximum=max(len(moments) - 1, 1), value=max(len(moments) - 1, 0),
                       label=text.replayed(next(reversed(moments), 0), len(moments)))  # fmt: skip
    return *_drawn(studio, key, shown, shown.adapter if shown else None, site, measure), replay


def replay(studio: Studio, key: str, site: str | None, measure: str, place: float) -> tuple[Any, ...]:
    """Draw an earlier adapter of the run that is shown, by its place among those kept; return as :func:`draw`."""
    shown = find(studio, key)
    moments = list((shown.run.files.moments() if shown and shown.run else {}).items())
    if not moments:
        return draw(studio, key, site, measure)
    step, adapter = moments[min(max(int(place), 0), len(moments) - 1)]
    return *_drawn(studio, key, shown, adapter, site, measure), gr.update(label=text.replayed(step, len(moments)))


def _drawn(
    studio: Studio, key: str, shown: Shown | None, adapter: Path | None, site: str | None, measure: str
) -> tuple[Any, ...]:
    if shown is None or adapter is None:
        said = text.SCALES_SOON if shown else text.SCALES_EMPTY
        return note(said), gr.update(visible=False), *(gr.skip() for _ in range(8))
    vectors = vectors_of(adapter)
    names = [place.name for place in vectors]
    chosen = site if site in names else ""
    rows = deviations(vectors)
    counted = histogram(vectors, chosen)
    return (
        note(f"{shown.name}: {summary(rows)}{concentration_sentence(vectors)}"),
        gr.update(visible=True),
        heatmap(grid(rows, "spread" if measure == text.STRENGTH else "mean")),
        histogram_figure(counted),
        gr.update(choices=[(text.ALL_SITES, ""), *((name, name) for name in names)], value=chosen),
        *tables_of(rows, counted),
        furthest(vectors, chosen),
        *write_tables(studio.scratch / key.replace(":", "-"), rows, counted),
    )


def furthest(vectors: Mapping[Site, Tensor], site: str) -> str:
    """Return the channels furthest from 1 on either side as a table; nothing where none has moved."""
    amplified, inhibited = extremes(vectors, site, SHOWN_CHANNELS)
    lines = [(each.site, each.channel, f"{each.scale:.3f}") for each in (*amplified, *reversed(inhibited))]
    return table_of(text.CHANNEL_COLUMNS, lines, text.CHANNELS) if lines else ""


def vectors_of(folder: Path) -> Mapping[Site, Tensor]:
    """Return the scale vectors of an adapter folder.

    Raises:
        AdapterError: it cannot be read.
    """
    from ia3_studio.method import Adapter

    return Adapter.load(folder).vectors()


def tables_of(rows: Sequence[SiteDeviation], counted: Histogram) -> tuple[DataFrame, DataFrame]:
    """Return both tables, rounded for the screen."""
    return deviation_table(rows).round(4), histogram_table(counted).round(4)


def write_tables(folder: Path, rows: Sequence[SiteDeviation], counted: Histogram) -> tuple[str, str]:
    """Write both tables as CSV into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors, bins = folder / "vectors.csv", folder / "histogram.csv"
    deviation_table(rows).to_csv(vectors, index=False)
    histogram_table(counted).to_csv(bins, index=False)
    return str(vectors), str(bins)


def build(studio: Studio, session: Session, page: gr.Tab) -> ScalesTab:
    """Draw the tab and wire its own events."""
    with gr.Row(elem_classes="title-row"):
        gr.HTML(heading(text.SCALES_TITLE, text.SCALES_WORDS))
        refresh = gr.Button(text.REFRESH, scale=0, min_width=120, elem_id="scales-refresh")
    said = gr.HTML(note(text.SCALES_LOOKING), elem_id="scales-note")
    verdict = verdict_card.build()
    with gr.Column(visible=False) as body, gr.Row(equal_height=False, elem_classes="columns"):
        with gr.Column(scale=6, min_width=320, elem_classes="card"):
            measure = gr.Radio(text.MEASURES, value=text.DIRECTION, label=text.COLOUR_BY, elem_id="measure")
            moment = gr.Slider(
                0, 1, 0, step=1, label=text.REPLAY, info=text.REPLAY_INFO, visible=False, elem_id="replay"
            )
            picture = gr.Plot(show_label=False, elem_id="heatmap")
            sites_csv = gr.DownloadButton(text.SITES_CSV, size="md", elem_id="sites-csv")
            with gr.Accordion(text.SITE_TABLE, open=False, elem_classes="accordion"):
                table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="site-table")
        with gr.Column(scale=5, min_width=320, elem_classes="card"):
            site = gr.Dropdown([(text.ALL_SITES, "")], value="", label=text.WHICH_SITE, elem_id="site")
            bars = gr.Plot(show_label=False, elem_id="histogram")
            bins_csv = gr.DownloadButton(text.HISTOGRAM_CSV, size="md", elem_id="histogram-csv")
            channels = gr.HTML(elem_id="channels")
            with gr.Accordion(text.HISTOGRAM_TABLE, open=False, elem_classes="accordion"):
                bins = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="histogram-table")
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_CHAT, variant="primary", elem_id="next-chat")
    inputs = [session.shown, site, measure]
    drawn = [said, body, picture, bars, site, table, bins, channels, sites_csv, bins_csv, moment]
    gr.on([page.select, refresh.click], guard(verdict_card.draw, studio), session.shown, verdict.drawn, **quiet())
    asked = [page.select, refresh.click, site.input, measure.input]
    gr.on(asked, guard(draw, studio), inputs, drawn, **quiet()).then(None, None, None, js=FIT, **quiet(queue=False))
    moment.input(guard(replay, studio), [*inputs, moment], drawn, **quiet(trigger_mode="always_last"))
    return ScalesTab(inputs, drawn, verdict, onward)
