"""Which rows are the turns of one conversation, and in which order? By an id that they share, numbers and times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeAlias

from ia3_studio.data.column_names import name_words
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes import message_names
from ia3_studio.data.shapes.shape import (
    MOST,
    Collector,
    Recognized,
    Rows,
    bare,
    finite,
    is_absent,
    is_blank,
    role_of,
    seconds_of,
    side_role,
)

ID_NAMES = (
    "conversationid", "transcriptid", "convid", "convoid", "conversationhash", "dialogid", "dialogueid", "chatid",
    "threadid",
    "sessionid", "callid", "interactionid", "episodeid", "roomid", "conversation", "conv", "dialog", "chatsession",
    "dialogue", "chat", "thread", "session", "gesprächsid", "gesprächsnr", "idconversación", "idconversacion",
    "idconversation", "idchat", "会话id", "会話id", "대화id", "对话id", "gespräch", "conversación", "conversazione",
    "conversa", "diálogo", "dialogo", "rozmowa", "gesprek", "диалог", "чат", "разговор", "беседа", "iddiálogo",
    "диалогid", "idдиалога", "номердиалога", "对话", "對話", "会话", "会話", "대화",
    "sohbetid", "sohbet", "konuşmaid", "rozmowaid", "idrozmowy", "gesprekid", "samtalid", "samtaleid", "konwersacjaid",
)  # fmt: skip
OTHER_IDS = ("id", "groupid", "sampleid", "exampleid", "caseid", "ticketid")
"""Names of ids that are those of conversations if several rows share one."""
ORDER_NAMES = (
    "turn", "turnid", "turnindex", "turnidx", "turnnumber", "turnno", "turnorder", "messageindex", "messageidx",
    "messageorder", "messagenumber", "utteranceidx", "utteranceid", "order", "position", "index", "idx", "step",
    "sequence", "seq", "sıra", "nr", "no", "reihenfolge", "orden", "ordre", "ordine", "kolejność",
)  # fmt: skip
TIME_NAMES = (
    "timestamp", "createdat", "datetime", "senttime", "sentat", "time", "date", "createtime", "ts",
    "starttime", "createddatetime", "messagedate", *message_names.TIMES,
)  # fmt: skip
MESSAGES = "messages"
_LONGEST_ID = 200


Numbered: TypeAlias = tuple[int, dict[str, Any]]
"""A row with its number."""


@dataclass(frozen=True)
class Turn:
    """A turn of a conversation, and the other cells of its row."""

    row: int
    message: dict[str, Any]
    others: dict[str, Any]


def chat_of(rows: Rows, names: Sequence[str] = (*ID_NAMES, *OTHER_IDS)) -> str:
    """Return the column of the conversation's id, which several rows share."""
    return next((name for name in rows.named(names) if rows.mostly(name, is_id) and repeats(rows, name)), "")


def with_ids_below(rows: Rows, speaker: str) -> tuple[Rows, str]:
    """Return rows in which an id that stands only above the turns of its conversation stands in each, and its column.

    Its values differ, and stand at turns of a user or a system. Other rows stay as they are, with an empty name.
    """
    records = rows.first_records()
    name = next((each for each in rows.named((*ID_NAMES, *OTHER_IDS)) if _heads_turns(records, each, speaker)), "")
    if not name:
        return rows, ""
    cells = rows.frame[name]
    below = cells.where([not is_blank(cell) for cell in cells]).ffill()
    return replace(rows, frame=rows.frame.assign(**{name: below}), first=None), name


def _heads_turns(records: Sequence[dict[str, Any]], name: str, speaker: str) -> bool:
    heads = [record for record in records if not is_blank(record.get(name))]
    values = {str(record[name]) for record in heads}
    few = _FEWEST_GROUPS <= len(heads) == len(values) and 2 * len(heads) <= len(records)
    return few and heads[0] is records[0] and all(role_of(each.get(speaker)) in ("user", "system") for each in heads)


def is_id(cell: Any) -> bool:
    """Say whether a cell can be the id of a conversation: a short text or a number."""
    return isinstance(cell, str | int | float) and not isinstance(cell, bool) and len(str(cell)) <= _LONGEST_ID


def repeats(rows: Rows, column: str) -> bool:
    """Say whether a value of a column stands in several rows."""
    cells = rows.sample(column)
    return len(set(map(str, cells))) < len(cells)


def shared_id(rows: Rows, speaker: str, text: str) -> str:
    """Return a column of any name whose values are the conversations of turns with roles; empty if there is none.

    Both sides speak in nearly each of them. Its rows stand together, or it is called an id.
    """
    records = rows.first_records()
    known = {speaker, text, *rows.named((*ORDER_NAMES, *TIME_NAMES))}
    groups = {
        name: _sides_by_value(records, name, speaker)
        for name in rows.columns
        if name not in known and rows.mostly(name, is_id)
    }
    fitting = [
        name
        for name, sides in groups.items()
        if len(sides) >= _FEWEST_GROUPS
        and sum({"user", "assistant"} <= each for each in sides.values()) >= MOST * (len(sides) - 1)
        and (name_words(name)[-1:] in _ID_WORDS or _stand_together(records, name))
    ]
    return max(fitting, key=lambda name: len(groups[name]), default="")


