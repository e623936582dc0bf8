"""How does a turn whose content is blocks, as in Anthropic's and Bedrock's APIs, become turns with calls and results?

A block is a text, a call of a tool, its result, or a thought. A user's turn may hold several results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CALLS, RESULTS, THOUGHTS = ("tool_use", "toolUse"), ("tool_result", "toolResult"), ("thinking", "reasoningContent")


def turns_in_blocks(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the turns that a turn with blocks of tools or thoughts is; any other turn as it is."""
    content: Any = turn.get("content")
    blocks = content.tolist() if hasattr(content, "tolist") else content
    kinds = set(map(_kind, blocks)) if isinstance(blocks, list) else set()
    foreign = {"call", "thought"} if turn.get("role") == "user" else {"result"}
    if not kinds - {""} or kinds & foreign:
        yield turn
        return
    rest = {key: value for key, value in turn.items() if key != "content"}
    found: dict[str, list[Any]] = {"call": [], "result": [], "thought": [], "": []}
    for each in blocks:
        found[_kind(each)].append(each)
    for each in found["result"]:
        yield _result(each)
    if found["call"] or found["thought"] or found[""]:
        calls = {"tool_calls": [_call(each) for each in found["call"]]} if found["call"] else {}
        thought = "\n".join(filter(None, map(_thought, found["thought"])))
        yield {**rest, **({"thinking": thought} if thought else {}), "content": found[""] or None, **calls}


def _kind(block: Any) -> str:
    """Return what a block is: a call, a result or a thought; empty if it is none of these."""
    if not isinstance(block, dict):
        return ""
    named = {str(block.get("type")), *(key for key in block if isinstance(block[key], dict))}
    kinds = {"call": CALLS, "result": RESULTS, "thought": THOUGHTS}
    return next((kind for kind, names in kinds.items() if named & set(names)), "")


def _inner(block: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a block says: itself, or the object under its only key."""
    return next((block[name] for name in names if isinstance(block.get(name), dict)), block)


def _call(block: dict[str, Any]) -> dict[str, Any]:
    said = _inner(block, CALLS)
    function = {"name": said.get("name"), "arguments": said.get("input")}
    return {"id": said.get("id", said.get("toolUseId")), "type": "function", "function": function}


def _result(block: dict[str, Any]) -> dict[str, Any]:
    said = _inner(block, RESULTS)
    content = said.get("content")
    return {
        "role": "tool",
        "tool_call_id": said.get("tool_use_id", said.get("toolUseId")),
        "content": "" if content is None else content,
    }


def _thought(block: dict[str, Any]) -> str:
    said = _inner(block, THOUGHTS)
    text = said.get("thinking", said.get("reasoningText"))
    return str(text.get("text", "")) if isinstance(text, dict) else str(text or "")
