"""Which tokens does a classifier read, and what is it to answer? Texts and words with their labels, as numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from ia3_studio.data.examples import Example, LabelKind
from ia3_studio.data.problem import Problem
from ia3_studio.data.tokens import IGNORED
from ia3_studio.errors import DataError

MOST_LABELS = 1000
"""More different labels than this are no classes but free text."""


@dataclass(frozen=True)
class Labels:
    """What a text, or each of its words, can be sorted into."""

    kind: LabelKind
    names: tuple[str, ...]
    """In the order of the classifier's outputs; for a number the one name is that of its column."""
    of_words: bool = False
    """Whether every word has a label, and not the text."""

    def to_json(self) -> str:
        """Return the labels as JSON text, for an adapter's metadata."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Labels:
        """Read labels written by :meth:`to_json`.

        Raises:
            DataError: the text is no labels.
        """
        try:
            document = json.loads(text)
            kind, names = document["kind"], tuple(map(str, document["names"]))
            if kind not in get_args(LabelKind):
                raise ValueError(f"the kind {kind!r} is unknown")
            return cls(kind, names, bool(document["of_words"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"The labels of this classifier cannot be read ({error}); export it again.") from error


@dataclass(frozen=True)
class LabelRow:
    """One text, or pair of texts, as a classifier sees it."""

    input_ids: tuple[int, ...]
    segments: tuple[int, ...]
    """Which of two texts a token belongs to, as long as ``input_ids``; empty for models that are not told."""
    targets: tuple[float, ...]
    """The place of the label among the names (single), a 1 or 0 for each of them (multi), or the number."""
    row: int
    """The data row it comes from, counted from 1."""
    cut: bool = False
    """Whether the row was longer than allowed and lost its end."""


@dataclass(frozen=True)
class TagRow:
    """One text whose words have labels, as a classifier sees it."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The place of a word's label at its first token, IGNORED elsewhere; as long as ``input_ids``."""
    row: int
    cut: bool = False


@dataclass(frozen=True)
class Labelled:
    """All rows that can be used, and what happened to the others."""

    rows: tuple[LabelRow | TagRow, ...]
    cut: tuple[int, ...]
    """Data rows that lost their end."""
    problems: tuple[Problem, ...]
    """Data rows left out, and why."""


def labels_of(examples: Sequence[Example], kind: LabelKind) -> Labels:
    """Return the labels that examples have, by name; names that are whole numbers by their size.

    Raises:
        DataError: there are fewer than two, or so many that they are no classes, or a number is none.
    """
    if kind == "number":
        for example in examples:
            _number(example)
        return Labels(kind, ("value",))
    found = {label for example in examples for label in example.labels}
    if len(found) < 2:
        only = f"the only label is {next(iter(found))!r}" if found else "there is no label"
        raise DataError(f"To sort texts takes two different labels at least, and {only}; add rows of another class.")
    if len(found) > MOST_LABELS:
        raise DataError(
            f"There are {len(found):,} different labels, which are no classes but free text; name their column 'answer'"
            " to train on them as text."
        )
    return Labels(kind, tuple(sorted(found, key=_by_size)), of_words=any(example.words for example in examples))


def label_counts(examples: Sequence[Example]) -> dict[str, int]:
    """Return how many rows have each label, the most frequent first."""
    return dict(Counter(label for example in examples for label in example.labels).most_common())


def rare_labels(examples: Sequence[Example]) -> tuple[str, ...]:
    """Return the labels that one row alone has: hardly anything can be learned of them."""
    return tuple(label for label, rows in label_counts(examples).items() if rows == 1)


def tokenize_labels(examples: Sequence[Example], labels: Labels, tokenizer: Any, max_length: int) -> Labelled:
    """Turn labelled examples into rows of at most ``max_length`` tokens.

    A row with a label that is not among ``labels`` is left out, and listed.

    Raises:
        DataError: no row can be used.
    """
    rows: list[LabelRow | TagRow] = []
    problems: list[Problem] = []
    for example in examples:
        unknown = [label for label in example.labels if label not in labels.names] if labels.kind != "number" else []
        if unknown:
            problems.append(Problem(example.row, f"no row to learn from has its label {unknown[0]!r}"))
        elif labels.of_words:
            rows.append(_tag_row(example, labels, tokenizer, max_length))
        else:
            rows.append(_label_row(example, labels, tokenizer, max_length))
    if not rows:
        reason = f"; row {problems[0].row}: {problems[0].reason}" if problems else ""
        raise DataError(f"No row can be used{reason}.")
    return Labelled(tuple(rows), tuple(row.row for row in rows if row.cut), tuple(problems))


def _label_row(example: Example, labels: Labels, tokenizer: Any, max_length: int) -> LabelRow:
    texts = (example.text, example.second) if example.second else (example.text,)
    whole = len(tokenizer(*texts, verbose=False)["input_ids"])
    read = tokenizer(*texts, truncation=True, max_length=max_length)
    segments = tuple(read.get("token_type_ids", ()))
    return LabelRow(tuple(read["input_ids"]), segments, _targets(example, labels), example.row, whole > max_length)


def _targets(example: Example, labels: Labels) -> tuple[float, ...]:
    if labels.kind == "number":
        return (_number(example),)
    if labels.kind == "multi":
        return tuple(float(name in example.labels) for name in labels.names)
    return (float(labels.names.index(example.labels[0])),)


def _tag_row(example: Example, labels: Labels, tokenizer: Any, max_length: int) -> TagRow:
    """Return the tokens of words; the first token of each is labelled, which is where its answer is read."""
    words, tags = list(example.words), example.labels
    read = tokenizer(words, is_split_into_words=True, truncation=True, max_length=max_length)
    places = read.word_ids()
    first = [word is not None and word not in places[:place] for place, word in enumerate(places)]
    found = tuple(
        labels.names.index(tags[word]) if begins else IGNORED for word, begins in zip(places, first, strict=True)
    )
    seen = sum(first)
    return TagRow(tuple(read["input_ids"]), found, example.row, seen < len(words))


def _number(example: Example) -> float:
    try:
        return float(example.labels[0])
    except ValueError as error:
        raise DataError(
            f"The label of row {example.row} is {example.labels[0]!r}, the others are numbers; make it one too."
        ) from error


def _by_size(label: str) -> tuple[int, float, str]:
    """Sort names that are numbers by size, and all others by letter."""
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)
