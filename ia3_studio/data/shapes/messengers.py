"""Which exports of messengers are known, and what is each of their messages? Slack, Telegram, Discord and others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from ia3_studio.data.shapes.chat_logs import CHAT, Said, read_log, unlike
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, bare, finite, is_blank, is_text, listed, seconds_of
from ia3_studio.data.shapes.whatsapp import KIND, SPEAKER, SYSTEM, TIME
from ia3_studio.data.shapes.whatsapp import TEXT as WHATSAPP_TEXT

SERVICE, EMPTY = "system messages", "messages without text"
REACTIONS, FILES = "reactions", "images and files"
SPOKEN = ("", "thread_broadcast", "file_share", "me_message", "bot_message", "file_comment")
"""Subtypes of Slack's messages that somebody wrote."""
_MENTION = re.compile(r"<@(\w+)(?:\|([^>]*))?>")

Message = dict[str, Any]
Reader = Callable[[int, Message, Counter[str]], Said | str]
"""Returns what a row says, or what it is instead."""


def _read(rows: Rows, form: str, read: Reader, *, is_sorted: bool = True) -> Recognized:
    """Return the conversations of a log whose rows are messages, sorted by their times if they are not."""
    unused: Counter[str] = Counter()
    messages: list[Said] = []
    for row, record in rows.records():
        said = read(row, record, unused)
        if isinstance(said, Said):
            messages.append(said)
        else:
            unused[said] += 1
    if not is_sorted and all(message.time is not None for message in messages):
        messages.sort(key=lambda message: message.time or 0.0)
    return read_log(rows.name, form, messages, rows.speaker, unused)


def _is_slack(rows: Rows) -> bool:
    columns = set(rows.columns)
    return (
        {"type", "text", "ts"} <= columns
        and bool({"user", "username", "bot_id"} & columns)
        and rows.mostly("type", lambda cell: isinstance(cell, str))
    )


def _read_slack(rows: Rows) -> Recognized:
    names = _slack_names(rows)

    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        if record.get("type") != "message" or record.get("subtype", "") not in SPOKEN:
            return SERVICE
        unused[REACTIONS] += sum(_count(each) for each in listed(record.get("reactions")))
        unused[FILES] += len(listed(record.get("files")))
        if not is_text(record.get("text")):
            return EMPTY
        key = _slack_user(record)
        thread = "" if is_blank(record.get("thread_ts")) else str(record["thread_ts"])
        text = _slack_text(record["text"], names)
        return Said(row, names.get(key, key), text, seconds_of(record.get("ts")), _chat(record), thread)

    return _read(rows, "Slack export", read, is_sorted=False)


def _slack_user(record: Message) -> str:
    return str(record.get("user") or record.get("bot_id") or record.get("username") or "unknown")


def _slack_names(rows: Rows) -> dict[str, str]:
    """Return the names of users, as far as their messages say them."""
    names: dict[str, str] = {}
    for _row, record in rows.records():
        facts = record.get("user_profile")
        facts = facts if isinstance(facts, dict) else {}
        name = facts.get("display_name") or facts.get("real_name") or record.get("username")
        if is_text(name):
            names.setdefault(_slack_user(record), str(name))
    return unlike(names)


def _slack_text(text: str, names: dict[str, str]) -> str:
    """Return what Slack shows of a text: mentions by name, and <, > and & unescaped."""
    named = _MENTION.sub(lambda found: f"@{names.get(found[1]) or found[2] or found[1]}", text)
    return named.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _count(reaction: Any) -> int:
    number = finite(reaction.get("count")) if isinstance(reaction, dict) else None
    return int(number) if number is not None else 1


def _is_telegram(rows: Rows) -> bool:
    columns = set(rows.columns)
    return {"id", "type", "date", "from", "text"} <= columns and bool(
        {"from_id", "text_entities", "date_unixtime"} & columns
    )


def _read_telegram(rows: Rows) -> Recognized:
    known = ((str(record.get("from_id")), record.get("from")) for _row, record in rows.records())
    names = unlike({key: str(name) for key, name in known if is_text(name)})

    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        if record.get("type") != "message":
            return SERVICE
        unused[REACTIONS] += sum(_count(each) for each in listed(record.get("reactions")))
        unused[FILES] += any(key in record for key in ("photo", "file", "media_type"))
        text = _telegram_text(record.get("text"))
        if not text.strip():
            return EMPTY
        key = str(record.get("from_id"))
        speaker = names.get(key, "unknown" if key == "None" else key)
        return Said(row, speaker, text, _time(record, "date_unixtime", "date"), _chat(record))

    return _read(rows, "Telegram export", read)


def _telegram_text(text: Any) -> str:
    """Return a text whose parts may be links, bold words and the like."""
    parts = [text] if isinstance(text, str) else listed(text)
    return "".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in parts)


def _time(record: Message, *names: str) -> float | None:
    return next((time for name in names if (time := seconds_of(record.get(name))) is not None), None)


def _chat(record: Message) -> str:
    return "" if is_blank(record.get(CHAT)) else str(record[CHAT])


def _is_discord(rows: Rows) -> bool:
    return {"author", "content", "timestamp"} <= set(rows.columns) and rows.mostly(
        "author", lambda cell: isinstance(cell, dict) and "name" in cell
    )


