"""Which messages are in a chat that was saved as lines? As Discord, LINE, Zoom and IRC write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.shapes.whatsapp import SPEAKER, TEXT, TIME, DatedMessage, times_of

_CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[ \u202f]?([AaPp])\.?[Mm]\.?)?"
_DATE = r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})"
_SHORT_DATE = r"(\d{1,4})[./-](\d{1,2})(?:[./-](\d{1,4})?)?"
"""A date of which the year may be left out."""
_HEADS = tuple(
    re.compile(form)
    for form in (
        rf"\[(?:{_SHORT_DATE},? )?{_CLOCK}\] ([^\s:<>][^:<>\n]{{0,59}}?)( *)",  # Discord, Teams: the text follows below
        rf"()()(){_CLOCK}\t([^\t\n]{{1,60}})\t(.*)",  # LINE
        rf"{_SHORT_DATE}[ T]{_CLOCK}\t([^\t\n]{{1,60}})\t(.*)",  # WeeChat
        rf"()()(){_CLOCK}\s+From\s+(\S[^:]{{0,59}}?)(?:\s+to\s+[^:]{{1,80}})?\s*:\s*(.*)",  # Zoom
        rf"\[?(?:{_SHORT_DATE}[ T])?\[?{_CLOCK}\]? <[@+%~& ]?([^<>\s]{{1,40}})> (.*)",  # IRC
    )
)
"""Lines with which a message begins: date, time, speaker and text."""
_DAY = re.compile(rf"(?:\w+,? )?{_DATE}(?: ?\(.{{1,12}}\))?(?: \w+)?")
"""A line with the date of the messages below it."""
_RULE = re.compile(r"[=\-_*]{4,}")
_NO_DATE = (2000, 1, 1)
_FEWEST_MESSAGES, _MOST_OF_A_SPEAKER = 4, 0.95
"""Messages of a log at least, and the share of them that one speaker has at most."""


@dataclass
class _Said:
    when: DatedMessage
    speaker: str
    lines: list[str] = field(default_factory=list)


def logged_lines(text: str) -> dict[str, list[Any]] | None:
    """Return the messages of a chat in lines as columns (time, speaker, text); None if a text is no such chat.

    Example:
        >>> logged_lines("[09:05] <ann> hi\\n[09:06] <bo> ahoy\\n[09:07] <ann> late?\\n[09:08] <bo> no")["speaker"]
        ['ann', 'bo', 'ann', 'bo']
    """
    written = (line for line in lines_of(text.strip("\ufeff\n\r ")) if not _MADE_BY.fullmatch(line.strip()))
    lines = list(map(_usual, written))
    head = max(_HEADS, key=lambda form: sum(form.fullmatch(line) is not None for line in lines[:_SAMPLE]))
    lines = [line for line in lines if not _NOTICE.fullmatch(line)] if head is _DATED else lines
    said = [each for each in _messages(lines, head) if "".join(each.lines).strip()]
    speakers = Counter(each.speaker for each in said)
    most = max(speakers.values(), default=0)
    if len(said) < _FEWEST_MESSAGES or most > _MOST_OF_A_SPEAKER * len(said) or len(speakers) > len(said) / 2:
        return None
    times = times_of([each.when for each in said])
    if head is _DATED and not _is_talk(times, [*speakers]):
        return None
    is_transcript = head is _HEADS[1] and any(line.endswith("\t") for line in lines)
    if is_transcript and not _begins_and_goes_on(times, said):
        return None
    texts = ["\n".join(each.lines).strip() for each in said]
    return {TIME: times, SPEAKER: [each.speaker for each in said], TEXT: texts}


_DATED = _HEADS[2]
_MADE_BY = re.compile(r"Transcribed by https?://\S{1,60}")
"""The line with which Otter ends a transcript."""


def _is_talk(times: Sequence[Any], speakers: Sequence[str]) -> bool:
    """Say whether lines of a date, a word and a text are what people wrote: in order, most of them within an hour.

    A class could stand there as well, such as the level of a message in the log of a program.
    """
    steps = [later - earlier for earlier, later in pairwise(times)] if None not in times else [-1.0]
    soon = sum(step <= _SOON for step in steps)
    return min(steps) >= 0 and soon > _MOSTLY * len(steps) and not LEVELS & {*map(str.lower, speakers)}


def _begins_and_goes_on(times: Sequence[float | None], said: Sequence[_Said]) -> bool:
    """Say whether a transcript begins at its beginning and goes on: a timetable begins at some time of the day."""
    moments = [moment for moment in times if moment is not None]
    begun = said[0].when.clock
    return begun < _BEGINS_BY and all(one <= other for one, other in pairwise(moments))


_BEGINS_BY = (0, 5, 0)
_SOON, _MOSTLY = 3600.0, 0.8
LEVELS = frozenset(("info", "warn", "warning", "error", "debug", "trace", "fatal", "critical", "notice"))
"""What the lines of a program's log begin with."""
_NOTICE = re.compile(r".*\t[^\w\t]+\t.*")


