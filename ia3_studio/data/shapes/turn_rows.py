"""How does a table with one turn per row become conversations? Rows with the same id belong together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from ia3_studio.data.examples import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes import message_names
from ia3_studio.data.shapes.chat_logs import PAUSE, Said, read_log
from ia3_studio.data.shapes.shape import (
    Collector,
    Recognized,
    Rows,
    Shape,
    bare,
    finite,
    is_absent,
    is_blank,
    is_role,
    is_text,
    role_of,
    seconds_of,
    side_column,
    side_role,
)

ID_NAMES = (
    "conversationid", "transcriptid",
    "convid", "convoid", "conversationhash", "dialogid", "dialogueid", "chatid", "threadid",
    "sessionid", "callid", "interactionid", "episodeid", "roomid", "conversation", "conv", "dialog", "chatsession",
    "dialogue", "chat", "thread", "session", "gesprächsid", "gesprächsnr", "idconversación", "idconversacion",
    "idconversation", "idchat", "会话id", "会話id", "대화id", "对话id", "gespräch", "conversación", "conversazione",
    "conversa", "diálogo", "dialogo", "rozmowa", "gesprek", "диалог", "чат", "разговор", "беседа", "iddiálogo",
    "диалогid", "idдиалога", "номердиалога", "对话", "對話", "会话", "会話", "대화",
    "sohbetid", "sohbet", "konuşmaid", "rozmowaid", "idrozmowy", "gesprekid", "samtalid", "samtaleid", "konwersacjaid",
)  # fmt: skip
OTHER_IDS = ("id", "groupid", "sampleid", "exampleid", "caseid", "ticketid")
"""Names of ids that are those of conversations if several rows share one."""
SPEAKER_NAMES = (
    "role", "speaker", "interlocutor",
    "from", "author", "sender", "speakerrole", "authorrole", "senderrole", "sendertype",
    "messagerole", "turnrole", "participant", "authorname", "sendername", "speakerid", "speakeridx",
    "authortype", "usertype", "speakertype", "participantrole", "party", "authorid", "who", "direction",
    "messagedirection", *message_names.SPEAKERS, "rolle", "rol", "ruolo", "роль", "角色", "rôle", "papel", "rola",
    "отправитель", "говорящий", "sprecher", "absender", "remitente", "mittente", "nadawca",
   
    "役割", "話者", "역할", "화자",
)  # fmt: skip
TEXT_NAMES = (
    "content", "text", "message", "utterance",
    "utterancetext", "value", "messagetext", "turntext", "body", "msg", "phrase",
    "messagebody", "messagecontent", "said",
    "transcript", "bericht", "texto", "texte", "testo", "tekst", "nachricht", "mensaje", "mensagem",
    "messaggio", "wiadomość", "текст", "сообщение", "реплика", "内容", "消息", "文本",
    "メッセージ", "発話", "내용", "메시지", "발화", "mesaj", "metin", "meddelande", "besked", "melding",
    *message_names.TEXTS, "output",
)  # fmt: skip
ORDER_NAMES = (
    "turn", "turnid", "turnindex", "turnidx", "turnnumber", "turnno", "turnorder", "messageindex", "messageidx",
    "messageorder", "messagenumber", "utteranceidx", "utteranceid", "order", "position", "index", "idx", "step",
    "sequence", "seq", "sıra", "nr", "no", "reihenfolge", "orden", "ordre", "ordine", "kolejność",
)  # fmt: skip
TIME_NAMES = (
    "timestamp", "createdat", "datetime", "senttime", "sentat", "time", "date", "createtime", "ts",
    "starttime", "createddatetime", "messagedate", *message_names.TIMES,
)  # fmt: skip
LABEL_NAMES = ("label", "labels", "emotion", "sentiment", "intent", "category", "topic", "dialogact", "act", "tag")
"""Columns that make a table of named speakers one of labeled texts."""
ASKED_NAMES = ("user", "prompt", "question", "instruction", "query", "human", "input")
ANSWER_NAMES = ("assistant", "answer", "response", "output", "completion", "reply", "bot")
KEPT_KEYS = ("name", "weight", "train", "tool_calls", "tool_call_id", "function_call")
"""Keys of a turn that stay in it, as columns of these names."""
MESSAGES = "messages"
_LONGEST_ID = 200


_Numbered: TypeAlias = tuple[int, dict[str, Any]]
"""A row with its number."""


@dataclass(frozen=True)
class _Turn:
    """A turn of a conversation, and the other cells of its row."""

    row: int
    message: dict[str, Any]
    others: dict[str, Any]


def _speaker_of(rows: Rows) -> str:
    """Return the column of the speaker: one of roles, one that says who by true or false, or else one so named."""
    named = rows.named(SPEAKER_NAMES)
    roles = next((name for name in (*named, *rows.named(("type",))) if rows.mostly(name, is_role)), "")
    return roles or side_column(rows) or next(iter(named), "")


def _text_of(rows: Rows, speaker: str) -> str:
    return next((name for name in rows.named(TEXT_NAMES) if name != speaker), "")


def _chat_of(rows: Rows, names: Sequence[str] = (*ID_NAMES, *OTHER_IDS)) -> str:
    """Return the column of the conversation's id, which several rows share."""
    return next((name for name in rows.named(names) if rows.mostly(name, _is_id) and _repeats(rows, name)), "")