_FEWEST_GROUPS = 3
_ID_WORDS = [[word] for word in ("id", "uuid", "key", "hash", "nr", "no", "number", "nummer", "numero", "код", "номер")]
"""What the last word of a column's name may be so that it is an id."""


def _sides_by_value(records: Sequence[dict[str, Any]], name: str, speaker: str) -> dict[str, set[str]]:
    """Return who speaks in the rows of each value of a column."""
    sides: dict[str, set[str]] = {}
    for record in records:
        said = record.get(speaker)
        sides.setdefault(str(record.get(name)), set()).add(side_role(speaker, said) or role_of(said))
    return sides


def _stand_together(records: Sequence[dict[str, Any]], name: str) -> bool:
    values = [str(record.get(name)) for record in records]
    return len(list(groupby(values))) == len(set(values))


def grouped(rows: Rows, chat: str, found: Collector) -> list[list[Numbered]]:
    """Return the rows of each conversation in the order of its turns; rows without an id are left out."""
    groups: dict[str, list[Numbered]] = {}
    for row, record in rows.records():
        if is_blank(record.get(chat)):
            found.leave_out(row, f"the id of its conversation ({chat}) is empty")
        else:
            groups.setdefault(str(record[chat]), []).append((row, record))
    counting = _counting(list(groups.values()))
    return [_ordered(rows, group, counting) for group in groups.values()]


def _counting(groups: Sequence[Sequence[Numbered]]) -> list[str]:
    """Return the columns that number the rows of each conversation, from 0 or 1 on, whatever they are called."""
    longest = max(groups, key=len, default=[])
    names = [name for name, cell in longest[0][1].items() if finite(cell) is not None] if len(longest) > 1 else []
    return [name for name in names if all(_is_counted([record.get(name) for _row, record in each]) for each in groups)]


def _is_counted(cells: Sequence[Any]) -> bool:
    numbers = [number for cell in cells if (number := finite(cell)) is not None]
    return len(numbers) == len(cells) and sorted(numbers) in (
        [float(place) for place in range(len(cells))],
        [float(place + 1) for place in range(len(cells))],
    )


def _ordered(rows: Rows, group: list[Numbered], counting: Sequence[str]) -> list[Numbered]:
    """Return the rows of a conversation by their numbers, or else by their times, or else as they stand."""
    ways = [
        *((name, finite) for name in (*rows.named(ORDER_NAMES), *counting)),
        *((n, seconds_of) for n in rows.named(TIME_NAMES)),
    ]
    for name, value in ways:
        if sorts(group, name, value):
            return sorted(group, key=lambda each: value(each[1][name]) or 0.0)
    return group


def sorts(group: Sequence[Numbered], name: str, value: Callable[[Any], float | None]) -> bool:
    """Say whether a column has a number or a time in each row, by which rows can be sorted."""
    return all(value(record.get(name)) is not None for _row, record in group)


def conversations(
    groups: Sequence[Sequence[Numbered]],
    found: Collector,
    turns_of: Callable[[int, dict[str, Any]], list[Turn]],
    form: str,
) -> Recognized:
    """Return one row per conversation, with the columns that have one value in each of its rows."""
    made = [[turn for row, record in group for turn in turns_of(row, record)] for group in groups]
    found_turns = [turns for turns in made if turns]
    varying = {name for turns in found_turns for name in _varying(turns)}
    counting = _counting(groups)
    for turns in found_turns:
        first = min(turns, key=lambda turn: turn.row)
        kept = {name: cell for name, cell in first.others.items() if name not in (*varying, MESSAGES)}
        found.use(first.row, {MESSAGES: [turn.message for turn in turns], **kept})
        known = {*ORDER_NAMES, *TIME_NAMES, *map(bare, counting)}
        filled = {(turn.row, name) for turn in turns for name in turn.others if name in varying}
        found.unused.update(name for _row, name in filled if bare(name) not in known)
    return found.recognized(f"{form}, {len(found_turns):,} conversations", Mapping("messages", column=MESSAGES))


def _varying(turns: Sequence[Turn]) -> set[str]:
    """Return the columns that have different values, or gaps, in one conversation."""
    first = turns[0].others
    names = {name for turn in turns for name in turn.others}
    return {name for name in names if any(not _same(turn.others.get(name), first.get(name)) for turn in turns)}


def _same(one: Any, other: Any) -> bool:
    if is_absent(one) or is_absent(other):
        return is_absent(one) and is_absent(other)
    return one is other or (type(one) is type(other) and not hasattr(one, "__array__") and bool(one == other))
