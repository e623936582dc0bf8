"""How does a model see preferences? As a prompt with two answers, or with one answer and its label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.answer_spans import Tokens, conversations_tokens
from ia3_studio.data.example import Example
from ia3_studio.data.problem import Problem
from ia3_studio.data.tokens import IGNORED, TokenRow, token_row
from ia3_studio.errors import DataError


@dataclass(frozen=True)
class PairRow:
    """A prompt with its chosen and its rejected answer."""

    input_ids: tuple[int, ...]
    """The prompt and the chosen answer."""
    labels: tuple[int, ...]
    """Of the chosen answer, as in :class:`~ia3_studio.data.tokens.TokenRow`."""
    rejected_ids: tuple[int, ...]
    rejected_labels: tuple[int, ...]
    row: int
    """Number of its data row, starting at 1."""
    truncated: bool
    """Whether one of the answers lost its end."""

    @property
    def sides(self) -> tuple[TokenRow, TokenRow]:
        """Return the chosen and the rejected side as rows of their own."""
        return (
            TokenRow(self.input_ids, self.labels, self.row, self.truncated),
            TokenRow(self.rejected_ids, self.rejected_labels, self.row, self.truncated),
        )


@dataclass(frozen=True)
class JudgedRow:
    """A prompt with an answer that is desirable or not, and the same prompt with the answer to another one."""

    input_ids: tuple[int, ...]
    """The prompt and its answer."""
    labels: tuple[int, ...]
    """Of the answer, as in :class:`~ia3_studio.data.tokens.TokenRow`."""
    desirable: bool
    other_ids: tuple[int, ...]
    """The prompt and another row's answer, by which KTO estimates how far the model is from the base model."""
    other_labels: tuple[int, ...]
    row: int
    """Number of its data row, starting at 1."""
    truncated: bool
    """Whether the answer lost its end."""

    @property
    def answer(self) -> TokenRow:
        """Return the prompt and its answer as a row of its own."""
        return TokenRow(self.input_ids, self.labels, self.row, self.truncated)

    @property
    def mismatched(self) -> TokenRow:
        """Return the prompt and another row's answer as a row of its own."""
        return TokenRow(self.other_ids, self.other_labels, self.row, self.truncated)


@dataclass(frozen=True)
class PreferenceRows:
    """All rows with something to compare, and what happened to the others."""

    rows: tuple[PairRow, ...] | tuple[JudgedRow, ...]
    truncated: tuple[int, ...]
    """Data rows with an answer that lost its end."""
    problems: tuple[Problem, ...] = ()
    """Data rows that are skipped, and why."""
    notes: tuple[Problem, ...] = ()
    """Notes on data rows whose tokens differ from their text."""


def tokenize_pairs(examples: Sequence[Example], tokenizer: Any, max_length: int) -> PreferenceRows:
    """Turn comparisons into rows, each side of at most ``max_length`` tokens.

    Raises:
        DataError: no pair can be compared within that length.
    """
    rows: list[PairRow] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    written = conversations_tokens([side for each in examples for side in (each.messages, each.rejected)], tokenizer)
    for example in examples:
        sides = [next(written), next(written)]
        if refused := next((each for each in sides if isinstance(each, DataError)), None):
            problems.append(Problem(example.row, str(refused).rstrip(".")))
            continue
        told = [each for each in sides if isinstance(each, Tokens)]
        chosen, rejected = (token_row(example.row, each, max_length) for each in told)
        if reason := _why_not(chosen, rejected, max_length):
            problems.append(Problem(example.row, reason))
            continue
        truncated = chosen.truncated or rejected.truncated
        rows.append(
            PairRow(chosen.input_ids, chosen.labels, rejected.input_ids, rejected.labels, example.row, truncated)
        )
        notes += [Problem(example.row, note) for note in dict.fromkeys(note for each in told for note in each.notes)]
    _require_any(rows, problems)
    return PreferenceRows(tuple(rows), tuple(row.row for row in rows if row.truncated), tuple(problems), tuple(notes))


def tokenize_judged(examples: Sequence[Example], tokenizer: Any, max_length: int) -> PreferenceRows:
    """Turn answers with a label into rows of at most ``max_length`` tokens.

    The other answer of a row is that of the row before it, and of the first row that of the last.

    Raises:
        DataError: no row has a token of its answer within that length.
    """
    rows: list[tuple[TokenRow, bool]] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    written = conversations_tokens([example.messages for example in examples], tokenizer)
    for example, found in zip(examples, written, strict=True):
        if isinstance(found, DataError):
            problems.append(Problem(example.row, str(found).rstrip(".")))
            continue
        row = token_row(example.row, found, max_length)
        if not _answer_of(row):
            problems.append(Problem(example.row, _too_long("answer", max_length)))
            continue
        rows.append((row, bool(example.desirable)))
        notes += [Problem(example.row, note) for note in found.notes]
    _require_any(rows, problems)
    judged = tuple(_with_others(rows, max_length))
    return PreferenceRows(judged, tuple(row.row for row in judged if row.truncated), tuple(problems), tuple(notes))


def _with_others(rows: Sequence[tuple[TokenRow, bool]], max_length: int) -> Iterator[JudgedRow]:
    for place, (row, desirable) in enumerate(rows):
        other = rows[place - 1][0]
        begun, answered = _prompt_length(row), _prompt_length(other)
        ids = (*row.input_ids[:begun], *other.input_ids[answered:])[:max_length]
        labels = (*row.labels[:begun], *other.labels[answered:])[:max_length]
        yield JudgedRow(row.input_ids, row.labels, desirable, ids, labels, row.row, row.truncated)


def _why_not(chosen: TokenRow, rejected: TokenRow, max_length: int) -> str:
    """Return why two sides cannot be compared within the length; empty if they can."""
    for side, name in ((chosen, "chosen answer"), (rejected, "rejected answer")):
        if not _answer_of(side):
            return _too_long(name, max_length)
    if chosen.labels == rejected.labels:
        return f"the chosen and the rejected answer are equal within the max length of {max_length:,} tokens"
    return ""


def _too_long(name: str, max_length: int) -> str:
    return f"the {name} begins after the max length of {max_length:,} tokens"


def _answer_of(row: TokenRow) -> tuple[int, ...]:
    """Return the trained tokens that something stands before, by which they can be predicted."""
    return tuple(label for label in row.labels[1:] if label != IGNORED)


def _prompt_length(row: TokenRow) -> int:
    """Return how many tokens stand before the first trained one."""
    return next(place for place, label in enumerate(row.labels) if label != IGNORED)


def _require_any(rows: Sequence[Any], problems: Sequence[Problem]) -> None:
    if not rows and problems:
        raise DataError(f"No usable row; row {problems[0].row}: {problems[0].reason}.")
    if not rows:
        raise DataError("There are no preferences; give at least one.")
