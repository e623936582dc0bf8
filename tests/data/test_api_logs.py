"""Requests and responses of APIs, logged side by side: what was asked stands before what was answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ia3_studio import load_data
from tests.data.shapes import asked, lines, said

SYSTEM = "You keep a lighthouse."


def gemini(row: int) -> dict[str, Any]:
    answer = {"role": "model", "parts": [{"text": said(row)}]}
    request = {
        "systemInstruction": {"parts": [{"text": SYSTEM}]},
        "contents": [{"role": "user", "parts": [{"text": asked(row)}]}],
    }
    return {"status": "", "request": request, "response": {"candidates": [{"content": answer}]}}


def anthropic(row: int) -> dict[str, Any]:
    request = {"system": [{"type": "text", "text": SYSTEM}], "messages": [{"role": "user", "content": asked(row)}]}
    answer = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": said(row)}]}
    return {"request": request, "response": answer}


def responses(row: int) -> dict[str, Any]:
    thought = {"type": "reasoning", "summary": []}
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said(row)}]}
    return {"request": {"instructions": SYSTEM, "input": asked(row)}, "response": {"output": [thought, answer]}}


def batch(row: int) -> dict[str, Any]:
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked(row)}]
    answer = {"choices": [{"message": {"role": "assistant", "content": said(row)}}]}
    return {"custom_id": str(row), "request": {"body": {"messages": turns}}, "response": {"body": answer}}


def traced(row: int) -> dict[str, Any]:
    turns = [
        {"message.role": "system", "message.content": SYSTEM},
        {"message.role": "user", "message.content": asked(row)},
    ]
    answer = [{"message": {"role": "assistant", "content": said(row)}}]
    return {"span": row, "attributes.llm.input_messages": turns, "attributes.llm.output_messages": answer}


def apart(row: int) -> dict[str, Any]:
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked(row)}]
    return {"messages": turns, "output_message": {"role": "assistant", "content": said(row)}, "latency": 0.4}


@pytest.mark.parametrize("call", [traced, apart, gemini, anthropic, responses, batch])
def test_a_logged_call_is_a_conversation(call: Callable[[int], dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines(call))
    split = load_data(path)
    first = min((*split.train, *split.held_out), key=lambda each: each.row)
    turns = [(turn.role, turn.content) for turn in first.messages]
    assert turns == [("system", SYSTEM), ("user", asked(0)), ("assistant", said(0))]
    assert not split.problems
