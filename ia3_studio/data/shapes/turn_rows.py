"""How does a table with one turn per row become conversations? Rows with the same id belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes import message_names
from ia3_studio.data.shapes.chat_logs import FEWEST_EXCHANGES, PAUSE, Said, read_log
from ia3_studio.data.shapes.preferences import is_phrase
from ia3_studio.data.shapes.shape import (
    DIRECTION_COLUMNS,
    Collector,
    Recognized,
    Rows,
    Shape,
    bare,
    finite,
    is_blank,
    is_role,
    is_text,
    role_column,
    role_of,
    seconds_of,
    side_column,
    side_role,
)
from ia3_studio.data.shapes.turn_groups import (
    ID_NAMES,
    ORDER_NAMES,
    TIME_NAMES,
    Numbered,
    Turn,
    chat_of,
    conversations,
    grouped,
    is_id,
    repeats,
    shared_id,
    sorts,
    with_ids_below,
)
from ia3_studio.data.turn_names import SAID_WORDS, SPEAKER_WORDS

SPEAKER_NAMES = (
    "role", "speaker", "interlocutor",
    "from", "author", "sender", "speakerrole", "authorrole", "senderrole", "sendertype",
    "messagerole", "turnrole", "participant", "authorname", "sendername", "speakerid", "speakeridx",
    "authortype", "usertype", "speakertype", "participantrole", "party", "authorid", "who", "direction",
    "messagedirection", *message_names.SPEAKERS, "rôle", *sorted(map(bare, SPEAKER_WORDS)),
)  # fmt: skip
TEXT_NAMES = (
    "content", "text", "message", "utterance",
    "utterancetext", "value", "messagetext", "turntext", "body", "msg", "phrase",
    "messagebody", "messagecontent", "said", "comment", "line", "reply",
    "transcript", "消息", "besked", "melding", *message_names.TEXTS, *sorted(map(bare, SAID_WORDS)), "output",
)  # fmt: skip
LABEL_NAMES = ("label", "labels", "emotion", "sentiment", "intent", "category", "topic", "dialogact", "act", "tag")
"""Columns that make a table of named speakers one of labeled texts."""
LABELED_NAMES = ("label", "labels", "goldlabel", "class", "target")
"""Columns of what a turn alone is judged to be."""
ASKED_NAMES = ("user", "prompt", "question", "instruction", "query", "human", "input")
ANSWER_NAMES = ("assistant", "answer", "response", "output", "completion", "reply", "bot")
CONTACT_NAMES = (
    "phone", "phonenumber", "contact", "contactname", "contactid", "contactnumber", "address", "number", "customer",
    "customerid", "customerphone", "customernumber", "client", "clientid", "user", "userid", "mobile", "msisdn", "peer",
)  # fmt: skip
"""Columns of the other one, where a column says whether a message came in or went out."""
KEPT_KEYS = ("name", "weight", "train", "tool_calls", "tool_call_id", "function_call")
"""Keys of a turn that stay in it, as columns of these names."""


def _speaker_of(rows: Rows) -> str:
    """Return the column of the speaker: one of roles, one that says who by true or false, or else one so named."""
    named = rows.named(SPEAKER_NAMES)
    roles = next((name for name in (*named, *rows.named(("type",))) if rows.mostly(name, is_role)), "")
    return roles or side_column(rows) or role_column(rows) or next(iter(named), "")


def _text_of(rows: Rows, speaker: str) -> str:
    named = next((name for name in rows.named(TEXT_NAMES) if name != speaker), "")
    return named or (_only_text(rows, speaker) if speaker and _has_both_sides(rows, speaker) else "")


def _only_text(rows: Rows, speaker: str) -> str:
    """Return the only column of texts of several words beside that of who speaks; empty if there are more."""
    words = [name for name in rows.columns if name != speaker and rows.mostly(name, _is_said)]
    texts = [name for name in words if 2 * sum(map(is_phrase, rows.sample(name))) > len(rows.sample(name))]
    return texts[0] if len(texts) == 1 else ""


def _is_said(cell: Any) -> bool:
    return is_text(cell) and seconds_of(cell) is None


def _has_both_sides(rows: Rows, speaker: str) -> bool:
    said = Counter(side_role(speaker, cell) or role_of(cell) for cell in rows.sample(speaker))
    roles = set(said)
    if roles == {"user", "system"} and 2 * said["system"] > said["user"]:  # a dialogue system, which answers
        return True
    return {"user", "assistant"} <= roles and (speaker == side_column(rows) or rows.mostly(speaker, is_role))


def _is_content(cell: Any) -> bool:
    return isinstance(cell, str | list | dict)


def _has_turns(rows: Rows) -> bool:
    """Say whether each row is a turn with the id of its conversation and a role."""
    speaker = _speaker_of(rows)
    text = _text_of(rows, speaker)
    if not text or not _has_both_sides(rows, speaker) or not rows.mostly(text, _is_content):
        return False
    if _are_labeled_apart(rows):
        return False
    ids = chat_of(rows) or with_ids_below(rows, speaker)[1] or shared_id(rows, speaker, text)
    return bool(ids or _contact_of(rows, speaker))


def _contact_of(rows: Rows, speaker: str) -> str:
    """Return the column of the other one of messages that came in or went out; empty if there is none."""
    return chat_of(rows, CONTACT_NAMES) if bare(speaker) in DIRECTION_COLUMNS else ""


def _are_labeled_apart(rows: Rows) -> bool:
    """Say whether rows have a label each and are single turns, hardly two of one conversation, to be classified."""
    labels, chats = rows.sample(rows.find(LABELED_NAMES) or ""), rows.sample(chat_of(rows) or "")
    return len({str(cell) for cell in labels}) > 1 and 2 * len({str(cell) for cell in chats}) > len(chats)


def _has_named_turns(rows: Rows) -> bool:
    """Say whether each row is a turn with the id of its conversation and the name of a speaker."""
    speaker, chat = _speaker_of(rows), chat_of(rows, ID_NAMES)
    text = _text_of(rows, speaker)
    if not (chat and speaker and text) or speaker == chat or rows.find(LABEL_NAMES) or rows.mostly(speaker, is_role):
        return False
    return repeats(rows, speaker) and rows.mostly(speaker, is_id) and rows.mostly(text, is_text)


def _has_bare_turns(rows: Rows) -> bool:
    """Say whether the rows are turns, and nothing says which conversation each belongs to."""
    speaker = _speaker_of(rows)
    text = _text_of(rows, speaker)
    known = {speaker, text, *rows.named((*ORDER_NAMES, *TIME_NAMES, "id", "split", *map(bare, KEPT_KEYS)))}
    if not (speaker and text) or chat_of(rows) or any(_says_more(rows, name) for name in {*rows.columns} - known):
        return False
    return _has_both_sides(rows, speaker) and rows.mostly(text, _is_content)


def _says_more(rows: Rows, name: str) -> bool:
    """Say whether a column is the id of several rows, or holds more than counts, flags, or one value for all rows."""
    cells = rows.sample(name)
    if name not in rows.named(ID_NAMES) and len({str(cell) for cell in cells}) == len(cells) and all(map(is_id, cells)):
        return False  # an id of the turn itself
    return name in rows.named(ID_NAMES) or (
        len({str(cell) for cell in cells}) > 1 and not all(isinstance(cell, bool | int | float) for cell in cells)
    )


def _has_exchanges(rows: Rows) -> bool:
    """Say whether each row is a prompt and its answer, with the id of a conversation that several rows share."""
    asked, answer = rows.find(ASKED_NAMES), rows.find(ANSWER_NAMES)
    return bool(chat_of(rows, ID_NAMES)) and rows.mostly(asked, is_text) and rows.mostly(answer, is_text)


def _read_turns(rows: Rows) -> Recognized:
    speaker, found = _speaker_of(rows), Collector()
    rows, headed = with_ids_below(rows, speaker)
    shared = headed or chat_of(rows) or shared_id(rows, speaker, _text_of(rows, speaker))
    contact = _contact_of(rows, speaker)
    chat = shared or contact
    groups = grouped(rows, chat, found)
    has_pauses = len(groups) == 1 or chat == contact
    apart = [part for group in groups for part in _by_pause(rows, group)] if has_pauses else groups
    read = conversations(apart, found, _turn_reader(rows, speaker), "one turn per row")
    if headed:
        note = f"Rows without {headed} belong to the conversation above them."
        return replace(read, notes=(*read.notes, note))
    if len(apart) == len(groups):
        return read
    return replace(read, notes=(*read.notes, f"A pause of {PAUSE // 3600} hours begins a new conversation."))


def _by_pause(rows: Rows, group: list[Numbered]) -> list[list[Numbered]]:
    """Return the only conversation of a file as several, where its times have long pauses between them."""
    time = next((name for name in rows.named(TIME_NAMES) if sorts(group, name, seconds_of)), "")
    parts: list[list[Numbered]] = []
    for row, record in group if time else ():
        last = seconds_of(parts[-1][-1][1][time]) if parts else None
        if last is None or (seconds_of(record[time]) or 0) - last > PAUSE:
            parts.append([])
        parts[-1].append((row, record))
    return parts or [group]


def _read_named_turns(rows: Rows) -> Recognized:
    speaker, chat, found = _speaker_of(rows), chat_of(rows, ID_NAMES), Collector()
    text = _text_of(rows, speaker)
    groups, said = grouped(rows, chat, found), []
    time = next((name for name in rows.named(TIME_NAMES) if sorts(groups[0], name, seconds_of)), "") if groups else ""
    is_one = len(groups) == 1 and bool(time)  # as of a channel, in which pauses separate conversations
    for row, record in (each for group in groups for each in group):
        if is_blank(record.get(speaker)) or not is_text(record.get(text)):
            found.leave_out(row, f"the speaker ({speaker}) or the text ({text}) is empty")
        else:
            when = seconds_of(record.get(time)) if is_one else None
            said.append(Said(row, str(record[speaker]), record[text], when, chat=str(record[chat])))
    pause = PAUSE if is_one else None
    read = read_log(rows.name, "dialogue with one turn per row", said, rows.speaker, Counter(), pause=pause)
    return replace(read, problems=tuple(found.problems))


def _read_bare_turns(rows: Rows) -> Recognized:
    """Read turns without an id: each system turn, or a number of a turn that starts again, begins a conversation."""
    speaker, records = _speaker_of(rows), list(rows.records())
    order = next((name for name in rows.named(ORDER_NAMES) if sorts(records, name, finite)), "")
    groups: list[list[Numbered]] = []
    for row, record in records:
        if not groups or _begins(groups[-1][-1][1], record, speaker, order):
            groups.append([])
        groups[-1].append((row, record))
    if len(groups) == 1 and len(exchanges := _exchanges(groups[0], speaker)) >= FEWEST_EXCHANGES:
        read = conversations(exchanges, Collector(), _turn_reader(rows, speaker), "one turn per row")
        return replace(
            read, notes=(*read.notes, f"{rows.name} is one conversation, so each exchange is one of its own.")
        )
    if len(groups) > 1:
        return conversations(groups, Collector(), _turn_reader(rows, speaker), "one turn per row")
    sentence = (
        "The rows are the turns of one conversation; add a column conversation_id that says which turns belong "
        "together, or use one row per conversation, with a messages list."
    )
    return Recognized(rows.frame, "one turn per row", undecided=sentence)


def _exchanges(group: Sequence[Numbered], speaker: str) -> list[list[Numbered]]:
    """Return the exchanges of a conversation: each begins where somebody asks after an answer."""
    found: list[list[Numbered]] = []
    last = None
    for row, record in group:
        role = side_role(speaker, record.get(speaker)) or role_of(record.get(speaker))
        if not found or (role == "user" and last == "assistant"):
            found.append([])
        found[-1].append((row, record))
        last = role
    return found


def _begins(last: dict[str, Any], record: dict[str, Any], speaker: str, order: str) -> bool:
    if order:
        return (finite(record[order]) or 0) < (finite(last[order]) or 0)
    return role_of(record.get(speaker)) == "system" != role_of(last.get(speaker))


def _read_exchanges(rows: Rows) -> Recognized:
    asked, answer, found = rows.find(ASKED_NAMES), rows.find(ANSWER_NAMES), Collector()

    def turns(row: int, record: dict[str, Any]) -> list[Turn]:
        others = {name: cell for name, cell in record.items() if name not in (asked, answer)}
        sides = (("user", asked), ("assistant", answer))
        return [Turn(row, {"role": role, "content": record.get(name, "")}, others) for role, name in sides]

    return conversations(grouped(rows, chat_of(rows, ID_NAMES), found), found, turns, "one exchange per row")


def _turn_reader(rows: Rows, speaker: str) -> Callable[[int, dict[str, Any]], list[Turn]]:
    """Return what makes the turn of a row."""
    text = _text_of(rows, speaker)
    kept = {name: key for key in KEPT_KEYS for name in rows.named([bare(key)])}

    def turns(row: int, record: dict[str, Any]) -> list[Turn]:
        keys = {key: structure_of(record[name]) for name, key in kept.items() if not is_blank(record.get(name))}
        role = side_role(speaker, record.get(speaker)) or str(record.get(speaker, ""))
        message = {"role": role, "content": record.get(text, ""), **keys}
        others = {name: cell for name, cell in record.items() if name not in (speaker, text, *kept)}
        return [Turn(row, message, others)]

    return turns


SHAPES = (
    Shape("turns with roles", _has_turns, _read_turns, by_row=False),
    Shape("turns of named speakers", _has_named_turns, _read_named_turns, by_row=False),
    Shape("turns without an id", _has_bare_turns, _read_bare_turns, by_row=False),
    Shape("exchanges of conversations", _has_exchanges, _read_exchanges, by_row=False),
)
