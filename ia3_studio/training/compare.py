"""What do two models' answers to the same rows amount to? Plain arrays in, an evaluation out.

Every measure is base beside tuned, each with its 95 % interval, and the difference with the interval of a paired
bootstrap: the same rows are drawn for both.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ia3_studio.errors import DataError
from ia3_studio.training.intervals import Figures, Statistic, bootstrap
from ia3_studio.training.metrics import LARGEST_LOSS, OUTSIDE, Accuracy, confusion_table, count_entities, macro_f1
from ia3_studio.training.report import Better, Confusion, Evaluation, Measure, Task

MODELS: tuple[Literal["base", "tuned"], ...] = ("base", "tuned")
NATS = "nats per token"


def measured(
    name: str, unit: str, better: Better, statistic: Statistic, base: Sequence[object], tuned: Sequence[object]
) -> Measure:
    """Return one statistic of the rows' figures, of both models and of their difference.

    Args:
        statistic: from figures (…, rows, figures of a row) to numbers (…).
        base, tuned: the figures of each row, in the same order of rows.
    """
    one, other = (np.array(rows, dtype=np.float64) for rows in (base, tuned))  # (rows, figures of a row)

    def difference(base: Figures, tuned: Figures) -> Figures:
        return np.asarray(statistic(tuned) - statistic(base))

    return Measure(
        name, unit, better, float(statistic(one)), float(statistic(other)),
        bootstrap(statistic, one), bootstrap(statistic, other), bootstrap(difference, one, other),
    )  # fmt: skip


def share(name: str, base: Sequence[bool], tuned: Sequence[bool]) -> Measure:
    """Return the share of right rows of both models; Wilson's intervals for the two, the bootstrap's between them."""
    found = measured(name, "", "higher", mean, _column(base), _column(tuned))
    one, other = (Accuracy(sum(rows), len(rows)).interval for rows in (base, tuned))
    return replace(found, base_interval=one, tuned_interval=other)


def mean_of(name: str, unit: str, better: Better, base: Sequence[float], tuned: Sequence[float]) -> Measure:
    """Return the mean of a number that each row has."""
    return measured(name, unit, better, mean, _column(base), _column(tuned))


def per_token(base: Sequence[float], tuned: Sequence[float], tokens: Sequence[int]) -> tuple[Measure, Measure]:
    """Return loss and perplexity from the rows' summed losses in nats; long rows count by their tokens."""
    one, other = (list(zip(summed, tokens, strict=True)) for summed in (base, tuned))
    loss = measured("Loss", NATS, "lower", _loss, one, other)
    return loss, measured("Perplexity", "", "lower", _perplexity, one, other)


def evaluate_classes(
    scores_base: ArrayLike, scores_tuned: ArrayLike, labels: Sequence[int], names: Sequence[str]
) -> Evaluation:
    """Compare two classifiers: accuracy, macro-F1 and both confusion tables.

    Args:
        scores_base, scores_tuned: (rows, classes); the highest is the answer, of equal ones the first.
        labels: each row's right class, counted from 0.
        names: of the classes.

    Raises:
        DataError: there is no row, the shapes do not fit, or a label is none of the classes.
    """
    began = time.perf_counter()
    strange = next((label for label in labels if not 0 <= label < len(names)), None)
    if strange is not None:
        raise DataError(f"The label {strange} is none of the {len(names)} classes, counted from 0; name its class.")
    base, tuned = (
        _checked(scores, (len(labels), len(names))).argmax(1).tolist() for scores in (scores_base, scores_tuned)
    )
    right = share(
        "Accuracy", *([one == other for one, other in zip(labels, said, strict=True)] for said in (base, tuned))
    )
    f1 = measured("Macro-F1", "", "higher", _macro_f1, _pairs(labels, base), _pairs(labels, tuned))
    # The formula above is there for thousands of resamples at once; the numbers shown are scikit-learn's.
    f1 = replace(f1, base=macro_f1(labels, base), tuned=macro_f1(labels, tuned))
    tables = tuple(
        Confusion(model, tuple(names), confusion_table(labels, said, len(names)))
        for model, said in zip(MODELS, (base, tuned), strict=True)
    )
    return _evaluation("classes", (right, f1), len(labels), began, tables)


