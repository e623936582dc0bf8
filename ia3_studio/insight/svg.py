"""How do figures look without a script? Small drawings as SVG text, for a page that must open anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from ia3_studio.insight.curves import Curve
from ia3_studio.insight.deviation import Grid

WIDTH, HEIGHT, MARGIN = 680, 240, 46
_COLORS = ("#5b8bc7", "#c9600f", "#0f8a7a", "#a05195")
_TICKS = 4
_ALONE = "svg{font:11px sans-serif}text{fill:#7a8699}.grid{stroke:#7a8699;stroke-opacity:.3}"


def lines_svg(series: Sequence[tuple[str, Sequence[tuple[float, float]]]], x_title: str, y_title: str) -> str:
    """Draw named series of (x, y) as lines with their points; nothing where there is no point."""
    points = [point for _name, found in series for point in found]
    if not points:
        return ""
    xs, ys = zip(*points, strict=True)
    x_low, x_high, y_low, y_high = min(xs), max(xs), min(ys), max(ys)
    x_high, y_high = (x_high if x_high > x_low else x_low + 1), (y_high if y_high > y_low else y_low + 1)

    def place(x: float, y: float) -> tuple[float, float]:
        across = MARGIN + (x - x_low) / (x_high - x_low) * (WIDTH - MARGIN - 12)
        down = HEIGHT - MARGIN - (y - y_low) / (y_high - y_low) * (HEIGHT - MARGIN - 26)
        return round(across, 1), round(down, 1)

    parts = [_ticks(place, (x_low, x_high), (y_low, y_high))]
    for number, (name, found) in enumerate(series):
        color = _COLORS[number % len(_COLORS)]
        placed = [place(x, y) for x, y in found]
        path = " ".join(f"{x},{y}" for x, y in placed)
        dots = (
            "".join(f"<circle cx='{x}' cy='{y}' r='2.4' fill='{color}'/>" for x, y in placed)
            if len(placed) < 60
            else ""
        )
        label = f"<text x='{MARGIN + 150 * number}' y='12' style='fill:{color}'>{escape(name)}</text>"
        parts.append(f"<polyline points='{path}' fill='none' stroke='{color}' stroke-width='2'/>{dots}{label}")
    parts.append(f"<text x='{WIDTH - 12}' y='{HEIGHT - 6}' text-anchor='end'>{escape(x_title)}</text>")
    parts.append(f"<text x='{WIDTH - 12}' y='12' text-anchor='end'>{escape(y_title)}</text>")
    return _svg(WIDTH, HEIGHT, "".join(parts), f"{y_title} over {x_title}")


def curve_svg(curve: Curve) -> str:
    """Draw a run's training loss and its held-out loss over the steps."""
    series = (
        ("training", list(zip(curve.steps, curve.losses, strict=True))),
        ("held-out", list(zip(curve.held_out_steps, curve.held_out, strict=True))),
    )
    return lines_svg(series, "step", "loss")


def map_svg(grid: Grid) -> str:
    """Draw a grid of mean deviations as a map: blue below 1, orange above, each cell with its values as a tooltip."""
    cell, left = 15, 60
    column = max(70, 7 * max(map(len, grid.leaves), default=1))
    width, height = left + column * len(grid.leaves), 24 + cell * len(grid.layers)
    known = grid.values[np.isfinite(grid.values)]
    reach = max(float(np.abs(known).max()) if known.size else 0.0, 0.02)
    parts = [
        f"<text x='{left + column * (place + 0.5)}' y='14' text-anchor='middle'>{escape(name)}</text>"
        for place, name in enumerate(grid.leaves)
    ]
    for line, layer in enumerate(grid.layers):
        top = 20 + cell * line
        parts.append(f"<text x='{left - 8}' y='{top + 11}' text-anchor='end'>{escape(layer)}</text>")
        for place in range(len(grid.leaves)):
            value, site = grid.values[line, place], grid.sites[line][place]
            if site is None or not np.isfinite(value):
                continue
            said = f"{site.site}: mean {1 + site.mean:.4f}, mean |scale − 1| {site.spread:.4f}"
            parts.append(
                f"<rect x='{left + column * place + 1}' y='{top}' width='{column - 2}' height='{cell - 1}' rx='2'"
                f" fill='{_color(value / reach)}'><title>{escape(said)}</title></rect>"
            )
    return _svg(width, height, "".join(parts), "Mean deviation of every vector, by layer and module")


def standalone(drawing: str) -> str:
    """Return a drawing as a file of its own, which reads on white and on black alike."""
    return drawing.replace(">", f"><style>{_ALONE}</style>", 1)


def _color(share: float) -> str:
    """Return the color of a deviation from −1 to 1, as in the heatmap of the studio."""
    red, green, blue = (47, 111, 183) if share < 0 else (201, 96, 15)
    return f"rgba({red},{green},{blue},{0.06 + 0.94 * min(1.0, abs(share)):.2f})"


def _ticks(
    place: Callable[[float, float], tuple[float, float]], x_span: tuple[float, float], y_span: tuple[float, float]
) -> str:
    parts = []
    for number in range(_TICKS + 1):
        x = x_span[0] + (x_span[1] - x_span[0]) * number / _TICKS
        y = y_span[0] + (y_span[1] - y_span[0]) * number / _TICKS
        across, _bottom = place(x, y_span[0])
        _left, down = place(x_span[0], y)
        parts.append(f"<line x1='{MARGIN}' x2='{WIDTH - 12}' y1='{down}' y2='{down}' class='grid'/>")
        parts.append(f"<text x='{MARGIN - 6}' y='{down + 4}' text-anchor='end'>{y:.3g}</text>")
        parts.append(f"<text x='{across}' y='{HEIGHT - MARGIN + 18}' text-anchor='middle'>{x:,.0f}</text>")
    return "".join(parts)


def _svg(width: float, height: float, body: str, title: str) -> str:
    return (
        f"<svg viewBox='0 0 {width} {height}' width='{width}' role='img' aria-label='{escape(title, quote=True)}'"
        f" xmlns='http://www.w3.org/2000/svg'>{body}</svg>"
    )
