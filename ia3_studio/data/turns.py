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
from ia3_studio.data.forms import fitted, texts_of
from ia3_studio.data.words import encode, guarded, pieces_of, special_ids, special_texts
from ia3_studio.errors import DataError

Span = tuple[int, int]
"""The (start, stop) tokens of one answer."""

Found = tuple[list[int], list[Span], list[str]]
"""A conversation's tokens, where its answers stand, and what is missing of it."""

MARK = "\ue000{}\ue001"
"""Stands for a turn's words where only the template's own are wanted; of characters no text holds (private use)."""


@dataclass(frozen=True)
class Tokens:
    """A conversation as the model sees it."""

    ids: tuple[int, ...]
    answers: tuple[Span, ...]
    """Where each answer stands, with the token that ends its turn."""
    notes: tuple[str, ...] = ()
    """What was done to the conversation, or is missing of it, that whoever wrote it should know."""


def conversation_tokens(messages: Sequence[Message], tokenizer: Any) -> Tokens:
    """Return a conversation's tokens, and where its answers stand.

    Raises:
        DataError: the chat template refuses the conversation, or mixes its turns so that none can be told apart.
    """
    specials = special_texts(tokenizer)
    messages, notes = guarded(messages, specials)
    if not tokenizer.chat_template:
        return _plain_tokens(messages, tokenizer, specials, notes)
    messages, changed = fitted(messages, tokenizer)
    special = special_ids(tokenizer)
    found = _by_prefixes(messages, tokenizer, specials, special)
    if found is None:
        found = _by_text(messages, tokenizer, specials, special)
    ids, answers, missing = found
    notes = (*notes, *changed, *missing)
    words = special - {tokenizer.unk_token_id}  # a word that the vocabulary lacks is a word
    if any(not set(ids[start:stop]) - words for start, stop in answers):
        raise DataError("The model's chat template leaves out an answer")
    return _ended(Tokens(tuple(ids), tuple(answers), notes), tokenizer, special)


def _ended(tokens: Tokens, tokenizer: Any, special: frozenset[int]) -> Tokens:
    """Return a conversation whose last answer ends by a token: the end token where the template writes none."""
    if not tokens.answers or tokens.ids[tokens.answers[-1][1] - 1] in special:
        return tokens
    *before, (start, stop) = tokens.answers
    ending = end_ids(tokenizer)
    ids = (*tokens.ids[:stop], *ending)
    return Tokens(ids, (*before, (start, len(ids))), tokens.notes) if ending else tokens