def evaluate_labels(
    predicted_base: ArrayLike, predicted_tuned: ArrayLike, labels: Sequence[Sequence[int]]
) -> Evaluation:
    """Compare two models where a row may have several labels, each 0 or 1: micro-F1, macro-F1, rows all right.

    Raises:
        DataError: there is no row, or the shapes do not fit.
    """
    began = time.perf_counter()
    wanted = np.asarray(labels, dtype=np.float64)
    both = [_checked(predicted, wanted.shape) for predicted in (predicted_base, predicted_tuned)]
    one, other = (np.stack([wanted, said], axis=-1).reshape(len(wanted), -1).tolist() for said in both)
    measures = (
        measured("Micro-F1", "", "higher", lambda rows: _label_f1(rows, pooled=True), one, other),
        measured("Macro-F1", "", "higher", lambda rows: _label_f1(rows, pooled=False), one, other),
        share("All labels right", *((said == wanted).all(1).tolist() for said in both)),
    )
    return _evaluation("labels", measures, len(wanted), began)


def evaluate_values(
    predicted_base: ArrayLike, predicted_tuned: ArrayLike, targets: Sequence[float], unit: str = ""
) -> Evaluation:
    """Compare two models that predict a number: mean absolute error, Pearson's and Spearman's correlation.

    Raises:
        DataError: there is no row, or the shapes do not fit.
    """
    began = time.perf_counter()
    base, tuned = (_checked(said, (len(targets),)) for said in (predicted_base, predicted_tuned))
    one, other = _pairs(targets, base.tolist()), _pairs(targets, tuned.tolist())
    measures = (
        mean_of("Mean absolute error", unit, "lower", *(np.abs(said - targets).tolist() for said in (base, tuned))),
        measured("Pearson correlation", "", "higher", _correlation, one, other),
        measured("Spearman correlation", "", "higher", lambda rows: _correlation(_ranks(rows)), one, other),
    )
    return _evaluation("values", measures, len(targets), began)


def evaluate_tags(
    predicted_base: Sequence[Sequence[str]], predicted_tuned: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]
) -> Evaluation:
    """Compare two taggers by BIO tags: entity F1 (span and kind both right), and the share of right tokens.

    Raises:
        DataError: there is no row, one without a tag or with more tags than another, or a tag that is not BIO.
    """
    began = time.perf_counter()
    lengths = [len(row) for row in labels]
    if not lengths or not all(lengths):
        raise DataError("There is a row without a tag, or no row at all; leave it out, or give one.")
    if any([len(row) for row in said] != lengths for said in (predicted_base, predicted_tuned)):
        raise DataError("The predicted tags are not as many as the right ones; give one a token on both sides.")
    tags = {tag for rows in (labels, predicted_base, predicted_tuned) for row in rows for tag in row}
    strange = sorted(tag for tag in tags if tag != OUTSIDE and not tag.startswith(("B-", "I-")))
    if strange:
        raise DataError(
            f"The tag {strange[0]!r} is none of O, B-… and I-…; write where each entity begins and goes on."
        )
    entities, tokens = (
        [
            [count(row, guess) for row, guess in zip(labels, said, strict=True)]
            for said in (predicted_base, predicted_tuned)
        ]
        for count in (count_entities, _right_tokens)
    )
    measures = (
        measured("Entity F1", "", "higher", _entity_f1, *entities),
        measured("Token accuracy", "", "higher", _loss, *tokens),
    )
    return _evaluation("tags", measures, len(labels), began)


def mean(rows: Figures) -> Figures:
    """Return the mean of the rows' first figure."""
    return np.asarray(rows[..., 0].mean(-1))


