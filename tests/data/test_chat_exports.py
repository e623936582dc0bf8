"""Trees of messages and exports of chat assistants become the conversations that were shown; the rest is counted."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ia3_studio.errors import DataError
from tests.data.exports import read, read_file, written

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def message(key: Any, parent: Any, role: str, text: str, **others: Any) -> dict[str, Any]:
    return {"message_id": key, "parent_id": parent, "role": role, "text": text, **others}


FLAT = [
    message("a", None, "prompter", "Hi", lang="en"),
    message("b", "a", "assistant", "Bye", rank=1),
    message("c", "a", "assistant", "Ahoy", rank=0),
    message("d", "a", "assistant", "!", deleted=True),
    message("e", "c", "prompter", "And?"),
    message("f", "b", "prompter", "Why?"),
    message("g", "z", "assistant", "Lost"),
    message("h", "i", "prompter", "Round"),
    message("i", "h", "assistant", "and round"),
]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_messages_with_parents_are_read_along_the_best_replies(name: str, tmp_path: Path) -> None:
    found = read(FLAT, tmp_path, name)
    assert found.said == [[("user", "Hi"), ("assistant", "Ahoy")]] and found.examples[0].row == 1
    assert found.listed.keys() == {7, 8, 9} and "parent" in found.listed[7] and "no chain" in found.listed[8]
    for counted in ("not ranked best (2)", "deleted messages (1)", "without an answer (1)"):
        assert counted in found.notes


def test_nested_trees_count_what_is_not_read(tmp_path: Path) -> None:
    better = {"text": "Ahoy", "role": "assistant", "rank": 0, "replies": [{"text": "Bye", "role": "prompter"}]}
    worse = {"text": "No", "role": "assistant", "rank": 1, "replies": [{"text": "Oh", "role": "prompter"}]}
    found = read([{"prompt": {"text": "Hi", "role": "prompter", "replies": [worse, better]}}] * 2, tmp_path)
    assert found.said == [[("user", "Hi"), ("assistant", "Ahoy")]] * 2
    assert "not ranked best (4)" in found.notes and "without an answer (2)" in found.notes


IDS = st.one_of(st.none(), st.integers(0, 14))


@CALM
@given(
    parents=st.lists(st.tuples(IDS, st.sampled_from(["prompter", "assistant"]), st.booleans()), min_size=2, max_size=15)
)
def test_every_message_of_any_graph_is_used_listed_or_counted(
    parents: list[tuple[Any, str, bool]], tmp_path: Path
) -> None:
    rows = [
        message(place, parent, role, f"<{place}>", deleted=gone) for place, (parent, role, gone) in enumerate(parents)
    ]
    try:
        found = read(rows, tmp_path)
    except DataError:
        return
    if "message trees" not in found.table.description:
        return
    in_trees = sum(len(messages) for messages in found.table.frame["messages"])
    columns = {key for row in rows for key in row}
    counted = sum(count for name, count in found.table.unused.items() if name not in columns)
    assert in_trees + counted + len(found.table.problems) == len(rows)


def test_tens_of_thousands_of_replies_take_seconds(tmp_path: Path) -> None:
    count = 30_000
    draw = random.Random(3)
    rows = [
        message(0, None, "prompter", "Hi"),
        *(message(n, draw.randrange(n) if n % 3 else 0, "assistant", "x") for n in range(1, count)),
    ]
    chain = [
        message(count + n, count + n - 1 if n else None, ("prompter", "assistant")[n % 2], "y") for n in range(count)
    ]
    path = written([*rows, *chain], tmp_path, "rows.jsonl")
    begun = time.monotonic()
    found = read_file(path)
    assert len(found.said) == 2 and len(found.said[1]) == count
    assert time.monotonic() - begun < 30


def node(parent: str | None, role: str, *parts: Any, **others: Any) -> dict[str, Any]:
    content = {"content_type": others.pop("content_type", "text"), "parts": list(parts)}
    return {"message": {"author": {"role": role}, "content": content, **others}, "parent": parent, "children": []}


def chatgpt(**more: Any) -> dict[str, Any]:
    mapping = {
        "root": {"message": None, "parent": None, "children": ["s"]},
        "s": node("root", "system", "", metadata={"is_visually_hidden_from_conversation": True}),
        "u": node("s", "user", "Hi"),
        "old": node("u", "assistant", "Bye"),
        "t": node("u", "assistant", content_type="thoughts"),
        "c": node("t", "assistant", "search()", recipient="web"),
        "r": node("c", "tool", "result"),
        "a": node("r", "assistant", "Ahoy\ue200cite\ue202turn0\ue201"),
        "v": node("a", "user", {"asset_pointer": "file://x"}, "And?", content_type="multimodal_text"),
        "n": node("v", "assistant", "No"),
        **more,
    }
    return {"title": "Harbor", "create_time": 1.5, "mapping": mapping, "current_node": "n"}


def test_a_chatgpt_export_is_read_along_the_branch_that_was_shown(tmp_path: Path) -> None:
    found = read([chatgpt(), chatgpt()], tmp_path, "conversations.json")
    assert found.said == [[("user", "Hi"), ("assistant", "Ahoy"), ("user", "And?"), ("assistant", "No")]] * 2
    assert found.table.frame["title"].tolist() == ["Harbor"] * 2 and "ChatGPT export" in found.table.description
    for counted in (
        "(edited or regenerated) (2)",
        "reasoning (2)",
        "tool calls (2)",
        "messages of tools (2)",
        "files (2)",
    ):
        assert counted in found.notes


def test_a_chatgpt_conversation_in_a_circle_or_without_text_is_listed(tmp_path: Path) -> None:
    circle = chatgpt(u=node("n", "user", "Hi"))
    pictured = chatgpt(u=node("s", "user", {"asset_pointer": "file://x"}))
    nobody = chatgpt(n=node("s", "user", "Anybody?"))
    found = read([chatgpt(), circle, pictured, nobody], tmp_path)
    assert len(found.said) == 1 and found.listed.keys() == {2, 3, 4}
    assert "circle" in found.listed[2] and "no text" in found.listed[3] and "no assistant" in found.listed[4]


def test_without_a_current_message_the_last_branch_is_read(tmp_path: Path) -> None:
    mapping = {
        "root": {"message": None, "parent": None, "children": ["u"]},
        "u": {**node("root", "user", "Hi"), "children": ["a", "b"]},
        "a": node("u", "assistant", "Bye"), "b": node("u", "assistant", "Ahoy"),
    }  # fmt: skip
    found = read([{"title": "x", "mapping": mapping}], tmp_path)
    assert found.said == [[("user", "Hi"), ("assistant", "Ahoy")]]


def test_a_claude_export_is_read_by_its_blocks_and_branches(tmp_path: Path) -> None:
    def said(key: str, parent: str, sender: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "uuid": key,
            "parent_message_uuid": parent,
            "sender": sender,
            "text": "",
            "content": list(blocks),
            **more,
        }

    text = {"type": "text"}
    messages = [
        said("u", "0", "human", {**text, "text": "Hi"}, attachments=[{"file_name": "a.txt"}]),
        said("o", "u", "assistant", {**text, "text": "Bye"}),
        said(
            "a", "u", "assistant", {"type": "thinking", "thinking": "…"}, {**text, "text": "A"}, {**text, "text": "hoy"}
        ),
    ]
    plain = [{"sender": "human", "text": "Hi"}, {"sender": "assistant", "text": "Ahoy"}]
    rows = [{"uuid": "1", "name": "Harbor", "chat_messages": each} for each in (messages, plain, [])]
    found = read(rows, tmp_path, "conversations.json")
    assert [[words for _role, words in each] for each in found.said] == [["Hi", "A\n\nhoy"], ["Hi", "Ahoy"]]
    assert found.listed.keys() == {3}
    for counted in ("regenerated) (1)", "files (1)", "reasoning (1)"):
        assert counted in found.notes


def test_one_conversation_is_read_as_a_file_of_one(tmp_path: Path) -> None:
    assert len(read(chatgpt(), tmp_path).said) == 1
    messages = [{"sender": "human", "text": "Hi"}, {"sender": "assistant", "text": "Ahoy"}]
    assert len(read({"uuid": "1", "name": "x", "chat_messages": messages}, tmp_path).said) == 1


def test_a_tree_of_many_levels_is_read_to_its_end(tmp_path: Path) -> None:
    deep: Any = {"text": "x", "role": "prompter", "replies": []}
    for place in range(200):
        deep = {"text": str(place), "role": ("assistant", "prompter")[place % 2], "replies": [deep]}
    assert len(read([{"prompt": deep}] * 2, tmp_path).said[0]) == 200
