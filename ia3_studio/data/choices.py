"""Which answers can a question have, as tokens, and which of them is right?

Rank classification needs no new head: the model reads the question, and the choice it finds most likely is its answer.
An encoder-decoder reads the question in its encoder; a causal model reads it in front of each choice, written by its
chat template. The token that ends an answer belongs to the choice, as in T-Few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.answer_spans import Tokens, conversations_tokens
from ia3_studio.data.conversations import Message
from ia3_studio.data.example import Example
from ia3_studio.data.problem import Problem
from ia3_studio.data.words import read_whole, special_texts, spoken
from ia3_studio.errors import DataError


@dataclass(frozen=True)
class ChoiceExample:
    """One question with its possible answers."""

    row: int
    """Number of its data row, starting at 1."""
    prompt: str
    choices: tuple[str, ...]
    answer: int
    """The place of the right choice, counted from 0."""


def choice_examples(examples: Sequence[Example]) -> list[ChoiceExample]:
    """Return examples with choices as questions."""
    return [ChoiceExample(e.row, e.text, e.choices, e.choices.index(e.labels[0])) for e in examples]


@dataclass(frozen=True)
class ChoiceRow:
    """One question as the model sees it."""

    prompt: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]
    """Each choice's tokens, with the one that ends it."""
    answer: int
    """The place of the right choice, counted from 0."""
    row: int
    """Number of its data row, starting at 1."""
    truncated: bool = False
    """Whether the question was longer than allowed and lost a part."""


@dataclass(frozen=True)
class TokenizedChoices:
    """All questions that can be used, and what happened to the others."""

    rows: tuple[ChoiceRow, ...]
    truncated: tuple[int, ...]
    """Data rows whose question lost a part."""
    problems: tuple[Problem, ...]
    """Skipped data rows, with reasons."""
    notes: tuple[Problem, ...] = ()
    """Data rows that are read otherwise than they are written, and how."""


def tokenize_choices(
    examples: Sequence[ChoiceExample], tokenizer: Any, max_length: int, encoder_decoder: bool = False
) -> TokenizedChoices:
    """Turn questions into rows of at most ``max_length`` tokens, the longest choice included.

    Choices are never cut. Of a question that is too long an encoder-decoder loses the end, as in T-Few; a causal model
    loses the beginning, since what stands before the answer asks for it.

    Raises:
        DataError: no question can be used.
    """
    rows: list[ChoiceRow] = []
    problems: list[Problem] = []
    notes: list[Problem] = []
    for example, read in zip(examples, _read(examples, tokenizer, encoder_decoder), strict=True):
        if isinstance(read, DataError):
            problems.append(Problem(example.row, str(read).rstrip(".")))
            continue
        try:
            rows.append(_row(example, read, max_length, encoder_decoder))
        except DataError as error:
            problems.append(Problem(example.row, str(error).rstrip(".")))
        else:
            notes += [Problem(example.row, note) for note in read.notes]
    if not rows:
        first = f"; row {problems[0].row}: {problems[0].reason}" if problems else ""
        raise DataError(f"None of the {len(examples)} questions is usable{first}.")
    return TokenizedChoices(tuple(rows), tuple(row.row for row in rows if row.truncated), tuple(problems), tuple(notes))


@dataclass(frozen=True)
class _Read:
    """A question's tokens, each choice's, and what was done to them."""

    prompt: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]


def _read(examples: Sequence[ChoiceExample], tokenizer: Any, encoder_decoder: bool) -> Iterator[_Read | DataError]:
    """Yield each question as tokens, or why it has none."""
    refused = [_refusal(example) for example in examples]
    usable = [example for example, reason in zip(examples, refused, strict=True) if reason is None]
    read = _encoded(usable, tokenizer) if encoder_decoder else _conversations(usable, tokenizer)
    for reason in refused:
        yield reason or next(read)


def _row(example: ChoiceExample, read: _Read, max_length: int, encoder_decoder: bool) -> ChoiceRow:
    room = max_length - max(len(choice) for choice in read.choices)
    if room < 1:
        raise DataError(
            f"the longest choice has {max_length - room} tokens and leaves no room for the question within "
            f"{max_length}; raise the max length"
        )
    kept = _first(read.prompt, room) if encoder_decoder else read.prompt[-room:]
    return ChoiceRow(kept, read.choices, example.answer, example.row, len(read.prompt) > room)


def _refusal(example: ChoiceExample) -> DataError | None:
    """Return why a question cannot be asked; None where it can."""
    if len(set(example.choices)) < 2:
        return DataError("a question needs at least two different choices")
    if not all(choice.strip() for choice in example.choices):
        return DataError("a choice is empty")
    if not 0 <= example.answer < len(example.choices):
        count = len(example.choices)
        return DataError(f"the answer {example.answer} is not one of the {count} choices, counted from 0")
    return None


def _first(prompt: tuple[int, ...], room: int) -> tuple[int, ...]:
    """Return the beginning of a question with its last token, which ends it for the encoder."""
    return prompt if len(prompt) <= room else (*prompt[: room - 1], prompt[-1])


def _encoded(examples: Sequence[ChoiceExample], tokenizer: Any) -> Iterator[_Read]:
    """Yield question and choices with the tokens the tokenizer puts around any text."""
    specials = special_texts(tokenizer)
    for example in examples:
        texts = (example.prompt, *example.choices)
        prompt, *choices = (tuple(read_whole([text], tokenizer, specials)["input_ids"]) for text in texts)
        yield _Read(prompt, tuple(choices), spoken(texts, specials))


def _conversations(examples: Sequence[ChoiceExample], tokenizer: Any) -> Iterator[_Read | DataError]:
    """Yield the tokens before the answer, the same for every choice, and those of each choice as the answer."""
    asked = [
        (Message("user", each.prompt), Message("assistant", choice)) for each in examples for choice in each.choices
    ]
    written = conversations_tokens(asked, tokenizer)
    for example in examples:
        yield _offered([next(written) for _choice in example.choices])


def _offered(written: Sequence[Tokens | DataError]) -> _Read | DataError:
    prompts: set[tuple[int, ...]] = set()
    choices: list[tuple[int, ...]] = []
    notes: dict[str, None] = {}
    for tokens in written:
        if isinstance(tokens, DataError):
            return tokens
        if len(tokens.answers) != 1:
            return DataError("the chat template omits a choice")
        ((start, stop),) = tokens.answers
        prompts.add(tokens.ids[:start])
        choices.append(tokens.ids[start:stop])
        notes |= dict.fromkeys(tokens.notes)
    if len(prompts) > 1 or not all(prompts):
        return DataError("the chat template writes the question differently for each choice, or not at all")
    return _Read(prompts.pop(), tuple(choices), tuple(notes))
