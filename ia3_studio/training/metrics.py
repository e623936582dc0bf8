"""Metrics of answers: plain numbers and texts in, plain numbers out, without a model.

Most are scikit-learn's, SciPy's, torchmetrics' or nervaluate's own, under one name and with plain types.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import regex

from ia3_studio.data.scripts import UNSPACED, words_of
from ia3_studio.training.intervals import Interval, wilson

OUTSIDE = "O"
"""The tag of a token that belongs to no entity."""
LARGEST_LOSS = 700.0
"""Nats per token whose exponential is still a number."""


@dataclass(frozen=True)
class Accuracy:
    """Accuracy, with Wilson's 95 % interval."""

    right: int
    questions: int

    @property
    def share(self) -> float:
        """Return the accuracy."""
        return self.right / self.questions

    @property
    def interval(self) -> Interval:
        """Return Wilson's score interval."""
        return wilson(self.right, self.questions)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.1%} ({self.right} of {self.questions}; 95 % interval {low:.1%} to {high:.1%})"


class F1(NamedTuple):
    """F1 over all decisions, and as the mean over labels."""

    micro: float
    macro: float


def accuracy_of(labels: Sequence[int], predicted: Sequence[int]) -> Accuracy:
    """Count the rows whose predicted class is the right one."""
    return Accuracy(sum(one == other for one, other in zip(labels, predicted, strict=True)), len(labels))


def macro_f1(labels: Sequence[int], predicted: Sequence[int]) -> float:
    """Return the mean over classes of F1; a class that is neither asked for nor predicted does not count."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predicted, average="macro", zero_division=0))


def confusion_table(labels: Sequence[int], predicted: Sequence[int], classes: int) -> tuple[tuple[int, ...], ...]:
    """Return the confusion matrix: true class (row) by predicted class (column)."""
    from sklearn.metrics import confusion_matrix

    return tuple(map(tuple, confusion_matrix(labels, predicted, labels=range(classes)).tolist()))


def multi_label_f1(labels: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> F1:
    """Return F1 where a row may have several labels: each row holds 0 or 1 for every label."""
    from sklearn.metrics import f1_score

    micro, macro = (
        float(f1_score(np.asarray(labels), np.asarray(predicted), average=average, zero_division=0))
        for average in ("micro", "macro")
    )
    return F1(micro, macro)


def mean_absolute_error(targets: Sequence[float], predicted: Sequence[float]) -> float:
    """Return the mean absolute error."""
    from sklearn import metrics

    return float(metrics.mean_absolute_error(targets, predicted))


def pearson(targets: Sequence[float], predicted: Sequence[float]) -> float:
    """Return Pearson's correlation; 0 where one side never changes, since nothing is explained then."""
    from scipy.stats import pearsonr

    return float(pearsonr(targets, predicted).statistic) if _both_vary(targets, predicted) else 0.0


def spearman(targets: Sequence[float], predicted: Sequence[float]) -> float:
    """Return Spearman's correlation of ranks; 0 where one side never changes."""
    from scipy.stats import spearmanr

    return float(spearmanr(targets, predicted).statistic) if _both_vary(targets, predicted) else 0.0


def token_accuracy(labels: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Return the share of tokens with the right tag, over all rows."""
    right = [one == other for row, guess in zip(labels, predicted, strict=True) for one, other in _pairs(row, guess)]
    return sum(right) / len(right)


def token_macro_f1(labels: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Return the mean over tags but "O" of F1 by tokens; 0 where no other tag is asked for or predicted."""
    from sklearn.metrics import f1_score

    pairs = [pair for row, guess in zip(labels, predicted, strict=True) for pair in _pairs(row, guess)]
    tags = sorted({tag for pair in pairs for tag in pair} - {OUTSIDE})
    true, said = zip(*pairs, strict=True)
    return float(f1_score(true, said, labels=tags, average="macro", zero_division=0)) if tags else 0.0


class Entities(NamedTuple):
    """Counts of entities in one row or in many: both right in span and kind, predicted, asked for."""

    right: int
    predicted: int
    wanted: int


def count_entities(labels: Sequence[str], predicted: Sequence[str]) -> Entities:
    """Count one row's entities by BIO tags; an entity is right when its span and its kind are."""
    from nervaluate import Evaluator

    kinds = sorted({tag.partition("-")[2] for tag in (*labels, *predicted)} - {""})
    if not kinds:
        return Entities(0, 0, 0)
    found = Evaluator([list(labels)], [list(predicted)], tags=kinds, loader="list").evaluate()["overall"]["strict"]
    return Entities(found.correct, found.actual, found.possible)


def entity_f1(labels: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Return F1 over all entities of all rows, span and kind both right; 0 if there is none."""
    counts = [count_entities(row, guess) for row, guess in zip(labels, predicted, strict=True)]
    right, said, wanted = (sum(column) for column in zip(*counts, strict=True))
    return 2 * right / (said + wanted) if said + wanted else 0.0


def exact_match(answer: str, reference: str) -> bool:
    """Say whether two texts are the same but for case, punctuation, articles and spaces.

    Normalized as SQuAD's evaluation does (Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250, section 6.1), and
    beyond English likewise: punctuation of any script counts for nothing, full-width letters are the plain ones, and
    where words have no spaces between them, a space says nothing. Texts of punctuation alone are compared as they are.
    """
    if not words_of(answer) and not words_of(reference):
        return answer.split() == reference.split()
    return _squad(answer) == _squad(reference)


def rouge_l(answer: str, reference: str) -> float:
    """Return ROUGE-L's F-measure: the longest common subsequence of words, against both lengths.

    Lin 2004, https://aclanthology.org/W04-1013, section 3; without stemming. Words are runs of letters and digits of
    any script; in plain English that is what Google's rouge-score counts. Where a script has no spaces between words
    (Chinese, Japanese, Thai), each letter with its marks is one. Texts without a word are compared as they are.
    """
    from torchmetrics.functional.text.rouge import rouge_score

    if not words_of(answer) and not words_of(reference):
        return float(answer.split() == reference.split() and bool(answer.strip()))
    found = rouge_score(answer, reference, rouge_keys="rougeL", normalizer=str, tokenizer=words_of)
    return float(found["rougeL_fmeasure"])


def perplexity(mean_loss: float) -> float:
    """Return exp(mean loss in nats per token), of a loss of 700 at most: a number that can be written down."""
    return math.exp(min(mean_loss, LARGEST_LOSS))


def _squad(text: str) -> str:
    """Return a text without case, punctuation, articles, and spaces that say nothing."""
    bare = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).casefold())
    words = _ARTICLES.sub(" ", bare).split()
    return str(_JOINED.sub("", " ".join(words)))


_PUNCTUATION = regex.compile(r"[\p{P}$+<=>^`|~]")
_ARTICLES = regex.compile(r"\b(?:a|an|the)\b")
_JOINED = regex.compile(rf"(?<=[{UNSPACED}]) (?=[{UNSPACED}])")
"""A space between letters of scripts that have none between words."""


def _pairs(row: Sequence[str], guess: Sequence[str]) -> zip[tuple[str, str]]:
    return zip(row, guess, strict=True)


def _both_vary(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(set(one)) > 1 and len(set(other)) > 1
