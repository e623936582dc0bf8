"""How do tickets become conversations whose messages name their authors by an id or a kind? Who asked for help asks.

The id is that of the requester beside the list, or of one of the people in a list who are called customers and agents.
Where some authors are customers by their kind, the others are users of the help desk, who answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.helpdesk import MESSAGES, text_of_html
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text, listed, role_of, seconds_of

_REQUESTERS = ("requester_id", "customer_id", "contact_id", "requesterId", "customerId", "contactId", "submitter_id")
"""Columns of the id of the person who asked for help."""
_AUTHORS = ("author_id", "authorId", "user_id", "userId", "sender_id", "senderId", "from_id", "authored_by")
_TEXTS = ("plain_body", "body_text", "text", "body", "html_body", "content", "message")
_KINDS = ("type", "role", "kind")
_PEOPLE = ("createdBy", "created_by", "author", "sender", "from")
"""Keys of an author who is an object with a kind."""
_CUSTOMER = "customer"
_TIMES = ("created_at", "createdAt", "timestamp", "time", "sent_at")


def _lists(record: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the columns of lists of objects, or of an object that holds one, with these."""
    for name, cell in record.items():
        value = structure_of(cell)
        inner = value.values() if isinstance(value, dict) else (value,)
        for each in inner:
            if (objects := listed(each)) and all(isinstance(item, dict) for item in objects):
                yield name, objects


def _first(item: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((item[key] for key in keys if item.get(key) not in (None, "")), None)


def _author(item: dict[str, Any]) -> str | None:
    """Return the id or the kind of who wrote a message; None if it says neither."""
    person = _first(item, _PEOPLE)
    found = _first(item, _AUTHORS) or (_first(person, _KINDS) if isinstance(person, dict) else None)
    return None if found is None else str(found)


def _sides(record: dict[str, Any]) -> dict[str, str]:
    """Return the roles of people by their ids, as far as a ticket says them; "" is that of all others."""
    written = {_author(each) for _name, objects in _lists(record) for each in objects}
    asked = _first(record, _REQUESTERS)
    if asked is not None and str(asked) in written:
        return {str(asked): "user", "": "assistant"}
    if _CUSTOMER in written:
        return {_CUSTOMER: "user", "": "assistant"}
    people = [item for _name, objects in _lists(record) for item in objects if "id" in item]
    known = {str(each["id"]): role_of(_first(each, _KINDS)) for each in people}
    sides = {who: role for who, role in known.items() if role}
    return sides if {"user", "assistant"} <= {*sides.values()} else {}


def _messages(record: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Return the column of messages that name an author by an id, and these; empty where there is none."""
    for name, objects in _lists(record):
        written = [each for each in objects if _author(each) is not None and is_text(_first(each, _TEXTS))]
        if len(written) > 1:
            return name, objects
    return "", []


def _turns(record: dict[str, Any], found: Collector) -> list[dict[str, str]]:
    sides, (_name, objects) = _sides(record), _messages(record)
    times = [seconds_of(_first(each, _TIMES)) for each in objects]
    if all(time is not None for time in times):
        objects = [each for _time, each in sorted(zip(times, objects, strict=True), key=lambda pair: pair[0] or 0)]
    turns = []
    for each in objects:
        who, text = _author(each), _first(each, _TEXTS)
        role = "" if who is None or _is_private(each) else sides.get(who, sides.get("", ""))
        if not role or not is_text(text):
            found.unused["private notes and events"] += 1
        else:
            turns.append({"role": role, "content": text_of_html(text)})
    return turns


def _is_private(item: dict[str, Any]) -> bool:
    """Say whether a message is a note that the customer does not see."""
    return item.get("public") is False or item.get("private") is True or _first(item, _KINDS) == "note"


def _has_messages(rows: Rows) -> bool:
    """Say whether in most tickets both sides write, and roles are not said by the messages themselves."""
    records = rows.first_records()
    spoken = [{turn["role"] for turn in _turns(record, Collector())} for record in records if _messages(record)[0]]
    return bool(spoken) and 2 * len(spoken) > len(records) and 2 * sum(len(each) == 2 for each in spoken) > len(spoken)


def _read_messages(rows: Rows) -> Recognized:
    found = Collector()
    for row, record in rows.records():
        turns = _turns(record, found)
        if any(turn["role"] == "assistant" for turn in turns):
            column = _messages(record)[0]
            found.use(row, {MESSAGES: turns, **{name: cell for name, cell in record.items() if name != column}})
        else:
            found.leave_out(row, "nobody of the help desk answers in it")
    notes = ("The messages of those who did not ask for help are the answers, without their HTML tags.",)
    return found.recognized("tickets with the authors of messages", Mapping("messages", column=MESSAGES), notes)


SHAPES = (Shape("tickets with the authors of messages", _has_messages, _read_messages),)
