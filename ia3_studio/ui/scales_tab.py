"""What was learned? The deviation of every scale from 1, by site and by layer, each with its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from ia3_studio.ui.empty_action import empty_action
from ia3_studio.ui.handler_errors import guard
from ia3_studio.ui.markup import heading, invitation, note
from ia3_studio.ui.markup import table as table_of
from ia3_studio.ui.session import RESIZE_FIGURES, Session, Studio, quiet, sent

if TYPE_CHECKING:
    from pandas import DataFrame
    from torch import Tensor

    from ia3_studio.method import Site


MAX_CHANNELS = 5
"""Most amplified and most inhibited channels that are listed."""
LIVE_SECONDS = 4.0
"""Interval at which the tab checks for a newer adapter while a run trains."""
COLORS: Mapping[str, Measure] = {text.MAGNITUDE: "spread", text.SHARE_CHANGED: "moved"}
"""Measures that color the map, where that is not the mean."""


@dataclass(frozen=True)
class ScalesTab:
    """What the page wires to other tabs."""

    inputs: list[gr.components.Component]
    drawn: list[Any]
    """What :func:`draw` fills."""
    verdict: verdict_card.VerdictCard
    ablation: ablation_card.AblationCard
    train_demo: gr.Button
    """Shown while the tab is empty."""
    next: gr.Button


@dataclass(frozen=True)
class View:
    """How the scales are drawn."""

    site: str
    measure: str
    shape: str


def draw(studio: Studio, key: str, site: str | None, measure: str, shape: str) -> tuple[Any, ...]:
    """Draw the newest adapter of the selected run; return what :func:`build` calls ``drawn``."""
    current = find(studio, key)
    snapshots = _snapshots(current)
    last = max(len(snapshots) - 1, 0)
    label = text.snapshot_label(next(reversed(snapshots), 0), len(snapshots), len(snapshots))
    replay = gr.update(visible=len(snapshots) > 1, maximum=max(last, 1), value=last, label=label)
    adapter = current.adapter if current else None
    is_live = bool(current and current.run and not current.run.has_ended and current.run.status().active)
    return (
        *_drawn(studio, current, View(site or "", measure, shape)),
        replay,
        compare_card.other_adapters(studio, key),
        str(adapter or ""),
        gr.Timer(LIVE_SECONDS, active=is_live),
    )


def draw_clicked(
    studio: Studio, event: gr.EventData, key: str, _site: str | None, measure: str, shape: str
) -> tuple[Any, ...]:
    """Draw the site of the cell that was clicked; return as :func:`draw`."""
    return draw(studio, key, str(sent(event, "name") or ""), measure, shape)


def draw_newer(studio: Studio, key: str, site: str | None, measure: str, shape: str, drawn: str) -> tuple[Any, ...]:
    """Draw the selected run if it has saved a newer adapter than ``drawn``; return as :func:`draw`."""
    current = find(studio, key)
    has_ended = current is None or current.run is None or not current.run.status().active
    if current and str(current.adapter or "") == drawn and not has_ended:
        return tuple(gr.skip() for _ in range(DRAWN))
    return draw(studio, key, site, measure, shape)


def redraw_at_end(studio: Studio, redraw: Callable[..., tuple[Any, ...]], count: int, key: str) -> tuple[Any, ...]:
    """Return what ``redraw`` fills, ``count`` components, once the selected run has ended; nothing before."""
    current = find(studio, key)
    if current and current.run and current.run.status().active:
        return tuple(gr.skip() for _ in range(count))
    return redraw(studio, key)


def replay(studio: Studio, key: str, site: str | None, measure: str, shape: str, snapshot: float) -> tuple[Any, ...]:
    """Draw an earlier snapshot of the selected run, by its number from 0; return as :func:`draw`."""
    current = find(studio, key)
    snapshots = list(_snapshots(current).items())
    if current is None or not snapshots:
        return draw(studio, key, site, measure, shape)
    number = min(max(int(snapshot), 0), len(snapshots) - 1)
    step, adapter = snapshots[number]
    drawn = _drawn(studio, replace(current, adapter=adapter), View(site or "", measure, shape))
    label = text.snapshot_label(step, number + 1, len(snapshots))
    return *drawn, gr.update(label=label), gr.skip(), gr.skip(), gr.skip()


def _snapshots(current: CurrentRun | None) -> dict[int, Path]:
    """Return the adapters that a run has kept, by their steps."""
    return dict(current.run.files.snapshots()) if current and current.run else {}


def _drawn(studio: Studio, current: CurrentRun | None, view: View) -> tuple[Any, ...]:
    if current is None or current.adapter is None:
        missing = text.NO_ADAPTER_YET if current else text.NO_ADAPTER
        return (note if current else invitation)(missing), gr.update(visible=False), *(gr.skip() for _ in range(9))
    vectors = current.vectors()
    names = [site.name for site in vectors]
    site = view.site if view.site in names else ""
    rows = deviations(vectors)
    figure, table = draw_shape(vectors, site, view.shape)
    return (
        note(f"{current.name}: {summary(rows)}{concentration_sentence(vectors)}"),
        gr.update(visible=True),
        heatmap(grid(rows, COLORS.get(view.measure, "mean"))),
        figure,
        gr.update(choices=[(text.ALL_SITES, ""), *((name, name) for name in names)], value=site),
        deviation_table(rows).round(4),
        table.round(4),
        furthest(vectors, site),
        *write_tables(studio.download_folder(current.key), rows, table),
        gr.update(choices=names, value=site or names[0]),
    )


def draw_shape(vectors: Mapping[Site, Tensor], site: str, shape: str) -> tuple[Any, DataFrame]:
    """Return the scales of a site, or of all, as a figure and as a table."""
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
    """Return the channels furthest from 1 on either side as a table; empty if none has changed."""
    amplified, inhibited = extremes(vectors, site, MAX_CHANNELS)
    lines = [(each.site, each.channel, f"{each.scale:.3f}") for each in (*amplified, *reversed(inhibited))]
    return table_of(text.CHANNEL_COLUMNS, lines, text.CHANNELS) if lines else ""


def write_tables(folder: Path, rows: Sequence[SiteDeviation], shape: DataFrame) -> tuple[str, str]:
    """Write both tables as CSV; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors, bins = folder / "vectors.csv", folder / "histogram.csv"
    deviation_table(rows).to_csv(vectors, index=False)
    shape.to_csv(bins, index=False)
    return str(vectors), str(bins)


