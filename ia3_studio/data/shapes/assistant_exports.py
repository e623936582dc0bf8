"""How are the exports of chat assistants read? Each conversation along the messages that its user last saw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed, role_of

MESSAGES = "messages"
KEPT = ("title", "name", "split")
"""Keys of a conversation that are kept as columns."""
BRANCHES = "messages of other branches (edited or regenerated)"
ATTACHMENTS, REASONING, CALLS, TOOLS = "images and files", "reasoning", "tool calls", "messages of tools"
_CITATION = re.compile("\ue200[^\ue201]*\ue201")
"""What ChatGPT's page shows as a footnote."""
_REASONING = ("thoughts", "reasoning_recap")

Turn = dict[str, Any]


def _is_mapping(cell: Any) -> bool:
    """Say whether a cell is a tree of messages by their ids, as ChatGPT writes it."""
    nodes = list(cell.values()) if isinstance(cell, dict) else []
    return bool(nodes) and all(isinstance(node, dict) for node in nodes) and any("message" in node for node in nodes)


def _read_chatgpt(rows: Rows) -> Recognized:
    def read(record: dict[str, Any], found: Collector) -> list[Turn]:
        nodes = record.get("mapping")
        if not isinstance(nodes, dict) or not all(isinstance(node, dict) for node in nodes.values()):
            raise UnusableError("it has no tree of messages (mapping)")
        path = _chatgpt_path(nodes, record.get("current_node"))
        others = nodes.keys() - path
        found.unused[BRANCHES] += sum(_is_shown(nodes[key].get("message")) for key in others)
        return _joined(_chatgpt_turns((nodes[key].get("message") for key in path), found))

    return _read(rows, "ChatGPT export", read)


def _chatgpt_path(nodes: dict[str, Any], current: Any) -> list[str]:
    """Return the ids from the first message to the current one, or to the last of the last branch."""
    if isinstance(current, str) and current in nodes:
        return _upwards(current, lambda key: nodes[key].get("parent"), nodes)
    first = next((key for key, node in nodes.items() if not _is_key(node.get("parent"), nodes)), None)
    path: dict[str, None] = {}
    while first is not None and first not in path:
        path[first] = None
        children = [child for child in listed(nodes[first].get("children")) if _is_key(child, nodes)]
        first = children[-1] if children else None
    if first is not None or not path:
        raise UnusableError("its messages form a circle")
    return list(path)


def _is_key(value: Any, nodes: Any) -> bool:
    return isinstance(value, str) and value in nodes


def _upwards(last: str, parent_of: Callable[[str], Any], nodes: Any) -> list[str]:
    """Return the ids on the way from the first message to the last one.

    Raises:
        UnusableError: a message is its own ancestor.
    """
    path = {last: None}
    while _is_key(parent := parent_of(last), nodes):
        if parent in path:
            raise UnusableError("its messages form a circle")
        path[parent] = None
        last = parent
    return list(reversed(path))


def _is_shown(message: Any) -> bool:
    return isinstance(message, dict) and _role(message) in ("user", "assistant") and not _is_hidden(message)


def _role(message: dict[str, Any]) -> str:
    author = message.get("author")
    return str(author.get("role", "")) if isinstance(author, dict) else ""


def _is_hidden(message: dict[str, Any]) -> bool:
    facts = message.get("metadata")
    return isinstance(facts, dict) and bool(facts.get("is_visually_hidden_from_conversation"))


def _chatgpt_turns(messages: Iterable[Any], found: Collector) -> list[Turn]:
    turns: list[Turn] = []
    for message in (part for each in messages for part in _fragments(each)):
        content = message.get("content")
        content = content if isinstance(content, dict) else {}
        kind, role = str(content.get("content_type", "text")), _role(message)
        if left := _left_out(message, kind, role):
            found.unused[left] += 1
            continue
        text = _chatgpt_text(content, found)
        if text.strip():
            turns.append({"role": role, "content": text})
        elif role == "user":
            raise UnusableError("a message of the user has no text (images or files)")
    return turns


def _fragments(message: Any) -> list[dict[str, Any]]:
    """Return a message; one that is made of fragments, as DeepSeek writes it, as a message for each of them."""
    if not isinstance(message, dict) or "fragments" not in message:
        return [message] if isinstance(message, dict) else []
    parts = [part for part in listed(message["fragments"]) if isinstance(part, dict)]
    return [
        {
            "author": {"role": _FRAGMENTS.get(str(part.get("type")), "tool")},
            "content": {
                "content_type": "thoughts" if part.get("type") == "THINK" else "text",
                "parts": [part.get("content")],
            },
        }
        for part in parts
    ]


_FRAGMENTS = {"REQUEST": "user", "RESPONSE": "assistant", "THINK": "assistant"}
"""Kinds of fragments; others are those of a search."""


