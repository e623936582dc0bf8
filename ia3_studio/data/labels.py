"""How are labeled texts and words tokenized for a classifier?"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from ia3_studio.data.example import Example
from ia3_studio.data.mapping import LabelKind
from ia3_studio.data.problem import Problem
from ia3_studio.data.tokens import IGNORED
from ia3_studio.data.word_tokens import word_tokens
from ia3_studio.data.words import read_whole, special_texts, spoken
from ia3_studio.errors import DataError
from ia3_studio.typed import typed

Labeled = Literal["texts", "words", "images"]
"""What has labels."""
FACTS = ("studio.json", "ia3_adapter.json")
"""Where an adapter's folder holds what is known of it, in PEFT's layout and in our own."""
MOST_LABELS = 1000
"""More different labels than this are no classes but free text."""


@dataclass(frozen=True)
class Labels:
    """The label set of a classifier, for texts or words."""

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
            found = typed(cls, document if isinstance(document, dict) else {})
            if len(set(found.names)) < len(found.names):
                raise ValueError("a label occurs twice")
            return found
        except (ValueError, RecursionError) as error:
            raise DataError(f"The labels of this classifier cannot be read ({error}); export it again.") from error


@dataclass(frozen=True)
class LabelRow:
    """One text, or pair of texts, as a classifier sees it."""

    input_ids: tuple[int, ...]
    segments: tuple[int, ...]
    """Token type ids of a text pair, as long as ``input_ids``; empty for models without them."""
    targets: tuple[float, ...]
    """The place of the label among the names (single), a 1 or 0 for each of them (multi), or the number."""
    row: int
    """Number of its data row, starting at 1."""
    truncated: bool = False
    """Whether the row was longer than allowed and lost its end."""


@dataclass(frozen=True)
class TagRow:
    """One text whose words have labels, as a classifier sees it."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The place of a word's label at its first token, IGNORED elsewhere; as long as ``input_ids``."""
    row: int
    truncated: bool = False
    segments: tuple[int, ...] = ()
    """As in :class:`LabelRow`."""


@dataclass(frozen=True)
class LabeledRows:
    """All rows that can be used, and what happened to the others."""

    rows: tuple[LabelRow | TagRow, ...]
    truncated: tuple[int, ...]
    """Data rows that lost their end."""
    problems: tuple[Problem, ...]
    """Skipped data rows, with reasons."""
    notes: tuple[Problem, ...] = ()
    """Data rows that are read otherwise than they are written, and how."""
    unread: tuple[int, ...] = ()
    """Data rows with a word that has no tokens, so its label is ignored."""


def labels_in(folder: Path) -> Labels | None:
    """Return the labels of an adapter's classifier; None if it is not a classifier. No tensor is read.

    Raises:
        DataError: what it says of its labels cannot be read.
    """
    said = _known_of(folder).get("labels")
    return Labels.from_json(str(said)) if said else None


def labeled_in(folder: Path) -> Labeled:
    """Return what an adapter's classifier labels. Adapters of images made by 0.1 are known by having no task type."""
    known = _known_of(folder)
    said = next((each for each in get_args(Labeled) if each == known.get("labels_of")), None)
    if said is not None:
        return cast(Labeled, said)
    labels = labels_in(folder)
    if labels is not None and labels.of_words:
        return "words"
    return "images" if labels is not None and not known.get("task_type") else "texts"


def length_in(folder: Path) -> int | None:
    """Return how many tokens of a text an adapter's classifier was trained on at most; None where that is unknown."""
    said = str(_known_of(folder).get("max_length", ""))
    return int(said) if said.isdecimal() and len(said) < 10 and int(said) > 0 else None


def _known_of(folder: Path) -> dict[str, Any]:
    """Return the metadata in an adapter's folder; empty for a damaged file, reported when the adapter is loaded."""
    for name in FACTS:
        try:
            document = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):  # one of the two is there
            continue
        said = document.get("metadata") if isinstance(document, dict) else None
        if isinstance(said, dict) and "labels" in said:
            return said
    return {}


def labels_of(examples: Sequence[Example], kind: LabelKind) -> Labels:
    """Return the sorted label names of the examples; integer names are sorted by value.

    Raises:
        DataError: there are fewer than two labels, too many for classes, or an invalid number.
    """
    if kind == "number":
        for example in examples:
            _number(example)
        return Labels(kind, ("value",))
    found = {label for example in examples for label in example.labels}
    if len(found) < 2:
        only = f"the only label is {next(iter(found))!r}" if found else "no label was found"
        raise DataError(
            f"Text classification needs at least two different labels, but {only}; add rows of another class."
        )
    if len(found) > MOST_LABELS:
        raise DataError(
            f"There are {len(found):,} different labels, too many for classes: they look like free text; "
            "rename their column to 'answer' to train on them as text."
        )
    return Labels(kind, tuple(sorted(found, key=_by_size)), of_words=any(example.words for example in examples))


