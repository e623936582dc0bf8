"""Which tables are chat logs, with a message per row: who wrote it, when, and nothing that it should be labeled by?"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.shapes import message_names
from ia3_studio.data.shapes.chat_logs import Said, read_log
from ia3_studio.data.shapes.helpdesk import text_of_html
from ia3_studio.data.shapes.shape import (
    Recognized,
    Rows,
    Shape,
    bare,
    finite,
    is_blank,
    is_role,
    is_text,
    seconds_of,
    side_column,
    side_role,
)

SPEAKERS = (
    "sender", "from", "speaker", "sendername", "fromname", "senderid", "user", "username", "author", "nick",
    "u", "creator", "name", "nickname", "displayname", "membername", *message_names.SPEAKERS,
)  # fmt: skip
_NAMES = ("username", "displayName", "display_name", "name", "real_name", "login", "nickname")
"""Keys of a speaker who is an object."""
_OWN = ("isfromme", "fromme", "issentbyme", "sentbyme")
"""Columns that say by true or false whether the one who exported a chat wrote a message."""
TEXTS = (
    "body", "message", "content", "text", "msg", "messagebody", "messagetext", "mes", "strcontent",
    *message_names.TEXTS,
)  # fmt: skip
TIMES = (
    "createdatetime", "date", "time", "timestamp", "datetime", "sentat", "senttime", "datesent", "createdat",
    "ts", "createat", "createtime", "createddatetime", "createddate", "senddate", "originalarrivaltime", "strtime",
    *message_names.TIMES,
)  # fmt: skip
CHATS = (
    "room",
    "channel",
    "chat",
    "chatname",
    "channelname",
    "thread",
    "group",
    "conversation",
    "chatsession",
    "topicid",
    "threadid",
)
BESIDE = (
    "to", "receiver", "recipient", "id", "messageid", "quote", "reactions", "attachments", "attachment", "sticker",
    "type", "status", "readat", "edited", "deliverydate", "sendertype", "messagetype", "replyto", "replyingto", "media",
    "service", "isread", "platform", "no", "userid", "authorid", "sid", "direction", "numsegments", "rid", "mentions",
    "channels", "handle", "chatidentifier", "urls", "updatedat", "unread", "groupable", "t", "md", "importance",
    "contenttype", "toa", "sctoa", "servicecenter", "readabledate", "contactname",
)  # fmt: skip
"""Other columns that a message may have."""
_MOST_SPEAKERS, _FEWEST_MESSAGES, _FEWEST_OF_SENDERS = 12, 3, 2
"""Speakers of a log at most, and messages that each of them has on average at least; fewer where they are senders."""
_SENDERS = frozenset(map(bare, ("sender", "speaker", "sendername", "senderid", *message_names.SPEAKERS)))
"""Columns that name who speaks and nothing else, as an author or a user may be that of a review."""


def _columns(rows: Rows) -> tuple[str, str, str, str] | None:
    """Return the columns of speaker, text, time and chat; None where the table is no log."""
    text, time, chat = (rows.find(names) for names in (TEXTS, TIMES, CHATS))
    named = (*rows.named((*SPEAKERS, *_OWN)), *_sent_or_received(rows))
    speaker = next((name for name in named if _is_talk(rows, name)), "")
    if bare(speaker) in _SENDERS and not time:
        time = next((name for name in rows.columns if rows.mostly(name, _is_moment)), "")
    chat = chat or (rows.find(_NUMBERS) if speaker in _sent_or_received(rows) else "")
    if not (speaker and text and time) or not rows.mostly(text, lambda cell: _words(cell) is not None):
        return None
    rest = [name for name in rows.columns if name not in (speaker, text, time, chat)]
    known = {*BESIDE, *SPEAKERS, *TIMES}
    fits = all(bare(name) in known or _says_nothing(rows, name) for name in rest)
    return (speaker, text, time, chat) if fits else None


def _sent_or_received(rows: Rows) -> list[str]:
    """Return the column of Android's texts beside a phone number that says by 1 and 2 which were received and sent."""
    return rows.named(("type",)) if rows.find(_NUMBERS) and rows.mostly(rows.find(("type",)), _is_sms) else []


def _is_sms(cell: Any) -> bool:
    return str(cell) in ("1", "2")


_NUMBERS = ("address", "phonenumber")
"""Columns of the phone number of the other one."""


