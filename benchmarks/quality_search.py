"""Which learning rate is a method's best? The search widens until the best has a worse one on each side.

A rate is as good as the mean of its seeds on the validation rows. The first seed is tried at every rate, the others at
the best one; if it then turns out worse than another, the search goes on from that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from quality_runs import Asked, Measure, QualityRun

SEARCHED = 10
"""Rates at most; the tables mark a best rate that is at the end of a search."""
Tried = dict[float, list[QualityRun]]
"""The runs of each rate, one for each seed that was tried."""


def search(asked: Asked, measure: Measure, seeds: int = 1) -> Tried:
    """Try rates from the asked one on until the best is inside and has all seeds; return the runs of each.

    A method without a rate has one run.
    """
    tried: Tried = {asked.rate: [measure(asked)]}
    if not asked.rate:
        return tried
    while True:
        best = best_rate(tried)
        missing = missing_neighbors(best, tried) if len(tried) < SEARCHED else []
        if missing:
            tried[missing[0]] = [measure(replace(asked, rate=missing[0]))]
        elif len(tried[best]) < seeds:
            tried[best].append(measure(replace(asked, rate=best, seed=len(tried[best]))))
        else:
            return tried


def best_rate(tried: Mapping[float, Sequence[QualityRun]]) -> float:
    """Return the rate that was best on the validation rows."""
    return max(tried, key=lambda rate: tuple(map(fmean, zip(*(run.goodness for run in tried[rate]), strict=True))))


def missing_neighbors(rate: float, tried: Collection[float]) -> list[float]:
    """Return the neighbors of a rate that were not tried."""
    return [near for near in (neighbor(rate, 1), neighbor(rate, -1)) if near not in tried]


def neighbor(rate: float, places: int) -> float:
    """Return the rate so many places up in the series …, 0.001, 0.003, 0.01, 0.03, …

    >>> neighbor(0.003, 1), neighbor(0.003, -1)
    (0.01, 0.001)
    """
    digits, exponent = f"{rate:.0e}".split("e")
    place = 2 * int(exponent) + (float(digits) >= 3) + places
    return float(f"{(1, 3)[place % 2]}e{place // 2}")
