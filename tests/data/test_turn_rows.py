"""A table with one turn per row is read as conversations, and each of its rows is used or listed."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ia3_studio.data.load import load_data
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data.exports import read, read_file, written

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def row(conversation: Any, role: str, text: str, **others: Any) -> dict[str, Any]:
    return {"conversation_id": conversation, "role": role, "content": text, **others}


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.json"])
def test_rows_of_one_id_are_one_conversation(name: str, tmp_path: Path) -> None:
    rows = [row("a", "user", "Hi"), row("b", "user", "Where?"), row("a", "assistant", "Ahoy"), row("b", "bot", "Here")]
    found = read(rows, tmp_path, name)
    assert found.said == [[("user", "Hi"), ("assistant", "Ahoy")], [("user", "Where?"), ("assistant", "Here")]]
    assert [example.row for example in found.examples] == [1, 2]
    assert found.table.frame["conversation_id"].tolist() == ["a", "b"]
    assert "2 conversations" in found.table.description


def test_turns_stand_in_the_order_of_their_numbers_or_times(tmp_path: Path) -> None:
    numbered = [row(1, "assistant", "Ahoy", turn=10), row(1, "user", "Hi", turn=9)]
    assert read(numbered, tmp_path).said == [[("user", "Hi"), ("assistant", "Ahoy")]]
    timed = [
        row(1, "assistant", "Ahoy", created_at="2024-03-01T10:00:07Z"),
        row(1, "user", "Hi", created_at="2024-03-01T10:00:01Z"),
    ]
    assert read(timed, tmp_path).said == [[("user", "Hi"), ("assistant", "Ahoy")]]
    unclear = [row(1, "user", "Hi", date="03/04/2024"), row(1, "assistant", "Ahoy", date="02/05/2024")]
    assert read(unclear, tmp_path).said == [[("user", "Hi"), ("assistant", "Ahoy")]]


def test_a_conversation_without_an_assistant_and_a_row_without_an_id_are_listed(tmp_path: Path) -> None:
    rows = [
        row("a", "user", "Hi"), row("a", "assistant", "Ahoy"), row("b", "user", "Anybody?"), row("b", "user", "Hello?"),
        row(None, "user", "Lost"),
    ]  # fmt: skip
    found = read(rows, tmp_path)
    assert len(found.said) == 1 and found.listed.keys() == {3, 5}
    assert "no assistant turn" in found.listed[3] and "conversation_id" in found.listed[5]


def test_columns_of_single_turns_are_named_and_those_of_whole_conversations_are_kept(tmp_path: Path) -> None:
    rows = [
        row("a", "user", "Hi", split="train", mood="calm"), row("a", "assistant", "Ahoy", split="train", mood="gay"),
        row("b", "user", "Where?", split="test"), row("b", "assistant", "Here", split="test", mood=None),
    ]  # fmt: skip
    split = load_data(written(rows, tmp_path))
    assert [len(split.train), len(split.held_out)] == [1, 1] and split.train[0].row == 1
    assert any("mood (2)" in note for note in split.notes)


def test_a_system_turn_or_a_number_that_starts_again_begins_a_conversation_without_an_id(tmp_path: Path) -> None:
    said = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Ahoy")]
    turns = [{"role": role, "content": text} for role, text in said] * 2
    assert read(turns, tmp_path).said == [said, said]
    numbered = [{**turn, "turn": place % 3} for place, turn in enumerate(turns)]
    assert read(numbered, tmp_path).said == [said, said]


def test_turns_of_a_single_conversation_are_refused_in_a_sentence(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ahoy"}]
    with pytest.raises(DataError, match="turns of one conversation; add a column conversation_id"):
        read(turns * 3, tmp_path, "rows.jsonl")


def test_exchanges_of_one_conversation_belong_together(tmp_path: Path) -> None:
    rows = [
        {"session_id": 7, "turn": 2, "user": "And now?", "assistant": "Still here"},
        {"session_id": 7, "turn": 1, "user": "Where?", "assistant": "Here"},
        {"session_id": 8, "turn": 1, "user": "Who?", "assistant": "Me"},
    ]
    found = read(rows, tmp_path)
    assert [[text for _role, text in said] for said in found.said] == [
        ["Where?", "Here", "And now?", "Still here"],
        ["Who?", "Me"],
    ]


def test_named_speakers_need_a_choice(tmp_path: Path) -> None:
    rows = [
        {"dialogue_id": 1, "speaker": "Ann", "text": "Hi"}, {"dialogue_id": 1, "speaker": "Bo", "text": "Ahoy"},
        {"dialogue_id": 2, "speaker": "Bo", "text": "Up?"}, {"dialogue_id": 2, "speaker": "Ann", "text": "Yes"},
    ]  # fmt: skip
    path = written(rows, tmp_path)
    assert set(read_table(path).speakers) == {"Ann", "Bo"}
    with pytest.raises(DataError, match=r"Ann \(2\), Bo \(2\); choose the speaker"):
        read_file(path)
    found = read_file(path, ParsingOptions(speaker="ann"))
    assert found.said == [[("assistant", "Hi"), ("user", "Ahoy")], [("user", "Up?"), ("assistant", "Yes")]]
    with pytest.raises(DataError, match="Speaker 'Cy' not found"):
        read_file(path, ParsingOptions(speaker="Cy"))


def test_labeled_utterances_stay_labeled_texts(tmp_path: Path) -> None:
    rows = [
        {"Dialogue_ID": place // 4, "Speaker": "AB"[place % 2], "Utterance": f"Line {place}", "Emotion": mood}
        for place, mood in enumerate(("joy", "fear") * 6)
    ]
    assert str(read(rows, tmp_path).mapping) == "Utterance → text, Emotion → label"


def test_a_plain_reading_leaves_the_rows_as_they_are(tmp_path: Path) -> None:
    rows = [row("a", "user", "Hi"), row("a", "assistant", "Ahoy")]
    assert len(read_table(written(rows, tmp_path), ParsingOptions(plain=True)).frame) == 2


def test_a_speaker_is_refused_where_nobody_speaks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no speaker can be chosen"):
        read([{"text": "Hi"}], tmp_path, parsing=ParsingOptions(speaker="Ann"))


ROLES = st.sampled_from(["user", "assistant", "system", "human", "bot"])
IDS = st.sampled_from(["a", "b", "c", 4, None, ""])


@CALM
@given(
    rows=st.lists(st.tuples(IDS, ROLES, st.sampled_from(["", "x", "  "]), st.integers(0, 3)), min_size=1, max_size=25)
)
def test_every_turn_is_in_a_conversation_that_is_used_or_listed(
    rows: list[tuple[Any, str, str, int]], tmp_path: Path
) -> None:
    records = [
        {"conversation_id": chat, "role": role, "content": blank or f"<{place}>", "turn": turn}
        for place, (chat, role, blank, turn) in enumerate(rows, start=1)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(records))
    try:
        found = read_file(tmp_path / "rows.json")
    except DataError:
        return
    if not found.table.description.startswith("JSON array, UTF-8, one turn per row"):
        return
    used = " ".join(text for said in found.said for _role, text in said)
    if any("belong to the conversation above them" in note for note in found.table.notes):
        for above, record in pairwise(records):
            record["conversation_id"] = record["conversation_id"] or above["conversation_id"]
    for place, record in enumerate(records, start=1):
        if record["conversation_id"] in (None, ""):
            assert place in found.listed
            continue
        same = [
            at
            for at, each in enumerate(records, start=1)
            if str(each["conversation_id"]) == str(record["conversation_id"])
        ]
        is_used = same[0] in {example.row for example in found.examples}
        assert is_used != (same[0] in found.listed)
        assert not is_used or record["content"] in used


def test_the_type_of_a_message_may_name_its_role(tmp_path: Path) -> None:
    steps = [
        {"id": row, "threadId": row // 2, "type": ("user_message", "assistant_message")[row % 2], "output": f"{row}"}
        for row in range(8)
    ]
    assert read(steps, tmp_path).said[0] == [("user", "0"), ("assistant", "1")]
    talk = [{"type": "human", "content": "Hi"}, {"type": "ai", "content": "Ahoy", "tool_calls": []}]
    assert read([{"messages": talk}] * 2, tmp_path).said[0] == [("user", "Hi"), ("assistant", "Ahoy")]


def test_a_type_that_names_no_role_is_no_speaker(tmp_path: Path) -> None:
    posts = [
        {"thread": row // 2, "type": ("bug", "wish")[row % 2], "text": f"a text, number {row}"} for row in range(24)
    ]
    assert str(read(posts, tmp_path).mapping) == "text → text, type → label"


def test_messages_of_a_desk_say_by_yes_and_no_who_writes(tmp_path: Path) -> None:
    sent = [
        {"Ticket id": row // 2, "From agent": ("False", "True")[row % 2], "Message body": f"{row}"} for row in range(8)
    ]
    assert read(sent, tmp_path, "a.csv").said[1] == [("user", "2"), ("assistant", "3")]
