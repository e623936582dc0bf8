"""How are two models compared on the same rows? Plain arrays in, an evaluation out.

Every measure is base compared with tuned, each with its 95 % interval, and the difference with the interval of a paired
bootstrap: the same rows are resampled for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ia3_studio.errors import DataError
from ia3_studio.training.intervals import Figures, Statistic, bootstrap
from ia3_studio.training.metrics import OUTSIDE, Accuracy, confusion_table, count_entities, macro_f1
from ia3_studio.training.report import Better, Confusion, Evaluation, EvaluationTask, Measure
from ia3_studio.training.row_statistics import (
    class_f1,
    correlation,
    exp_ratio,
    label_f1,
    mean,
    mean_f1,
    pooled_f1,
    ranks,
    ratio,
)

MODELS: tuple[Literal["base", "tuned"], ...] = ("base", "tuned")
NATS = "nats per token"
Tags = Sequence[Sequence[str]]
"""The tag of each word, row by row."""


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
    """Return the accuracy of both models; Wilson's intervals for the two, the bootstrap's between them."""
    found = measured(name, "", "higher", mean, _column(base), _column(tuned))
    one, other = (Accuracy(sum(rows), len(rows)).interval for rows in (base, tuned))
    return replace(found, base_interval=one, tuned_interval=other)


def mean_of(name: str, unit: str, better: Better, base: Sequence[float], tuned: Sequence[float]) -> Measure:
    """Return the mean of a number that each row has."""
    return measured(name, unit, better, mean, _column(base), _column(tuned))


def per_token(base: Sequence[float], tuned: Sequence[float], tokens: Sequence[int]) -> tuple[Measure, Measure]:
    """Return loss and perplexity from the rows' summed losses in nats; long rows count by their tokens."""
    one, other = (list(zip(summed, tokens, strict=True)) for summed in (base, tuned))
    loss = measured("Loss", NATS, "lower", ratio, one, other)
    return loss, measured("Perplexity", "", "lower", exp_ratio, one, other)


def evaluate_classes(
    scores_base: ArrayLike, scores_tuned: ArrayLike, labels: Sequence[int], names: Sequence[str]
) -> Evaluation:
    """Compare two classifiers: accuracy, macro-F1 and both confusion tables.

    Args:
        scores_base, scores_tuned: (rows, classes); the highest is the answer, of equal ones the first.
        labels: each row's correct class, counted from 0.
        names: of the classes.

    Raises:
        DataError: there are no rows, the shapes do not match, or a label is not one of the classes.
    """
    began = time.perf_counter()
    strange = next((label for label in labels if not 0 <= label < len(names)), None)
    if strange is not None:
        raise DataError(
            f"The label {strange} is not one of the {len(names)} classes, counted from 0; add its class name."
        )
    base, tuned = (
        _checked(scores, (len(labels), len(names))).argmax(1).tolist() for scores in (scores_base, scores_tuned)
    )
    right = share(
        "Accuracy", *([one == other for one, other in zip(labels, said, strict=True)] for said in (base, tuned))
    )
    f1 = measured("Macro-F1", "", "higher", class_f1, _pairs(labels, base), _pairs(labels, tuned))
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
    """Compare two models where a row may have several labels, each 0 or 1: micro-F1, macro-F1, subset accuracy.

    Raises:
        DataError: there are no rows, or the shapes do not match.
    """
    began = time.perf_counter()
    wanted = np.asarray(labels, dtype=np.float64)
    both = [_checked(predicted, wanted.shape) for predicted in (predicted_base, predicted_tuned)]
    one, other = (np.stack([wanted, said], axis=-1).reshape(len(wanted), -1).tolist() for said in both)
    measures = (
        measured("Micro-F1", "", "higher", lambda rows: label_f1(rows, pooled=True), one, other),
        measured("Macro-F1", "", "higher", lambda rows: label_f1(rows, pooled=False), one, other),
        share("Subset accuracy", *((said == wanted).all(1).tolist() for said in both)),
    )
    return _evaluation("labels", measures, len(wanted), began)


