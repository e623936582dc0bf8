"""What does an encoder-decoder read, and what does it learn to write? A question's tokens and its answer's.

The last answer of a conversation is the target; all earlier turns are input, one per line. Each part is written as the
model's tokenizer writes any text, with the token that ends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.conversations import Message, up_to_trained
from ia3_studio.data.example import Example
from ia3_studio.data.problem import Problem
from ia3_studio.data.tool_forms import plainly
from ia3_studio.data.words import as_words, read_whole, special_texts, spoken
from ia3_studio.errors import DataError


@dataclass(frozen=True)
class TargetRow:
    """One example as an encoder-decoder sees it."""

    input_ids: tuple[int, ...]
    """What the encoder reads."""
    labels: tuple[int, ...]
    """What the decoder learns to write."""
    row: int
    """Number of its data row, starting at 1."""
    truncated: bool = False
    """Whether a part was longer than allowed and lost its end."""


@dataclass(frozen=True)
class Targeted:
    """All rows that can be used, and what happened to the others."""

    rows: tuple[TargetRow, ...]
    truncated: tuple[int, ...]
    """Data rows that lost an end."""
    problems: tuple[Problem, ...]
    """Skipped data rows, with reasons."""
    notes: tuple[Problem, ...] = ()
    """Data rows that are read otherwise than they are written, and how."""


def tokenize_targets(examples: Sequence[Example], tokenizer: Any, max_length: int) -> Targeted:
    """Turn examples into rows of at most ``max_length`` tokens to read and as many to write.

    Raises:
        DataError: no row is usable.
    """
    rows: list[TargetRow] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    specials = special_texts(tokenizer)
    for example in examples:
        turns = up_to_trained(example.turns)
        if len(turns) < 2 or turns[-1].role != "assistant":
            problems.append(Problem(example.row, "an encoder-decoder needs a prompt and, last, its answer"))
        else:
            rows.append(_row(example, tokenizer, specials, max_length))
            told = (*spoken((turn.content for turn in turns), specials), *plainly(turns)[1])
            notes += [Problem(example.row, note) for note in told]
    if not rows:
        first = f"; row {problems[0].row}: {problems[0].reason}" if problems else ""
        raise DataError(f"None of the {len(examples)} rows is usable{first}.")
    return Targeted(tuple(rows), tuple(row.row for row in rows if row.truncated), tuple(problems), tuple(notes))


def source_ids(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Return the tokens of turns as the encoder reads them."""
    return _source(messages, tokenizer, special_texts(tokenizer))


def _source(messages: Sequence[Message], tokenizer: Any, specials: Sequence[str]) -> tuple[int, ...]:
    text = "\n".join(turn.content for turn in messages)
    return tuple(read_whole([text], tokenizer, specials)["input_ids"])


def _target(text: str, tokenizer: Any, specials: Sequence[str]) -> tuple[int, ...]:
    """Return the tokens of an answer as the decoder writes them; some tokenizers write those otherwise."""
    return tuple(tokenizer(text_target=text, **as_words([text], specials))["input_ids"])


def _row(example: Example, tokenizer: Any, specials: Sequence[str], max_length: int) -> TargetRow:
    *asked, answer = up_to_trained(example.turns)
    source = _source(asked, tokenizer, specials)
    target = _target(answer.content, tokenizer, specials)
    truncated = max(len(source), len(target)) > max_length
    return TargetRow(_first(source, max_length), _first(target, max_length), example.row, truncated)


def _first(ids: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the beginning of a text with its last token, which ends it."""
    return ids if len(ids) <= most else (*ids[: most - 1], ids[-1])
