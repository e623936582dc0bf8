"""What was learned? Every vector's distance from 1, by layer and by number, each with its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ia3_studio.insight.ablation_figures import sorted_curve, violins
from ia3_studio.insight.channels import concentration_sentence, extremes
from ia3_studio.insight.deviation import (
    Measure,
    SiteDeviation,
    deviation_table,
    deviations,
    grid,
    histogram,
    histogram_table,
    summary,
)
from ia3_studio.insight.distributions import by_layer, by_role, distribution_table, of_site
from ia3_studio.insight.figures import heatmap, histogram_figure
from ia3_studio.ui import ablation_card, channel_card, compare_card, text, verdict_card
from ia3_studio.ui import scales_words as words
from ia3_studio.ui.components.map_picks import MapPicks
from ia3_studio.ui.current_run import CurrentRun, find
from ia3_studio.ui.figure_fit import FIT
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, note
from ia3_studio.ui.markup import table as table_of
from ia3_studio.ui.session import Session, Studio, quiet
from ia3_studio.ui.vectors import vectors_of

if TYPE_CHECKING:
    from pandas import DataFrame
    from torch import Tensor

    from ia3_studio.method import Site


SHOWN_CHANNELS = 5
"""Channels that are named on either side."""
LIVE_SECONDS = 4.0
"""How often the tab looks for a newer adapter while a run trains."""


COLOURS: Mapping[str, Measure] = {text.STRENGTH: "spread", text.SHARE_MOVED: "moved"}
"""What the map is coloured by, where that is not the mean."""


@dataclass(frozen=True)
class ScalesTab:
    """What the page wires to other tabs."""

    inputs: list[gr.components.Component]
    drawn: list[Any]
    """What :func:`draw` fills."""
    verdict: verdict_card.VerdictCard
    parts: ablation_card.PartsCard
    next: gr.Button


@dataclass(frozen=True)
class Asked:
    """How the numbers are to be shown."""

    site: str
    measure: str
    shape: str


def draw(studio: Studio, key: str, site: str | None, measure: str, shape: str) -> tuple[Any, ...]:
    """Draw the newest adapter of what is shown; return what :func:`build` calls ``drawn``."""
    shown = find(studio, key)
    snapshots = shown.run.files.snapshots() if shown and shown.run else {}
    last = max(len(snapshots) - 1, 0)
    replay = gr.update(visible=len(snapshots) > 1, maximum=max(last, 1), value=last,
                       label=text.replayed(next(reversed(snapshots), 0), len(snapshots), len(snapshots)))  # fmt: skip
    adapter = shown.adapter if shown else None
    live = bool(shown and shown.run and not shown.run.has_ended and shown.run.status().active)
    return (
        *_drawn(studio, key, shown, adapter, Asked(site or "", measure, shape)),
        replay,
        compare_card.others(studio, key),
        str(adapter or ""),
        gr.Timer(LIVE_SECONDS, active=live),
    )


def draw_picked(
    studio: Studio, event: gr.EventData, key: str, _site: str | None, measure: str, shape: str
) -> tuple[Any, ...]:
    """Draw the site of the cell that was clicked; return as :func:`draw`."""
    return draw(studio, key, str(getattr(event, "name", "")), measure, shape)


def look_again(studio: Studio, key: str, site: str | None, measure: str, shape: str, newest: str) -> tuple[Any, ...]:
    """Draw again if the run has saved a newer adapter meanwhile; return as :func:`draw`."""
    shown = find(studio, key)
    is_over = shown is None or shown.run is None or not shown.run.status().active
    if shown and str(shown.adapter or "") == newest and not is_over:
        return tuple(gr.skip() for _ in range(DRAWN))
    return draw(studio, key, site, measure, shape)


def at_end(studio: Studio, redraw: Callable[..., tuple[Any, ...]], count: int, key: str) -> tuple[Any, ...]:
    """Return what ``redraw`` fills, ``count`` components, once the selected run has ended; nothing before."""
    shown = find(studio, key)
    if shown and shown.run and shown.run.status().active:
        return tuple(gr.skip() for _ in range(count))
    return redraw(studio, key)


def replay(studio: Studio, key: str, site: str | None, measure: str, shape: str, place: float) -> tuple[Any, ...]:
    """Draw an earlier adapter of the run that is shown, by its place among those kept; return as :func:`draw`."""
    shown = find(studio, key)
    snapshots = list((shown.run.files.snapshots() if shown and shown.run else {}).items())
    if not snapshots:
        return draw(studio, key, site, measure, shape)
    number = min(max(int(place), 0), len(snapshots) - 1)
    step, adapter = snapshots[number]
    drawn = _drawn(studio, key, shown, adapter, Asked(site or "", measure, shape))
    return *drawn, gr.update(label=text.replayed(step, number + 1, len(snapshots))), gr.skip(), gr.skip(), gr.skip()


def _drawn(studio: Studio, key: str, shown: CurrentRun | None, adapter: Path | None, asked: Asked) -> tuple[Any, ...]:
    if shown is None or adapter is None:
        said = text.SCALES_SOON if shown else text.SCALES_EMPTY
        return note(said), gr.update(visible=False), *(gr.skip() for _ in range(9))
    vectors = vectors_of(adapter)
    names = [place.name for place in vectors]
    chosen = asked.site if asked.site in names else ""
    rows = deviations(vectors)
    figure, table = shape_of(vectors, chosen, asked.shape)
    return (
        note(f"{shown.name}: {summary(rows)}{concentration_sentence(vectors)}"),
        gr.update(visible=True),
        heatmap(grid(rows, COLOURS.get(asked.measure, "mean"))),
        figure,
        gr.update(choices=[(text.ALL_SITES, ""), *((name, name) for name in names)], value=chosen),
        deviation_table(rows).round(4),
        table.round(4),
        furthest(vectors, chosen),
        *write_tables(studio.desk(key), rows, table),
        gr.update(choices=names, value=chosen or names[0]),
    )


def shape_of(vectors: Mapping[Site, Tensor], site: str, shape: str) -> tuple[Any, DataFrame]:
    """Return the numbers of a site, or of all, as a figure and as a table."""
    if shape in (words.BY_ROLE, words.BY_LAYER):
        group, axis = (by_role, "role") if shape == words.BY_ROLE else (by_layer, "layer")
        groups = group(vectors)
        return violins(groups, axis), distribution_table(groups)
    if shape == words.SORTED:
        found = of_site(vectors, site)
        return sorted_curve(found), distribution_table((found,))
    counted = histogram(vectors, site)
    return histogram_figure(counted), histogram_table(counted)


def furthest(vectors: Mapping[Site, Tensor], site: str) -> str:
    """Return the channels furthest from 1 on either side as a table; nothing where none has moved."""
    amplified, inhibited = extremes(vectors, site, SHOWN_CHANNELS)
    lines = [(each.site, each.channel, f"{each.scale:.3f}") for each in (*amplified, *reversed(inhibited))]
    return table_of(text.CHANNEL_COLUMNS, lines, text.CHANNELS) if lines else ""


def write_tables(folder: Path, rows: Sequence[SiteDeviation], shape: DataFrame) -> tuple[str, str]:
    """Write both tables as CSV into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors, bins = folder / "vectors.csv", folder / "histogram.csv"
    deviation_table(rows).to_csv(vectors, index=False)
    shape.to_csv(bins, index=False)
    return str(vectors), str(bins)


