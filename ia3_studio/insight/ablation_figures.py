"""Figures of an adapter's parts: distributions, ablation by part, pruning curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ia3_studio.insight.ablation import AblationReport
from ia3_studio.insight.deviation import Grid
from ia3_studio.insight.distributions import QUANTILES, Distribution
from ia3_studio.insight.figures import AMPLIFIED, INK, RUN_COLORS, TRAINING, map_of, styled

if TYPE_CHECKING:
    import plotly.graph_objects as go


def violins(found: Sequence[Distribution], axis: str) -> go.Figure:
    """Draw distributions side by side with a line at 1; ``axis`` is the name of the grouping ("layer")."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, each in enumerate(found):
        color = RUN_COLORS[number % len(RUN_COLORS)] if len(found) <= len(RUN_COLORS) else TRAINING
        figure.add_violin(
            y=each.quantiles.astype(np.float32), name=each.name, line={"color": color, "width": 1},
            box_visible=len(found) <= len(RUN_COLORS), points=False, spanmode="hard", scalemode="width",
            hoverinfo="name+y",
        )  # fmt: skip
    styled(figure, 320)
    figure.add_hline(y=1, line={"color": INK, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(type="category", title_text=axis, showgrid=False)
    figure.update_yaxes(title_text="scale")
    return figure


def sorted_curve(found: Distribution) -> go.Figure:
    """Draw the scales from the smallest to the largest, over the share of them that is no larger."""
    import plotly.graph_objects as go

    shares = np.linspace(0, 1, QUANTILES)
    figure = go.Figure(
        go.Scatter(
            x=shares.astype(np.float32), y=found.quantiles.astype(np.float32), mode="lines",
            line={"color": TRAINING, "width": 2}, hovertemplate="%{x:.0%} are at most %{y:.4f}<extra></extra>",
        )
    )  # fmt: skip
    styled(figure, 320)
    figure.add_hline(y=1, line={"color": INK, "width": 1.5, "dash": "dot"})
    figure.update_xaxes(title_text=f"share of the scales ({found.name})", tickformat=".0%")
    figure.update_yaxes(title_text="scale")
    return figure


def difference_map(differences: Grid, first: str, second: str) -> go.Figure:
    """Draw the mean difference of two adapters as layers × modules: orange where the first is louder."""
    texts = [
        [
            f"<b>{site.site}</b><br>mean difference {site.mean:+.4f}<br>mean |difference| {site.spread:.4f}"
            if site
            else ""
            for site in line
        ]
        for line in differences.sites
    ]
    figure = map_of(differences, texts, "mean difference of the scales", signed=True)
    figure.update_traces(colorbar_title_text=f"{second} is larger ← 0 → {first} is larger")
    return figure


def ablation_figure(report: AblationReport, kind: str) -> go.Figure:
    """Draw, per role or layer, the loss increase without it and the loss decrease with it alone, in nats."""
    import plotly.graph_objects as go

    parts = [part for part in report.parts if part.kind == kind]
    names = [part.name for part in parts]
    figure = go.Figure()
    for name, values, color in (
        ("loss increase when ablated", [part.loss_without - report.tuned for part in parts], AMPLIFIED),
        ("loss decrease with it alone", [report.base - part.loss_with_only for part in parts], TRAINING),
    ):
        figure.add_bar(x=names, y=np.array(values), name=name, marker={"color": color, "line": {"width": 0}},
                       hovertemplate="%{x}: %{y:.4f} nats<extra>" + name + "</extra>")  # fmt: skip
    styled(figure, 300)
    figure.update_layout(showlegend=True, barmode="group", legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(type="category", title_text=kind, showgrid=False)
    figure.update_yaxes(title_text="held-out loss (nats)")
    return figure


def pruning_figure(report: AblationReport) -> go.Figure:
    """Draw the held-out loss over the share of the largest deviations that is kept."""
    import plotly.graph_objects as go

    shares = np.array([point.share for point in report.curve])
    figure = go.Figure(
        go.Scatter(
            x=shares, y=np.array([point.loss for point in report.curve]), mode="lines+markers",
            text=[f"{point.parameters:,} parameters" for point in report.curve],
            line={"color": TRAINING, "width": 2},
            hovertemplate="largest %{x:.0%} (%{text}): %{y:.4f} nats<extra></extra>",
        )
    )  # fmt: skip
    styled(figure, 300)
    figure.add_hline(y=report.base, line={"color": INK, "width": 1.5, "dash": "dot"},
                     annotation={"text": "base model", "xanchor": "right"})  # fmt: skip
    figure.update_xaxes(title_text="share of the parameters kept, largest deviations first", tickformat=".0%")
    figure.update_yaxes(title_text="held-out loss (nats)")
    return figure
