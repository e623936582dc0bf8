"""Plotly figures of plain numbers, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ia3_studio.insight.curves import Curve, Point, pareto_front
from ia3_studio.insight.deviation import Grid, Histogram, Measure, SiteDeviation

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ia3_studio.training.config import Step

INHIBITED, AMPLIFIED = "rgb(47, 111, 183)", "rgb(201, 96, 15)"
IDENTITY = "rgba(128, 135, 148, 0.14)"
"""Hardly more than the page's own background, light or dark: what was not touched stays quiet."""
TRAINING = "#5b8bc7"
INK = "#808794"
"""Mid-gray: at least 3 to 1 against both page backgrounds."""
GRID_LINES = "rgba(128, 135, 148, 0.25)"
LENGTH_BINS = 40
RUN_COLORS = ("#0f8a7a", "#c9600f", "#5b8bc7", "#a05195", "#b58a00", "#d1495b", "#6a7f10", "#7a5c46")
"""Apart from each other on a light and on a dark page."""
SMALLEST_RANGE = 0.02
"""The color scale never spans less, so that an untrained adapter does not look trained."""
MEASURES: dict[Measure, str] = {
    "mean": "mean of scale − 1",
    "spread": "mean of |scale − 1|",
    "std": "standard deviation of the scales",
    "moved": "share of the scales that changed by more than the threshold",
}

CONFIG: dict[str, Any] = {"showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False, "responsive": True}
"""For ``figure.show(config=CONFIG)``: plotly's default offers to upload the data."""


def heatmap(grid: Grid) -> go.Figure:
    """Draw blocks × leaves, blue where scales are inhibited and orange where they are amplified."""
    texts = [[_described(site) for site in line] for line in grid.sites]
    return map_of(grid, texts, MEASURES[grid.measure], signed=grid.measure == "mean")


def map_of(grid: Grid, texts: Sequence[Sequence[str]], title: str, *, signed: bool) -> go.Figure:
    """Draw a grid as a heatmap; every cell contains its site's name, for click handlers.

    Args:
        grid: the values.
        texts: what each cell says when it is pointed at, shape (layers, leaves).
        title: of the color bar.
        signed: whether the color scale diverges at 0, or starts there.
    """
    import plotly.graph_objects as go

    known = grid.values[np.isfinite(grid.values)]
    reach = max(float(np.abs(known).max()) if known.size else 0.0, SMALLEST_RANGE)
    figure = go.Figure(
        go.Heatmap(
            z=grid.values.astype(np.float32),
            x=list(grid.leaves),
            y=list(grid.layers),
            text=texts,
            customdata=[[site.site if site else "" for site in line] for line in grid.sites],
            zmin=-reach if signed else 0,
            zmax=reach,
            colorscale=[[0, INHIBITED], [0.5, IDENTITY], [1, AMPLIFIED]] if signed else [[0, IDENTITY], [1, AMPLIFIED]],
            hovertemplate="%{text}<extra></extra>",
            hoverongaps=False,
            colorbar=_color_bar(title, reach, signed),
            xgap=2,
            ygap=1,
        )
    )
    slanted = 5 * max(map(len, grid.leaves), default=0) if len(grid.leaves) > 4 else 0  # px that long names take
    styled(figure, max(320, 150 + 15 * len(grid.layers)) + slanted)
    figure.update_layout(margin={"t": 84})
    figure.update_xaxes(type="category", title_text="module", showgrid=False)
    figure.update_yaxes(type="category", title_text="layer", autorange="reversed", showgrid=False)
    return figure


def histogram_figure(counted: Histogram, counts: Literal["linear", "log"] = "linear") -> go.Figure:
    """Draw a histogram of the scales, with a line at 1; ``counts`` selects the y axis."""
    import plotly.graph_objects as go

    middles = (counted.edges[:-1] + counted.edges[1:]) / 2
    width = float(counted.edges[1] - counted.edges[0])
    colors = np.select([middles < 1 - width / 4, middles > 1 + width / 4], [INHIBITED, AMPLIFIED], INK)
    figure = go.Figure(
        go.Bar(
            x=middles.astype(np.float32),
            y=counted.counts,
            width=width,
            marker={"color": colors.tolist(), "line": {"width": 0}},
            hovertemplate="scale %{x:.3f}: %{y:,} scales<extra></extra>",
        )
    )
    styled(figure, 300)
    line = {"color": INK, "width": 1.5, "dash": "dot"}
    figure.add_vline(x=1, line=line, annotation={"text": "1 = base model", "yshift": 16, "xanchor": "center"})
    figure.update_xaxes(title_text=f"scale ({counted.name})")
    if counts == "log":
        figure.update_yaxes(title_text="number of scales (log)", type="log", dtick=1)
    else:
        figure.update_yaxes(title_text="number of scales")
    return figure


def length_figure(lengths: Sequence[int], limit: int) -> go.Figure:
    """Draw a histogram of row lengths in tokens, with a line at the limit if any row comes near it."""
    import plotly.graph_objects as go

    longest = max(lengths, default=1)
    counts, edges = np.histogram(lengths, bins=min(longest, LENGTH_BINS), range=(0, longest + 1))
    middles = (edges[:-1] + edges[1:]) / 2
    spans = [f"{int(np.ceil(low)):,} to {int(np.ceil(high)) - 1:,}" for low, high in pairwise(edges)]
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=counts,
            width=float(edges[1] - edges[0]),
            customdata=spans,
            marker={"color": np.where(edges[:-1] >= limit, AMPLIFIED, TRAINING).tolist(), "line": {"width": 0}},
            hovertemplate="%{customdata} tokens: %{y:,} rows<extra></extra>",
        )
    )
    styled(figure, 260)
    if longest > limit / 2:
        figure.add_vline(x=limit, line={"color": INK, "width": 1.5, "dash": "dot"}, annotation={"text": "Max length"})
    figure.update_xaxes(title_text="tokens per row")
    figure.update_yaxes(title_text="rows")
    return figure