def _is_id(cell: Any) -> bool:
    return isinstance(cell, str | int | float) and not isinstance(cell, bool) and len(str(cell)) <= _LONGEST_ID


def _repeats(rows: Rows, column: str) -> bool:
    cells = rows.sample(column)
    return len(set(map(str, cells))) < len(cells)


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
    speaker, chat = _speaker_of(rows), _chat_of(rows)
    text = _text_of(rows, speaker)
    return bool(chat and text) and _has_both_sides(rows, speaker) and rows.mostly(text, _is_content)


def _has_named_turns(rows: Rows) -> bool:
    """Say whether each row is a turn with the id of its conversation and the name of a speaker."""
    speaker, chat = _speaker_of(rows), _chat_of(rows, ID_NAMES)
    text = _text_of(rows, speaker)
    if not (chat and speaker and text) or speaker == chat or rows.find(LABEL_NAMES) or rows.mostly(speaker, is_role):
        return False
    return _repeats(rows, speaker) and rows.mostly(speaker, _is_id) and rows.mostly(text, is_text)


def _has_bare_turns(rows: Rows) -> bool:
    """Say whether the rows are turns, and nothing says which conversation each belongs to."""
    speaker = _speaker_of(rows)
    text = _text_of(rows, speaker)
    known = {speaker, text, *rows.named((*ORDER_NAMES, *TIME_NAMES, "id", "split", *map(bare, KEPT_KEYS)))}
    if not (speaker and text) or _chat_of(rows) or set(rows.columns) - known:
        return False
    return _has_both_sides(rows, speaker) and rows.mostly(text, _is_content)


def _has_exchanges(rows: Rows) -> bool:
    """Say whether each row is a prompt and its answer, with the id of a conversation that several rows share."""
    asked, answer = rows.find(ASKED_NAMES), rows.find(ANSWER_NAMES)
    return bool(_chat_of(rows, ID_NAMES)) and rows.mostly(asked, is_text) and rows.mostly(answer, is_text)


def _read_turns(rows: Rows) -> Recognized:
    speaker, found = _speaker_of(rows), Collector()
    groups = _grouped(rows, _chat_of(rows), found)
    apart = _by_pause(rows, groups[0]) if len(groups) == 1 else groups
    read = _conversations(apart, found, _turn_reader(rows, speaker), "one turn per row")
    if len(apart) == len(groups):
        return read
    return replace(read, notes=(*read.notes, f"A pause of {PAUSE // 3600} hours begins a new conversation."))


def _by_pause(rows: Rows, group: list[_Numbered]) -> list[list[_Numbered]]:
    """Return the only conversation of a file as several, where its times have long pauses between them."""
    time = next((name for name in rows.named(TIME_NAMES) if _sorts(group, name, seconds_of)), "")
    parts: list[list[_Numbered]] = []
    for row, record in group if time else ():
        last = seconds_of(parts[-1][-1][1][time]) if parts else None
        if last is None or (seconds_of(record[time]) or 0) - last > PAUSE:
            parts.append([])
        parts[-1].append((row, record))
    return parts or [group]


def _read_named_turns(rows: Rows) -> Recognized:
    speaker, chat, found = _speaker_of(rows), _chat_of(rows, ID_NAMES), Collector()
    text = _text_of(rows, speaker)
    said = []
    for row, record in (each for group in _grouped(rows, chat, found) for each in group):
        if is_blank(record.get(speaker)) or not is_text(record.get(text)):
            found.leave_out(row, f"the speaker ({speaker}) or the text ({text}) is empty")
        else:
            said.append(Said(row, str(record[speaker]), record[text], chat=str(record[chat])))
    read = read_log(rows.name, "table with one turn per row", said, rows.speaker, Counter(), pause=None)
    return replace(read, problems=tuple(found.problems))


def _read_bare_turns(rows: Rows) -> Recognized:
    """Read turns without an id: each system turn, or a number of a turn that starts again, begins a conversation."""
    speaker, records = _speaker_of(rows), list(rows.records())
    order = next((name for name in rows.named(ORDER_NAMES) if _sorts(records, name, finite)), "")
    groups: list[list[_Numbered]] = []
    for row, record in records:
        if not groups or _begins(groups[-1][-1][1], record, speaker, order):
            groups.append([])
        groups[-1].append((row, record))
    if len(groups) > 1:
        return _conversations(groups, Collector(), _turn_reader(rows, speaker), "one turn per row")
    sentence = (
        "The rows are the turns of one conversation; add a column conversation_id that says which turns belong "
        "together, or use one row per conversation, with a messages list."
    )
    return Recognized(rows.frame, "one turn per row", undecided=sentence)


