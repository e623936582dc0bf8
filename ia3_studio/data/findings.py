"""What should be checked in data before training? Duplicates, leaks, contradictions, rare labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ia3_studio.data.labels import label_counts
from ia3_studio.data.problem import Problem

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.split import DataSplit

FEW_ROWS = 5
"""A label with fewer training rows is reported as rare: T-Few's smallest few-shot sets have four per label."""


@dataclass(frozen=True)
class Reason:
    """Reasons for skipped rows, with their row numbers."""

    words: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Findings:
    """What was noticed about data; rows by their number in the file, counted from 1."""

    left_out: tuple[Reason, ...]
    """Rows that teach nothing, together where the reason is the same; the most frequent reason first."""
    copies: tuple[tuple[int, ...], ...]
    """Duplicate training rows; the first of each group is the original."""
    contradictions: tuple[tuple[int, ...], ...]
    """Training rows with the same prompt and different answers."""
    leaks: tuple[tuple[int, int], ...]
    """(held-out row, training row) with the same prompt: leaks, which measure memorization."""
    balance: tuple[tuple[str, int], ...]
    """Training rows per label, most frequent first; empty if there are no labels."""
    nearly_empty: tuple[tuple[str, tuple[int, ...]], ...]
    """Labels with fewer training rows than ``FEW_ROWS``, and these rows."""


def examine(split: DataSplit) -> Findings:
    """Return findings about loaded data: duplicates, leaks, contradictions, rare labels.

    Prompts are equal if they differ only in case and whitespace.

    Example:
        >>> examine(load_data("lighthouse")).copies   # doctest: +SKIP
        ()
    """
    asked = _by_question(split.train)
    groups = [_distinct(examples) for examples in asked.values() if len(examples) > 1]
    sorts = split.mapping.kind in ("labels", "tags", "pictures") and split.mapping.target != "number"
    return Findings(
        left_out=_reasons(split.problems),
        copies=tuple(rows for group in groups for answers in group for rows in [_rows(answers)] if len(rows) > 1),
        contradictions=tuple(
            _rows([answers[0] for answers in group]) for group in groups if len(group) > 1 and _contradict(group)
        ),
        leaks=tuple(
            (example.row, asked[question][0].row)
            for example in split.held_out
            if (question := _question(example)) in asked
        ),
        balance=tuple(label_counts(split.train).items()) if sorts else (),
        nearly_empty=_nearly_empty(split.train) if sorts else (),
    )


def _by_question(examples: Sequence[Example]) -> dict[int, list[Example]]:
    asked: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        asked[_question(example)].append(example)
    return asked


def _question(example: Example) -> int:
    """Return a number for what an example asks; of plain text, for all of it."""
    turns = example.messages[:-1] if len(example.messages) > 1 else example.messages
    said = [f"{turn.role}: {turn.content}" for turn in turns]
    parts = (*said, example.text, example.second, *example.words, *example.choices)
    return hash("\0".join(" ".join(part.casefold().split()) for part in parts))


def _distinct(examples: Sequence[Example]) -> list[list[Example]]:
    """Return examples that ask the same, those with the same answer together."""
    answers: dict[object, list[Example]] = defaultdict(list)
    for example in examples:
        answers[(example.labels, example.messages[-1:], example.rejected[-1:], example.desirable)].append(example)
    return list(answers.values())


def _contradict(group: Sequence[Sequence[Example]]) -> bool:
    """Say whether different answers to one prompt contradict each other.

    Preferences do where an answer is chosen in one row and rejected in another, or has both labels.
    """
    first = [answers[0] for answers in group]
    if not first[0].is_preference:
        return not _several(group)
    chosen = {each.messages[-1].content for each in first if each.desirable is not False}
    refused = {each.rejected[-1].content for each in first if each.rejected}
    refused |= {each.messages[-1].content for each in first if each.desirable is False}
    return bool(chosen & refused)


def _several(group: Sequence[Sequence[Example]]) -> bool:
    """Say whether different answers come from one row, which offers them all."""
    return len({answers[0].row for answers in group}) == 1


def _rows(examples: Sequence[Example]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(example.row for example in examples))


def _reasons(problems: Sequence[Problem]) -> tuple[Reason, ...]:
    rows: dict[str, list[int]] = defaultdict(list)
    for problem in problems:
        rows[problem.reason].append(problem.row)
    return tuple(Reason(words, tuple(rows[words])) for words, _count in _most_frequent(rows))


def _most_frequent(rows: dict[str, list[int]]) -> list[tuple[str, int]]:
    return Counter({words: len(numbers) for words, numbers in rows.items()}).most_common()


def _nearly_empty(examples: Sequence[Example]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    rows: dict[str, list[int]] = defaultdict(list)
    for example in examples:
        for label in dict.fromkeys(example.labels):
            rows[label].append(example.row)
    return tuple((label, tuple(numbers)) for label, numbers in rows.items() if len(numbers) < FEW_ROWS)
