"""Chat logs between people: who is learned is chosen, every message is used or counted, and nothing else is guessed."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ia3_studio.data.examples import understood
from ia3_studio.data.load import load_data
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.table import ParsingOptions, read_table
from ia3_studio.errors import DataError
from tests.data.exports import read, read_file, written

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
BO = ParsingOptions(speaker="Bo")
SAID = [("user", "Hi"), ("assistant", "Ahoy\nthere"), ("user", "And?")]
"""What Ann and Bo say in each of the exports below; Bo in two messages."""


def slack(user: str, ts: str, text: str, **others: Any) -> dict[str, Any]:
    return {"type": "message", "user": user, "ts": ts, "text": text, **others}


SLACK = [
    slack("U1", "1700000000.0001", "Hi", user_profile={"real_name": "Ann"}, reactions=[{"name": "+1", "count": 2}]),
    slack("U2", "1700000001.0001", "Ahoy", user_profile={"display_name": "Bo"}),
    slack("U2", "1700000002.0001", "there"),
    slack("U2", "1700000003.0001", "", files=[{"name": "a.png"}]),
    slack("U1", "1700000004.0001", "And?"),
    slack("U1", "1700000005.0001", "<@U1> has joined", subtype="channel_join"),
]
TELEGRAM = {
    "name": "Bo", "type": "personal_chat", "id": 5,
    "messages": [
        {"id": 1, "type": "service", "date": "2024-01-01T09:59:00", "actor": "Ann", "action": "phone_call", "text": ""},
        {"id": 2, "type": "message", "date": "2024-01-01T10:00:00", "from": "Ann", "from_id": "user1", "text": "Hi"},
        {"id": 3, "type": "message", "date": "2024-01-01T10:00:01", "from": "Bo", "from_id": "user2",
         "text": ["A", {"type": "bold", "text": "ho"}, "y"]},
        {"id": 4, "type": "message", "date": "2024-01-01T10:00:02", "from": "Bo", "from_id": "user2", "text": "there"},
        {"id": 5, "type": "message", "date": "2024-01-01T10:00:03", "from": "Bo", "from_id": "user2", "text": "",
         "photo": "a.jpg"},
        {"id": 6, "type": "message", "date": "2024-01-01T10:00:04", "from": "Ann", "from_id": "user1", "text": "And?"},
    ],
}  # fmt: skip


def discord(name: str, second: int, content: str, **others: Any) -> dict[str, Any]:
    author = {"id": name, "name": name.lower(), "nickname": name, "isBot": False}
    when = f"2024-01-01T10:00:0{second}.123+00:00"
    return {"id": str(second), "type": "Default", "timestamp": when, "content": content, "author": author, **others}


DISCORD = {
    "guild": {"id": "1", "name": "Harbor"}, "channel": {"id": "2", "name": "general"}, "messageCount": 6,
    "messages": [
        discord("Ann", 0, "", type="GuildMemberJoin"), discord("Ann", 1, "Hi"), discord("Bo", 2, "Ahoy"),
        discord("Bo", 3, "there"), discord("Bo", 4, "", attachments=[{"url": "x"}]), discord("Ann", 5, "And?"),
    ],
}  # fmt: skip


def messenger(name: str, second: int, **others: Any) -> dict[str, Any]:
    return {"sender_name": name, "timestamp_ms": 1_700_000_000_000 + second * 1000, **others}


MESSENGER = {
    "participants": [{"name": "Ann"}, {"name": "Bo"}], "title": "Bo",
    "messages": [
        messenger("Ann", 5, content="And?"), messenger("Bo", 4, photos=[{"uri": "x"}]),
        messenger("Bo", 3, content="there"), messenger("Bo", 2, content="Ahoy"), messenger("Ann", 1, content="Hi"),
    ],
}  # fmt: skip
LOGS: dict[str, Any] = {
    "Slack": SLACK,
    "Telegram": TELEGRAM,
    "Telegram, all chats": {"about": "x", "chats": {"about": "y", "list": [TELEGRAM]}},
    "Discord": DISCORD,
    "Messenger": MESSENGER,
}


@pytest.mark.parametrize("log", LOGS)
def test_the_messages_of_a_chosen_speaker_are_the_answers(log: str, tmp_path: Path) -> None:
    path = written(LOGS[log], tmp_path)
    table = read_table(path)
    assert table.speakers == ("Bo", "Ann") or table.speakers == ("Ann", "Bo")
    assert log.partition(",")[0] in table.description
    with pytest.raises(DataError, match=r"2 speakers.*Ann \(2\).*choose the speaker whose messages are the answers"):
        read_file(path)
    found = read_file(path, BO)
    assert found.said == [SAID]
    assert "messages without text (1)" in found.notes and "images and files (1)" in found.notes
    assert log not in ("Slack", "Telegram", "Discord") or "system messages (1)" in found.notes


def message(number: int) -> tuple[str, str, str]:
    """Return who says what, and when, in a log of six messages."""
    return ("Ann", "Bo")[number % 2], f"Message {number}", f"2024-01-01T10:00:0{number}Z"


WITH_FACTS: dict[str, Any] = {
    "Skype": {
        "userId": "8:bo",
        "conversations": [{"id": "8:ann", "displayName": "Ann", "MessageList": [
            {"id": str(n), "displayName": None, "originalarrivaltime": when, "messagetype": "RichText", "content": text,
             "from": who}
            for n in (5, 4, 3, 2, 1, 0) for who, text, when in [message(n)]
        ]}],
    },
    "an object of the writer": {"messages": [
        {"creator": {"name": who, "user_type": "Human"}, "created_date": when, "text": text, "topic_id": "t"}
        for who, text, when in map(message, range(6))
    ]},
    "flags and numbers": [
        {"localId": n, "Status": 2, "is_system": False, "Sender": who, "CreateTime": when, "StrContent": text}
        for n, (who, text, when) in enumerate(map(message, range(6)))
    ],
}  # fmt: skip


@pytest.mark.parametrize("log", WITH_FACTS)
def test_a_log_with_facts_about_its_messages_asks_for_the_speaker(log: str, tmp_path: Path) -> None:
    path = written(WITH_FACTS[log], tmp_path)
    with pytest.raises(DataError, match="choose the speaker whose messages are the answers"):
        read_file(path)
    (conversation,) = read_file(path, BO).said
    assert [text for _role, text in conversation] == [f"Message {n}" for n in range(6)]


def test_a_table_with_a_judgment_of_each_message_is_no_log(tmp_path: Path) -> None:
    rows = [
        {"user": who, "date": when, "text": text, "rating": n % 3 + 1}
        for n, (who, text, when) in enumerate(map(message, range(6)))
    ]
    assert str(read(rows, tmp_path).mapping) == "text → text, rating → label"


def test_the_messages_can_be_read_as_plain_text(tmp_path: Path) -> None:
    table = read_table(written(TELEGRAM, tmp_path))
    examples, problems = understood(table, Mapping("text", column="text"))
    assert [example.text for example in examples] == ["Hi", "Ahoy", "there", "And?"] and not problems


ANDROID = """12/31/23, 10:15 PM - Messages and calls are end-to-end encrypted. Tap to learn more.
12/31/23, 10:15 PM - Ann: Hi
12/31/23, 10:16 PM - Bo: Ahoy
12/31/23, 10:17 PM - Bo: there
12/31/23, 10:17 PM - Bo: <Media omitted>
12/31/23, 10:18 PM - Ann: This message was deleted
12/31/23, 10:18 PM - Ann changed the subject from "a: b" to "c"
12/31/23, 10:18 PM - Ann: And?
"""
GERMAN = """31.12.23, 22:15 - Nachrichten sind Ende-zu-Ende-verschlüsselt.
31.12.23, 22:15 - Ann: Hi
31.12.23, 22:16 - Bo: Ahoy
there
31.12.23, 22:17 - Bo: IMG-20231231-WA0001.jpg (Datei angehängt)
01.01.24, 00:01 - Ann: And?
"""
IOS = """[31.12.23, 22:15:03] Bo: \u200eMessages and calls are end-to-end encrypted.
[31.12.23, 22:15:04] Ann: Hi
\u200e[31.12.23, 22:16:00] Bo: \u200e<attached: 00000012-PHOTO.jpg>
[31.12.23, 22:16:01] Bo: Ahoy
there
[31.12.23, 22:17:00] Ann: And? \u200e<This message was edited>
"""
NARROW = ANDROID.replace(" PM", "\u202fPM").replace("\n", "\r\n")
YEAR_FIRST = GERMAN.replace("31.12.23", "2023/12/31").replace("01.01.24", "2024/01/01")


@pytest.mark.parametrize("text", [ANDROID, GERMAN, IOS, NARROW, YEAR_FIRST])
def test_whatsapp_chats_of_every_date_style_are_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_bytes(text.encode())
    with pytest.raises(DataError, match=r"WhatsApp chat of 2 speakers.*choose the speaker"):
        read_file(tmp_path / "chat.txt")
    found = read_file(tmp_path / "chat.txt", BO)
    assert found.said == [SAID] and "Not used" in found.notes


@pytest.mark.parametrize(
    "first", ["A day at sea.", "12/31/23, 10:15 PM - nobody speaks", "31.12.23, 22:15 - Ann: alone"]
)
def test_a_text_that_only_begins_like_a_chat_is_plain_text(first: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(f"{first}\n\nAnd another paragraph: long.\n")
    assert read_file(tmp_path / "text.txt").mapping.kind == "text"


def test_a_pause_begins_a_conversation_and_a_thread_is_one(tmp_path: Path) -> None:
    later = 1_700_000_000 + 5 * 3600
    messages = [*SLACK[:2], slack("U1", f"{later}", "Again"), slack("U2", f"{later + 1}", "Yes")]
    assert [len(said) for said in read(messages, tmp_path, parsing=BO).said] == [2, 2]
    thread = [dict(message, thread_ts="1700000000.0001") for message in messages]
    assert [len(said) for said in read(thread, tmp_path, parsing=BO).said] == [4]


def test_a_conversation_in_which_the_speaker_is_silent_is_listed(tmp_path: Path) -> None:
    messages = [*SLACK[:2], slack("U1", "1700100000.1", "Anybody?")]
    found = read(messages, tmp_path, parsing=BO)
    assert len(found.said) == 1 and "no assistant turn" in found.listed[3]


def test_in_a_group_names_precede_the_messages_of_the_others(tmp_path: Path) -> None:
    third = slack("U3", "1700000000.5", "Hello <@U2> &amp; all", user_profile={"real_name": "Cy"})
    found = read([SLACK[0], third, SLACK[1]], tmp_path, parsing=BO)
    assert found.said == [[("user", "Ann: Hi\nCy: Hello @Bo & all"), ("assistant", "Ahoy")]]


def test_two_speakers_of_one_name_stay_two(tmp_path: Path) -> None:
    log = [slack(f"U{n}", f"170000000{n}.1", "Hi", user_profile={"real_name": "Ann"}) for n in (1, 2)]
    assert set(read_table(written(log, tmp_path)).speakers) == {"Ann (U1)", "Ann (U2)"}


def test_a_log_of_one_speaker_says_that_nothing_is_answered(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only one speaker writes"):
        read(SLACK[1:3], tmp_path)


def archive(folder: Path, members: dict[str, Any]) -> Path:
    with zipfile.ZipFile(folder / "export.zip", "w") as file:
        for name, content in members.items():
            file.writestr(name, content if isinstance(content, str) else json.dumps(content))
    return folder / "export.zip"


def test_slacks_days_are_one_log_with_the_names_of_its_users(tmp_path: Path) -> None:
    bare = [{key: value for key, value in message.items() if key != "user_profile"} for message in SLACK]
    users = [{"id": "U1", "name": "ann", "profile": {"real_name": "Ann"}}, {"id": "U2", "name": "Bo", "profile": {}}]
    path = archive(tmp_path, {
        "channels.json": [{"id": "C1", "name": "harbor"}], "users.json": users,
        "harbor/2023-11-15.json": bare[2:], "harbor/2023-11-14.json": bare[:2], "sea/2023-11-14.json": bare[:2],
    })  # fmt: skip
    found = read_file(path, BO)
    assert found.said == [SAID, [*SAID[:1], ("assistant", "Ahoy")]]
    assert found.table.frame["chat"].tolist() == ["harbor", "sea"]
    assert "Not read: channels.json, users.json." in found.table.notes


def test_an_assistants_export_is_found_among_its_other_files(tmp_path: Path) -> None:
    talk = [{"sender": "human", "text": "Hi"}, {"sender": "assistant", "text": "Ahoy"}]
    path = archive(tmp_path, {"conversations.json": [{"chat_messages": talk}], "users.json": [{}], "projects.json": []})
    assert read_file(path).said == [[("user", "Hi"), ("assistant", "Ahoy")]]


def test_several_whatsapp_chats_are_no_classes(tmp_path: Path) -> None:
    path = archive(tmp_path, {"Chat with Ann.txt": ANDROID, "Chat with Bo.txt": GERMAN})
    assert read_file(path, BO).said == [SAID, SAID]


def test_messengers_parts_are_one_log(tmp_path: Path) -> None:
    parts = [{**MESSENGER, "messages": MESSENGER["messages"][at]} for at in (slice(0, 2), slice(2, None))]
    path = archive(tmp_path, {f"inbox/bo_1/message_{n}.json": part for n, part in enumerate(parts, 1)})
    assert read_file(path, BO).said == [SAID]


def test_the_split_holds_out_whole_conversations(tmp_path: Path) -> None:
    log = [
        slack(f"U{who}", f"{1_700_000_000 + 90_000 * day + who}", f"{day} {who}", user_profile={"real_name": f"N{who}"})
        for day in range(8)
        for who in (1, 2)
    ]
    split = load_data(written(log, tmp_path), parsing=ParsingOptions(speaker="N2"))
    assert len(split.train) == 7 and len(split.held_out) == 1
    assert any("messages of N2 are the answers" in note for note in split.notes)


WORDS = st.text(
    st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="<>\u200e:"), min_size=1, max_size=12
)


@CALM
@given(
    said=st.lists(
        st.tuples(st.sampled_from(["Ann", "Bo", "Cy"]), WORDS, st.integers(0, 9 * 3600)), min_size=2, max_size=15
    )
)
def test_every_message_of_a_log_is_in_a_conversation_or_counted(
    said: list[tuple[str, str, int]], tmp_path: Path
) -> None:
    now, log = 1_700_000_000, []
    for place, (who, words, pause) in enumerate(said):
        now += pause
        log.append(slack(who, f"{now}.{place:04}", words, user_profile={"real_name": who}))
    table = read_table(written(log, tmp_path))
    speaker = table.speakers[0] if table.speakers else None
    spoken = [words for _who, words, _pause in said if words.strip()]
    if speaker is None:
        assert not spoken
        return
    found = read_file(tmp_path / "rows.json", ParsingOptions(speaker=speaker))
    rows = found.table.frame["messages"].tolist()
    kept = [line for turns in rows for turn in turns for line in turn["content"].split("\n")]
    assert len(kept) == len(spoken) and all(any(words in line for line in kept) for words in spoken)
    assert len(spoken) == len(said) or f"without text ({len(said) - len(spoken)})" in found.notes


def test_a_chat_of_many_lines_takes_seconds(tmp_path: Path) -> None:
    lines = [f"31.12.23, 22:15 - {'Ann' if n % 2 else 'Bo'}: line {n}" for n in range(20_000)]
    text = "\n".join(
        [*lines, *("more" for _ in range(100_000)), *(f'31.12.23, 22:15 - A{n} "b: c' for n in range(20_000))]
    )
    (tmp_path / "chat.txt").write_text(text)
    begun = time.monotonic()
    assert len(read_table(tmp_path / "chat.txt").frame) >= 20_000
    assert time.monotonic() - begun < 30
