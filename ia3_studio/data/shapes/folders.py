"""Which files of a folder or an archive are one export? Those of a chat that lie in parts, or beside other files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ia3_studio.data.decode import decode
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.problem import clause
from ia3_studio.data.shapes.chat_logs import CHAT
from ia3_studio.data.shapes.documents import rows_of_document
from ia3_studio.data.shapes.drifted_spans import aligned_spans
from ia3_studio.data.shapes.shape import is_blank, is_text, listed
from ia3_studio.data.shapes.whatsapp import whatsapp_messages
from ia3_studio.errors import DataError

Records = list[dict[str, Any]]

_BRAT_SPAN = re.compile(r"T\d+\t(\S+) (\d+) (?:\d+;\d+ )*(\d+)\t(.*)")
"""An entity of brat; one of several parts is taken as a whole, so that its text tells that it has gaps."""
_CONVERSATIONS = re.compile(r"conversations(-\d+)?\.json", re.IGNORECASE)
_LOGS: dict[str, frozenset[str]] = {
    "Slack": frozenset(("type", "ts")),
    "Telegram": frozenset(("type", "date", "from_id")),
    "Discord": frozenset(("author", "timestamp", "content")),
    "Messenger": frozenset(("sender_name", "timestamp_ms")),
}
"""Keys of a message in the logs of each messenger."""


@dataclass(frozen=True)
class Export:
    """The rows of an export, and the files they come from."""

    rows: Records
    used: list[str]
    form: str = ""
    """What it is, where its rows do not say it."""
    notes: tuple[str, ...] = ()


def read_export(members: Mapping[str, bytes]) -> Export | None:
    """Return the rows of an export in several files; None if the files are none that is known.

    Raises:
        DataError: a file of the export is not valid JSON.
    """
    return next(
        (found for read in (_brat, _conversations, _whatsapp, _logs, _characters) if (found := read(members))), None
    )


def _suffixed(members: Mapping[str, bytes], suffix: str) -> list[str]:
    return sorted(path for path in members if member_path(path).suffix.lower() == suffix)


def _brat(members: Mapping[str, bytes]) -> Export | None:
    """Return the lines of texts whose annotations stand in files of their own, as brat keeps them."""
    pairs = {path: str(member_path(path).with_suffix(".ann")) for path in _suffixed(members, ".txt")}
    pairs = {path: other for path, other in pairs.items() if other in members}
    if not pairs:
        return None
    rows: Records = []
    unused: list[str] = []
    others = moved = 0
    for path, annotation in pairs.items():
        text = decode(path, members[path]).text
        written = decode(annotation, members[annotation]).text.splitlines() if members[annotation].strip() else []
        found = [_brat_span(line) for line in written if line.startswith("T")]
        unused += [line.split()[0] for line in written if line.strip() and not line.startswith("T")]
        spans, count = aligned_spans(text, [span for span in found if span])
        moved += count
        rows += _lines_with_spans(text, spans)
        others += found.count(None)
    others += len(unused)
    such = f", such as {unused[0][:20]}" if unused else ""
    notes = [f"Not used: relations, events, attributes and notes of annotations ({others:,}){such}."] if others else []
    if moved:
        notes.append(
            f"{moved:,} spans were moved to the place of their text, as their offsets are those of another copy."
        )
    return Export(rows, [*pairs, *pairs.values()], "brat annotations, one line per row", tuple(notes))


def _brat_span(line: str) -> dict[str, Any] | None:
    """Return the span of a line such as "T1<tab>City 0 4<tab>Oslo"; None for any other line."""
    found = _BRAT_SPAN.fullmatch(line)
    return {"start": int(found[2]), "end": int(found[3]), "label": found[1], "text": found[4]} if found else None


def _lines_with_spans(text: str, spans: Sequence[dict[str, Any]]) -> Records:
    """Return the lines of a text that are not empty, each with the spans that begin in it."""
    ordered = sorted(spans, key=lambda span: span["start"])
    rows: Records = []
    place = start = 0
    for line in text.splitlines(keepends=True):
        inside = []
        while place < len(ordered) and ordered[place]["start"] < start + len(line):
            span = ordered[place]
            inside.append({**span, "start": span["start"] - start, "end": span["end"] - start})
            place += 1
        if line.strip() or inside:
            rows.append({"text": line.rstrip("\r\n"), "entities": inside})
        start += len(line)
    if place < len(ordered):
        rows.append({"text": "", "entities": ordered[place:]})
    return rows


def _conversations(members: Mapping[str, bytes]) -> Export | None:
    """Return the conversations of an assistant's export, which holds other files as well."""
    used = [path for path in sorted(members) if _CONVERSATIONS.fullmatch(member_path(path).name)]
    documents = [_document(path, members[path]) for path in used]
    rows = [row for document in documents for row in listed(document) if isinstance(row, dict)]
    return Export(rows, used) if any({"mapping", "chat_messages"} & row.keys() for row in rows) else None


