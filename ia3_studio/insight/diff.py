"""Did two adapters learn the same? Their difference and cosine, site by site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ia3_studio.errors import AdapterError
from ia3_studio.insight.deviation import Grid, SiteDeviation, Vector, deviations, grid
from ia3_studio.method.sites import Site

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SiteDiff:
    """One site of two adapters; deviations are from 1."""

    site: str
    role: str
    size: int
    cosine: float
    """Of both deviations: 1 the same direction, 0 unrelated, −1 opposite; NaN where one of them is zero."""
    difference: float
    """Mean of (first − second)."""
    distance: float
    """Mean of |first − second|."""
    first_spread: float
    """Mean |scale − 1| of the first."""
    second_spread: float


@dataclass(frozen=True)
class AdapterDiff:
    """Two adapters side by side."""

    sites: tuple[SiteDiff, ...]
    """Those that both scale."""
    cosine: float
    """Over all of these scales; NaN if one adapter changed nothing there."""
    only_first: int
    """Sites that only the first scales."""
    only_second: int
    differences: tuple[SiteDeviation, ...]
    """The figures of 1 + (first − second), site by site, for a map."""

    @property
    def map(self) -> Grid:
        """Return the mean differences as layers × modules."""
        return grid(self.differences)

    def table(self) -> pd.DataFrame:
        """Return one row a site."""
        import pandas as pd

        return pd.DataFrame([asdict(each) for each in self.sites])


def diff(first: Mapping[Site, Vector], second: Mapping[Site, Vector]) -> AdapterDiff:
    """Compare two adapters of the same model; sites are the same where place and channels are.

    Raises:
        AdapterError: they have no site in common.
    """
    others = {_place(site): vector for site, vector in second.items()}
    shared = [site for site in first if _place(site) in others]
    if not shared:
        raise AdapterError("These two adapters have no site in common, so they cannot be compared.")
    pairs = {site: (_numbers(first[site]) - 1, _numbers(others[_place(site)]) - 1) for site in shared}
    rows = tuple(_row(site, one, other) for site, (one, other) in pairs.items())
    whole = [np.concatenate([pair[place] for pair in pairs.values()]) for place in (0, 1)]
    differences = deviations({site: 1 + one - other for site, (one, other) in pairs.items()})
    count = len(shared)
    return AdapterDiff(rows, _cosine(whole[0], whole[1]), len(first) - count, len(second) - count, differences)


def sentence(found: AdapterDiff, first: str, second: str) -> str:
    """Say in words how alike two adapters are."""
    by_role: dict[str, list[SiteDiff]] = {}
    for each in found.sites:
        by_role.setdefault(each.role, []).append(each)
    said = f"{first} and {second} have a cosine similarity of {found.cosine:.2f} (1: same direction, 0: unrelated)."
    roles = [f"{role} {_mean([each.cosine for each in rows]):.2f}" for role, rows in by_role.items()]
    if len(roles) > 1:
        said += f" By role, mean over the sites: {', '.join(roles)}."
    known = [each for each in found.sites if not np.isnan(each.cosine)]
    if known:
        apart = min(known, key=lambda each: each.cosine)
        said += (
            f" They differ most at {apart.site} (cosine {apart.cosine:.2f}, mean |difference| {apart.distance:.3f})."
        )
    alone = [f"{count} sites only {name}" for count, name in ((found.only_first, first), (found.only_second, second))
             if count]  # fmt: skip
    return said + (f" Not compared: {' and '.join(alone)} scales." if alone else "")


def _row(site: Site, one: NDArray[np.float64], other: NDArray[np.float64]) -> SiteDiff:
    apart = one - other
    spreads = float(np.abs(one).mean()), float(np.abs(other).mean())
    return SiteDiff(site.name, site.role, site.size, _cosine(one, other), float(apart.mean()),
                      float(np.abs(apart).mean()), *spreads)  # fmt: skip


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    length = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / length if length else float("nan")


def _mean(values: Sequence[float]) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def _place(site: Site) -> tuple[str, str, tuple[int, ...]]:
    return site.path, site.side, tuple(site.positions)


def _numbers(vector: Vector) -> NDArray[np.float64]:
    return np.asarray(vector, dtype=np.float64)
