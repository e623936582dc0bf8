"""How does a cell become a conversation? Its turns, in the dialects people write them in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]

ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "instruction": "system",
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant",
    "ai": "assistant", "chatgpt": "assistant",
    "function_call": "assistant", "tool_call": "assistant",
    "observation": "user", "tool": "user", "function": "user", "tool_response": "user", "function_response": "user",
}  # fmt: skip


@dataclass(frozen=True)
class Message:
    """One turn of a conversation; the role is "system", "user" or "assistant"."""

    role: str
    content: str


class UnusableError(Exception):
    """A row that cannot be used; its text is the reason."""


def tool_definitions(value: Any) -> str:
    """Return what may be called, as it stands in the data; nothing where the list is empty."""
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str) if value else ""
    return "" if written.strip() in ("", "[]", "{}", "null") else written.strip()


def messages_of(value: Any) -> tuple[Message, ...]:
    """Return the turns of a conversation.

    Raises:
        UnusableError: it is none, or has no assistant turn, or an empty one.
    """
    turns = _listed(value)
    messages = tuple(_message(turn) for turn in turns)
    if not any(message.role == "assistant" for message in messages):
        raise UnusableError("the conversation has no assistant turn")
    spoken = (message for message in messages if message.role != "system")
    empty = next((message.role for message in spoken if not message.content.strip()), None)
    if empty:
        raise UnusableError(f"the conversation has an empty {empty} turn")
    return messages


def _branch(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one conversation of a message tree: at each turn the reply that was ranked best, or else the first."""
    turns: list[dict[str, Any]] = []
    turn: Any = tree
    while isinstance(turn, dict):
        turns.append({"role": turn.get("role", ""), "content": turn.get("text", turn.get("content", ""))})
        replies = [reply for reply in turn.get("replies") or () if isinstance(reply, dict) and not reply.get("deleted")]
        turn = min(replies, key=lambda reply: (reply.get("rank") is None, reply.get("rank") or 0), default=None)
    return turns if turns[-1]["role"] in ("assistant", "bot") else turns[:-1]


def _listed(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise UnusableError("the conversation is text, not a list of turns") from error
    if isinstance(value, dict) and "replies" in value:
        return _branch(value)
    if not isinstance(value, Iterable) or isinstance(value, dict):
        raise UnusableError("the conversation is not a list of turns")
    return list(value)


def _message(turn: Any) -> Message:
    if not isinstance(turn, dict):
        raise UnusableError("a turn of the conversation is not an object with a role and a content")
    role = str(turn.get("role", turn.get("from", ""))).strip()
    content = turn.get("content", turn.get("value", ""))
    if role.lower() not in ROLES:
        raise UnusableError(f"the role {role!r} is unknown; use system, user or assistant")
    if not isinstance(content, str):
        raise UnusableError(f"the content of the {role} turn is not text")
    return Message(ROLES[role.lower()], whole(content, f"the content of the {role} turn"))


def texts_of(value: Any) -> list[str]:
    """Return the texts of a list of texts; nothing for any other value."""
    several = list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else []
    return several if all(isinstance(each, str) for each in several) else []


def whole(text: str, part: str) -> str:
    """Return a text that can be written as UTF-8; JSON may hold half of a character, such as "\\ud83d"."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnusableError(f"{part} contains an incomplete character ({error.object[error.start]!r})") from error
    return text
