"""How far are the scales from 1, and where? Plain numbers from an adapter.

A path such as ``model.layers.3.mlp.down_proj`` is read as stack (``model.layers``), layer (3) and part
(``mlp.down_proj``). The layer is the path's first number. A number that opens every path and never differs is passed
over: it names a wrapper around the model, not a block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ia3_studio.errors import AdapterError
from ia3_studio.method.sites import Site

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
Measure = Literal["mean", "spread", "std", "moved"]

THRESHOLD = 0.01
"""How far from 1 a number must be to count as inhibited or amplified."""
_BANDS = 3
"""Into how many bands of layers the summary looks: early, middle, late."""
_CLEARLY = 1.2
"""A band of layers is named when it moved this many times as far as all of them."""


class Vector(Protocol):
    """A one-dimensional array or tensor."""

    def __array__(self) -> NDArray[np.floating]:
        """Return it as a numpy array."""


@dataclass(frozen=True)
class Place:
    """Position of a module in its model."""

    stack: str
    """What stands before the layer's number; empty without one."""
    layer: int | None
    """Number of the block, None outside the blocks."""
    part: str
    """What follows the number: the module's name in every block of the stack."""


@dataclass(frozen=True)
class SiteDeviation:
    """Statistics of one site; deviations are from 1."""

    site: str
    layer: int | None
    """Number of the block, None outside the blocks."""
    leaf: str
    """The shortest name its column can have, such as ``k_proj``, ``c_attn[key]`` or ``decoder: EncDecAttention.k``."""
    role: str
    side: str
    size: int
    mean: float
    """Mean signed deviation: below 0 inhibited, above 0 amplified."""
    spread: float
    """Mean absolute deviation."""
    std: float
    """Standard deviation of the scales around their own mean."""
    smallest: float
    """Smallest scale."""
    largest: float
    """Largest scale."""
    inhibited: float
    """Share of the scales below 1 − threshold."""
    amplified: float
    """Share of the scales above 1 + threshold."""

    @property
    def moved(self) -> float:
        """Return the share of the scales that differ from 1 by more than the threshold."""
        return self.inhibited + self.amplified


@dataclass(frozen=True)
class Grid:
    """One value for each block and leaf; NaN where a block has no such site."""

    layers: tuple[str, ...]
    leaves: tuple[str, ...]
    values: Numbers
    """Shape (layers, leaves)."""
    sites: tuple[tuple[SiteDeviation | None, ...], ...]
    """The site of each value, shape (layers, leaves); None if there is none."""
    measure: Measure


@dataclass(frozen=True)
class Histogram:
    """Number of scales per interval."""

    edges: Numbers
    """Shape (bins + 1,)."""
    counts: NDArray[np.int64]
    """Shape (bins,)."""
    name: str


def deviations(vectors: Mapping[Site, Vector], threshold: float = THRESHOLD) -> tuple[SiteDeviation, ...]:
    """Return one row of figures for each site, in the adapter's order.

    Raises:
        AdapterError: a vector holds something that is not a finite number.
    """
    places = places_of([site.path for site in vectors])
    leaves = leaves_of(places)
    return tuple(
        _deviation(site, places[site.path].layer, leaves[site.path], _numbers(site, vector), threshold)
        for site, vector in vectors.items()
    )


def grid(rows: Sequence[SiteDeviation], measure: Measure = "mean") -> Grid:
    """Arrange one measure of the sites as blocks × leaves, for a heatmap; what is in no block comes last."""
    leaves = list(dict.fromkeys(row.leaf for row in rows))
    layers = sorted({_order(row.layer) for row in rows})
    values = np.full((len(layers), len(leaves)), np.nan)
    sites: list[list[SiteDeviation | None]] = [[None] * len(leaves) for _ in layers]
    for row in rows:
        line, column = layers.index(_order(row.layer)), leaves.index(row.leaf)
        values[line, column] = getattr(row, measure)
        sites[line][column] = row
    names = tuple("outside" if outside else str(layer) for outside, layer in layers)
    return Grid(names, tuple(leaves), values, tuple(tuple(line) for line in sites), measure)


