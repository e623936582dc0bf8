"""Which tokens is a conversation, and which of them are its answers?

The tokenizer's chat template writes the conversation (:mod:`ia3_studio.data.written` locates its answers). An
answer is what the assistant says, with the token that ends its turn. Where a template ends a turn by no token, the end
token is learned behind each answer: added after the last one, and in place of what the template writes next after the
others, so that what the model reads stays as the template writes it.

A tokenizer without a chat template gets the plain form: "{prompt}\\n{answer}" and its end token, turn by turn, behind
the token it puts in front of any text. Each part is tokenized alone: a prompt's tokens do not depend on the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Any

from ia3_studio.data.conversations import Message
from ia3_studio.data.forms import fitted, texts_of
from ia3_studio.data.template_changes import changes, require_tools
from ia3_studio.data.tool_forms import ToolForm, calls_tools, has_tools, natively, plainly, tool_form_of
from ia3_studio.data.words import encode, guarded, pieces_of, special_ids, special_texts
from ia3_studio.data.written import Asked, Stretch, Written, answers_in, read_back, to_ask, to_write
from ia3_studio.errors import DataError

Span = tuple[int, int]
"""The (start, stop) tokens of one answer."""
MOST_TURNS = 2_000
"""Turns that are written in one call of a template, which has a limited time; a longer conversation is a call alone."""


@dataclass(frozen=True)
class Tokens:
    """A conversation as the model sees it."""

    ids: tuple[int, ...]
    answers: tuple[Span, ...]
    """Where each answer stands, with the token that ends its turn."""
    notes: tuple[str, ...] = ()
    """Notes on changes to the conversation by the template."""
    ends: tuple[tuple[int, int], ...] = ()
    """Positions after an answer with another token than the target, and the target token."""


def conversation_tokens(messages: Sequence[Message], tokenizer: Any) -> Tokens:
    """Return a conversation's tokens, and where its answers stand.

    Raises:
        DataError: the chat template rejects the conversation, or its turns cannot be located.
        ModelError: the chat template takes too long.
    """
    (found,) = conversations_tokens([messages], tokenizer)
    if isinstance(found, DataError):
        raise found
    return found


def conversations_tokens(conversations: Sequence[Sequence[Message]], tokenizer: Any) -> Iterator[Tokens | DataError]:
    """Yield the tokens of each conversation as :func:`conversation_tokens` does, or why it cannot be used.

    Raises:
        ModelError: the chat template takes too long.
    """
    specials, special = special_texts(tokenizer), special_ids(tokenizer)
    kept = (guarded(messages, specials) for messages in conversations)
    if not tokenizer.chat_template:
        yield from (_plain_tokens(messages, tokenizer, specials, notes) for messages, notes in kept)
        return
    ready: list[_Ready] = []
    waiting = 0
    for messages, notes in kept:
        ready.append(_ready(messages, notes, tokenizer))
        waiting += ready[-1].turns
        if waiting >= MOST_TURNS:
            yield from _written_tokens(ready, tokenizer, specials, special)
            ready, waiting = [], 0
    yield from _written_tokens(ready, tokenizer, specials, special)


@dataclass(frozen=True)
class _Ready:
    """A conversation in the form that the template takes."""

    messages: Sequence[Message]
    notes: tuple[str, ...]
    form: ToolForm | None = None
    """How its tools are written; None where there are none, or where they are plain text."""
    source: Sequence[Message] = ()
    """The conversation as it was, where its tools are not plain text."""
    guarded: tuple[str, ...] = ()
    """The notes on its special texts."""

    @cached_property
    def requests(self) -> list[Asked]:
        return to_write(self.messages)

    @property
    def turns(self) -> int:
        return sum(len(messages) for messages, _ask in self.requests)


def _ready(messages: Sequence[Message], notes: tuple[str, ...], tokenizer: Any) -> _Ready:
    """Return a conversation in the form that the template takes, with tools if it knows them."""
    if not has_tools(messages):
        turns, changed = fitted(messages, tokenizer)
        return _Ready(turns, (*notes, *changed))
    form = tool_form_of(tokenizer, any(turn.tools for turn in messages))
    native, tools, told = natively(messages, form)
    turns, changed = fitted(native, tokenizer, tools)
    return _Ready(turns, (*notes, *told, *changed), form, messages, notes)


def _as_text(refused: _Ready, reason: object, tokenizer: Any) -> _Ready:
    """Return a conversation whose tools are plain text, as the template does not take them."""
    plain, omitted = plainly(refused.source)
    turns, changed = fitted(plain, tokenizer)
    said = str(reason).rstrip(".")
    told = f"its tool calls and definitions are plain text: {said[:1].lower()}{said[1:]}"
    tools = (told,) if calls_tools(refused.source) else ()
    return _Ready(turns, (*refused.guarded, *tools, *omitted, *changed))


def _written_tokens(
    ready: Sequence[_Ready], tokenizer: Any, specials: Sequence[str], special: frozenset[int]
) -> Iterator[Tokens | DataError]:
    found = _read_tokens(ready, tokenizer, specials, special)
    failed = [place for place, each in enumerate(found) if isinstance(each, DataError) and ready[place].form]
    if failed:
        again = [_as_text(ready[at], found[at], tokenizer) for at in failed]
        for place, tokens in zip(failed, _read_tokens(again, tokenizer, specials, special), strict=True):
            found[place] = tokens
    yield from found


def _read_tokens(
    ready: Sequence[_Ready], tokenizer: Any, specials: Sequence[str], special: frozenset[int]
) -> list[Tokens | DataError]:
    """Return each conversation's tokens, or why it cannot be used."""
    texts = iter(texts_of([request for each in ready for request in each.requests], tokenizer))
    found: list[Tokens | DataError] = []
    for each in ready:
        own = [next(texts) for _request in each.requests]
        closing = each.form.closing if each.form else ""
        try:
            tokens = _tokens(read_back(each.messages, own, specials, closing), tokenizer, specials, special)
        except DataError as error:
            found.append(error)
        else:
            found.append(replace(tokens, notes=(*each.notes, *tokens.notes)))
    return found