def prompt_tokens(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Return the tokens after which the assistant's next answer begins.

    Raises:
        DataError: the chat template refuses the conversation.
    """
    return asked(messages, tokenizer).ids


def asked(messages: Sequence[Message], tokenizer: Any) -> Tokens:
    """Return the tokens after which the assistant's next answer begins, and what was done to the conversation.

    Raises:
        DataError: the chat template refuses the conversation.
        ModelError: the chat template takes too long.
    """
    specials = special_texts(tokenizer)
    messages, notes = guarded(messages, specials)
    if not tokenizer.chat_template:
        return _plain_tokens(messages, tokenizer, specials, notes)
    messages, changed = fitted(messages, tokenizer)
    text = _render(messages, tokenizer, True)
    missing = tuple(_unwritten(turn, text, place) for place, turn in enumerate(messages, 1))
    ids = tuple(encode(text, tokenizer, specials))
    return Tokens(ids, (), (*notes, *changed, *filter(None, missing)))


def start_ids(tokenizer: Any) -> list[int]:
    """Return what a tokenizer puts in front of any text: often nothing, or a begin token."""
    alone, whole = encode("a", tokenizer), list(tokenizer("a")["input_ids"])
    places = range(len(whole) - len(alone) + 1)
    return whole[: next((place for place in places if whole[place : place + len(alone)] == alone), 0)]


def end_ids(tokenizer: Any) -> list[int]:
    """Return the token that ends a text, where the tokenizer has one."""
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]


def _plain_tokens(
    messages: Sequence[Message], tokenizer: Any, specials: Sequence[str], notes: tuple[str, ...]
) -> Tokens:
    ids = start_ids(tokenizer)
    answers: list[Span] = []
    for message in messages:
        start = len(ids)
        if message.role == "assistant":
            ids += [*encode(message.content, tokenizer, specials), *end_ids(tokenizer)]
            answers.append((start, len(ids)))
        else:
            ids += encode(f"{message.content}\n", tokenizer, specials)
    return Tokens(tuple(ids), tuple(answers), notes)


def _render(messages: Sequence[Message], tokenizer: Any, ask: bool) -> str:
    """Return a conversation as text; ``ask`` adds what stands before the assistant's answer."""
    (text,) = texts_of([(messages, ask)], tokenizer)
    if isinstance(text, DataError):
        raise text
    return text


def _unwritten(turn: Message, text: str, place: int) -> str:
    """Say that a turn is not written as it was given; nothing where it is. White space does not count."""
    if "".join(turn.content.split()) in "".join(text.split()):
        return ""
    return f"the chat template leaves out or rewrites a part of turn {place} ({turn.role})"


def _by_prefixes(
    messages: Sequence[Message], tokenizer: Any, specials: Sequence[str], special: frozenset[int]
) -> Found | None:
    """Return the answers between prefixes, or None where the template does not write the whole as it begins."""
    places = [place for place, message in enumerate(messages) if message.role == "assistant"]
    begun = [each for place in places for each in ((messages[:place], True), (messages[: place + 1], False))]
    whole, *prefixes = texts_of([(messages, False), *begun], tokenizer)
    if isinstance(whole, DataError):
        raise whole
    ids, answers = encode(whole, tokenizer, specials), []
    for place, before, after in zip(places, prefixes[0::2], prefixes[1::2], strict=True):
        if isinstance(before, DataError) or isinstance(after, DataError):
            return None  # the template may refuse a beginning (an empty one, say) but not the whole
        start, stop = encode(before, tokenizer, specials), encode(after, tokenizer, specials)
        if ids[: len(start)] != start or ids[: len(stop)] != stop or not after.startswith(before):
            return None
        turn = after[len(before) :]
        _, found, behind = turn.partition(messages[place].content.strip())
        closing = sum(token in special for token in encode(behind if found else turn, tokenizer, specials))
        answers.append((len(start), _end_of_turn(ids, len(start), len(stop), special, closing)))
    missing = (_unwritten(turn, whole, place) for place, turn in enumerate(messages, 1))
    return ids, answers, [note for note in missing if note]


def _end_of_turn(ids: list[int], start: int, stop: int, special: frozenset[int], closing: int) -> int:
    """Return where an answer ends: after the first of the special tokens behind it, else with its turn."""
    places = [place for place in range(start, stop) if ids[place] in special]
    return places[-closing] + 1 if 0 < closing <= len(places) else stop


def _by_text(messages: Sequence[Message], tokenizer: Any, specials: Sequence[str], special: frozenset[int]) -> Found:
    """Return the answers found in the text, with the first special token before the template's next turn."""
    if not tokenizer.is_fast:
        raise DataError(
            "The chat template rewrites earlier turns, and this tokenizer cannot tell where its tokens stand."
        )
    text = _render(messages, tokenizer, False)
    ids, offsets = pieces_of(text, tokenizer, specials)
    answers: list[Span] = []
    for start, stop, limit in _answers_in_text(messages, tokenizer, text):
        said = [place for place, (left, right) in enumerate(offsets) if left < stop and right > start]
        behind = (place for place, (left, _) in enumerate(offsets) if stop <= left < limit and ids[place] in special)
        if not said:
            raise DataError("The model's chat template leaves out an answer")
        answers.append((said[0], next(behind, said[-1]) + 1))
    missing = (_unwritten(turn, text, place) for place, turn in enumerate(messages, 1))
    return ids, answers, [note for note in missing if note]


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
