"""Which tokens does the model see, and which of them does it learn?

In a conversation, what the assistant says and the token that ends its turn are trained (:mod:`ia3_studio.data.turns`);
of plain text, everything behind the first token, the end token included. All else is only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.examples import Example, Message
from ia3_studio.data.problem import Problem
from ia3_studio.data.turns import conversation_tokens, end_ids, prompt_tokens, start_ids
from ia3_studio.data.words import encode
from ia3_studio.errors import DataError

IGNORED = -100
"""The label of a token that is not trained."""


@dataclass(frozen=True)
class TokenRow:
    """One example as the model sees it."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The token itself where it is trained, IGNORED elsewhere; as long as ``input_ids``."""
    row: int
    """The data row it comes from, counted from 1."""
    cut: bool
    """Whether the row was longer than allowed and lost its end."""


@dataclass(frozen=True)
class Tokenized:
    """All rows that have something to learn, and what happened to the others."""

    rows: tuple[TokenRow, ...]
    cut: tuple[int, ...]
    """Data rows that lost their end."""
    unlabelled: tuple[int, ...]
    """Data rows left out because the cut took all that could be learned."""
    problems: tuple[Problem, ...] = ()
    """Data rows left out because the model's chat template refuses them."""
    notes: tuple[Problem, ...] = ()
    """Data rows that are learned otherwise than they are written, and how."""


def tokenize(examples: Sequence[Example], tokenizer: Any, max_length: int) -> Tokenized:
    """Turn examples into token rows of at most ``max_length`` tokens.

    Raises:
        DataError: no row has anything left to learn.
    """
    rows: list[TokenRow] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    for example in examples:
        try:
            row, said = _row(example, tokenizer, max_length)
            rows.append(row)
            notes += [Problem(example.row, note) for note in said]
        except DataError as error:
            problems.append(Problem(example.row, str(error).rstrip(".")))
    # The first token has nothing before it to be predicted from.
    useful = tuple(row for row in rows if any(label != IGNORED for label in row.labels[1:]))
    if not useful:
        raise DataError(_nothing_to_learn(len(rows), problems, max_length))
    kept = {row.row for row in useful}
    cut = tuple(row.row for row in rows if row.cut)
    return Tokenized(useful, cut, tuple(row.row for row in rows if row.row not in kept), tuple(problems), tuple(notes))


def prompt_ids(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Return the tokens after which the assistant's next answer begins.

    Raises:
        DataError: the chat template refuses the conversation.
    """
    return prompt_tokens(messages, tokenizer)


def _row(example: Example, tokenizer: Any, max_length: int) -> tuple[TokenRow, tuple[str, ...]]:
    """Return an example's tokens, and what was done to it."""
    found = _chat(example.turns, tokenizer) if example.turns else (*_text(example.text, tokenizer), ())
    ids, labels, notes = found
    return TokenRow(tuple(ids[:max_length]), tuple(labels[:max_length]), example.row, len(ids) > max_length), notes


def _text(text: str, tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return plain text between its begin and end tokens, everything after the first token trained."""
    ids = [*start_ids(tokenizer), *encode(text, tokenizer), *end_ids(tokenizer)]
    return ids, [IGNORED] * len(ids[:1]) + ids[1:]


def _chat(messages: Sequence[Message], tokenizer: Any) -> tuple[list[int], list[int], tuple[str, ...]]:
    """Return a conversation's tokens and labels, up to the end of the last answer, and what was done to it.

    What follows (a template's line break, an unanswered question) is neither learned nor needed.
    """
    tokens = conversation_tokens(messages, tokenizer)
    ids = list(tokens.ids)
    labels = [IGNORED] * len(ids)
    for start, stop in tokens.answers:
        labels[start:stop] = ids[start:stop]
    end = max((stop for _start, stop in tokens.answers), default=len(ids))
    return ids[:end], labels[:end], tokens.notes


def _nothing_to_learn(readable: int, problems: Sequence[Problem], max_length: int) -> str:
    if not readable and problems:
        return f"No row can be trained on; row {problems[0].row}: {problems[0].reason}."
    way_out = "raise the length or shorten the prompts"
    return f"None of the {readable} rows has an answer within {max_length} tokens; {way_out}."
