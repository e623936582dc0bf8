"""Which tables are chat logs, with a message per row: who wrote it, when, and nothing that it should be labeled by?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ia3_studio.data.shapes.chat_logs import Said, read_log
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, bare, is_blank, is_role, is_text, seconds_of

SPEAKERS = (
    "sender", "from", "speaker", "sendername", "fromname", "senderid", "user", "username", "author", "nick", "u",
)  # fmt: skip
_NAMES = ("username", "displayName", "display_name", "name", "real_name", "login", "nickname")
"""Keys of a speaker who is an object."""
TEXTS = ("body", "message", "content", "text", "msg", "messagebody", "messagetext")
TIMES = (
    "createdatetime",
    "date",
    "time",
    "timestamp",
    "datetime",
    "sentat",
    "senttime",
    "datesent",
    "createdat",
    "ts",
    "createat",
)
CHATS = ("room", "channel", "chat", "chatname", "channelname", "thread", "group", "conversation", "chatsession")
BESIDE = (
    "to", "receiver", "recipient", "id", "messageid", "quote", "reactions", "attachments", "attachment", "sticker",
    "type", "status", "readat", "edited", "deliverydate", "sendertype", "messagetype", "replyto", "replyingto", "media",
    "service", "isread", "platform", "no", "userid", "authorid", "sid", "direction", "numsegments", "rid", "mentions",
    "channels", "urls", "updatedat", "unread", "groupable", "t", "md", "importance", "contenttype",
)  # fmt: skip
"""Other columns that a message may have."""
_MOST_SPEAKERS, _FEWEST_MESSAGES = 12, 3
"""Speakers of a log at most, and messages that each of them has on average at least."""


def _columns(rows: Rows) -> tuple[str, str, str, str] | None:
    """Return the columns of speaker, text, time and chat; None where the table is no log."""
    speaker, text, time, chat = (rows.find(names) for names in (SPEAKERS, TEXTS, TIMES, CHATS))
    if not (speaker and text and time):
        return None
    rest = {bare(name) for name in rows.columns} - {bare(name) for name in (speaker, text, time, chat)}
    names = {_name(cell) for cell in rows.sample(speaker)}
    is_talk = 2 <= len(names) <= _MOST_SPEAKERS and len(rows.sample(speaker)) >= _FEWEST_MESSAGES * len(names)
    fits = (
        is_talk
        and rows.mostly(speaker, lambda cell: bool(_name(cell)))
        and rows.mostly(text, lambda cell: isinstance(cell, str))
    )
    return (speaker, text, time, chat) if fits and rest <= {*BESIDE, *SPEAKERS, *TIMES} else None


def _name(cell: Any) -> str:
    """Return the name of a speaker, who may be an object, also one inside another; empty if there is none."""
    if isinstance(cell, dict):
        inner = next((cell[key] for key in _NAMES if is_text(cell.get(key))), cell.get("user"))
        return _name(inner)
    return cell.strip() if isinstance(cell, str) else ""


def _is_log(rows: Rows) -> bool:
    found = _columns(rows)
    return found is not None and not rows.mostly(found[0], is_role)


def _read_log(rows: Rows) -> Recognized:
    found, unused = _columns(rows), Counter[str]()
    assert found is not None
    speaker, text = found[:2]
    said: list[Said] = []
    for row, record in rows.records():
        if not _name(record.get(speaker)) or not is_text(record.get(text)):
            unused["messages without text"] += 1
        else:
            said.append(_said(row, record, found))
    return read_log(rows.name, "chat log with a message per row", said, rows.speaker, unused)


def _said(row: int, record: dict[str, Any], columns: tuple[str, str, str, str]) -> Said:
    speaker, text, time, chat = columns
    where = "" if is_blank(record.get(chat)) else str(record[chat])
    return Said(row, _name(record[speaker]), record[text], seconds_of(record.get(time)), where)


SHAPES = (Shape("chat log with a message per row", _is_log, _read_log, by_row=False),)
