"""How far from 1 have the vectors moved, and where? Plain numbers from an adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ia3_studio.method.sites import Site

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
Measure = Literal["mean", "spread"]

THRESHOLD = 0.01
"""How far from 1 a number must be to count as inhibited or amplified."""


class Vector(Protocol):
    """A one-dimensional array or tensor."""

    def __array__(self) -> NDArray[np.floating]:
        """Return it as a numpy array."""


@dataclass(frozen=True)
class SiteDeviation:
    """The numbers of one site in figures; deviations are from 1."""

    site: str
    layer: int | None
    """Number of the block, None outside the blocks."""
    part: str
    """What the site is called in every block, such as ``self_attn.k_proj``."""
    role: str
    side: str
    size: int
    mean: float
    """Mean signed deviation: below 0 inhibited, above 0 amplified."""
    spread: float
    """Mean absolute deviation."""
    smallest: float
    """Smallest scale."""
    largest: float
    """Largest scale."""
    inhibited: float
    """Share of the numbers below 1 − THRESHOLD."""
    amplified: float
    """Share of the numbers above 1 + THRESHOLD."""


@dataclass(frozen=True)
class Grid:
    """One value for each block and part; NaN where a block has no such site."""

    layers: tuple[str, ...]
    parts: tuple[str, ...]
    values: Numbers
    """Shape (layers, parts)."""
    sites: tuple[tuple[str, ...], ...]
    """Path of the site behind each value, shape (layers, parts); empty where there is none."""
    measure: Measure


@dataclass(frozen=True)
class Histogram:
    """How many scales lie in each interval."""

    edges: Numbers
    """Shape (bins + 1,)."""
    counts: NDArray[np.int64]
    """Shape (bins,)."""
    name: str


def deviations(vectors: Mapping[Site, Vector]) -> tuple[SiteDeviation, ...]:
    """Return one row of figures for each site, in the adapter's order."""
    parts = parts_of([site.path for site in vectors])
    return tuple(_deviation(site, parts[site.path], _numbers(vector)) for site, vector in vectors.items())


def grid(rows: Sequence[SiteDeviation], measure: Measure = "mean") -> Grid:
    """Arrange the sites' mean or spread as blocks × parts, for a heatmap."""
    columns = list(dict.fromkeys(_column(row) for row in rows))
    stacks = list(dict.fromkeys((row.layer is None, row.layer or 0) for row in rows))
    layers = sorted(stacks)
    values = np.full((len(layers), len(columns)), np.nan)
    sites = [["" for _ in columns] for _ in layers]
    for row in rows:
        place = layers.index((row.layer is None, row.layer or 0)), columns.index(_column(row))
        values[place] = getattr(row, measure)
        sites[place[0]][place[1]] = row.site
    names = tuple("outside" if outside else str(layer) for outside, layer in layers)
    return Grid(names, tuple(columns), values, tuple(tuple(line) for line in sites), measure)


def histogram(vectors: Mapping[Site, Vector], site: str = "", bins: int = 61) -> Histogram:
    """Count the scales of one site (by its name), or of all sites, in bins placed evenly around 1.

    Raises:
        KeyError: there is no such site.
    """
    if site:
        chosen = next((vector for place, vector in vectors.items() if place.name == site), None)
        if chosen is None:
            raise KeyError(site)
        numbers = _numbers(chosen)
    else:
        numbers = np.concatenate([_numbers(vector) for vector in vectors.values()])
    reach = max(float(np.abs(numbers - 1).max()), THRESHOLD) * 1.0001
    counts, edges = np.histogram(numbers, bins=bins, range=(1 - reach, 1 + reach))
    return Histogram(edges, counts.astype(np.int64), site or "all sites")


def summary(rows: Sequence[SiteDeviation]) -> str:
    """Say in one or two sentences where the vectors moved most."""
    moved = [row for row in rows if row.spread > 0]
    if not moved:
        return "Every scale is still exactly 1: nothing has been learned yet."
    by_role = {
        role: _weighted([row for row in rows if row.role == role]) for role in dict.fromkeys(row.role for row in rows)
    }
    role = max(by_role, key=lambda name: by_role[name])
    top = max(moved, key=lambda row: row.spread)
    touched = _weighted_share(rows)
    return (
        f"{touched:.0%} of the scales moved by more than {THRESHOLD:g}. The {role} vectors changed most"
        f" (mean |scale − 1| {by_role[role]:.3f}); of the sites, {top.site} ({top.spread:.3f})."
    )


def deviation_table(rows: Sequence[SiteDeviation]) -> pd.DataFrame:
    """Return the figures as a table, one row a site."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in rows])


def histogram_table(counted: Histogram) -> pd.DataFrame:
    """Return a histogram as a table, one row a bin."""
    import pandas as pd

    return pd.DataFrame({"from": counted.edges[:-1], "to": counted.edges[1:], "scales": counted.counts})


def parts_of(paths: Sequence[str]) -> dict[str, str]:
    """Return what each path is called within its block: what follows the last number, or the whole path.

    The stack before the number is put in front where several stacks have a part of that name (T5's encoder and
    decoder).
    """
    split = {path: _split(path) for path in paths}
    stacks: dict[str, set[str]] = {}
    for stack, _layer, part in split.values():
        stacks.setdefault(part, set()).add(stack)
    return {path: f"{stack}.{part}" if len(stacks[part]) > 1 else part for path, (stack, _l, part) in split.items()}


def layer_of(path: str) -> int | None:
    """Return the number of the block a path lies in: its first number; None without any."""
    return _split(path)[1]


def _split(path: str) -> tuple[str, int | None, str]:
    """Return (what stands before the first number, that number, what follows it)."""
    words = path.split(".")
    place = next((number for number, word in enumerate(words) if word.isdigit()), None)
    if place is None:
        return "", None, path
    return ".".join(words[:place]), int(words[place]), ".".join(words[place + 1 :])


def _column(row: SiteDeviation) -> str:
    return f"{row.part}[{row.role}]" if row.site.endswith("]") else row.part


def _deviation(site: Site, part: str, scales: Numbers) -> SiteDeviation:
    away = scales - 1
    return SiteDeviation(
        site.name,
        layer_of(site.path),
        part,
        site.role,
        site.side,
        len(scales),
        float(away.mean()),
        float(np.abs(away).mean()),
        float(scales.min()),
        float(scales.max()),
        float((away < -THRESHOLD).mean()),
        float((away > THRESHOLD).mean()),
    )


def _numbers(vector: Vector) -> Numbers:
    return np.asarray(vector, dtype=np.float64)


def _weighted(rows: Sequence[SiteDeviation]) -> float:
    """Return the mean absolute deviation over all numbers of some sites."""
    return sum(row.spread * row.size for row in rows) / sum(row.size for row in rows)


def _weighted_share(rows: Sequence[SiteDeviation]) -> float:
    return sum((row.inhibited + row.amplified) * row.size for row in rows) / sum(row.size for row in rows)