def _begins(last: dict[str, Any], record: dict[str, Any], speaker: str, order: str) -> bool:
    if order:
        return (finite(record[order]) or 0) < (finite(last[order]) or 0)
    return role_of(record.get(speaker)) == "system" != role_of(last.get(speaker))


def _read_exchanges(rows: Rows) -> Recognized:
    asked, answer, found = rows.find(ASKED_NAMES), rows.find(ANSWER_NAMES), Collector()

    def turns(row: int, record: dict[str, Any]) -> list[_Turn]:
        others = {name: cell for name, cell in record.items() if name not in (asked, answer)}
        sides = (("user", asked), ("assistant", answer))
        return [_Turn(row, {"role": role, "content": record.get(name, "")}, others) for role, name in sides]

    return _conversations(_grouped(rows, _chat_of(rows, ID_NAMES), found), found, turns, "one exchange per row")


def _turn_reader(rows: Rows, speaker: str) -> Callable[[int, dict[str, Any]], list[_Turn]]:
    """Return what makes the turn of a row."""
    text = _text_of(rows, speaker)
    kept = {name: key for key in KEPT_KEYS for name in rows.named([bare(key)])}

    def turns(row: int, record: dict[str, Any]) -> list[_Turn]:
        keys = {key: structure_of(record[name]) for name, key in kept.items() if not is_blank(record.get(name))}
        role = side_role(speaker, record.get(speaker)) or str(record.get(speaker, ""))
        message = {"role": role, "content": record.get(text, ""), **keys}
        others = {name: cell for name, cell in record.items() if name not in (speaker, text, *kept)}
        return [_Turn(row, message, others)]

    return turns


def _grouped(rows: Rows, chat: str, found: Collector) -> list[list[_Numbered]]:
    """Return the rows of each conversation in the order of its turns; rows without an id are left out."""
    groups: dict[str, list[_Numbered]] = {}
    for row, record in rows.records():
        if is_blank(record.get(chat)):
            found.leave_out(row, f"the id of its conversation ({chat}) is empty")
        else:
            groups.setdefault(str(record[chat]), []).append((row, record))
    return [_ordered(rows, group) for group in groups.values()]


def _ordered(rows: Rows, group: list[_Numbered]) -> list[_Numbered]:
    """Return the rows of a conversation by their numbers, or else by their times, or else as they stand."""
    ways = [
        *((name, finite) for name in rows.named(ORDER_NAMES)),
        *((n, seconds_of) for n in rows.named(TIME_NAMES)),
    ]
    for name, value in ways:
        if _sorts(group, name, value):
            return sorted(group, key=lambda each: value(each[1][name]) or 0.0)
    return group


def _sorts(group: Sequence[_Numbered], name: str, value: Callable[[Any], float | None]) -> bool:
    return all(value(record.get(name)) is not None for _row, record in group)


def _conversations(
    groups: Sequence[Sequence[_Numbered]],
    found: Collector,
    turns_of: Callable[[int, dict[str, Any]], list[_Turn]],
    form: str,
) -> Recognized:
    """Return one row per conversation, with the columns that have one value in each of its rows."""
    conversations = [[turn for row, record in group for turn in turns_of(row, record)] for group in groups]
    varying = {name for turns in conversations for name in _varying(turns)}
    for turns in conversations:
        first = min(turns, key=lambda turn: turn.row)
        kept = {name: cell for name, cell in first.others.items() if name not in (*varying, MESSAGES)}
        found.use(first.row, {MESSAGES: [turn.message for turn in turns], **kept})
        filled = {(turn.row, name) for turn in turns for name in turn.others if name in varying}
        found.unused.update(name for _row, name in filled if bare(name) not in (*ORDER_NAMES, *TIME_NAMES))
    return found.recognized(f"{form}, {len(groups):,} conversations", Mapping("messages", column=MESSAGES))


def _varying(turns: Sequence[_Turn]) -> set[str]:
    """Return the columns that have different values, or gaps, in one conversation."""
    first = turns[0].others
    names = {name for turn in turns for name in turn.others}
    return {name for name in names if any(not _same(turn.others.get(name), first.get(name)) for turn in turns)}


def _same(one: Any, other: Any) -> bool:
    if is_absent(one) or is_absent(other):
        return is_absent(one) and is_absent(other)
    return one is other or (type(one) is type(other) and not hasattr(one, "__array__") and bool(one == other))


SHAPES = (
    Shape("turns with roles", _has_turns, _read_turns, by_row=False),
    Shape("turns of named speakers", _has_named_turns, _read_named_turns, by_row=False),
    Shape("turns without an id", _has_bare_turns, _read_bare_turns, by_row=False),
    Shape("exchanges of conversations", _has_exchanges, _read_exchanges, by_row=False),
)
