"""What should a person know of data before anything trains on them? Copies, leaks, contradictions, rare labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ia3_studio.data.labels import label_counts
from ia3_studio.data.problem import Problem

if TYPE_CHECKING:
    from ia3_studio.data.examples import Example
    from ia3_studio.data.split import DataSplit

FEW_ROWS = 5
"""A label with fewer rows to learn from is nearly empty: T-Few's smallest draws have four of each."""


@dataclass(frozen=True)
class Reason:
    """Why rows are left out, and which."""

    words: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Findings:
    """What was noticed about data; rows by their number in the file, counted from 1."""

    left_out: tuple[Reason, ...]
    """Rows that teach nothing, together where the reason is the same; the most frequent reason first."""
    copies: tuple[tuple[int, ...], ...]
    """Rows to learn that say the same; the first of each group is the original."""
    contradictions: tuple[tuple[int, ...], ...]
    """Rows to learn that ask the same and are answered differently."""
    leaks: tuple[tuple[int, int], ...]
    """(held-out row, row to learn) that ask the same: such a row measures memory."""
    balance: tuple[tuple[str, int], ...]
    """Rows to learn of each label, the most frequent first; empty where nothing is sorted."""
    nearly_empty: tuple[tuple[str, tuple[int, ...]], ...]
    """Labels with fewer rows to learn than ``FEW_ROWS``, and these rows."""


def examine(split: DataSplit) -> Findings:
    """Return what is to be known of data that have been read.

    Two questions are the same when they differ in letter case and white space alone.

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
            _rows([answers[0] for answers in group]) for group in groups if len(group) > 1 and not _several(group)
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
        answers[(example.labels, example.messages[-1:])].append(example)
    return list(answers.values())


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
