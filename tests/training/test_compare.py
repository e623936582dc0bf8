"""Base beside tuned from plain arrays: every measure is the reference's, with intervals that say what is sure."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from ia3_studio.errors import DataError
from ia3_studio.training import metrics
from ia3_studio.training.compare import (
    evaluate_classes,
    evaluate_labels,
    evaluate_tags,
    evaluate_values,
    mean_of,
    per_token,
    share,
)
from ia3_studio.training.report import Confusion, Evaluation
from ia3_studio.training.row_statistics import class_f1

NAMES = ("sea", "land", "sky")


def scores_for(answers: list[int], classes: int = 3) -> np.ndarray:
    return np.eye(classes)[answers] + np.linspace(0, 0.5, classes)  # a tilt, so that argmax is not the largest alone


def drawn(count: int, seed: int = 0, wrong: float = 0.5) -> tuple[list[int], list[int]]:
    """Return labels, and answers of which about a share is drawn at random."""
    generator = random.Random(seed)
    labels = [generator.randrange(3) for _ in range(count)]
    return labels, [generator.randrange(3) if generator.random() < wrong else label for label in labels]


def test_classes_are_compared_by_accuracy_macro_f1_and_both_tables() -> None:
    labels, base = drawn(40)
    found = evaluate_classes(scores_for(base), scores_for(labels), labels, NAMES)
    right, f1 = found.measures
    assert (right.base, right.tuned) == (metrics.accuracy_of(labels, base).share, 1)
    assert right.base_interval == metrics.accuracy_of(labels, base).interval
    assert f1.base == pytest.approx(f1_score(labels, base, average="macro")) and f1.tuned == 1
    for measure in (right, f1):
        low, high = measure.difference_interval or (0, 0)
        assert 0 < low < measure.difference < high
    assert found.confusion[0] == Confusion("base", NAMES, metrics.confusion_table(labels, base, 3))
    assert sum(map(sum, found.confusion[1].counts)) == sum(found.confusion[1].counts[k][k] for k in range(3)) == 40


def test_macro_f1_of_many_resamples_at_once_is_scikit_learns_of_each() -> None:
    labels, said = drawn(12, seed=3)
    places = np.random.default_rng(0).integers(0, 12, (4, 5, 12))
    rows = np.array([labels, said], dtype=float).T[places]  # (4, 5, rows, 2)
    found = class_f1(rows)
    assert found.shape == (4, 5)
    for place in np.ndindex(4, 5):
        assert found[place] == pytest.approx(
            metrics.macro_f1(rows[place][:, 0].astype(int), rows[place][:, 1].astype(int))
        )


def test_rows_with_several_labels_get_scikit_learns_f1() -> None:
    generator = np.random.default_rng(1)
    labels, base = generator.integers(0, 2, (30, 4)), generator.integers(0, 2, (30, 4))
    labels[:, 3] = base[:, 3] = 0  # a label that nobody has
    micro, macro, whole = evaluate_labels(base, labels, labels.tolist()).measures
    assert (micro.base, macro.base) == pytest.approx(metrics.multi_label_f1(labels.tolist(), base.tolist()))
    assert (micro.tuned, macro.tuned, whole.tuned) == (1, 0.75, 1)  # as scikit-learn has it for the label nobody has
    assert whole.base == (labels == base).all(1).mean()


def test_values_are_compared_by_distance_and_correlation() -> None:
    generator = np.random.default_rng(4)
    targets = generator.normal(0, 1, 25)
    base, tuned = np.full(25, 0.1), targets + generator.normal(0, 0.3, 25)
    error, pearson, spearman = evaluate_values(base, tuned, targets.tolist(), "mm").measures
    assert error.unit == "mm" and error.tuned == pytest.approx(metrics.mean_absolute_error(targets, tuned))
    assert (pearson.base, spearman.base) == (0, 0)  # a constant explains nothing
    assert pearson.tuned == pytest.approx(metrics.pearson(targets.tolist(), tuned.tolist()))
    assert spearman.tuned == pytest.approx(metrics.spearman(targets.tolist(), tuned.tolist()))
    assert error.better == "lower" and error.difference_interval and error.difference_interval.high < 0


def test_tags_are_compared_by_entities_tags_and_tokens() -> None:
    labels = [["B-PER", "I-PER", "O"], ["O", "B-LOC"]] * 6
    base = [["B-PER", "O", "O"], ["O", "B-LOC"]] * 6
    entities, tags, tokens = evaluate_tags(base, labels, labels).measures
    assert entities.base == pytest.approx(metrics.entity_f1(labels, base)) and entities.tuned == 1
    assert tags.base == pytest.approx(metrics.token_macro_f1(labels, base)) and tags.tuned == 1
    assert tokens.base == pytest.approx(metrics.token_accuracy(labels, base)) and tokens.tuned == 1


def test_tags_that_are_no_spans_have_no_entities() -> None:
    labels, base = [["DET", "NOUN"], ["VERB"]] * 4, [["DET", "VERB"], ["NOUN"]] * 4
    found = evaluate_tags(base, labels, labels).measures
    assert [measure.name for measure in found] == ["Macro-F1 of tags", "Token accuracy"]
    assert found[0].base == pytest.approx(metrics.token_macro_f1(labels, base)) == pytest.approx(1 / 3)
    assert [measure.name for measure in evaluate_tags([["O"]], [["O"]], [["O"]]).measures] == ["Token accuracy"]


def test_a_long_row_counts_by_its_tokens_in_loss_and_perplexity() -> None:
    loss, perplexity = per_token([10.0, 1.0, 2.0], [10.0, 1.0, 1.0], [10, 1, 1])
    assert (loss.base, loss.tuned) == (pytest.approx(13 / 12), pytest.approx(1))
    assert perplexity.base == pytest.approx(metrics.perplexity(13 / 12))
    assert perplexity.base_interval == pytest.approx(np.exp(loss.base_interval))
    assert perplexity.difference == pytest.approx(np.e - np.exp(13 / 12))


def test_what_changes_nothing_has_a_difference_of_exactly_zero() -> None:
    losses = np.random.default_rng(0).normal(3, 1, 20).tolist()
    for measure in (*per_token(losses, losses, [1] * 20), mean_of("x", "", "higher", losses, losses)):
        assert measure.difference == 0 and measure.difference_interval == (0, 0)
        assert measure.base_interval and measure.base_interval.low < measure.base < measure.base_interval.high


def test_an_evaluation_goes_through_json_unchanged() -> None:
    labels, base = drawn(10)
    found = evaluate_classes(scores_for(base), scores_for(labels), labels, NAMES)
    assert Evaluation.from_json(found.to_json()) == found
    alone = Evaluation("choices", (share("Rank accuracy", [True], [False]),), 1, 0.5)
    assert alone.measures[0].difference_interval is None and Evaluation.from_json(alone.to_json()) == alone


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"task": "x", "measures": [], "rows": 1, "seconds": 1, "confusion": []}']
)
def test_what_is_no_evaluation_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read .* evaluate again"):
        Evaluation.from_json(text)


def test_a_table_has_every_number_and_interval_in_a_column_of_its_own() -> None:
    record = Evaluation("choices", (share("Rank accuracy", [True, False], [True, True]),), 2, 0.5).table()[0]
    assert (record["base"], record["tuned"], record["difference"], record["rows"]) == (0.5, 1.0, 0.5, 2)
    assert {"base_low", "base_high", "tuned_low", "tuned_high", "difference_low", "difference_high"} <= record.keys()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: evaluate_classes(np.zeros((2, 3)), np.zeros((2, 2)), [0, 1], NAMES), r"shape \(2, 2\), not \(2, 3\)"),
        (lambda: evaluate_classes(np.zeros((0, 3)), np.zeros((0, 3)), [], NAMES), "give one value per row"),
        (
            lambda: evaluate_classes(np.zeros((1, 3)), np.zeros((1, 3)), [3], NAMES),
            "label 3 is not one of the 3 classes",
        ),
        (lambda: evaluate_classes(np.full((1, 3), np.nan), np.zeros((1, 3)), [0], NAMES), "NaN or infinite"),
        (lambda: evaluate_labels([[1]], [[1, 0]], [[1]]), "give one value per row"),
        (lambda: evaluate_values([1.0], [1.0, 2.0], [1.0]), "give one value per row"),
        (lambda: evaluate_tags([["O"]], [["O", "O"]], [["O"]]), "differ in number"),
        (lambda: evaluate_tags([[], ["O"]], [[], ["O"]], [[], ["O"]]), "a row has no tags"),
    ],
)
def test_what_does_not_fit_the_rows_is_refused(call: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        call()