def _whatsapp(members: Mapping[str, bytes]) -> Export | None:
    """Return the messages of chats, one text each."""
    texts = _suffixed(members, ".txt")
    chats = {path: found for path in texts if (found := whatsapp_messages(decode(path, members[path]).text))}
    if not chats or len(chats) < len(texts):
        return None
    rows = [
        {**dict(zip(columns, cells, strict=True)), **({CHAT: member_path(path).stem} if len(chats) > 1 else {})}
        for path, columns in chats.items()
        for cells in zip(*columns.values(), strict=True)
    ]
    return Export(rows, list(chats))


def _logs(members: Mapping[str, bytes]) -> Export | None:
    """Return the messages of a log in several files, such as one per day."""
    paths = _suffixed(members, ".json")
    if not any(
        any(key.encode() in members[path] for key in ("ts", "from_id", "author", "sender_name")) for path in paths
    ):
        return None
    messages = {path: _messages(_document(path, members[path])) for path in paths}
    kinds = {path: _kind(rows) for path, rows in messages.items()}
    found = set(kinds.values()) - {""}
    if len(found) != 1:
        return None
    used = [path for path in paths if kinds[path]]
    names = _slack_users(members, paths) if found == {"Slack"} else {}
    chats = {path: _chat(path, found == {"Slack"} or found == {"Messenger"}) for path in used}
    several = len(set(chats.values())) > 1
    rows = [
        {**_named(row, names), **({CHAT: chats[path]} if several and is_blank(row.get(CHAT)) else {})}
        for path in used
        for row in messages[path]
    ]
    return Export(rows, used)


def _characters(members: Mapping[str, bytes]) -> Export | None:
    """Return the conversations of files whose lines say whether the user wrote each, as SillyTavern keeps chats."""
    rows: Records = []
    paths = [path for path in _suffixed(members, ".jsonl") if b'"is_user"' in members[path]]
    for path in paths:
        lines = [_document(path, line) for line in members[path].splitlines() if line.strip()]
        said = [line for line in lines if isinstance(line, dict) and isinstance(line.get("is_user"), bool)]
        if len(said) < len(lines) - 1 or not said or not all(is_text(line.get("mes")) for line in said):
            return None
        turns = [{"role": "user" if line["is_user"] else "assistant", "content": line["mes"]} for line in said
                 if line.get("is_system") is not True]  # fmt: skip
        rows.append({"messages": turns, CHAT: member_path(path).stem})
    return Export(rows, paths, "chats with characters, a file each") if len(rows) > 1 else None


def _document(path: str, data: bytes) -> Any:
    try:
        return json.loads(decode(path, data).text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not valid JSON ({clause(error)}); repair it, or delete it.") from error


def _messages(document: Any) -> Records:
    known = rows_of_document(document)
    rows: Sequence[Any] = (
        known[0] if known else listed(document.get("messages")) if isinstance(document, dict) else listed(document)
    )
    return [row for row in rows if isinstance(row, dict)]


def _kind(rows: Records) -> str:
    """Return whose messages rows are; empty if they are no messages."""
    return next(
        (kind for kind, keys in _LOGS.items() if rows and sum(keys <= row.keys() for row in rows) * 2 > len(rows)), ""
    )


def _chat(path: str, in_folders: bool) -> str:
    """Return the chat that a file belongs to: the name of its folder, or its own."""
    return member_path(path).parent.name if in_folders else member_path(path).stem


def _slack_users(members: Mapping[str, bytes], paths: Sequence[str]) -> dict[str, Any]:
    """Return the profiles of Slack's users by their ids."""
    lists = [path for path in paths if member_path(path).name == "users.json"]
    users = [user for path in lists for user in listed(_document(path, members[path])) if isinstance(user, dict)]
    return {str(user["id"]): _profile(user) for user in users if "id" in user}


def _profile(user: dict[str, Any]) -> dict[str, Any]:
    facts = user.get("profile")
    names = [facts.get(key) for key in ("display_name", "real_name")] if isinstance(facts, dict) else []
    return {
        "display_name": next((name for name in (*names, user.get("real_name"), user.get("name")) if is_text(name)), "")
    }


def _named(row: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    profile = names.get(str(row.get("user")))
    return {**row, "user_profile": profile} if profile else row
