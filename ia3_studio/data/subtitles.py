"""Which texts are in a file of subtitles (SRT, WebVTT)? A row per caption, with its times."""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.delimiters import LINE_END
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.errors import DataError

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMES = re.compile(rf"\s*({_TIME})\s*-->\s*({_TIME})(?:\s.*)?")
_MARK = re.compile(r"</?[a-z][^>]{0,80}>|\{\\[^}]{0,80}\}", re.IGNORECASE)
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^<>\n]{1,80})>")
"""Who speaks a caption of WebVTT."""
_BLANK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")


def read_subtitles(name: str, text: str) -> Found:
    """Read the captions of subtitles without the marks of their style.

    Raises:
        DataError: there is no line of times.
    """
    starts: list[str] = []
    ends: list[str] = []
    texts: list[str] = []
    voices: list[str] = []
    others = 0
    for block in _BLANK.split(LINE_END.sub("\n", text).strip("\ufeff\n ")):
        lines = block.split("\n")
        place = next((place for place, line in enumerate(lines[:2]) if _TIMES.fullmatch(line)), None)
        found = _TIMES.fullmatch(lines[place]) if place is not None else None
        words = _MARK.sub("", "\n".join(lines[place + 1 :])).strip() if place is not None else ""
        if found and words:
            starts.append(found[1])
            ends.append(found[2])
            texts.append(words)
            voice = _VOICE.search(block)
            voices.append(voice[1].strip() if voice else "")
        else:
            others += bool(block.strip())
    if not texts:
        raise DataError(f"{name} contains no captions with times such as 00:00:01,000 --> 00:00:02,000.")
    notes = (f"Not used: {others:,} blocks without a caption, such as a header or notes.",) if others else ()
    if all(voices) and len(set(voices)) > 1:
        columns: dict[str, list[Any]] = {
            "speaker": voices,
            "text": texts,
            "time": [_seconds(start) for start in starts],
        }
        return Found(numbered(columns), "subtitles with speakers, a row per caption", notes=notes)
    return Found(numbered({"text": texts, "start": starts, "end": ends}), "subtitles, a row per caption", notes=notes)


def _seconds(start: str) -> float:
    """Return a time such as 00:01:02.500 in seconds."""
    seconds = 0.0
    for part in start.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
