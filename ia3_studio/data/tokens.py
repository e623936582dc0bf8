"""Which tokens does the model see, and which of them does it learn?

A conversation is rendered by the tokenizer's chat template. What the assistant says, with the token that ends its turn,
is trained; everything else is only read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.examples import Example, Message
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


@dataclass(frozen=True)
class Piece:
    """Consecutive tokens of one kind, as text."""

    text: str
    trained: bool


def tokenize(examples: Sequence[Example], tokenizer: Any, max_length: int) -> Tokenized:
    """Turn examples into token rows of at most ``max_length`` tokens.

    Raises:
        DataError: no row has anything left to learn.
    """
    rows = [_row(example, tokenizer, max_length) for example in examples]
    useful = tuple(row for row in rows if any(label != IGNORED for label in row.labels[1:]))
    if not useful:
        raise DataError(
            f"None of the {len(rows)} rows has an answer within {max_length} tokens; raise the length or shorten the"
            " prompts."
        )
    kept = {row.row for row in useful}
    cut = tuple(row.row for row in rows if row.cut)
    return Tokenized(useful, cut, tuple(row.row for row in rows if row.row not in kept))


def prompt_ids(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Return the tokens after which the assistant's next answer begins."""
    return tuple(_render(messages, tokenizer, True))


def pieces(row: TokenRow, tokenizer: Any) -> tuple[Piece, ...]:
    """Return a row as text in runs of trained and untrained tokens, special tokens included."""
    runs: list[tuple[bool, list[int]]] = []
    for token, label in zip(row.input_ids, row.labels, strict=True):
        trained = label != IGNORED
        if not runs or runs[-1][0] != trained:
            runs.append((trained, []))
        runs[-1][1].append(token)
    return tuple(Piece(str(tokenizer.decode(tokens, skip_special_tokens=False)), trained) for trained, tokens in runs)


def _row(example: Example, tokenizer: Any, max_length: int) -> TokenRow:
    ids, labels = _chat(example.messages, tokenizer) if example.messages else _text(example.text, tokenizer)
    return TokenRow(tuple(ids[:max_length]), tuple(labels[:max_length]), example.row, len(ids) > max_length)


def _text(text: str, tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return plain text and its end token, everything after the first token trained."""
    ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], *_end(tokenizer)]
    return ids, [IGNORED, *ids[1:]]


def _chat(messages: Sequence[Message], tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return a conversation's tokens and labels, turn by turn."""
    ids = _render(messages, tokenizer, False)
    labels = [IGNORED] * len(ids)
    for start, stop in _turns(messages, tokenizer, ids):
        labels[start:stop] = ids[start:stop]
    # What follows the last answer (a template's line break) is neither learned nor needed.
    last = max((place for place, label in enumerate(labels) if label != IGNORED), default=len(ids) - 1)
    return ids[: last + 1], labels[: last + 1]


def _turns(messages: Sequence[Message], tokenizer: Any, ids: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the (start, stop) tokens of each answer with the token that ends it.

    Raises:
        DataError: the template renders the beginning of a conversation otherwise than the whole.
    """
    for number, message in enumerate(messages):
        if message.role != "assistant":
            continue
        before = _render(messages[:number], tokenizer, True)
        after = _render(messages[: number + 1], tokenizer, False)
        if ids[: len(before)] != before or ids[: len(after)] != after:
            raise DataError(
                "This model's chat template rewrites earlier turns, so the tokens of an answer cannot be told apart;"
                " give rows with one prompt and one answer."
            )
        yield len(before), _end_of_turn(ids, len(before), len(after), tokenizer)


def _end_of_turn(ids: list[int], start: int, stop: int, tokenizer: Any) -> int:
    """Return where an answer ends: behind its last special token, else where the template ends it."""
    special = set(tokenizer.all_special_ids)
    return next((place + 1 for place in range(stop - 1, start - 1, -1) if ids[place] in special), stop)


def _render(messages: Sequence[Message], tokenizer: Any, ask: bool) -> list[int]:
    """Return a conversation's tokens; ``ask`` adds what stands before the assistant's answer."""
    if not tokenizer.chat_template:
        return _render_plainly(messages, tokenizer)
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _render_plainly(messages: Sequence[Message], tokenizer: Any) -> list[int]:
    """Return a conversation for a model without a chat template: prompt, line break, answer, end token.

    Each part is tokenised alone, so that a prompt's tokens do not depend on the answer.
    """
    ids: list[int] = []
    for message in messages:
        if message.role == "assistant":
            ids += [*tokenizer(message.content, add_special_tokens=False)["input_ids"], *_end(tokenizer)]
        else:
            ids += tokenizer(f"{message.content}\n", add_special_tokens=False)["input_ids"]
    return ids


def _end(tokenizer: Any) -> list[int]:
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