def foreign_labels(labels: Labels, examples: Sequence[Example]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the labels that only the examples have, and those that only the classifier knows, each in its order."""
    if labels.kind == "number":
        return (), ()
    found = {label for example in examples for label in example.labels}
    new = sorted(found.difference(labels.names), key=_by_size)
    return tuple(new), tuple(name for name in labels.names if name not in found)


def label_counts(examples: Sequence[Example]) -> dict[str, int]:
    """Return how many rows have each label, the most frequent first."""
    return dict(Counter(label for example in examples for label in example.labels).most_common())


def rare_labels(examples: Sequence[Example]) -> tuple[str, ...]:
    """Return the labels with only one row, too few to learn from."""
    return tuple(label for label, rows in label_counts(examples).items() if rows == 1)


def tokenize_labels(examples: Sequence[Example], labels: Labels, tokenizer: Any, max_length: int) -> LabeledRows:
    """Tokenize labeled examples to rows of at most ``max_length`` tokens.

    A row with a label that is not in ``labels`` is skipped and listed.

    Raises:
        DataError: no row is usable.
    """
    rows: list[LabelRow | TagRow] = []
    problems: list[Problem] = []
    unread: list[int] = []
    specials = special_texts(tokenizer)
    for example in examples:
        unknown = [label for label in example.labels if label not in labels.names] if labels.kind != "number" else []
        if unknown:
            problems.append(Problem(example.row, f"no training row has its label {unknown[0]!r}"))
        elif labels.of_words:
            row, lost = _tag_row(example, labels, tokenizer, max_length)
            unread += [example.row] if lost else []
            if any(label != IGNORED for label in row.labels):
                rows.append(row)
            else:
                problems.append(Problem(example.row, "none of its words has a token within the max length"))
        else:
            rows.append(_label_row(example, labels, tokenizer, max_length, specials))
    if not rows:
        reason = f"; row {problems[0].row}: {problems[0].reason}" if problems else ""
        raise DataError(f"No usable row{reason}.")
    notes = tuple(Problem(each.row, note) for each in examples for note in spoken(_words_of(each), specials))
    return LabeledRows(
        tuple(rows), tuple(row.row for row in rows if row.truncated), tuple(problems), notes, tuple(unread)
    )


def read_texts(texts: Sequence[str], tokenizer: Any, max_length: int) -> list[LabelRow]:
    """Turn texts without labels into the rows that a classifier was trained on, numbered from 1."""
    specials = special_texts(tokenizer)
    return [_read(number, (text,), (), tokenizer, max_length, specials) for number, text in enumerate(texts, start=1)]


def _words_of(example: Example) -> tuple[str, ...]:
    return (example.text, example.second, *example.words)


def _label_row(example: Example, labels: Labels, tokenizer: Any, max_length: int, specials: Sequence[str]) -> LabelRow:
    texts = (example.text, example.second) if example.second else (example.text,)
    return _read(example.row, texts, _targets(example, labels), tokenizer, max_length, specials)


def _read(
    row: int,
    texts: Sequence[str],
    targets: tuple[float, ...],
    tokenizer: Any,
    max_length: int,
    specials: Sequence[str],
) -> LabelRow:
    whole = len(read_whole(texts, tokenizer, specials)["input_ids"])
    read = read_whole(texts, tokenizer, specials, truncation=True, max_length=max_length)
    segments = tuple(read.get("token_type_ids", ()))
    return LabelRow(tuple(read["input_ids"]), segments, targets, row, whole > max_length)


def _targets(example: Example, labels: Labels) -> tuple[float, ...]:
    if labels.kind == "number":
        return (_number(example),)
    if labels.kind == "multi":
        return tuple(float(name in example.labels) for name in labels.names)
    return (float(labels.names.index(example.labels[0])),)


def _tag_row(example: Example, labels: Labels, tokenizer: Any, max_length: int) -> tuple[TagRow, bool]:
    """Return the tokens of words, and whether a word has none.

    The first token of each word gets the label.
    """
    read = word_tokens(example.words, tokenizer, max_length)
    places = [labels.names.index(tag) for tag in example.labels]
    found = tuple(IGNORED if word is None else places[word] for word in read.firsts)
    return TagRow(read.ids, found, example.row, read.truncated, read.segments), bool(read.unread)


def _number(example: Example) -> float:
    try:
        value = float(example.labels[0])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"The label of row {example.row} is {example.labels[0]!r}, but the others are numbers; change "
            "it to a number."
        )
    return value


def _by_size(label: str) -> tuple[int, float, str]:
    """Sort numeric names by value and all others alphabetically: a total order, the same on every machine."""
    try:
        size = float(label)
    except ValueError:
        size = math.nan
    return (1, 0.0, label) if math.isnan(size) else (0, size, label)  # "nan" is neither below nor above a number
