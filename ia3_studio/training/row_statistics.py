"""Statistics of many rows, vectorized over thousands of resamples.

Each goes from figures of shape (…, rows, figures of a row) to numbers of shape (…). Where a library has the same
statistic of one sample (:mod:`ia3_studio.training.metrics`), the two agree.
"""

from __future__ import annotations

import numpy as np

from ia3_studio.training.intervals import Figures
from ia3_studio.training.metrics import LARGEST_LOSS


def mean(rows: Figures) -> Figures:
    """Return the mean of the rows' first figure."""
    return np.asarray(rows[..., 0].mean(-1))


def ratio(rows: Figures) -> Figures:
    """Return sum over count, of rows that have one of each."""
    return np.asarray(rows[..., 0].sum(-1) / rows[..., 1].sum(-1))


def exp_ratio(rows: Figures) -> Figures:
    """Return exp(sum over count): perplexity, where the sum is a loss."""
    return np.exp(np.minimum(ratio(rows), LARGEST_LOSS))


def class_f1(rows: Figures) -> Figures:
    """Return scikit-learn's macro-F1 of (label, predicted) rows, for many resamples at once."""
    drawn = rows.astype(np.int64).reshape(-1, *rows.shape[-2:])
    classes = int(drawn.max()) + 1
    first = np.arange(len(drawn))[:, None] * classes
    labels, said = drawn[..., 0] + first, drawn[..., 1] + first
    counted = (labels[labels == said], labels.ravel(), said.ravel())
    right, wanted, given = (np.bincount(each, minlength=first.size * classes).reshape(-1, classes) for each in counted)
    asked = wanted + given
    f1 = np.divide(2 * right, asked, out=np.zeros(asked.shape), where=asked > 0)
    return np.asarray((f1.sum(-1) / (asked > 0).sum(-1)).reshape(rows.shape[:-2]))  # over the classes that are there


def label_f1(rows: Figures, pooled: bool) -> Figures:
    """Return F1 of rows of (wanted, predicted) pairs, one a label: over all decisions, or the mean over labels."""
    pairs = rows.reshape(*rows.shape[:-1], -1, 2)  # (…, rows, labels, 2)
    right, asked = 2 * pairs.prod(-1).sum(-2), pairs.sum(-1).sum(-2)  # (…, labels)
    if pooled:
        right, asked = right.sum(-1, keepdims=True), asked.sum(-1, keepdims=True)
    return np.asarray(np.divide(right, asked, out=np.zeros_like(right), where=asked > 0).mean(-1))


def mean_f1(rows: Figures) -> Figures:
    """Return the mean over tags of F1, of rows with three counts a tag: right, predicted, asked for."""
    by_tag = rows.reshape(*rows.shape[:-1], -1, 3).swapaxes(-2, -3)  # (…, tags, rows, 3)
    return np.asarray(pooled_f1(by_tag).mean(-1))


def pooled_f1(rows: Figures) -> Figures:
    """Return F1 of rows with three counts: right, predicted, asked for."""
    right, said, wanted = np.moveaxis(rows.sum(-2), -1, 0)
    asked = said + wanted
    return np.asarray(np.divide(2 * right, asked, out=np.zeros_like(asked), where=asked > 0))


def correlation(rows: Figures) -> Figures:
    """Return Pearson's correlation of two figures; 0 where one never changes."""
    away = rows - rows.mean(-2, keepdims=True)
    spread = np.sqrt((away**2).sum(-2).prod(-1))
    together = away.prod(-1).sum(-1)
    vary = np.ptp(rows, axis=-2).all(-1)
    return np.asarray(np.divide(together, spread, out=np.zeros_like(together), where=vary))


def ranks(rows: Figures) -> Figures:
    """Return each figure's rank among its rows, in the shape of the figures."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(rows, axis=-2))


def share_gap(rows: Figures) -> Figures:
    """Return how far the mean of the first figure is from that of the second."""
    return np.asarray(np.abs(rows[..., 0].mean(-1) - rows[..., 1].mean(-1)))


def mean_gap(rows: Figures) -> Figures:
    """Return the mean of the rows marked 1 minus that of the rows marked 0; 0 where either is missing.

    Args:
        rows: (value, mark) of each row.
    """
    values, marks = rows[..., 0], rows[..., 1]
    ones, zeros = marks.sum(-1), (1 - marks).sum(-1)
    both = (ones > 0) & (zeros > 0)
    one = np.divide((values * marks).sum(-1), ones, out=np.zeros(ones.shape), where=both)
    other = np.divide((values * (1 - marks)).sum(-1), zeros, out=np.zeros(zeros.shape), where=both)
    return np.asarray(one - other)


def auc(rows: Figures) -> Figures:
    """Return how often a row marked 1 has a higher value than one marked 0, ties half; ½ where either is missing.

    Args:
        rows: (value, mark) of each row.
    """
    from scipy.stats import rankdata

    marks = rows[..., 1]
    ones, zeros = marks.sum(-1), (1 - marks).sum(-1)
    placed = (rankdata(rows[..., 0], axis=-1) * marks).sum(-1) - ones * (ones + 1) / 2  # Mann and Whitney's U
    return np.asarray(np.divide(placed, ones * zeros, out=np.full(ones.shape, 0.5), where=ones * zeros > 0))
