"""How does a turn whose content is blocks, as APIs take them, become turns with calls of tools and their results?

A block is a text, a call of a tool, its result, or a thought. A user's turn may hold several results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

CALLS = ("tool_use", "toolUse", "functionCall", "function_call")
RESULTS = ("tool_result", "toolResult", "functionResponse", "function_response")
THOUGHTS = ("thinking", "reasoningContent")
"""What the blocks of Anthropic's, Bedrock's and Gemini's APIs are called."""


def turns_in_blocks(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the turns that a turn with blocks of tools or thoughts is; any other turn as it is."""
    content: Any = turn.get("content")
    blocks = content.tolist() if hasattr(content, "tolist") else content
    kinds = set(map(kind_of_block, blocks)) if isinstance(blocks, list) else set()
    foreign = {"call", "thought"} if turn.get("role") in ("user", "function", "tool") else {"result"}
    if not kinds - {""} or kinds & foreign:
        yield turn
        return
    rest = {key: value for key, value in turn.items() if key != "content"}
    found: dict[str, list[Any]] = {"call": [], "result": [], "thought": [], "": []}
    for each in blocks:
        found[kind_of_block(each)].append(each)
    for each in found["result"]:
        yield _result(each)
    if found["call"] or found["thought"] or found[""]:
        calls = {"tool_calls": [_call(each) for each in found["call"]]} if found["call"] else {}
        thought = "\n".join(filter(None, map(_thought, found["thought"])))
        yield {**rest, **({"thinking": thought} if thought else {}), "content": found[""] or None, **calls}


def turns_in_lists(value: Any) -> Any:
    """Return an object of lists of one length, as tables keep a list of turns, as that list; other values as they are.

    Example:
        >>> turns_in_lists({"role": ["user", "assistant"], "content": ["Hi", "Ahoy"]})
        [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Ahoy'}]
    """
    if not isinstance(value, dict) or not any({*pair} <= value.keys() for pair in _SPOKEN):
        return value
    columns = {key: each.tolist() if hasattr(each, "tolist") else each for key, each in value.items()}
    if not all(isinstance(each, list) for each in columns.values()) or len({*map(len, columns.values())}) > 1:
        return value
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


_SPOKEN = (("role", "content"), ("from", "value"))


def _in_order(items: list[Any]) -> list[Any]:
    """Return turns from the first to the last; where all have times that run backwards, they stand the other way."""
    first = items[0] if items else None
    key = next((key for key in _TIMES if key in first), "") if isinstance(first, dict) else ""
    times: list[Any] = [item.get(key) for item in items if isinstance(item, dict)] if key else []
    if len(times) < max(2, len(items)) or not (
        all(isinstance(time, int | float) for time in times)
        or all(isinstance(time, str) and _YEAR_FIRST.match(time) for time in times)
    ):
        return items
    runs_back = all(one >= other for one, other in pairwise(times)) and times[0] != times[-1]
    return items[::-1] if runs_back else items


_TIMES = (
    "timestamp",
    "created_at",
    "createdAt",
    "created",
    "time",
    "ts",
    "date",
    "sent_at",
    "create_time",
    "created_time",
)
_YEAR_FIRST = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
"""Times that are in order as texts are."""


def turns_of_items(items: list[Any]) -> list[Any]:
    """Return a list of turns in which items without a role, as OpenAI's Responses have them, are turns as well.

    Calls of tools that follow each other are one turn. What a model thought is not kept, as it is encrypted.
    """
    items = _in_order(items)
    if not any(isinstance(item, dict) and "type" in item and "role" not in item for item in items):
        return items  # as nearly all are
    items = [_unwrapped(item) for item in items]
    kinds = [str(item.get("type")) if isinstance(item, dict) and "role" not in item else "" for item in items]
    if not {*kinds} & {_CALLED, _RETURNED}:
        return items
    found: list[Any] = []
    for item, kind, before in zip(items, kinds, ["", *kinds], strict=False):
        if kind == _CALLED:
            call = {"name": item.get("name"), "input": item.get("arguments"), "id": item.get("call_id")}
            if before == _CALLED:
                found[-1]["tool_calls"].append(_call(call))
            else:
                found.append({"role": "assistant", "content": None, "tool_calls": [_call(call)]})
        elif kind == _RETURNED:
            found.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")})
        elif kind != "reasoning":
            found.append(item)
    return found


def _unwrapped(item: Any) -> Any:
    """Return a turn that stands beside its type in an object of its own, as LangChain writes it; any other as it is."""
    inner = item.get("data") if isinstance(item, dict) and "type" in item and "content" not in item else None
    if not isinstance(inner, dict) or "content" not in inner:
        return item
    rest = {key: value for key, value in item.items() if key != "data"}
    return {**inner, **rest}


_CALLED, _RETURNED = "function_call", "function_call_output"


def kind_of_block(block: Any) -> str:
    """Return what a block is: a call, a result or a thought; empty if it is none of these."""
    if not isinstance(block, dict):
        return ""
    if block.get("thought") is True:
        return "thought"
    named = {str(block.get("type")), *(key for key in block if isinstance(block[key], dict))}
    kinds = {"call": CALLS, "result": RESULTS, "thought": THOUGHTS}
    return next((kind for kind, names in kinds.items() if named & set(names)), "")


def _inner(block: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what a block says: itself, or the object under its only key."""
    return next((block[name] for name in names if isinstance(block.get(name), dict)), block)


def _call(block: dict[str, Any]) -> dict[str, Any]:
    said = _inner(block, CALLS)
    function = {"name": said.get("name"), "arguments": said.get("input", said.get("args"))}
    return {"id": said.get("id", said.get("toolUseId")), "type": "function", "function": function}


def _result(block: dict[str, Any]) -> dict[str, Any]:
    said = _inner(block, RESULTS)
    content = said.get("content", said.get("response"))
    return {
        "role": "tool",
        "tool_call_id": said.get("tool_use_id", said.get("toolUseId")),
        "name": said.get("name"),
        "content": "" if content is None else content,
    }


def _thought(block: dict[str, Any]) -> str:
    said = _inner(block, THOUGHTS)
    text = said.get("thinking", said.get("reasoningText", said.get("text")))
    return str(text.get("text", "")) if isinstance(text, dict) else str(text or "")