def _left_out(message: dict[str, Any], kind: str, role: str) -> str:
    """Return what a message is that is no turn; empty for a turn."""
    if kind in _REASONING:
        return REASONING
    if kind in ("user_editable_context", "model_editable_context"):
        return "custom instructions and memories"
    if _is_hidden(message):
        return "" if role == "system" else "hidden messages"
    if role == "tool":
        return TOOLS
    return CALLS if message.get("recipient") not in (None, "", "all") else ""


def _chatgpt_text(content: dict[str, Any], found: Collector) -> str:
    texts = []
    for part in [content.get("text"), *listed(content.get("parts"))]:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(text, str):
            texts.append(text)
        elif part is not None:
            found.unused[ATTACHMENTS] += 1
    text = "".join(texts)
    found.unused["citation marks"] += len(_CITATION.findall(text))
    return _CITATION.sub("", text)


def _read_claude(rows: Rows) -> Recognized:
    def read(record: dict[str, Any], found: Collector) -> list[Turn]:
        messages = [each for each in listed(record.get("chat_messages")) if isinstance(each, dict)]
        path = _claude_path(record, messages)
        found.unused[BRANCHES] += len(messages) - len(path)
        return _joined([turn for message in path for turn in _claude_turn(message, found)])

    return _read(rows, "Claude export", read)


def _claude_path(record: dict[str, Any], messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages of the branch that was shown last; all of them where they have no parents."""
    by_id = {str(each.get("uuid")): each for each in messages}
    if len(by_id) < len(messages) or not any(_is_key(each.get("parent_message_uuid"), by_id) for each in messages):
        return messages
    leaf = record.get("current_leaf_message_uuid")
    last = leaf if isinstance(leaf, str) and leaf in by_id else str(messages[-1].get("uuid"))
    return [by_id[key] for key in _upwards(last, lambda key: by_id[key].get("parent_message_uuid"), by_id)]


def _claude_turn(message: dict[str, Any], found: Collector) -> list[Turn]:
    texts = []
    for block in listed(message.get("content")):
        kind = str(block.get("type")) if isinstance(block, dict) else ""
        if kind == "text" and isinstance(block.get("text"), str):
            texts.append(block["text"])
        elif kind != "token_budget":
            found.unused[_BLOCKS.get(kind, ATTACHMENTS)] += 1
    for name in ("attachments", "files"):
        found.unused[ATTACHMENTS] += len(listed(message.get(name)))
    written = message.get("text")
    text = "\n\n".join(texts) or (written if isinstance(written, str) else "")
    role = str(message.get("sender", ""))
    if is_text(text):
        return [{"role": role, "content": text}]
    if role_of(role) == "user":
        raise UnusableError("a message of the user has no text (images or files)")
    return []


_BLOCKS = {"tool_use": CALLS, "tool_result": TOOLS, "thinking": REASONING, "redacted_thinking": REASONING}


def _is_answered(cell: Any) -> bool:
    """Say whether a cell is a list of messages, each in an object of its own, as Grok writes a conversation."""
    each = listed(cell)
    return bool(each) and all(isinstance(item, dict) and isinstance(item.get("response"), dict) for item in each)


def _read_grok(rows: Rows) -> Recognized:
    def read(record: dict[str, Any], found: Collector) -> list[Turn]:
        messages = [item["response"] for item in listed(record.get("responses")) if _is_answered([item])]
        found.name_rest(record, ("responses",))
        for name in ("file_attachments", "card_attachments_json", "images"):
            found.unused[ATTACHMENTS] += sum(len(listed(each.get(name))) for each in messages)
        turns = [{"role": each.get("sender", ""), "content": each.get("message", "")} for each in messages]
        return _joined([turn for turn in turns if is_text(turn["content"])])

    return _read(rows, "Grok export", read)


def _joined(turns: list[Turn]) -> list[Turn]:
    """Join the texts of an assistant between which only its tools were at work."""
    kept: list[Turn] = []
    for turn in turns:
        if kept and role_of(turn["role"]) == "assistant" == role_of(kept[-1]["role"]):
            kept[-1] = {**turn, "content": f"{kept[-1]['content']}\n\n{turn['content']}"}
        else:
            kept.append(turn)
    return kept


def _read(rows: Rows, form: str, read: Callable[[dict[str, Any], Collector], list[Turn]]) -> Recognized:
    found = Collector()
    for row, record in rows.records():
        try:
            turns = read(record, found)
        except UnusableError as reason:
            found.leave_out(row, str(reason))
            continue
        found.use(row, {MESSAGES: turns, **{name: record[name] for name in KEPT if name in record}})
    return found.recognized(form, Mapping("messages", column=MESSAGES))


SHAPES = (
    Shape("ChatGPT export", lambda rows: rows.mostly("mapping", _is_mapping), _read_chatgpt),
    Shape("Grok export", lambda rows: rows.mostly("responses", _is_answered), _read_grok),
    Shape(
        "Claude export",
        lambda rows: rows.mostly("chat_messages", lambda cell: isinstance(cell, list)),
        _read_claude,
    ),
)