def _tokens(written: Written, tokenizer: Any, specials: Sequence[str], special: frozenset[int]) -> Tokens:
    stretches = answers_in(written)
    if tokenizer.is_fast:
        ids, places = pieces_of(written.text, tokenizer, specials)
        answers = [_span(ids, places, stretch, special) for stretch in stretches]
    else:
        ids = encode(written.text, tokenizer, specials)
        answers = [_counted(ids, written.text, stretch, tokenizer, specials, special) for stretch in stretches]
    words = special - {tokenizer.unk_token_id}  # a word that the vocabulary lacks is a word
    if any(not set(ids[start:stop]) - words for start, stop in answers):
        raise DataError("The model's chat template omits an answer")
    require_tools(written, stretches)
    notes = tuple(changes(written, stretches))
    return _ended(Tokens(tuple(ids), tuple(answers), notes), tokenizer, special)


def _span(ids: Sequence[int], places: Sequence[Span], stretch: Stretch, special: frozenset[int]) -> Span:
    """Return an answer's tokens: up to the first special token after its text, else to the end of its turn."""
    inside = [at for at, (left, right) in enumerate(places) if left < stretch.stop and right > stretch.start]
    if not inside:
        raise DataError("The model's chat template omits an answer")
    closing = next((at for at in inside if places[at][0] >= stretch.said and ids[at] in special), None)
    if closing is None and stretch.said == stretch.stop:  # its words are written otherwise, and end who knows where
        tail = takewhile(lambda at: ids[at] in special or places[at][1] > stretch.stop - 2, reversed(inside))
        closing = next((at for at in reversed(list(tail)) if ids[at] in special), None)
    last = max((at for at in inside if places[at][0] < stretch.said), default=-1) if stretch.shared else inside[-1]
    if last < 0:
        raise DataError("The model's chat template omits an answer")
    return inside[0], (last if closing is None else closing) + 1


def _counted(
    ids: list[int], text: str, stretch: Stretch, tokenizer: Any, specials: Sequence[str], special: frozenset[int]
) -> Span:
    """Return an answer's tokens as :func:`_span` does, of a tokenizer that does not say where its tokens stand."""
    begun, whole = (encode(text[:edge], tokenizer, specials) for edge in (stretch.start, stretch.stop))
    start, stop = len(begun), len(whole)
    if stretch.shared or ids[:start] != begun or ids[:stop] != whole:
        raise DataError(
            "The chat template rewrites earlier turns, and this tokenizer does not return the character "
            "offsets of its tokens"
        )
    closing = sum(token in special for token in encode(text[stretch.said : stretch.stop], tokenizer, specials))
    found = [place for place in range(start, stop) if ids[place] in special]
    return start, found[-closing] + 1 if 0 < closing <= len(found) else stop


def _ended(tokens: Tokens, tokenizer: Any, special: frozenset[int]) -> Tokens:
    """Return a conversation each of whose answers ends by a token: by the end token where the template writes none."""
    ending = end_ids(tokenizer)
    open_ended = [stop for _start, stop in tokens.answers if tokens.ids[stop - 1] not in special]
    if not open_ended or not ending:
        return tokens
    *before, (start, stop) = tokens.answers
    ids, last = tokens.ids, (start, stop)
    if stop in open_ended:
        open_ended.remove(stop)
        ids, last = (*ids[:stop], *ending), (start, stop + len(ending))
    ends = tuple((place, ending[0]) for place in open_ended)
    said = f"the chat template does not end an answer with a token, so {tokenizer.eos_token} is appended and trained"
    return Tokens(ids, (*before, last), (*tokens.notes, said), ends)


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
    each = _ready(messages, notes, tokenizer)
    try:
        written = _asked(each, tokenizer, specials)
    except DataError as error:
        if not each.form:
            raise
        each = _as_text(each, error, tokenizer)
        written = _asked(each, tokenizer, specials)
    ids = tuple(encode(written.text, tokenizer, specials))
    return Tokens(ids, (), (*each.notes, *changes(written, ())))


def _asked(each: _Ready, tokenizer: Any, specials: Sequence[str]) -> Written:
    written = read_back(each.messages, texts_of(to_ask(each.messages), tokenizer), specials)
    require_tools(written, ())
    return written


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
    plain, omitted = plainly(messages)
    for message in plain:
        start = len(ids)
        if message.role == "assistant":
            ids += [*encode(message.content, tokenizer, specials), *end_ids(tokenizer)]
            answers += [(start, len(ids))] if message.trained else []
        else:
            ids += encode(f"{message.content}\n", tokenizer, specials)
    return Tokens(tuple(ids), tuple(answers), (*notes, *omitted))
