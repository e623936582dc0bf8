"""How are the scales spread: by role, by layer, within one site? Quantiles, small enough to draw from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ia3_studio.errors import AdapterError
from ia3_studio.insight.deviation import Vector, layer_names
from ia3_studio.method.sites import Site

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = 201
"""Quantiles, evenly spaced from the smallest to the largest scale: accurate to half a percent."""


@dataclass(frozen=True)
class Distribution:
    """The scales of some sites together."""

    name: str
    scales: int
    quantiles: NDArray[np.float64]
    """Shape (QUANTILES,), rising, from the smallest to the largest."""


def by_role(vectors: Mapping[Site, Vector]) -> tuple[Distribution, ...]:
    """Return the scales of each role, in the adapter's order."""
    return _grouped(vectors, lambda site: site.role)


def by_layer(vectors: Mapping[Site, Vector]) -> tuple[Distribution, ...]:
    """Return the scales of each layer in order; what is in no layer comes last, as "outside"."""
    names = layer_names([site.path for site in vectors])
    order = {path: place for place, path in enumerate(names)}
    ordered = sorted(vectors, key=lambda site: order[site.path])
    return _grouped({site: vectors[site] for site in ordered}, lambda site: names[site.path])


def of_site(vectors: Mapping[Site, Vector], site: str = "") -> Distribution:
    """Return the scales of one site by its name, or of all; :func:`sorted_curve` draws it.

    Raises:
        AdapterError: there is no such site.
    """
    chosen = [np.asarray(vector, np.float64) for each, vector in vectors.items() if site in ("", each.name)]
    if not chosen:
        raise AdapterError(f"This adapter has no vector at {site or 'any site'}; choose one of its {len(vectors)}.")
    return _distribution(site or "all sites", np.concatenate(chosen))


def distribution_table(found: tuple[Distribution, ...]) -> pd.DataFrame:
    """Return one row a distribution, with its smallest, quartiles and largest scale."""
    import pandas as pd

    names = ("smallest", "lower quartile", "median", "upper quartile", "largest")
    places = np.linspace(0, QUANTILES - 1, len(names)).round().astype(int)
    return pd.DataFrame(
        [{"of": each.name, "scales": each.scales, **dict(zip(names, each.quantiles[places], strict=True))}
         for each in found]
    )  # fmt: skip


def _grouped(vectors: Mapping[Site, Vector], name: Callable[[Site], str]) -> tuple[Distribution, ...]:
    groups: dict[str, list[NDArray[np.float64]]] = {}
    for site, vector in vectors.items():
        groups.setdefault(name(site), []).append(np.asarray(vector, np.float64))
    return tuple(_distribution(each, np.concatenate(numbers)) for each, numbers in groups.items())


def _distribution(name: str, numbers: NDArray[np.float64]) -> Distribution:
    return Distribution(name, numbers.size, np.quantile(numbers, np.linspace(0, 1, QUANTILES)))
