"""What stands in the panes? Conversations with the same questions, side by side: asked, cut, continued and saved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.conversations import Message
from ia3_studio.ui import chat_words as words

Bubble = dict[str, Any]
"""One message as gr.Chatbot sends and takes it."""
Pane = list[Bubble]


def asked(panes: Sequence[Pane], prompt: str) -> list[Pane]:
    """Return the panes with a question at their ends."""
    return [[*pane, {"role": "user", "content": prompt}] for pane in panes]


def questions(pane: Pane) -> list[int]:
    """Return where the questions of a pane stand."""
    return [place for place, bubble in enumerate(pane) if bubble["role"] == "user"]


def turn_at(pane: Pane, place: int) -> int:
    """Return the number, from 0, of the question that a message of a pane is or answers; -1 where there is none."""
    return sum(position <= place for position in questions(pane)) - 1


def before(pane: Pane, turn: int) -> Pane:
    """Return a pane without question ``turn`` and all that follows it."""
    places = questions(pane)
    return pane[: places[turn]] if 0 <= turn < len(places) else pane


def question_of(pane: Pane, turn: int) -> str:
    """Return the text of question ``turn``; empty where there is none."""
    places = questions(pane)
    return plain_text(pane[places[turn]]["content"]) if 0 <= turn < len(places) else ""


def matched(panes: Sequence[Pane]) -> list[Pane]:
    """Return panes that hold the same questions: one that misses some goes on from its left neighbour's."""
    found: list[Pane] = []
    for pane in panes:
        left = found[-1] if found else pane
        same = [question_of(pane, turn) for turn in range(len(questions(pane)))] == [
            question_of(left, turn) for turn in range(len(questions(left)))
        ]
        found.append(pane if same else list(left))
    return found


def messages_of(pane: Pane) -> tuple[Message, ...]:
    """Return a pane as the chat template wants it: a question that was never answered is left out."""
    turns = [Message(str(bubble["role"]), plain_text(bubble["content"])) for bubble in pane]
    following = [*(turn.role for turn in turns[1:]), ""]
    return tuple(turn for turn, after in zip(turns, following, strict=True) if (turn.role, after) != ("user", "user"))


def plain_text(content: Any) -> str:
    """Return a bubble's text; gr.Chatbot sends a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def with_answer(pane: Pane, answer: str) -> Pane:
    """Return a pane with the answer so far."""
    return [*pane, {"role": "assistant", "content": answer or "…"}]


def as_markdown(labels: Sequence[str], panes: Sequence[Pane], facts: Sequence[tuple[str, str]]) -> str:
    """Return conversations as a document: every question once, every answer under the name of who gave it."""
    lines = [f"# {words.DOCUMENT_TITLE}", "", *(f"- {name}: {value}" for name, value in facts), ""]
    conversations = [messages_of(pane) for pane in panes]
    for place, message in enumerate(conversations[0]):
        if message.role == "user":
            lines += [f"## {message.content}", ""]
            continue
        for label, conversation in zip(labels, conversations, strict=True):
            said = conversation[place].content if place < len(conversation) else "–"
            lines += [f"**{label}**", "", said, ""]
    return "\n".join(lines)


def as_json(labels: Sequence[str], panes: Sequence[Pane], facts: dict[str, Any]) -> str:
    """Return conversations with all that is needed to have them once more."""
    said = [
        {"variant": label, "messages": [{"role": each.role, "content": each.content} for each in messages_of(pane)]}
        for label, pane in zip(labels, panes, strict=True)
    ]
    return json.dumps({**facts, "conversations": said}, ensure_ascii=False, indent=2)