def notices_note(text: str) -> tuple[str, ...]:
    """Return the note on lines that the program of a chat wrote itself, with a sign such as --> for a speaker."""
    count = sum(map(bool, map(_NOTICE.fullmatch, lines_of(text))))
    return (f"Not used: {count:,} lines about who came, went or did something.",) if count else ()


_NAME_FIRST = re.compile(r"\[([^\[\]\t]{1,60})\] \[(오전|오후|) ?(\d{1,2}:\d{2}) ?([AaPp][Mm]|)\] (.*)")
_RULED_DAY = re.compile(r"-{5,} ?(\d{4})년 (\d{1,2})월 (\d{1,2})일.*-{5,}")
_HALVES = {"오전": "AM", "오후": "PM"}


_TIMED = re.compile(r"(\S[^\t\n:()]{0,59}?)(?: {2,10}|\t| ?\()(?:(\d{1,2}):)?(\d{1,3}):(\d{2})\)?:?[ ]{0,9}")
"""A line of a transcript: who speaks, and how long after its beginning; what is said stands below."""


def _of_transcript(line: str) -> str:
    """Return a line of Otter or Teams, with the speaker before the time that has gone by, as LINE writes it.

    Example:
        >>> _of_transcript("Speaker 1  61:05"), _of_transcript("Ann Lee (0:04):")
        ('1:01:05\\tSpeaker 1\\t', '0:00:04\\tAnn Lee\\t')
    """
    found = _TIMED.fullmatch(line)
    if not found:
        return line
    speaker, hours, minutes, seconds = found.groups()
    hour, minute = divmod(60 * int(hours or 0) + int(minutes), 60)
    return f"{hour}:{minute:02d}:{seconds}\t{speaker.strip()}\t" if hour < _HOURS else line


_HOURS = 24


def _usual(line: str) -> str:
    """Return a line of KakaoTalk, which has the speaker before the time, as LINE writes it; any other as it is.

    Example:
        >>> _usual("[민지] [오후 3:12] 안녕"), _usual("--------------- 2024년 5월 3일 금요일 ---------------")
        ('3:12 PM\\t민지\\t안녕', '2024.5.3')
    """
    if line[-1:].isdecimal() or line.endswith((")", "):", " ")):
        line = _of_transcript(line)
    if line[:1] not in ("[", "-"):
        return line
    if day := _RULED_DAY.fullmatch(line):
        return ".".join(day.groups())
    found = _NAME_FIRST.fullmatch(line)
    if not found:
        return line
    speaker, half, clock, half_after, said = found.groups()
    return f"{clock} {_HALVES.get(half, half_after)}".strip() + f"\t{speaker}\t{said}"


_SAMPLE = 400
"""Lines that tell which messenger wrote a text."""


def _messages(lines: Sequence[str], head: re.Pattern[str]) -> Iterator[_Said]:
    date, open_one = _NO_DATE, None
    for line in lines:
        if found := head.fullmatch(line):
            if open_one:
                yield open_one
            *own, hour, minute, second, half, speaker, said = found.groups()
            dated = tuple(int(part or _NO_DATE[0]) for part in own) if own[0] else date
            clock = (_hour(int(hour), half), int(minute), int(second or 0))
            when = DatedMessage((dated[0], dated[1], dated[2]), clock, [], bool(half))
            open_one = _Said(when, speaker.strip(), [said] if said.strip() else [])
        elif day := _DAY.fullmatch(line.strip()):
            first, second_, third = day.groups()
            date = (int(first), int(second_), int(third))
        elif open_one and not _RULE.fullmatch(line.strip()):
            open_one.lines.append(line.strip("\t"))
        elif open_one:  # what follows a rule is no message
            yield open_one
            open_one = None
    if open_one:
        yield open_one


def _hour(hour: int, half: str | None) -> int:
    return hour % 12 + 12 * (half.lower() == "p") if half else hour
