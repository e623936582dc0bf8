"""Which single channels changed most, and how few of them hold most of the change?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ia3_studio.insight.deviation import Vector
from ia3_studio.method.sites import Site

if TYPE_CHECKING:
    import pandas as pd

HALF = 0.5


@dataclass(frozen=True)
class Channel:
    """One scale."""

    site: str
    role: str
    channel: int
    """Of the activation that is scaled, counted from 0."""
    scale: float


def extremes(vectors: Mapping[Site, Vector], site: str = "", count: int = 10) -> tuple[list[Channel], list[Channel]]:
    """Return the most amplified channels and the most inhibited ones, each the furthest from 1 first.

    Args:
        site: the name of one site; empty for all.
        count: of channels in each list; fewer where fewer are beyond 1 on that side.
    """
    chosen = {each: _numbers(vector) for each, vector in vectors.items() if not site or each.name == site}
    if not chosen:
        return [], []
    scales = np.concatenate(list(chosen.values()))
    places = [(each, channel) for each in chosen for channel in each.positions]
    order = np.argsort(scales, kind="stable")

    def named(number: int) -> Channel:
        place, channel = places[number]
        return Channel(place.name, place.role, int(channel), float(scales[number]))

    amplified = [named(int(number)) for number in order[::-1][:count] if scales[number] > 1]
    inhibited = [named(int(number)) for number in order[:count] if scales[number] < 1]
    return amplified, inhibited


def concentration(vectors: Mapping[Site, Vector], share: float = HALF) -> float:
    """Return the smallest share of all channels that holds a share of the whole deviation Σ|scale − 1|; 0 without any.

    Example:
        >>> concentration({Site("a", "output", 4): np.array([1.0, 1.0, 1.0, 3.0])})
        0.25
    """
    deviations = np.sort(np.abs(np.concatenate([_numbers(vector) for vector in vectors.values()]) - 1))[::-1]
    total = deviations.sum()
    if not total:
        return 0.0
    needed = int(np.searchsorted(np.cumsum(deviations), share * total - 1e-12)) + 1
    return needed / len(deviations)


def concentration_sentence(vectors: Mapping[Site, Vector]) -> str:
    """Return a sentence on the share of channels with half of the deviation; empty if there is none."""
    held = concentration(vectors)
    return f" {held:.1%} of the channels account for half of the total change." if held else ""


def channel_table(channels: list[Channel]) -> pd.DataFrame:
    """Return channels as a table."""
    import pandas as pd

    return pd.DataFrame([asdict(each) for each in channels], columns=["site", "role", "channel", "scale"])


def _numbers(vector: Vector) -> NDArray[np.float64]:
    return np.asarray(vector, dtype=np.float64)
