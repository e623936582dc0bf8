"""Which messages are in a chat that WhatsApp exported as text? Lines that begin with a date, and those that follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ia3_studio.data.delimiters import lines_of

TIME, SPEAKER, TEXT, KIND = "time", "speaker", "text", "kind"
SYSTEM, FILES, DELETED, EMPTY = "system", "images and files", "deleted messages", "messages without text"
OWN = "lines of WhatsApp itself (images, files, calls, changes)"
FEWEST = 2
"""Messages that make a text a chat."""
_LONGEST_NAME = 60
_QUOTES = '"“”„«»'
_MARKS = "\u200e\u200f\u202a\u202c\ufeff"
_SPACE = "[ \u00a0\u202f]"
_DATE = r"(\d{1,4})\u200f?(?:[./-]|\. |년 |年)(\d{1,2})\u200f?(?:[./-]|\. |월 |月)(\d{1,4})(?:\.|일|日)?"
_WORD = r"[^\W\d_]"
_CLOCK = (
    rf"(?:({_WORD}{{1,6}})\.?{_SPACE}?)?(\d{{1,2}})[:.](\d{{2}})(?:[:.](\d{{2}}))?"
    rf"(?:{_SPACE}?({_WORD}{{1,4}})\.?(?:{_SPACE}?{_WORD}\.?)?)?"
)
"""A time, with a word before it as in "klo 9.05" or "오후 9:05", or after it as in "9:05 PM" or "9:05 p. m."."""
_HEAD = re.compile(
    rf"[{_MARKS}]*(?:\[{_DATE}[,،]?{_SPACE}{_CLOCK}\]{_SPACE}|{_DATE}[,،]?{_SPACE}{_CLOCK}(?:{_SPACE}[-–]|,){_SPACE})"
)
_ATTACHED = re.compile(r"\u200e?(?:<[^<>\n]{1,60}>|[^\n]{1,200}\.\w{2,5} \([^()\n]{3,40}\))(?:\n|$)")
_EDITED = re.compile(r" ?(?:\u200e<[^<>\n]{1,60}>|<This message was edited>)$")
_DELETIONS = (
    "this message was deleted", "you deleted this message", "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht", "se eliminó este mensaje", "eliminaste este mensaje",
    "ce message a été supprimé", "vous avez supprimé ce message", "mensagem apagada", "você apagou esta mensagem",
    "questo messaggio è stato eliminato", "hai eliminato questo messaggio",
)  # fmt: skip


@dataclass
class DatedMessage:
    """A line that begins with a date, and the lines up to the next one."""

    date: tuple[int, int, int]
    """As it is written; which of them is the year, the month and the day is told by all messages."""
    clock: tuple[int, int, int]
    lines: list[str]
    has_halves: bool
    """Whether its clock counts twelve hours, as in America."""


def whatsapp_messages(text: str) -> dict[str, list[Any]] | None:
    """Return the messages of a chat as columns (time, speaker, text, kind); None if a text is no such chat.

    The kind is empty for what somebody wrote; else it says what the line is.
    """
    messages = _messages(text)
    parts = _without_announcements([_parted("\n".join(message.lines)) for message in messages])
    if sum(bool(speaker) for speaker, _text, _kind in parts) < FEWEST:
        return None
    speakers, texts, kinds = map(list, zip(*parts, strict=True))
    return {TIME: times_of(messages), SPEAKER: speakers, TEXT: texts, KIND: kinds}


def _messages(text: str) -> list[DatedMessage]:
    """Return the messages of a text; none if its first line is no message."""
    found: list[DatedMessage] = []
    for written in lines_of(text.strip(f"\n\r {_MARKS}")):
        head = _HEAD.match(written)
        if head:
            found.append(_message(head, written[head.end() :]))
        elif not found:
            return []
        else:
            found[-1].lines.append(written)
    return found


def _message(head: re.Match[str], said: str) -> DatedMessage:
    groups = head.groups()[:_FIELDS] if head[1] else head.groups()[_FIELDS:]
    first, second, third, hour, minute, seconds = (int(group or 0) for group in (*groups[:3], *groups[4:7]))
    words = {(group or "").lower() for group in (groups[3], groups[7])}
    has_halves = bool(words & (_FORENOON | _AFTERNOON))
    hour = hour % 12 + 12 * bool(words & _AFTERNOON) if has_halves else hour
    return DatedMessage((first, second, third), (hour, minute, seconds), [said], has_halves)


_FIELDS = 8
"""Groups of a date and its time."""
_FORENOON = frozenset(("a", "am", "上午", "午前", "오전", "π", "ص", "öö"))
_AFTERNOON = frozenset(("p", "pm", "下午", "午後", "오후", "μ", "م", "ös"))
"""What clocks of twelve hours say before or after noon."""


def _parted(said: str) -> tuple[str, str, str]:
    """Return (speaker, text, kind) of what stands after a date."""
    speaker, colon, text = said.partition(": ")
    if not colon and said.rstrip().endswith(":") and "\n" not in said:
        speaker, colon = said.rstrip()[:-1], ":"
    elif not colon or "\n" in speaker:
        speaker, colon, text = said.partition(":\n")
    speaker = speaker.strip(f" ~\u00a0\u202f{_MARKS}")
    if not colon or not speaker or "\n" in speaker or len(speaker) > _LONGEST_NAME:
        return "", said, SYSTEM
    attached = _ATTACHED.match(text)
    text = _EDITED.sub("", text[attached.end() :] if attached else text)
    if text.startswith("\u200e"):
        return speaker, text, OWN
    if text.strip().rstrip(".").lower() in _DELETIONS:
        return speaker, text, DELETED
    return (speaker, text, "") if text.strip() else (speaker, text, FILES if attached else EMPTY)


def _without_announcements(parts: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return parts in which lines such as 'Ann changed the subject to "a: b"' have no speaker."""
    speakers = {speaker for speaker, _text, _kind in parts if speaker}
    quoting = [name for name in speakers if any(quote in name for quote in _QUOTES)]
    announced = {name for name in quoting if any(name[: gap.start()] in speakers for gap in re.finditer(" ", name))}
    return [("", f"{name}: {text}", SYSTEM) if name in announced else (name, text, kind) for name, text, kind in parts]


def times_of(messages: Sequence[DatedMessage]) -> list[float | None]:
    """Return when each message was written, in seconds; which number is the month is told by all of them together."""
    ways = [way for way in _WAYS if all(_moment(message, way) is not None for message in messages)]
    if not ways:
        return [None] * len(messages)
    by_way = {way: [_moment(message, way) or 0.0 for message in messages] for way in ways}
    american = messages[0].has_halves
    return list(min(by_way.items(), key=lambda each: (_steps_back(each[1]), (each[0] != _MONTH_FIRST) == american))[1])


_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST = (2, 1, 0), (2, 0, 1), (0, 1, 2)
_WAYS = (_DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST)
"""Where year, month and day stand in a date."""


def _moment(message: DatedMessage, way: tuple[int, int, int]) -> float | None:
    year, month, day = (message.date[place] for place in way)
    if way == _YEAR_FIRST and year < 1000:
        return None
    try:
        return datetime(year + 2000 if year < 100 else year, month, day, *message.clock, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _steps_back(times: Sequence[float]) -> int:
    """Return how often a time is before that of the message before it."""
    return sum(later < earlier for earlier, later in pairwise(times))
