"""What are the messages of a chat? Histories with the same questions, one per response: extended, cut and saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.conversations import Message
from ia3_studio.ui import chat_words as words

History = list[dict[str, Any]]
"""Messages as gr.Chatbot sends and takes them."""


def with_question(histories: Sequence[History], prompt: str) -> list[History]:
    """Return the histories with a question at their ends."""
    return [[*history, {"role": "user", "content": prompt}] for history in histories]


def with_response(history: History, response: str) -> History:
    """Return a history with the response so far."""
    return [*history, {"role": "assistant", "content": response or "…"}]


def questions_in(history: History) -> list[int]:
    """Return the positions of a history's questions."""
    return [position for position, message in enumerate(history) if message["role"] == "user"]


def question_at(history: History, position: int) -> int:
    """Return the number, from 0, of the question that a message is or responds to; -1 if there is none."""
    return sum(question <= position for question in questions_in(history)) - 1


def before(history: History, number: int) -> History:
    """Return a history up to question ``number``, which is left out."""
    positions = questions_in(history)
    return history[: positions[number]] if 0 <= number < len(positions) else history


def question_of(history: History, number: int) -> str:
    """Return the text of question ``number``; empty if there is none."""
    positions = questions_in(history)
    return plain_text(history[positions[number]]["content"]) if 0 <= number < len(positions) else ""


def aligned(histories: Sequence[History]) -> list[History]:
    """Return histories with the same questions: one with other questions is replaced by the one to its left."""
    found: list[History] = []
    for history in histories:
        left = found[-1] if found else history
        same = _question_texts(history) == _question_texts(left)
        found.append(history if same else list(left))
    return found


def _question_texts(history: History) -> list[str]:
    return [question_of(history, number) for number in range(len(questions_in(history)))]


def messages_of(history: History) -> tuple[Message, ...]:
    """Return a history as the chat template takes it: a question without a response is left out."""
    messages = [Message(str(each["role"]), plain_text(each["content"])) for each in history]
    following = [*(message.role for message in messages[1:]), ""]
    pairs = zip(messages, following, strict=True)
    return tuple(message for message, after in pairs if (message.role, after) != ("user", "user"))


def plain_text(content: Any) -> str:
    """Return the text of a message; gr.Chatbot sends a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def as_markdown(labels: Sequence[str], histories: Sequence[History], facts: Sequence[tuple[str, str]]) -> str:
    """Return histories as a document: each question once, each response below the name of its variant."""
    lines = [f"# {words.DOCUMENT_TITLE}", "", *(f"- {name}: {value}" for name, value in facts), ""]
    conversations = [messages_of(history) for history in histories]
    for position, message in enumerate(conversations[0]):
        if message.role == "user":
            lines += [f"## {message.content}", ""]
            continue
        for label, conversation in zip(labels, conversations, strict=True):
            response = conversation[position].content if position < len(conversation) else "–"
            lines += [f"**{label}**", "", response, ""]
    return "\n".join(lines)


def as_json(labels: Sequence[str], histories: Sequence[History], facts: dict[str, Any]) -> str:
    """Return histories as JSON, with all that is needed to repeat them."""
    conversations = [
        {"variant": label, "messages": [{"role": each.role, "content": each.content} for each in messages_of(history)]}
        for label, history in zip(labels, histories, strict=True)
    ]
    return json.dumps({**facts, "conversations": conversations}, ensure_ascii=False, indent=2)
