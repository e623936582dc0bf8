"""Where in a conversation's tokens does each answer stand?

The tokenizer's chat template writes the conversation. An answer is what the assistant says, with the token that ends
its turn. It stands between two prefixes: the conversation up to the point where the assistant is asked, and up to the
end of its turn. Some templates write a prefix otherwise than the whole (they drop earlier thoughts, or add a token at
the very end only); there the answers are found in the text instead, between the words that are the template's own.

A tokenizer without a chat template gets the plain form: "{prompt}\\n{answer}" and its end token, turn by turn, behind
the token it puts in front of any text. Each part is tokenised alone: a prompt's tokens do not depend on the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.examples import Message
from ia3_studio.errors import DataError

Span = tuple[int, int]
"""The (start, stop) tokens of one answer."""

MARK = "\ue000{}\ue001"
"""Stands for a turn's words where only the template's own are wanted; of characters no text holds (private use)."""


@dataclass(frozen=True)
class Tokens:
    """A conversation as the model sees it."""

    ids: tuple[int, ...]
    answers: tuple[Span, ...]
    """Where each answer stands, with the token that ends its turn."""


def conversation_tokens(messages: Sequence[Message], tokenizer: Any) -> Tokens:
    """Return a conversation's tokens, and where its answers stand.

    Raises:
        DataError: the chat template refuses the conversation, or mixes its turns so that none can be told apart.
    """
    if not tokenizer.chat_template:
        return _plain_tokens(messages, tokenizer)
    text = _render(messages, tokenizer, False)
    ids = encode(text, tokenizer)
    special = _special_ids(tokenizer)
    answers = _by_prefixes(messages, tokenizer, ids, special)
    if answers is None:
        answers = _by_text(messages, tokenizer, text, special)
    return Tokens(tuple(ids), tuple(answers))


def prompt_tokens(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Return the tokens after which the assistant's next answer begins.

    Raises:
        DataError: the chat template refuses the conversation.
    """
    if not tokenizer.chat_template:
        return _plain_tokens(messages, tokenizer).ids
    return tuple(encode(_render(messages, tokenizer, True), tokenizer))


def encode(text: str, tokenizer: Any) -> list[int]:
    """Return the tokens of a text, none added."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def start_ids(tokenizer: Any) -> list[int]:
    """Return what a tokenizer puts in front of any text: often nothing, or a begin token."""
    alone, whole = encode("a", tokenizer), list(tokenizer("a")["input_ids"])
    places = range(len(whole) - len(alone) + 1)
    return whole[: next((place for place in places if whole[place : place + len(alone)] == alone), 0)]


def end_ids(tokenizer: Any) -> list[int]:
    """Return the token that ends a text, where the tokenizer has one."""
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]


def _plain_tokens(messages: Sequence[Message], tokenizer: Any) -> Tokens:
    ids = start_ids(tokenizer)
    answers: list[Span] = []
    for message in messages:
        start = len(ids)
        if message.role == "assistant":
            ids += [*encode(message.content, tokenizer), *end_ids(tokenizer)]
            answers.append((start, len(ids)))
        else:
            ids += encode(f"{message.content}\n", tokenizer)
    return Tokens(tuple(ids), tuple(answers))


def _render(messages: Sequence[Message], tokenizer: Any, ask: bool) -> str:
    """Return a conversation as text; ``ask`` adds what stands before the assistant's answer."""
    from jinja2 import TemplateError

    turns = [{"role": message.role, "content": message.content} for message in messages]
    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask))
    except (TemplateError, ValueError, TypeError) as error:
        raise DataError(f"The model's chat template refuses the conversation: {error}") from error


def _special_ids(tokenizer: Any) -> frozenset[int]:
    """Return the tokens that only a template writes; some, such as Phi-3's <|end|>, have no named role."""
    added = tokenizer.added_tokens_decoder.items()
    return frozenset(tokenizer.all_special_ids) | {number for number, token in added if token.special}


def _by_prefixes(
    messages: Sequence[Message], tokenizer: Any, ids: list[int], special: frozenset[int]
) -> list[Span] | None:
    """Return the answers between prefixes, or None where the template does not write the whole as it begins."""
    answers: list[Span] = []
    for number, message in enumerate(messages):
        if message.role != "assistant":
            continue
        try:
            before = _render(messages[:number], tokenizer, True)
            after = _render(messages[: number + 1], tokenizer, False)
        except DataError:  # the template may refuse a beginning (an empty one, say) but not the whole
            return None
        start, stop = encode(before, tokenizer), encode(after, tokenizer)
        if ids[: len(start)] != start or ids[: len(stop)] != stop or not after.startswith(before):
            return None
        turn = after[len(before) :]
        _, found, behind = turn.partition(message.content.strip())
        closing = sum(token in special for token in encode(behind if found else turn, tokenizer))
        answers.append((len(start), _end_of_turn(ids, len(start), len(stop), special, closing)))
    return answers


def _end_of_turn(ids: list[int], start: int, stop: int, special: frozenset[int], closing: int) -> int:
    """Return where an answer ends: after the first of the special tokens behind it, else with its turn."""
    places = [place for place in range(start, stop) if ids[place] in special]
    return places[-closing] + 1 if 0 < closing <= len(places) else stop


def _by_text(messages: Sequence[Message], tokenizer: Any, text: str, special: frozenset[int]) -> list[Span]:
    """Return the answers found in the text, with the first special token before the template's next turn."""
    if not tokenizer.is_fast:
        raise DataError(
            "The chat template rewrites earlier turns, and this tokenizer cannot tell where its tokens stand."
        )
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    answers: list[Span] = []
    for start, stop, limit in _answers_in_text(messages, tokenizer, text):
        said = [place for place, (left, right) in enumerate(offsets) if left < stop and right > start]
        behind = (place for place, (left, _) in enumerate(offsets) if stop <= left < limit and ids[place] in special)
        if said:
            answers.append((said[0], next(behind, said[-1]) + 1))
    return answers


def _answers_in_text(messages: Sequence[Message], tokenizer: Any, text: str) -> Iterator[tuple[int, int, int]]:
    """Yield (start, stop) of what the assistant says, in characters, and where the template's next words end.

    The template writes the same conversation with marks in place of the words; what is between the marks is its own.
    """
    marked = [Message(message.role, MARK.format(number)) for number, message in enumerate(messages)]
    own_first, *rest = re.split(MARK.format(r"(\d+)"), _render(marked, tokenizer, False))
    order, own = [int(number) for number in rest[0::2]], rest[1::2]
    asked = {number for number, message in enumerate(messages) if message.role == "assistant"}
    clear = order == sorted(set(order)) and asked <= set(order) and all(own[:-1]) and text.startswith(own_first)
    cursor = len(own_first)
    for number, words in zip(order, own, strict=True):
        last = number == order[-1]
        stop = len(text) - len(words) if last else text.find(words, cursor)
        if not clear or stop < cursor or not text.startswith(words, stop):
            raise DataError("The model's chat template rewrites the turns, so that the answers cannot be told apart")
        if number in asked:
            yield cursor, stop, stop + len(words)
        cursor = stop + len(words)
