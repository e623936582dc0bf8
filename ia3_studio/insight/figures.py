"""How do the numbers look? Plotly figures of plain numbers, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ia3_studio.insight.deviation import Grid, Histogram

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ia3_studio.training.config import Step

INHIBITED, IDENTITY, AMPLIFIED = "#2f6fb7", "#f4f1ea", "#c9600f"
TRAINING = "#5b8bc7"
INK = "#808794"
"""Mid-grey: at least 3 to 1 against both page backgrounds."""
GRID_LINES = "rgba(128, 135, 148, 0.25)"
SMALLEST_RANGE = 0.02
"""The colour scale never spans less, so that an untrained adapter does not look trained."""

CONFIG: dict[str, Any] = {"showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False, "responsive": True}
"""For ``figure.show(config=CONFIG)``: plotly's default offers to upload the data."""


def heatmap(grid: Grid) -> go.Figure:
    """Draw blocks × parts, blue where scales are inhibited and orange where they are amplified."""
    import plotly.graph_objects as go

    known = grid.values[np.isfinite(grid.values)]
    reach = max(float(np.abs(known).max()) if known.size else 0.0, SMALLEST_RANGE)
    signed = grid.measure == "mean"
    title = "mean of scale − 1" if signed else "mean of |scale − 1|"
    colours = [[0, INHIBITED], [0.5, IDENTITY], [1, AMPLIFIED]] if signed else [[0, IDENTITY], [1, AMPLIFIED]]
    figure = go.Figure(
        go.Heatmap(
            z=grid.values.astype(np.float32),
            x=list(grid.parts),
            y=list(grid.layers),
            text=[list(line) for line in grid.sites],
            zmin=-reach if signed else 0,
            zmax=reach,
            colorscale=colours,
            hovertemplate="%{text}<br>" + title + " %{z:.4f}<extra></extra>",
            colorbar={"title": {"text": title, "side": "right"}, "thickness": 12, "outlinewidth": 0},
            xgap=2,
            ygap=1,
        )
    )
    _style(figure, max(300, 90 + 15 * len(grid.layers)))
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(type="category", title="layer", autorange="reversed", showgrid=False)
    return figure


def histogram_figure(counted: Histogram) -> go.Figure:
    """Draw how the scales are spread around 1, with a line at 1."""
    import plotly.graph_objects as go

    middles = (counted.edges[:-1] + counted.edges[1:]) / 2
    colours = np.where(middles < 1, INHIBITED, AMPLIFIED)
    figure = go.Figure(
        go.Bar(
            x=middles.astype(np.float32),
            y=counted.counts,
            width=float(counted.edges[1] - counted.edges[0]),
            marker={"color": colours.tolist(), "line": {"width": 0}},
            hovertemplate="scale %{x:.3f}: %{y:,} numbers<extra></extra>",
        )
    )
    _style(figure, 300)
    figure.add_vline(x=1, line={"color": INK, "width": 1.5, "dash": "dot"}, annotation={"text": "1 = base model"})
    figure.update_xaxes(title=f"scale ({counted.name})")
    figure.update_yaxes(title="numbers")
    return figure


def loss_figure(steps: Sequence[Step]) -> go.Figure:
    """Draw training and held-out loss over the steps so far."""
    import plotly.graph_objects as go

    learned = [(step.step, step.loss) for step in steps if step.loss is not None]
    measured = [(step.step, step.held_out) for step in steps if step.held_out is not None]
    figure = go.Figure()
    for points, name, colour, mode in (
        (learned, "training loss", TRAINING, "lines"),
        (measured, "held-out loss", AMPLIFIED, "lines+markers"),
    ):
        x, y = np.array([point[0] for point in points]), np.array([point[1] for point in points])
        figure.add_scatter(x=x, y=y, name=name, mode=mode if len(points) > 2 else "lines+markers", line_color=colour)
    _style(figure, 320)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(title="optimiser step")
    figure.update_yaxes(title="loss (nats per token)")
    return figure


def _style(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 16, "t": 32, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": INK, "size": 12},
        bargap=0.05,
        showlegend=False,
    )
    figure.update_xaxes(gridcolor=GRID_LINES, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID_LINES, zeroline=False, automargin=True)