def histogram(vectors: Mapping[Site, Vector], site: str = "", bins: int = 61) -> Histogram:
    """Count the scales of one site (by its name), or of all sites, in bins placed evenly around 1.

    Raises:
        AdapterError: there is no such site, or a vector holds something that is not a finite number.
    """
    chosen = [_numbers(place, vector) for place, vector in vectors.items() if site in ("", place.name)]
    if not chosen:
        raise AdapterError(
            f"This adapter has no vector at {site or 'any site'}; choose one of its {len(vectors)} sites."
        )
    numbers = np.concatenate(chosen)
    reach = max(float(np.abs(numbers - 1).max()), THRESHOLD) * 1.0001
    counts, edges = np.histogram(numbers, bins=bins, range=(1 - reach, 1 + reach))
    return Histogram(edges, counts.astype(np.int64), site or "all sites")


def summary(rows: Sequence[SiteDeviation], threshold: float = THRESHOLD) -> str:
    """Say in a few sentences how far the vectors moved, and where most.

    ``threshold`` is the one the rows were counted with.
    """
    if not any(row.spread > 0 for row in rows):
        return "All scales are still exactly 1: nothing has been trained yet."
    touched = sum((row.inhibited + row.amplified) * row.size for row in rows) / sum(row.size for row in rows)
    by_role = {role: _spread([row for row in rows if row.role == role]) for role in {row.role: None for row in rows}}
    role = max(by_role, key=lambda name: by_role[name])
    most = f"The {role} vectors changed most" if len(by_role) > 1 else f"The {role} vectors changed"
    top = max(rows, key=lambda row: row.spread)
    return (
        f"{touched:.0%} of the scales changed by more than {threshold:g}. {most} (mean |scale − 1| "
        f"{by_role[role]:.3f}); the most changed site is {top.site} ({top.spread:.3f}).{_band_sentence(rows)}"
    )


