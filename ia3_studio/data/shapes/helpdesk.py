"""How do exports of help desks become conversations? Customers ask, people of the desk and bots answer."""

from __future__ import annotations

import html
import re
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed

MESSAGES = "messages"
_TAG, _BREAK = re.compile(r"<[^<>]{1,500}>"), re.compile(r"<br\s*/?>|</p>\s*(?=<p)", re.IGNORECASE)
_DESK = ("admin", "bot", "team", "operator")
"""Types of Intercom's authors who answer; others are customers."""


def text_of_html(text: str) -> str:
    """Return what is read of a text with HTML tags.

    Example:
        >>> text_of_html("<p>Is it late?<br>Thanks &amp; bye</p>")
        'Is it late?\\nThanks & bye'
    """
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def _parts(record: dict[str, Any]) -> list[Any]:
    """Return the first message of an Intercom conversation, and those after it."""
    later = record.get("conversation_parts")
    later = later.get("conversation_parts") if isinstance(later, dict) else later
    return [record.get("source", record.get("conversation_message")), *listed(later)]


def _turn(part: Any) -> dict[str, str] | None:
    """Return a message as a turn; None for notes and events, which have no text for the customer."""
    if not isinstance(part, dict) or part.get("part_type") == "note" or not is_text(part.get("body")):
        return None
    author = part.get("author")
    kind = str(author.get("type")) if isinstance(author, dict) else ""
    text = text_of_html(part["body"])
    return {"role": "assistant" if kind in _DESK else "user", "content": text} if text else None


def _is_intercom(rows: Rows) -> bool:
    return rows.mostly("conversation_parts", lambda cell: isinstance(cell, list | dict)) and bool(
        {"source", "conversation_message"} & set(rows.columns)
    )


def _read_intercom(rows: Rows) -> Recognized:
    found = Collector()
    for row, record in rows.records():
        parts = _parts(record)
        turns = [turn for turn in map(_turn, parts) if turn]
        found.unused["notes and events"] += len(parts) - len(turns)
        if not any(turn["role"] == "assistant" for turn in turns):
            found.leave_out(row, "nobody of the help desk answers in it")
            continue
        rest = {name: cell for name, cell in record.items() if name not in ("source", "conversation_parts")}
        found.use(row, {MESSAGES: turns, **rest})
    notes = ("The messages of admins and bots are the answers, without their HTML tags.",)
    return found.recognized("Intercom export", Mapping("messages", column=MESSAGES), notes)


def _is_freshdesk(rows: Rows) -> bool:
    return bool({"description_text", "description"} & set(rows.columns)) and rows.mostly(
        "conversations", lambda cell: all(isinstance(each, dict) and "incoming" in each for each in listed(cell))
    )


def _read_freshdesk(rows: Rows) -> Recognized:
    found = Collector()
    for row, record in rows.records():
        first: Any = record.get("description_text", record.get("description"))
        turns = [{"role": "user", "content": text_of_html(first)}] if is_text(first) else []
        parts = [each for each in listed(record.get("conversations")) if not each.get("private")]
        found.unused["private notes"] += len(listed(record.get("conversations"))) - len(parts)
        for part in parts:
            text: Any = part.get("body_text", part.get("body"))
            role = "user" if part.get("incoming") else "assistant"
            turns += [{"role": role, "content": text_of_html(text)}] if is_text(text) else []
        if any(turn["role"] == "assistant" for turn in turns):
            rest = {name: cell for name, cell in record.items() if name not in ("description_text", "conversations")}
            found.use(row, {MESSAGES: turns, **rest})
        else:
            found.leave_out(row, "nobody of the help desk answers in it")
    notes = ("The messages that are not incoming are the answers, without their HTML tags.",)
    return found.recognized("Freshdesk export", Mapping("messages", column=MESSAGES), notes)


_COME, _WENT = (0, "0", "incoming"), (1, "1", "outgoing", "template")


def _chatwoot_column(rows: Rows) -> str:
    """Return the column of lists of messages with the numbers or words by which Chatwoot says where they went."""
    kinds = (*_COME, *_WENT, 2, 3, "activity")

    def fits(cell: Any) -> bool:
        parts = listed(cell)
        return bool(parts) and all(isinstance(each, dict) and each.get("message_type") in kinds for each in parts)

    return next((name for name in rows.structured if rows.mostly(name, fits)), "")


def _read_chatwoot(rows: Rows) -> Recognized:
    column, found = _chatwoot_column(rows), Collector()
    for row, record in rows.records():
        parts = [each for each in listed(record.get(column)) if isinstance(each, dict)]
        said = [each for each in parts if each.get("message_type") in (*_COME, *_WENT) and not each.get("private")]
        said = [each for each in said if is_text(each.get("content"))]
        found.unused["activities and private notes"] += len(parts) - len(said)
        turns = [
            {"role": "user" if each["message_type"] in _COME else "assistant", "content": each["content"]}
            for each in said
        ]
        if any(turn["role"] == "assistant" for turn in turns):
            found.use(row, {MESSAGES: turns, **{name: cell for name, cell in record.items() if name != column}})
        else:
            found.leave_out(row, "nobody of the help desk answers in it")
    notes = ("The messages that went out (message_type 1) are the answers.",)
    return found.recognized("Chatwoot export", Mapping("messages", column=MESSAGES), notes)


SHAPES = (
    Shape("Chatwoot export", lambda rows: bool(_chatwoot_column(rows)), _read_chatwoot),
    Shape("Intercom export", _is_intercom, _read_intercom),
    Shape("Freshdesk export", _is_freshdesk, _read_freshdesk),
)