def evaluate_values(
    predicted_base: ArrayLike, predicted_tuned: ArrayLike, targets: Sequence[float], unit: str = ""
) -> Evaluation:
    """Compare two models that predict a number: mean absolute error, Pearson's and Spearman's correlation.

    Raises:
        DataError: there are no rows, or the shapes do not match.
    """
    began = time.perf_counter()
    base, tuned = (_checked(said, (len(targets),)) for said in (predicted_base, predicted_tuned))
    one, other = _pairs(targets, base.tolist()), _pairs(targets, tuned.tolist())
    measures = (
        mean_of("Mean absolute error", unit, "lower", *(np.abs(said - targets).tolist() for said in (base, tuned))),
        measured("Pearson correlation", "", "higher", correlation, one, other),
        measured("Spearman correlation", "", "higher", lambda rows: correlation(ranks(rows)), one, other),
    )
    return _evaluation("values", measures, len(targets), began)


def evaluate_tags(predicted_base: Tags, predicted_tuned: Tags, labels: Tags) -> Evaluation:
    """Compare two token classifiers: macro-F1 over all tags except "O", and token accuracy.

    Where all right tags are BIO, entity F1 comes first: an entity is right when its span and its kind are.

    Raises:
        DataError: there are no rows, a row without tags, or a different number of tags.
    """
    began = time.perf_counter()
    lengths = [len(row) for row in labels]
    if not lengths or not all(lengths):
        raise DataError("There are no rows, or a row has no tags; remove that row, or add its tags.")
    if any([len(row) for row in said] != lengths for said in (predicted_base, predicted_tuned)):
        raise DataError("Predicted and true tags differ in number; give one tag per token in both.")
    both = predicted_base, predicted_tuned
    tags = sorted({tag for rows in (labels, *both) for row in rows for tag in row} - {OUTSIDE})

    def measure(name: str, statistic: Statistic, count: Callable[..., Sequence[int]]) -> Measure:
        base, tuned = ([count(row, guess) for row, guess in zip(labels, said, strict=True)] for said in both)
        return measured(name, "", "higher", statistic, base, tuned)

    measures = [measure("Token accuracy", ratio, _right_tokens)]
    if tags:
        measures.insert(0, measure("Macro-F1 of tags", mean_f1, partial(_tag_counts, tags=tags)))
    if tags and all(tag.startswith(("B-", "I-")) for tag in tags):
        measures.insert(0, measure("Entity F1", pooled_f1, count_entities))
    return _evaluation("tags", tuple(measures), len(labels), began)


def _tag_counts(labels: Sequence[str], predicted: Sequence[str], tags: Sequence[str]) -> list[int]:
    """Return for each tag how often it was right, predicted and asked for in a row, as one list."""
    right = [label for label, said in zip(labels, predicted, strict=True) if label == said]
    return [part.count(tag) for tag in tags for part in (right, list(predicted), list(labels))]


def _right_tokens(labels: Sequence[str], predicted: Sequence[str]) -> tuple[int, int]:
    return sum(one == other for one, other in zip(labels, predicted, strict=True)), len(labels)


def _column(values: Sequence[float]) -> list[tuple[float]]:
    return [(value,) for value in values]


def _pairs(one: Sequence[float], other: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(one, other, strict=True))


def _checked(values: ArrayLike, shape: tuple[int, ...]) -> Figures:
    found = np.asarray(values, dtype=np.float64)
    if not shape[0] or found.shape != shape:
        raise DataError(f"The values to compare have the shape {found.shape}, not {shape}; give one value per row.")
    if not np.isfinite(found).all():
        raise DataError(
            "One of the values to compare is NaN or infinite: training diverged; train again with a "
            "lower learning rate."
        )
    return found


def _evaluation(
    task: EvaluationTask, measures: tuple[Measure, ...], rows: int, began: float, confusion: tuple[Confusion, ...] = ()
) -> Evaluation:
    return Evaluation(task, measures, rows, time.perf_counter() - began, confusion)