def deviation_table(rows: Sequence[SiteDeviation]) -> pd.DataFrame:
    """Return the figures as a table, one row a site."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in rows])


def histogram_table(counted: Histogram) -> pd.DataFrame:
    """Return a histogram as a table, one row a bin."""
    import pandas as pd

    return pd.DataFrame({"from": counted.edges[:-1], "to": counted.edges[1:], "scales": counted.counts})


def places_of(paths: Sequence[str]) -> dict[str, Place]:
    """Return the position of each path of an adapter."""
    words = {path: path.split(".") for path in paths}
    opening = {split[0] for split in words.values()}
    wrapped = len(opening) == 1 and opening.pop().isdigit()
    return {path: _place(path, split, int(wrapped)) for path, split in words.items()}


def layer_names(paths: Sequence[str]) -> dict[str, str]:
    """Return what the layer of each path of one adapter is called, in the layers' order.

    "7", or "decoder.block: 7" where there are several stacks; "outside" what is in no layer, which comes last.
    """
    places = places_of(paths)
    several = len({place.stack for place in places.values() if place.layer is not None}) > 1

    def name(place: Place) -> str:
        if place.layer is None:
            return "outside"
        return f"{place.stack}: {place.layer}" if several else str(place.layer)

    ordered = sorted(places.items(), key=lambda each: _order(each[1].layer))
    return {path: name(place) for path, place in ordered}


def leaves_of(places: Mapping[str, Place]) -> dict[str, str]:
    """Return the shortest name of each path's column that no other column has.

    It is the module's own name, with its parents where two parts of a block end alike (``attn.c_proj`` and
    ``mlp.c_proj``), and with the stack in front where there are several (T5's encoder and decoder).
    """
    parts: dict[str, set[str]] = {}
    for place in places.values():
        parts.setdefault(place.stack, set()).add(place.part)
    stacks = _stack_names([stack for stack in parts if stack])
    names = {
        (stack, part): stacks.get(stack, "") + _shortest(part, inside)
        for stack, inside in parts.items()
        for part in inside
    }
    return {path: names[place.stack, place.part] for path, place in places.items()}


def _place(path: str, words: Sequence[str], start: int) -> Place:
    """Return the place of a path whose layer may be named from word ``start`` on."""
    at = next((number for number in range(start, len(words)) if words[number].isdigit()), None)
    if at is None and start:  # the only number opens the path: then it is the block
        at = 0
    if at is None:
        return Place("", None, path)
    return Place(".".join(words[:at]), int(words[at]), ".".join(words[at + 1 :]))


def _stack_names(stacks: Sequence[str]) -> dict[str, str]:
    """Return a prefix that distinguishes each stack; empty if there is only one."""
    if len(stacks) < 2:
        return {}
    columns = zip(*(stack.split(".") for stack in stacks), strict=False)
    telling = next((words for words in columns if len(set(words)) == len(words)), tuple(stacks))
    return {stack: f"{word}: " for stack, word in zip(stacks, telling, strict=True)}


def _shortest(part: str, parts: set[str]) -> str:
    """Return the shortest unique suffix of a part; the whole part if there is none."""
    words = part.split(".")
    ends = (".".join(words[-count:]) for count in range(1, len(words)))
    others = parts - {part}
    return next((end for end in ends if not any(f".{other}".endswith(f".{end}") for other in others)), part)


def _order(layer: int | None) -> tuple[bool, int]:
    """Return what sorts blocks by number and puts what is in no block last."""
    return layer is None, layer or 0


def _band_sentence(rows: Sequence[SiteDeviation]) -> str:
    """Return a sentence on the band of layers that moved most; nothing where there are too few to compare."""
    places = places_of([row.site for row in rows])
    stacks = list(dict.fromkeys(place.stack for place in places.values() if place.stack))
    bands: dict[str, list[SiteDeviation]] = {}
    for stack in stacks:
        inside = [row for row in rows if row.layer is not None and places[row.site].stack == stack]
        layers = sorted({row.layer for row in inside if row.layer is not None})
        if len(layers) < 2 * _BANDS:
            return ""
        for band in np.array_split(layers, _BANDS):
            name = f"{band[0]}–{band[-1]}" + (f" of {stack}" if len(stacks) > 1 else "")
            bands[name] = [row for row in inside if row.layer in band]
    if not bands:
        return ""
    everywhere = _spread([row for band in bands.values() for row in band])
    name = max(bands, key=lambda band: _spread(bands[band]))
    if _spread(bands[name]) < _CLEARLY * everywhere:
        return " Early, middle and late layers changed by about the same amount."
    return f" Layers {name} changed most ({_spread(bands[name]):.3f}, compared with {everywhere:.3f} over all layers)."


def _deviation(site: Site, layer: int | None, leaf: str, scales: Numbers, threshold: float) -> SiteDeviation:
    away = scales - 1
    return SiteDeviation(
        site=site.name,
        layer=layer,
        leaf=f"{leaf}[{site.role}]" if site.spans else leaf,
        role=site.role,
        side=site.side,
        size=len(scales),
        mean=float(away.mean()),
        spread=float(np.abs(away).mean()),
        std=float(scales.std()),
        smallest=float(scales.min()),
        largest=float(scales.max()),
        inhibited=float((away < -threshold).mean()),
        amplified=float((away > threshold).mean()),
    )


def _numbers(site: Site, vector: Vector) -> Numbers:
    """Return a site's scales as float64; tensors in training or in a short dtype are welcome.

    Raises:
        AdapterError: one is not a finite number.
    """
    # A tensor in training has to be detached, and numpy knows no bfloat16; both without importing torch.
    plain = vector.detach().cpu().double() if hasattr(vector, "detach") else vector
    numbers: Numbers = np.asarray(plain, dtype=np.float64)
    broken = int((~np.isfinite(numbers)).sum())
    if broken:
        raise AdapterError(
            f"{site.name} has {broken} of {numbers.size} scales that are NaN or infinite: training diverged. "
            "Train again with a lower learning rate."
        )
    return numbers


def _spread(rows: Sequence[SiteDeviation]) -> float:
    """Return the mean absolute deviation over all scales of some sites."""
    return sum(row.spread * row.size for row in rows) / sum(row.size for row in rows)