def _is_talk(rows: Rows, speaker: str) -> bool:
    """Say whether a column names a few speakers, each of whom writes several messages."""
    names = {_name(cell) for cell in rows.sample(speaker)}
    fewest = _FEWEST_OF_SENDERS if bare(speaker) in _SENDERS else _FEWEST_MESSAGES
    several = 2 <= len(names) <= _MOST_SPEAKERS and len(rows.sample(speaker)) >= fewest * len(names)
    return several and rows.mostly(speaker, lambda cell: bool(_name(cell)))


def _says_nothing(rows: Rows, name: str) -> bool:
    """Say whether a column can stand beside a message without being what it is labeled by.

    It holds one value, times, numbers or flags, and is not called a label.
    """
    cells = rows.sample(name)
    if says(name, LABELED):
        return False
    return len({str(cell) for cell in cells}) < 2 or all(
        isinstance(cell, bool | list | dict)
        or finite(cell) is not None
        or seconds_of(cell) is not None
        or _is_clock(cell)
        for cell in cells
    )


def _is_moment(cell: Any) -> bool:
    """Say whether a cell is a time that is no number, whatever its column is called."""
    return finite(cell) is None and seconds_of(cell) is not None


def _is_clock(cell: Any) -> bool:
    return isinstance(cell, str) and _CLOCK.fullmatch(cell.strip()) is not None


_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


def _name(cell: Any) -> str:
    """Return the name of a speaker, who may be an object, also one inside another; empty if there is none."""
    if isinstance(cell, dict):
        inner = next((cell[key] for key in _NAMES if is_text(cell.get(key))), cell.get("user"))
        return _name(inner)
    if isinstance(cell, bool) or (isinstance(cell, int) and cell in (0, 1)):
        return "me" if cell else "the other"
    return cell.strip() if isinstance(cell, str) else ""


def _words(cell: Any) -> str | None:
    """Return what a message says, which may be an object with its content, in HTML or not; None for anything else."""
    if isinstance(cell, dict) and isinstance(cell.get("content"), str):
        is_html = str(cell.get("contentType", cell.get("content_type", ""))).lower().endswith("html")
        return text_of_html(cell["content"]) if is_html else cell["content"]
    return cell if isinstance(cell, str) else None


def _is_log(rows: Rows) -> bool:
    found = _columns(rows)
    return found is not None and not rows.mostly(found[0], is_role)


def _read_log(rows: Rows) -> Recognized:
    found, unused = _columns(rows), Counter[str]()
    assert found is not None
    speaker, text = found[:2]
    clock = next((name for name in rows.columns if rows.mostly(name, _is_clock)), "")
    said: list[Said] = []
    for row, record in rows.records():
        if not _name(record.get(speaker)) or not is_text(_words(record.get(text))):
            unused["messages without text"] += 1
        elif bare(speaker) == "type" and not _is_sms(record[speaker]):
            unused["drafts and messages that were not sent"] += 1
        else:
            said.append(_said(row, record, found, clock))
    answers = rows.speaker if rows.speaker is not None else _answerer(rows, speaker)
    return read_log(rows.name, "chat log with a message per row", said, answers, unused)


def _answerer(rows: Rows, speaker: str) -> str | None:
    """Return the only speaker whom a column such as is_user calls no user; None where none says so."""
    side = side_column(rows)
    pairs = {(_name(record.get(speaker)), side_role(side, record.get(side))) for record in rows.first_records()}
    answers = [who for who, role in pairs if who and role == "assistant"]
    return answers[0] if side and len(answers) == 1 and (answers[0], "user") not in pairs else None


def _said(row: int, record: dict[str, Any], columns: tuple[str, str, str, str], clock: str) -> Said:
    """Return the message of a row, at the time of the day that a column of its own has."""
    speaker, text, time, chat = columns
    day = record.get(time)
    whole = seconds_of(f"{day} {str(record[clock]).zfill(5)}") if clock not in ("", time) and clock in record else None
    when = seconds_of(day) if whole is None else whole
    where = "" if is_blank(record.get(chat)) else str(record[chat])
    who = {"1": "the other", "2": "me"}[str(record[speaker])] if bare(speaker) == "type" else _name(record[speaker])
    return Said(row, who, _words(record[text]) or "", when, where)


SHAPES = (Shape("chat log with a message per row", _is_log, _read_log, by_row=False),)