def _loss(rows: Figures) -> Figures:
    """Return sum over count, of rows that have one of each."""
    return np.asarray(rows[..., 0].sum(-1) / rows[..., 1].sum(-1))


def _perplexity(rows: Figures) -> Figures:
    return np.exp(np.minimum(_loss(rows), LARGEST_LOSS))


def _macro_f1(rows: Figures) -> Figures:
    """Return scikit-learn's macro-F1 of (label, predicted) rows, for many resamples at once."""
    drawn = rows.astype(np.int64).reshape(-1, *rows.shape[-2:])
    classes = int(drawn.max()) + 1
    first = np.arange(len(drawn))[:, None] * classes
    labels, said = drawn[..., 0] + first, drawn[..., 1] + first
    counted = (labels[labels == said], labels.ravel(), said.ravel())
    right, wanted, given = (np.bincount(each, minlength=first.size * classes).reshape(-1, classes) for each in counted)
    return np.asarray(_present_mean(2 * right, wanted + given).reshape(rows.shape[:-2]))


def _label_f1(rows: Figures, pooled: bool) -> Figures:
    """Return F1 of rows of (wanted, predicted) pairs, one a label: over all decisions, or the mean over labels."""
    pairs = rows.reshape(*rows.shape[:-1], -1, 2)  # (…, rows, labels, 2)
    right, asked = 2 * pairs.prod(-1).sum(-2), pairs.sum(-1).sum(-2)  # (…, labels)
    if pooled:
        right, asked = right.sum(-1, keepdims=True), asked.sum(-1, keepdims=True)
    return np.asarray(np.divide(right, asked, out=np.zeros_like(right), where=asked > 0).mean(-1))


def _present_mean(right: NDArray[np.int64], asked: NDArray[np.int64]) -> Figures:
    """Return the mean of F1 over the classes that are there, (…)."""
    f1 = np.divide(right, asked, out=np.zeros(right.shape), where=asked > 0)
    return np.asarray(f1.sum(-1) / (asked > 0).sum(-1))


def _entity_f1(rows: Figures) -> Figures:
    right, said, wanted = np.moveaxis(rows.sum(-2), -1, 0)
    asked = said + wanted
    return np.asarray(np.divide(2 * right, asked, out=np.zeros_like(asked), where=asked > 0))


def _correlation(rows: Figures) -> Figures:
    """Return Pearson's correlation of two figures; 0 where one never changes."""
    away = rows - rows.mean(-2, keepdims=True)
    spread = np.sqrt((away**2).sum(-2).prod(-1))
    together = away.prod(-1).sum(-1)
    vary = np.ptp(rows, axis=-2).all(-1)
    return np.asarray(np.divide(together, spread, out=np.zeros_like(together), where=vary))


def _ranks(rows: Figures) -> Figures:
    from scipy.stats import rankdata

    return np.asarray(rankdata(rows, axis=-2))


def _right_tokens(labels: Sequence[str], predicted: Sequence[str]) -> tuple[int, int]:
    return sum(one == other for one, other in zip(labels, predicted, strict=True)), len(labels)


def _column(values: Sequence[float]) -> list[tuple[float]]:
    return [(value,) for value in values]


def _pairs(one: Sequence[float], other: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(one, other, strict=True))


def _checked(values: ArrayLike, shape: tuple[int, ...]) -> Figures:
    found = np.asarray(values, dtype=np.float64)
    if not shape[0] or found.shape != shape:
        raise DataError(f"The numbers to compare have the shape {found.shape}, not {shape}; give one for every row.")
    if not np.isfinite(found).all():
        raise DataError(
            "One of the numbers to compare is not finite: the model is ruined; train again at a lower rate."
        )
    return found


def _evaluation(
    task: Task, measures: tuple[Measure, ...], rows: int, began: float, confusion: tuple[Confusion, ...] = ()
) -> Evaluation:
    return Evaluation(task, measures, rows, time.perf_counter() - began, confusion)