def build(studio: Studio, session: Session, page: gr.Tab) -> ScalesTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.SCALES_TITLE, text.SCALES_WORDS))
    said = gr.HTML(note(text.SCALES_LOOKING), elem_id="scales-note")
    verdict = verdict_card.build(studio, session)
    with gr.Column(visible=False) as body:
        with gr.Row(equal_height=False, elem_classes="columns"):
            with gr.Column(scale=6, min_width=320, elem_classes="card"):
                measure = gr.Radio(text.MEASURES, value=text.DIRECTION, label=text.COLOUR_BY, elem_id="measure")
                moment = gr.Slider(
                    0, 1, 0, step=1, label=text.REPLAY, info=text.REPLAY_INFO, visible=False, elem_id="replay"
                )
                picture = gr.Plot(show_label=False, elem_id="heatmap")
                picks = MapPicks(words.PICK, "heatmap", elem_id="map-picks")
                sites_csv = gr.DownloadButton(text.SITES_CSV, size="md", elem_id="sites-csv")
                with gr.Accordion(text.SITE_TABLE, open=False, elem_classes="accordion"):
                    table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="site-table")
            with gr.Column(scale=5, min_width=320, elem_classes="card"):
                site = gr.Dropdown([(text.ALL_SITES, "")], value="", label=text.WHICH_SITE, elem_id="site")
                shape = gr.Radio(words.SHAPES, value=words.HISTOGRAM, label=words.SHAPE, elem_id="shape")
                bars = gr.Plot(show_label=False, elem_id="histogram")
                bins_csv = gr.DownloadButton(text.HISTOGRAM_CSV, size="md", elem_id="histogram-csv")
                channels = gr.HTML(elem_id="channels")
                with gr.Accordion(text.HISTOGRAM_TABLE, open=False, elem_classes="accordion"):
                    bins = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="histogram-table")
        parts = ablation_card.build(studio, session)
        beside = compare_card.build(studio, session)
        channel = channel_card.build(studio, session)
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_CHAT, variant="primary", elem_id="next-chat")
    newest, live = gr.State(""), gr.Timer(LIVE_SECONDS, active=False)
    inputs = [session.current, site, measure, shape]
    drawn = [said, body, picture, bars, site, table, bins, channels, sites_csv, bins_csv, channel.site, moment,
             beside.other, newest, live]  # fmt: skip
    assert len(drawn) == DRAWN
    page.select(guard(verdict_card.draw, studio), session.current, verdict.drawn, **quiet())
    page.select(guard(ablation_card.draw, studio), session.current, parts.drawn, **quiet())
    picks.choose(guard(draw_picked, studio), inputs, drawn, **quiet())
    asked = [page.select, site.input, measure.input, shape.input]
    gr.on(asked, guard(draw, studio), inputs, drawn, **quiet()).then(None, None, None, js=FIT, **quiet(queue=False))
    moment.input(guard(replay, studio), [*inputs, moment], drawn, **quiet(trigger_mode="always_last"))
    looked = live.tick(guard(look_again, studio), [*inputs, newest], drawn, **quiet(queue=False, trigger_mode="once"))
    for card, filled in ((verdict_card.draw, verdict.drawn), (ablation_card.draw, parts.drawn)):
        looked.then(guard(at_end, studio, card, len(filled)), session.current, filled, **quiet(queue=False))
    return ScalesTab(inputs, drawn, verdict, parts, onward)


DRAWN = 15
"""Components that :func:`draw` fills."""
