"""Which tokens does the model see, and which of them does it learn?

In a conversation, what the assistant says and the token that ends its turn are trained
(:mod:`ia3_studio.data.answer_spans`); of plain text, everything after the first token, including the end token. All
other tokens are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.answer_spans import Tokens, asked, conversations_tokens, end_ids, start_ids
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.problem import Problem
from ia3_studio.data.words import encode, held, special_texts
from ia3_studio.errors import DataError

IGNORED = -100
"""The label of a token that is not trained."""


@dataclass(frozen=True)
class TokenRow:
    """One example as the model sees it."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    """The token itself where it is trained, IGNORED elsewhere; as long as ``input_ids``. Behind an answer that the chat
    template ends by no token stands the end token, whatever the template writes there."""
    row: int
    """Number of its data row, starting at 1."""
    truncated: bool
    """Whether the row was longer than allowed and lost its end."""


@dataclass(frozen=True)
class Tokenized:
    """All rows with trained tokens, and what happened to the others."""

    rows: tuple[TokenRow, ...]
    truncated: tuple[int, ...]
    """Data rows that lost their end."""
    unlabeled: tuple[int, ...]
    """Data rows skipped because truncation removed all trained tokens."""
    problems: tuple[Problem, ...] = ()
    """Data rows skipped because the model's chat template rejects them."""
    notes: tuple[Problem, ...] = ()
    """Notes on data rows whose tokens differ from their text."""


def tokenize(examples: Sequence[Example], tokenizer: Any, max_length: int) -> Tokenized:
    """Turn examples into token rows of at most ``max_length`` tokens.

    Raises:
        DataError: no row has trained tokens left.
    """
    rows: list[TokenRow] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    specials = special_texts(tokenizer)
    written = conversations_tokens([example.turns for example in examples if example.turns], tokenizer)
    for example in examples:
        found = next(written) if example.turns else _text(example.text, tokenizer, specials)
        if isinstance(found, DataError):
            problems.append(Problem(example.row, str(found).rstrip(".")))
            continue
        rows.append(token_row(example.row, found, max_length))
        notes += [Problem(example.row, note) for note in found.notes]
    # The first token has nothing before it to be predicted from.
    useful = tuple(row for row in rows if any(label != IGNORED for label in row.labels[1:]))
    if not useful:
        raise DataError(_nothing_to_learn(len(rows), problems, max_length))
    kept = {row.row for row in useful}
    truncated = tuple(row.row for row in rows if row.truncated)
    return Tokenized(
        useful, truncated, tuple(row.row for row in rows if row.row not in kept), tuple(problems), tuple(notes)
    )


def prompt_ids(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Return the tokens after which the assistant's next answer begins.

    Raises:
        DataError: the chat template refuses the conversation.
    """
    return asked(messages, tokenizer).ids


def token_row(row: int, tokens: Tokens, max_length: int) -> TokenRow:
    """Return a row up to the end of its last answer.

    What follows (a template's line break, an unanswered question) is not trained and not needed.
    """
    labels = [IGNORED] * len(tokens.ids)
    for start, stop in tokens.answers:
        labels[start:stop] = tokens.ids[start:stop]
    for place, token in tokens.ends:
        labels[place] = token
    end = max((stop for _start, stop in tokens.answers), default=len(tokens.ids))
    return TokenRow(tokens.ids[:end][:max_length], tuple(labels[:end][:max_length]), row, end > max_length)


def _text(text: str, tokenizer: Any, specials: Sequence[str]) -> Tokens:
    """Return plain text between its begin and end tokens, everything after the first token trained."""
    seen = held([text], specials)
    ids = (*start_ids(tokenizer), *encode(text, tokenizer), *end_ids(tokenizer))
    said = f"{', '.join(seen)} in its text is read as the model's special token"
    return Tokens(ids, ((1, len(ids)),) if len(ids) > 1 else (), (said,) if seen else ())


def _nothing_to_learn(readable: int, problems: Sequence[Problem], max_length: int) -> str:
    if not readable and problems:
        return f"No usable row; row {problems[0].row}: {problems[0].reason}."
    way_out = "raise the max length or shorten the prompts"
    return f"None of the {readable} rows has an answer within {max_length} tokens; {way_out}."
