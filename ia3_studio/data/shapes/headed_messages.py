"""Which messages are in a chat whose messages each stand below lines of their own, as Signal and iMessage are saved?"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ia3_studio.data.delimiters import with_line_feeds
from ia3_studio.data.shapes.whatsapp import SPEAKER, TEXT, TIME

_FIELDS = re.compile(r"From: ([^\n]{1,80})\n(?:[A-Z][a-z]{2,11}: [^\n]{0,200}\n){0,6}?(?:Sent|Date): ([^\n]{1,80})\n")
_DATED = re.compile(r"([A-Z][a-z]{2} \d{1,2}, \d{4} {1,2}\d{1,2}:\d{2}:\d{2} [AP]M)[^\n]{0,80}\n([^\n]{1,60})\n")
_BRACKETED = re.compile(r"\[(\d{1,4}[-/.][^\]\n]{5,35})\] ([^\n:]{1,60}?)(?: \(pinned\))?\n")
"""A time in brackets and a name, as Discord is saved as text."""
_PREAMBLE = re.compile(r"\A={20,}\n(?:[^\n]{0,300}\n){1,8}?={20,}\n")
_END = re.compile(r"\n={20,}\n[^\n]{0,300}\n={20,}\Z")
_FORMATS = (
    "%a, %d %b %Y %H:%M:%S %z", "%b %d, %Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S", "%d-%b-%y %I:%M %p", "%d-%b-%y %H:%M",
    "%m/%d/%Y %I:%M %p", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M",
)  # fmt: skip
_NUMBER = re.compile(r" ?\(\+\d{4,20}\)$")
_FEWEST = 4


def headed_messages(text: str) -> dict[str, list[Any]] | None:
    """Return the messages of a chat as columns (time, speaker, text); None if a text is no such chat.

    Example:
        >>> said = "Jan 01, 2025 10:01:00 AM\\n{}\\nBerth {}?\\n\\n"
        >>> headed_messages("".join(said.format(who, at) for at, who in enumerate(("Ann", "Me") * 2)))["speaker"]
        ['Ann', 'Me', 'Ann', 'Me']
    """
    whole = _END.sub("", _PREAMBLE.sub("", with_line_feeds(text).strip(), count=1)).strip() + "\n"
    for head, speaker, time in ((_FIELDS, 1, 2), (_DATED, 2, 1), (_BRACKETED, 2, 1)):
        if not head.match(whole):
            continue
        found = [each for each in head.finditer(whole) if each.start() == 0 or whole[each.start() - 1] == "\n"]
        ends = [*(each.start() for each in found[1:]), len(whole)]
        texts = [whole[each.end() : end].strip() for each, end in zip(found, ends, strict=True)]
        speakers = [_NUMBER.sub("", each[speaker].strip()) for each in found]
        if len(found) >= _FEWEST and len(set(speakers)) <= len(found) / 2:
            return {TIME: [_seconds(each[time]) for each in found], SPEAKER: speakers, TEXT: texts}
    return None


def _seconds(written: str) -> float | None:
    for form in _FORMATS:
        try:
            moment = datetime.strptime(" ".join(written.split()), form)
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None
