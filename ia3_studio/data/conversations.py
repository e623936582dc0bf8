"""How does a cell become a conversation, with the system prompt, history and tools that stand in other columns?

Every turn is text: a call is JSON in the assistant's turn, its result a user's turn, tools are in the system's. So it
is for encoder-decoders and for models whose template knows no tools. What a template that knows them takes instead is
kept with each turn, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.problem import UnusableError, whole
from ia3_studio.data.tool_calls import Call, as_json, calls_text, tools_of
from ia3_studio.data.turns import Turn, turns_of

GAP = "\n\n"
"""Between texts that are put into one turn."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; the role is "system", "user" or "assistant"."""

    role: str
    content: str
    """All its words as text; calls and definitions of tools are JSON."""
    trained: bool = True
    """Whether an assistant turn is trained; else it is only read."""
    native: str = ""
    """The turn as a chat template that knows tools takes it, as JSON; "null" if it has no such turn, and empty if role
    and content say it all."""
    tools: str = ""
    """Definitions of the conversation's tools, as JSON; the first message of a conversation has them."""


def messages_of(value: Any, history: Any = None, system: str = "", tools: str = "") -> tuple[Message, ...]:
    """Return the turns of a conversation.

    Args:
        value: a list of turns, or JSON of one.
        history: earlier turns, or exchanges.
        system: the words of a system turn; they stand before those of the conversation's own.
        tools: definitions of :func:`ia3_studio.data.tool_calls.tool_definitions`.

    Raises:
        UnusableError: it is none, or has no assistant turn that is trained, or an empty one.
    """
    return opened(tuple(map(_message, turns_of(value))), history, system, tools)


def opened(
    messages: tuple[Message, ...], history: Any = None, system: str = "", tools: str = ""
) -> tuple[Message, ...]:
    """Return turns with what stands before them; the arguments and errors are those of :func:`messages_of`."""
    is_blank = history is None or (isinstance(history, str) and not history.strip())
    earlier = () if is_blank else tuple(map(_message, turns_of(history)))
    first = [turn for turn in messages[:1] if turn.role == "system"]
    opening = _opening(first, system, tools)
    found = (*opening, *earlier, *messages[len(first) :])
    _require_answers(found)
    return found


def up_to_trained(messages: Sequence[Message]) -> Sequence[Message]:
    """Return turns without assistant turns at their end that are not trained, and what stands before those."""
    if not messages or messages[-1].role != "assistant":
        return messages
    places = [place for place, turn in enumerate(messages) if turn.role == "assistant" and turn.trained]
    return messages[: places[-1] + 1] if places else messages


def native_turn(message: Message) -> dict[str, Any] | None:
    """Return a turn as a chat template that knows tools takes it; None if there is no such turn."""
    if not message.native:
        return {"role": message.role, "content": message.content}
    return json.loads(message.native)  # type: ignore[no-any-return]


def calls_of(message: Message) -> list[Call]:
    """Return the tool calls of a turn."""
    native = json.loads(message.native) if message.native else None
    return native.get("tool_calls", []) if native else []


def _opening(first: Sequence[Message], system: str, tools: str) -> tuple[Message, ...]:
    """Return the system turn: the column's words, the conversation's own, and the tools if these do not name them."""
    own = first[0].content if first else None
    if system.strip() and system.strip() not in (own or ""):
        own = GAP.join(filter(None, (system, own)))
    if not tools or (own and "".join(tools.split()) in "".join(own.split())):
        return () if own is None else (Message("system", own),)
    content = GAP.join(filter(None, (own, tools)))
    if not tools_of(tools):
        return (Message("system", content),)
    native = as_json(None if own is None else {"role": "system", "content": own})
    return (Message("system", content, native=native, tools=tools),)


def _message(turn: Turn) -> Message:
    role = "user" if turn.role == "tool" else turn.role
    content = "\n".join(filter(None, (turn.text, whole(calls_text(turn.calls), "a tool call"))))
    if not (turn.calls or turn.extra or turn.role == "tool"):
        return Message(role, content, turn.trained)
    native: dict[str, Any] = {"role": turn.role}
    if turn.text is not None:
        native["content"] = turn.text
    calls = {"tool_calls": list(turn.calls)} if turn.calls else {}
    extra = {key: whole(text, f"the {key} of a turn") for key, text in turn.extra.items()}
    return Message(role, content, turn.trained, as_json({**native, **calls, **extra}))


def _require_answers(messages: Sequence[Message]) -> None:
    answers = [message for message in messages if message.role == "assistant"]
    if not answers:
        raise UnusableError("the conversation has no assistant turn")
    for message in messages:
        is_result = message.role == "user" and message.native
        if message.role != "system" and not message.content.strip() and not is_result:
            raise UnusableError(f"the conversation has an empty {message.role} turn")
    if not any(answer.trained for answer in answers):
        raise UnusableError("no assistant turn of the conversation is trained: each is marked with a weight of 0")


def texts_of(value: Any) -> list[str]:
    """Return the texts of a list of texts; nothing for any other value."""
    several = list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else []
    return several if all(isinstance(each, str) for each in several) else []