def loss_figure(steps: Sequence[Step]) -> go.Figure:
    """Draw training and held-out loss over the steps so far."""
    import plotly.graph_objects as go

    training = [(step.step, step.loss) for step in steps if step.loss is not None]
    measured = [(step.step, step.held_out) for step in steps if step.held_out is not None]
    figure = go.Figure()
    for points, name, color, mode in (
        (training, "training loss", TRAINING, "lines"),
        (measured, "held-out loss", AMPLIFIED, "lines+markers"),
    ):
        x, y = np.array([point[0] for point in points]), np.array([point[1] for point in points])
        figure.add_scatter(x=x, y=y, name=name, mode=mode if len(points) > 2 else "lines+markers", line_color=color)
    styled(figure, 320)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(title_text="optimizer step")
    figure.update_yaxes(title_text="loss (nats per token)")
    return figure


def overlay_figure(curves: Sequence[Curve]) -> go.Figure:
    """Draw losses of several runs: held-out loss as lines with dots, training loss as thin lines in the same color."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, curve in enumerate(curves):
        color = RUN_COLORS[number % len(RUN_COLORS)]
        figure.add_scatter(
            x=np.array(curve.steps), y=np.array(curve.losses), mode="lines", name=f"{curve.name}, training",
            line={"color": color, "width": 1}, opacity=0.45, showlegend=False, hoverlabel={"namelength": -1},
        )  # fmt: skip
        figure.add_scatter(
            x=np.array(curve.held_out_steps), y=np.array(curve.held_out), mode="lines+markers", name=curve.name,
            line={"color": color, "width": 2}, hoverlabel={"namelength": -1},
        )  # fmt: skip
    styled(figure, 360 + 20 * len(curves))
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.32, "yanchor": "top"})
    figure.update_xaxes(title_text="optimizer step")
    figure.update_yaxes(title_text="loss (nats)")
    return figure


def pareto_figure(points: Sequence[Point], cost: str, result: str, lower_is_better: bool) -> go.Figure:
    """Draw results over cost of runs, with a line through the Pareto front."""
    import plotly.graph_objects as go

    front = pareto_front(points, lower_is_better)
    figure = go.Figure()
    figure.add_scatter(
        x=np.array([point.cost for point in front]), y=np.array([point.result for point in front]), mode="lines",
        line={"color": AMPLIFIED, "width": 1.5, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=np.array([point.cost for point in points]),
        y=np.array([point.result for point in points]),
        text=[point.name for point in points],
        mode="markers",
        marker={"size": 10, "color": [AMPLIFIED if point in front else INK for point in points]},
        hovertemplate="%{text}<br>%{x:,.4g}, %{y:.4g}<extra></extra>",
    )
    styled(figure, 320)
    figure.update_xaxes(title_text=cost)
    figure.update_yaxes(title_text=f"{result} ({'lower' if lower_is_better else 'higher'} is better)")
    return figure


def _described(site: SiteDeviation | None) -> str:
    """Return what a cell of the heatmap says of its site."""
    if site is None:
        return ""
    return (
        f"<b>{site.site}</b><br>{site.role}, {site.side} side, {site.size:,} parameters<br>mean "
        f"{1 + site.mean:.4f}, from {site.smallest:.4f} to {site.largest:.4f}<br>mean |scale − 1| "
        f"{site.spread:.4f}, standard deviation {site.std:.4f}<br>{site.inhibited:.0%} inhibited, "
        f"{site.amplified:.0%} amplified"
    )


def _color_bar(title: str, reach: float, signed: bool) -> dict[str, Any]:
    """Return the color bar, above the heatmap so that it keeps the full width of a narrow page."""
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1.0,
        "yanchor": "bottom",
        "ypad": 8,
        "thickness": 10,
        "outlinewidth": 0,
        "title": {"text": f"inhibited ← {title} → amplified" if signed else title, "side": "top"},
        "tickvals": [-reach, 0, reach] if signed else [0, reach],
        "ticktext": [f"−{reach:.2g}", "0", f"+{reach:.2g}"] if signed else ["0", f"{reach:.2g}"],
    }


def styled(figure: go.Figure, height: int) -> None:
    """Give a figure the look of all others: readable on a light and on a dark page."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 16, "t": 32, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": INK, "size": 12},
        bargap=0.05,
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": AMPLIFIED},
        showlegend=False,
    )
    figure.update_xaxes(gridcolor=GRID_LINES, zeroline=False, automargin=True, title_standoff=8)
    figure.update_yaxes(gridcolor=GRID_LINES, zeroline=False, automargin=True)