def _read_discord(rows: Rows) -> Recognized:
    authors = [record["author"] for _row, record in rows.records() if isinstance(record.get("author"), dict)]
    names = unlike({_discord_id(each): str(each.get("nickname") or each.get("name") or "unknown") for each in authors})

    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        author = record.get("author")
        if record.get("type", "Default") not in ("Default", "Reply") or not isinstance(author, dict):
            return SERVICE
        unused[REACTIONS] += sum(_count(each) for each in listed(record.get("reactions")))
        unused[FILES] += len(listed(record.get("attachments"))) + len(listed(record.get("embeds")))
        if not is_text(record.get("content")):
            return EMPTY
        speaker = names[_discord_id(author)]
        return Said(row, speaker, record["content"], seconds_of(record.get("timestamp")), _chat(record))

    return _read(rows, "Discord export", read)


def _discord_id(author: Message) -> str:
    return str(author.get("id") or author.get("name"))


def _is_discord_table(rows: Rows) -> bool:
    return {"authorid", "author", "date", "content", "attachments", "reactions"} <= set(map(bare, rows.columns))


def _read_discord_table(rows: Rows) -> Recognized:
    author, date, content = (rows.find([name]) for name in ("author", "date", "content"))
    others = {rows.find(["attachments"]): FILES, rows.find(["reactions"]): REACTIONS}

    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        unused.update(what for name, what in others.items() if not is_blank(record.get(name)))
        if not is_text(record.get(content)):
            return EMPTY
        return Said(row, str(record.get(author, "unknown")), record[content], seconds_of(record.get(date)))

    return _read(rows, "Discord export", read)


def _is_messenger(rows: Rows) -> bool:
    return {"sender_name", "timestamp_ms"} <= set(rows.columns)


def _read_messenger(rows: Rows) -> Recognized:
    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        unused[REACTIONS] += len(listed(record.get("reactions")))
        unused[FILES] += sum(
            len(listed(record.get(name))) for name in ("photos", "videos", "audio_files", "gifs", "files")
        ) + ("sticker" in record)
        if not is_text(record.get("content")) or not is_text(record.get("sender_name")):
            return EMPTY
        speaker, text = (_unbroken(record[name]) for name in ("sender_name", "content"))
        return Said(row, speaker, text, seconds_of(record.get("timestamp_ms")), _chat(record))

    return _read(rows, "Messenger export", read, is_sorted=False)


def _unbroken(text: str) -> str:
    """Return a text whose UTF-8 was written byte by byte as characters, as Messenger does it."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _is_whatsapp(rows: Rows) -> bool:
    return rows.columns[:4] == [TIME, SPEAKER, WHATSAPP_TEXT, KIND]


def _read_whatsapp(rows: Rows) -> Recognized:
    def read(row: int, record: Message, _unused: Counter[str]) -> Said | str:
        kind = str(record.get(KIND, ""))
        if kind:
            return SERVICE if kind == SYSTEM else kind
        return Said(row, str(record[SPEAKER]), str(record[WHATSAPP_TEXT]), finite(record.get(TIME)), _chat(record))

    return _read(rows, "WhatsApp chat", read)


def _is_matrix(rows: Rows) -> bool:
    return {"sender", "origin_server_ts", "content"} <= set(rows.columns)


def _read_matrix(rows: Rows) -> Recognized:
    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        content = record.get("content")
        if record.get("type", "m.room.message") != "m.room.message" or not isinstance(content, dict):
            return SERVICE
        if content.get("msgtype", "m.text") not in ("m.text", "m.notice", "m.emote"):
            return FILES
        if not is_text(content.get("body")) or not is_text(record.get("sender")):
            return EMPTY
        return Said(row, record["sender"], content["body"], seconds_of(record.get("origin_server_ts")), _chat(record))

    return _read(rows, "Matrix export", read, is_sorted=False)


def _is_mattermost(rows: Rows) -> bool:
    return "post" in rows.columns and rows.mostly(
        "post", lambda cell: isinstance(cell, dict) and {"user", "message", "create_at"} <= cell.keys()
    )


def _read_mattermost(rows: Rows) -> Recognized:
    def read(row: int, record: Message, unused: Counter[str]) -> Said | str:
        post = record.get("post")
        if not isinstance(post, dict):
            return SERVICE
        unused[REACTIONS] += len(listed(post.get("reactions")))
        unused["replies in threads"] += len(listed(post.get("replies")))
        if not is_text(post.get("message")) or not is_text(post.get("user")):
            return EMPTY
        where = f"{post.get('team', '')}/{post.get('channel', '')}".strip("/")
        return Said(row, post["user"], post["message"], seconds_of(post.get("create_at")), where)

    return _read(rows, "Mattermost export", read, is_sorted=False)


SHAPES = (
    Shape("Slack export", _is_slack, _read_slack, by_row=False),
    Shape("Telegram export", _is_telegram, _read_telegram, by_row=False),
    Shape("Discord export", _is_discord, _read_discord, by_row=False),
    Shape("Discord table", _is_discord_table, _read_discord_table, by_row=False),
    Shape("Messenger export", _is_messenger, _read_messenger, by_row=False),
    Shape("Mattermost export", _is_mattermost, _read_mattermost, by_row=False),
    Shape("Matrix export", _is_matrix, _read_matrix, by_row=False),
    Shape("WhatsApp chat", _is_whatsapp, _read_whatsapp, by_row=False),
)