def build(studio: Studio, session: Session, page: gr.Tab) -> ScalesTab:
    """Draw the tab and wire its own events."""
    gr.HTML(heading(text.SCALES_TITLE, text.SCALES_WORDS))
    status = gr.HTML(note(text.LOOKING_FOR_ADAPTER), elem_id="scales-note")
    train_demo = empty_action("scales")
    verdict = verdict_card.build(studio, session)
    with gr.Column(visible=False) as body:
        with gr.Row(equal_height=False, elem_classes="columns"):
            with gr.Column(scale=6, min_width=320, elem_classes="card"):
                measure = gr.Radio(text.MEASURES, value=text.DIRECTION, label=text.COLOR_BY, elem_id="measure")
                snapshot = gr.Slider(
                    0, 1, 0, step=1, label=text.REPLAY, info=text.REPLAY_INFO, visible=False, elem_id="replay"
                )
                heat = gr.Plot(show_label=False, elem_id="heatmap")
                picks = MapPicks(words.PICK, "heatmap", elem_id="map-picks")
                sites_csv = gr.DownloadButton(text.SITES_CSV, size="md", elem_id="sites-csv")
                with gr.Accordion(text.SITE_TABLE, open=False, elem_classes="accordion"):
                    table = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="site-table")
            with gr.Column(scale=5, min_width=320, elem_classes="card"):
                site = gr.Dropdown([(text.ALL_SITES, "")], value="", label=text.SITE, elem_id="site")
                shape = gr.Radio(words.SHAPES, value=words.HISTOGRAM, label=words.SHAPE, elem_id="shape")
                bars = gr.Plot(show_label=False, elem_id="histogram")
                bins_csv = gr.DownloadButton(text.HISTOGRAM_CSV, size="md", elem_id="histogram-csv")
                channels = gr.HTML(elem_id="channels")
                with gr.Accordion(text.HISTOGRAM_TABLE, open=False, elem_classes="accordion"):
                    bins = gr.Dataframe(interactive=False, show_label=False, max_height=420, elem_id="histogram-table")
        ablation = ablation_card.build(studio, session)
        comparison = compare_card.build(studio, session)
        channel = channel_card.build(studio, session)
    with gr.Row(elem_classes="next-row"):
        onward = gr.Button(text.NEXT_CHAT, variant="primary", elem_id="next-chat")
    newest, live = gr.State(""), gr.Timer(LIVE_SECONDS, active=False)
    inputs = [session.current, site, measure, shape]
    drawn = [status, body, heat, bars, site, table, bins, channels, sites_csv, bins_csv, channel.site, snapshot,
             comparison.other, newest, live]  # fmt: skip
    assert len(drawn) == DRAWN
    page.select(guard(verdict_card.draw, studio), session.current, verdict.drawn, **quiet())
    page.select(guard(ablation_card.draw, studio), session.current, ablation.drawn, **quiet())
    picks.choose(guard(draw_clicked, studio), inputs, drawn, **quiet())
    changed = [page.select, site.input, measure.input, shape.input]
    gr.on(changed, guard(draw, studio), inputs, drawn, **quiet(trigger_mode="always_last")).then(
        None, None, None, js=RESIZE_FIGURES, **quiet(queue=False)
    )
    snapshot.input(guard(replay, studio), [*inputs, snapshot], drawn, **quiet(trigger_mode="always_last"))
    polled = live.tick(guard(draw_newer, studio), [*inputs, newest], drawn, **quiet(queue=False, trigger_mode="once"))
    for card, filled in ((verdict_card.draw, verdict.drawn), (ablation_card.draw, ablation.drawn)):
        polled.then(guard(redraw_at_end, studio, card, len(filled)), session.current, filled, **quiet(queue=False))
    return ScalesTab(inputs, drawn, verdict, ablation, train_demo, onward)


DRAWN = 15
"""Components that :func:`draw` fills."""
