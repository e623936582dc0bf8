"""How certain is a measured value? 95 % confidence intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
"""Measured values per row: shape (rows, figures of a row); a statistic also takes (resamples, rows, figures)."""
Statistic = Callable[[Figures], Figures]
"""From figures, (…, rows, figures of a row), to one number each, (…)."""

LEVEL = 0.95
RESAMPLES = 4_999
SEED = 0
"""The same rows give the same interval."""
DRAWN_AT_ONCE = 2_000_000
"""Values resampled at the same time; bounds memory."""


class Interval(NamedTuple):
    """The two ends of a 95 % interval."""

    low: float
    high: float


def wilson(right: int, count: int) -> Interval:
    """Return Wilson's score interval of a share: true also for few questions and near 0 or 1.

    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953.
    """
    from scipy.stats import binomtest

    found = binomtest(right, count).proportion_ci(LEVEL, method="wilson")
    return Interval(float(found.low), float(found.high))


def bootstrap(statistic: Callable[..., Figures], *tables: Figures) -> Interval | None:
    """Return the bootstrap's interval of a statistic of rows; None for less than two rows.

    Rows are sampled with replacement, the same ones from every table, so that differences are paired. The ends are
    bias-corrected and accelerated (BCa; Efron 1987, https://doi.org/10.1080/01621459.1987.10478410), plain percentiles
    where that correction is not defined, such as where every row says the same.
    """
    from scipy import stats

    rows = len(tables[0])
    if rows < 2:
        return None
    batch = max(1, DRAWN_AT_ONCE // sum(table.size for table in tables))

    def of_rows(places: NDArray[np.int64], axis: int) -> Figures:
        return statistic(*(table[places] for table in tables))

    drawn = stats.bootstrap(
        (np.arange(rows),), of_rows, vectorized=True, method="percentile", n_resamples=RESAMPLES, batch=batch,
        confidence_level=LEVEL, rng=np.random.default_rng(SEED),
    )  # fmt: skip
    plain = _ends(drawn)
    if plain.low == plain.high:
        return plain
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        corrected = _ends(
            stats.bootstrap(
                (np.arange(rows),), of_rows, vectorized=True, method="BCa", n_resamples=0, batch=batch,
                confidence_level=LEVEL, bootstrap_result=drawn,
            )
        )  # fmt: skip
    return corrected if np.isfinite(corrected).all() else plain


def _ends(found: Any) -> Interval:
    low, high = found.confidence_interval
    return Interval(float(low), float(high))
