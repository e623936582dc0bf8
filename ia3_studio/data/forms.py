"""Which conversations does a chat template take? Found once by trying; the others are brought into a form it takes.

Some templates take no system turn, want roles to alternate or a user to begin, or read a turn as a list of parts. What
is then done is what their makers document: the system's words stand before the user's, turns of one role are joined.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ia3_studio.data.conversations import Message
from ia3_studio.data.rendering import Request, is_own, rendered, written
from ia3_studio.errors import DataError

GAP = "\n\n"
"""Between words that were turns of their own."""
SYSTEM, ASKED, MORE, SAID, AGAIN = "lantern", "harbor", "compass", "anchor", "voyage"
"""Words of the conversations that are tried."""
_FOLDED = "the chat template does not accept a system turn there, so its text is prepended to the user turn"
_JOINED = "the chat template requires alternating roles, so consecutive turns of one role are joined"
_OPENED = "the chat template requires a user turn first, so an empty one is inserted before the assistant turn"


@dataclass(frozen=True)
class Form:
    """What a chat template needs."""

    parts: bool = False
    """A turn's content is a list of parts."""
    no_system: bool = False
    """It refuses or drops a system turn at the beginning."""
    no_later_system: bool = False
    """It refuses or drops a system turn further on."""
    alternates: bool = False
    """It refuses or drops one of two turns of one role."""
    user_first: bool = False
    """It refuses or drops an assistant's turn at the beginning."""


def form_of(tokenizer: Any) -> Form:
    """Return what a tokenizer's chat template needs.

    Raises:
        ModelError: the template takes too long, or is invalid.
    """
    if is_own(tokenizer):
        return Form()
    return _tried(tokenizer.get_chat_template(), json.dumps(tokenizer.special_tokens_map, sort_keys=True))


def written_turns(messages: Sequence[Message], form: Form) -> list[dict[str, Any]]:
    """Return turns as the template is given them."""
    return [
        {"role": turn.role, "content": [{"type": "text", "text": turn.content}] if form.parts else turn.content}
        for turn in messages
    ]


def texts_of(conversations: Sequence[tuple[Sequence[Message], bool]], tokenizer: Any) -> list[str | DataError]:
    """Return each conversation as the template writes it, or why it refuses it.

    Raises:
        ModelError: the template takes too long.
    """
    form = form_of(tokenizer)
    return rendered([(written_turns(messages, form), ask) for messages, ask in conversations], tokenizer)


def fitted(messages: Sequence[Message], tokenizer: Any) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Return a conversation in the form that the chat template takes, and what was done to it.

    Raises:
        ModelError: the template takes too long.
    """
    form, notes = form_of(tokenizer), []
    turns = list(messages)
    folded = _folded(turns, form)
    if folded != turns:
        notes.append(_FOLDED)
    joined = _joined(folded) if form.alternates else folded
    if len(joined) < len(folded):
        notes.append(_JOINED)
    spoken = next((place for place, turn in enumerate(joined) if turn.role != "system"), None)
    if form.user_first and spoken is not None and joined[spoken].role == "assistant":
        joined.insert(spoken, Message("user", ""))
        notes.append(_OPENED)
    return tuple(joined), tuple(notes)


def _folded(turns: list[Message], form: Form) -> list[Message]:
    """Put a system turn that the template does not take before the next user turn, or in a user turn of its own."""
    kept: list[Message] = []
    waiting: list[str] = []
    for place, turn in enumerate(turns):
        begins = all(each.role == "system" for each in turns[: place + 1])
        if turn.role == "system" and (form.no_system if begins else form.no_later_system):
            waiting.append(turn.content)
        elif waiting and turn.role == "user":
            kept.append(Message("user", GAP.join([*waiting, turn.content])))
            waiting = []
        else:
            kept += [Message("user", GAP.join(waiting))] if waiting else []
            kept.append(turn)
            waiting = []
    return kept + ([Message("user", GAP.join(waiting))] if waiting else [])


def _joined(turns: Sequence[Message]) -> list[Message]:
    kept: list[Message] = []
    for turn in turns:
        if kept and kept[-1].role == turn.role:
            kept[-1] = replace(kept[-1], content=GAP.join([kept[-1].content, turn.content]))
        else:
            kept.append(turn)
    return kept


@functools.lru_cache(maxsize=64)
def _tried(template: str, special: str) -> Form:
    """Return what a template needs, by letting it write conversations of five words."""
    pair = [Message("user", ASKED), Message("assistant", SAID)]
    system, again = Message("system", SYSTEM), Message("assistant", AGAIN)
    plain, parted = _takes(template, special, [pair], Form()), _takes(template, special, [pair], Form(parts=True))
    form = Form(parts=not plain[0] and parted[0])
    if not (plain[0] or parted[0]):
        return form  # it takes nothing that we know of: each conversation is told
    tries = [[system, *pair], [*pair, system, Message("user", MORE), again], [pair[0], Message("user", MORE), pair[1]]]
    begins, later, twice, first = _takes(template, special, [*tries, [pair[1], pair[0], again]], form)
    return replace(form, no_system=not begins, no_later_system=not later, alternates=not twice, user_first=not first)


def _takes(template: str, special: str, tries: Sequence[Sequence[Message]], form: Form) -> list[bool]:
    requests: list[Request] = [(written_turns(messages, form), False) for messages in tries]
    texts = written(template, requests, json.loads(special))
    return [
        isinstance(text, str) and "[{" not in text and all(turn.content in text for turn in messages)
        for text, messages in zip(texts, tries, strict=True)
    ]
