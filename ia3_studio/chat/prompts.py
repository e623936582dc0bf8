"""What does the model read of a conversation? All of it, or its end where it has grown too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ia3_studio.errors import StudioError

if TYPE_CHECKING:
    from ia3_studio.data.conversations import Message
    from ia3_studio.models.loaded import LoadedModel


@dataclass(frozen=True)
class Prompt:
    """What a model reads of a conversation."""

    ids: list[int]
    dropped_messages: int = 0
    """Messages dropped from the start to make it fit."""
    notes: tuple[str, ...] = ()
    """What the model reads otherwise than it is written."""


def fitting(loaded: LoadedModel, conversation: Sequence[Message], room: int) -> Prompt:
    """Return the prompt of a conversation, without the oldest exchanges where it would not fit.

    The system prompt and the last message always stay; exchanges are dropped as a whole. An answer that may be longer
    than the model's context leaves half of it to the prompt; :func:`room_for` says what is left for it.

    Args:
        loaded: the model and its tokenizer.
        conversation: the last message is the one to be answered.
        room: tokens to keep free for the answer.

    Raises:
        StudioError: the last message alone leaves no room for the answer.
        ModelError: the prompt holds a token that the model's embedding has no row for.
        DataError: the chat template refuses the conversation.
    """
    from ia3_studio.data.answer_spans import asked
    from ia3_studio.data.targets import source_ids
    from ia3_studio.data.words import special_texts, spoken

    opening = [turn for turn in conversation[:1] if turn.role == "system"]
    limits = loaded.limits
    context = limits.positions
    if loaded.head == "seq2seq":  # one text in, one text out: earlier ones are no part of it
        read = [*opening, conversation[-1]]
        ids = list(source_ids(read, loaded.tokenizer))
        limits.require_known(ids, loaded.tokenizer)
        if context and len(ids) > context:
            raise StudioError(
                f"The message has {len(ids)} tokens, but the context length of the model is {context}; "
                "shorten the message."
            )
        return Prompt(ids, notes=spoken((turn.content for turn in read), special_texts(loaded.tokenizer)))
    turns = list(conversation[len(opening) :])
    room = min(room, context // 2) if context else room
    dropped_messages = 0
    while True:
        tokens = asked([*opening, *turns[dropped_messages:]], loaded.tokenizer)
        ids = list(tokens.ids)
        if not context or len(ids) + room <= context:
            limits.require_known(ids, loaded.tokenizer)
            return Prompt(ids, dropped_messages, tokens.notes)
        if dropped_messages >= len(turns) - 1:
            raise StudioError(
                f"The message has {len(ids)} tokens and the answer up to {room}, but the context length of "
                f"the model is {context}; shorten the message or lower the max new tokens."
            )
        dropped_messages += next(
            (count for count in range(1, len(turns) - dropped_messages) if _is_asked(turns[dropped_messages + count])),
            1,
        )


def _is_asked(turn: Message) -> bool:
    """Return whether a turn is the user's, and not the result of a tool, which belongs to the turn before it."""
    return turn.role == "user" and not turn.native


def room_for(loaded: LoadedModel, prompt: Sequence[int], asked: int) -> int:
    """Return how many tokens an answer may have: as many as are asked for, or as the model's context has left."""
    limits = loaded.limits
    if loaded.head == "seq2seq":  # the decoder's text begins with a token of its own
        return min(asked, limits.written - 1) if limits.written else asked
    return min(asked, limits.positions - len(prompt)) if limits.positions else asked
