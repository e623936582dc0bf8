"""Which answers can a question have, as tokens, and which of them is right?

Rank classification needs no new head: the model reads the question, and the choice it finds most likely is its answer.
An encoder-decoder reads the question in its encoder; a causal model reads it in front of each choice, written by its
chat template. The token that ends an answer belongs to the choice, as in T-Few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.examples import Example, Message
from ia3_studio.data.problem import Problem
from ia3_studio.data.turns import conversation_tokens
from ia3_studio.data.words import encode
from ia3_studio.errors import DataError


@dataclass(frozen=True)
class ChoiceExample:
    """One question with its possible answers."""

    row: int
    """The data row it comes from, counted from 1."""
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
    """The data row it comes from, counted from 1."""
    cut: bool = False
    """Whether the question was longer than allowed and lost a part."""


@dataclass(frozen=True)
class TokenizedChoices:
    """All questions that can be used, and what happened to the others."""

    rows: tuple[ChoiceRow, ...]
    cut: tuple[int, ...]
    """Data rows whose question lost a part."""
    problems: tuple[Problem, ...]
    """Data rows left out, and why."""


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
    for example in examples:
        try:
            rows.append(_row(example, tokenizer, max_length, encoder_decoder))
        except DataError as error:
            problems.append(Problem(example.row, str(error).rstrip(".")))
    if not rows:
        first = f"; row {problems[0].row}: {problems[0].reason}" if problems else ""
        raise DataError(f"None of the {len(examples)} questions can be used{first}.")
    return TokenizedChoices(tuple(rows), tuple(row.row for row in rows if row.cut), tuple(problems))


def _row(example: ChoiceExample, tokenizer: Any, max_length: int, encoder_decoder: bool) -> ChoiceRow:
    _check(example)
    prompt, choices = (_encoded if encoder_decoder else _conversation)(example, tokenizer)
    room = max_length - max(len(choice) for choice in choices)
    if room < 1:
        raise DataError(
            f"the longest choice has {max_length - room} tokens and leaves no room for the question within"
            f" {max_length}; raise the length"
        )
    kept = _first(prompt, room) if encoder_decoder else prompt[-room:]
    return ChoiceRow(kept, choices, example.answer, example.row, len(prompt) > room)


def _check(example: ChoiceExample) -> None:
    if len(set(example.choices)) < 2:
        raise DataError("a question needs two different choices or more")
    if not all(choice.strip() for choice in example.choices):
        raise DataError("a choice is empty")
    if not 0 <= example.answer < len(example.choices):
        raise DataError(f"the answer {example.answer} is not one of the {len(example.choices)} choices, counted from 0")


def _first(prompt: tuple[int, ...], room: int) -> tuple[int, ...]:
    """Return the beginning of a question with its last token, which ends it for the encoder."""
    return prompt if len(prompt) <= room else (*prompt[: room - 1], prompt[-1])


def _encoded(example: ChoiceExample, tokenizer: Any) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Return question and choices with the tokens the tokenizer puts around any text."""
    prompt, *choices = (tuple(tokenizer(text)["input_ids"]) for text in (example.prompt, *example.choices))
    return prompt, tuple(choices)


def _conversation(example: ChoiceExample, tokenizer: Any) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Return the tokens before the answer, the same for every choice, and those of each choice as the answer."""
    prompts: set[tuple[int, ...]] = set()
    choices: list[tuple[int, ...]] = []
    for choice in example.choices:
        turns = (Message("user", example.prompt), Message("assistant", choice))
        tokens = conversation_tokens(turns, tokenizer)
        if len(tokens.answers) != 1 or not encode(choice, tokenizer):
            raise DataError("the chat template leaves out a choice")
        ((start, stop),) = tokens.answers
        prompts.add(tokens.ids[:start])
        choices.append(tokens.ids[start:stop])
    if len(prompts) > 1 or not all(prompts):
        raise DataError("the chat template writes the question differently for each choice, or not at all")
    return prompts.pop(), tuple(choices)
