"""Which texts are in a file of subtitles (SRT, WebVTT, ASS)? A row per caption, with its times."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from ia3_studio.data.delimiters import with_line_feeds
from ia3_studio.data.line_languages import are_in_two_languages
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.errors import DataError

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMES = re.compile(rf"\s*({_TIME})\s*-->\s*({_TIME})(?:\s.*)?")
_ONE_TIME = re.compile(_TIME)
_MARK = re.compile(r"</?[a-z][^>]{0,80}>|\{\\[^}]{0,80}\}", re.IGNORECASE)
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s+([^<>\n]{1,80})>")
"""Who speaks a caption of WebVTT."""
_BLANK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_STYLED = re.compile(r"^(Format|Dialogue|Comment):[^\S\n]*(.*)$", re.MULTILINE)
_BREAK = re.compile(r"\\[Nn]")
"""The end of a line inside a caption of ASS."""


class Caption(NamedTuple):
    """A text that is shown for some time."""

    start: str
    end: str
    text: str
    voice: str = ""
    """Who speaks it."""
    style: str = ""
    """How it is shown, in ASS."""


def captions_in(text: str) -> tuple[list[Caption], int]:
    """Return the captions of SRT, WebVTT or ASS without the marks of their style, and how many blocks are none."""
    plain = with_line_feeds(text).strip("\ufeff\n ")
    return _styled(plain) if "\n[Events]" in f"\n{plain}" else _in_blocks(plain)


def _in_blocks(text: str) -> tuple[list[Caption], int]:
    found: list[Caption] = []
    others = 0
    for block in _BLANK.split(text):
        lines = block.split("\n")
        place = next((place for place, line in enumerate(lines[:2]) if _TIMES.fullmatch(line)), None)
        times = _TIMES.fullmatch(lines[place]) if place is not None else None
        words = _MARK.sub("", "\n".join(lines[place + 1 :])).strip() if place is not None else ""
        if times and words:
            voice = _VOICE.search(block)
            found.append(Caption(times[1], times[2], words, voice[1].strip() if voice else ""))
        else:
            others += bool(block.strip())
    return found, others


def _styled(text: str) -> tuple[list[Caption], int]:
    """Return the captions of a file of styles and events, and how many of its events are comments or empty."""
    names: list[str] = []
    found: list[Caption] = []
    others = 0
    for kind, said in _STYLED.findall(text.partition("[Events]")[2]):
        if kind == "Format":
            names = [name.strip().lower() for name in said.split(",")]
            continue
        cells = dict(zip(names, said.split(",", max(len(names) - 1, 0)), strict=False))
        words = _MARK.sub("", _BREAK.sub("\n", cells.get("text", ""))).strip()
        shown = [cells.get(name, "").strip() for name in ("start", "end")]
        if kind == "Dialogue" and words and all(map(_ONE_TIME.fullmatch, shown)):
            voice = cells.get("name", cells.get("actor", "")).strip()
            found.append(Caption(shown[0], shown[1], words, voice, cells.get("style", "").strip()))
        else:
            others += 1
    return found, others


def read_subtitles(name: str, text: str) -> Found:
    """Read the captions of subtitles; where each is in two languages, one below the other, a column for either.

    Raises:
        DataError: there is no line of times.
    """
    captions, others = captions_in(text)
    if not captions:
        raise DataError(f"{name} contains no captions with times such as 00:00:01,000 --> 00:00:02,000.")
    notes: tuple[str, ...] = (f"Not used: {others:,} blocks without a caption, such as a header or notes.",)
    notes = notes if others else ()
    times = {"start": [each.start for each in captions], "end": [each.end for each in captions]}
    captions = _with_voices(captions)
    voices = [each.voice for each in captions]
    if pairs := _in_two_lines(captions) or _in_two_styles(captions):
        whole = [pair for pair in pairs if len(pair) == len(("source", "target"))]
        left = len(pairs) - len(whole)
        notes += (f"Not used: {left:,} captions that are in one language only.",) if left else ()
        columns: dict[str, list[Any]] = {"source": [pair[0] for pair in whole], "target": [pair[1] for pair in whole]}
        return Found(numbered(columns), "subtitles in two languages, a row per caption", notes=notes)
    texts = [each.text for each in captions]
    if all(voices) and len(set(voices)) > 1:
        seconds = [seconds_of(start) for start in times["start"]]
        spoken: dict[str, list[Any]] = {"speaker": voices, "text": texts, "time": seconds}
        return Found(numbered(spoken), "subtitles with speakers, a row per caption", notes=notes)
    return Found(numbered({"text": texts, **times}), "subtitles, a row per caption", notes=notes)


def _with_voices(captions: list[Caption]) -> list[Caption]:
    """Return captions each of which begins with one of a few names and a colon, as Zoom writes them, with their voices.

    Others are returned as they are.
    """
    found = [_NAMED.fullmatch(each.text) for each in captions]
    counts = Counter(each[1] for each in found if each)
    if not all(found) or not 1 < len(counts) <= len(found) // _OFTEN or min(counts.values()) < _OFTEN:
        return captions
    return [each._replace(voice=name[1], text=name[2]) for each, name in zip(captions, found, strict=True) if name]


_NAMED, _OFTEN = re.compile(r"([^\W\d_][\w .'-]{0,39}?): (\S.*)", re.DOTALL), 2
"""A name before what is said, and how many captions each name has at least."""
_MOSTLY = 0.8
"""Share of the captions that are in both languages."""


def _in_two_lines(captions: Sequence[Caption]) -> list[list[str]]:
    """Return the lines of captions of which nearly all have two, the second in another language; else nothing."""
    lines = [[line.strip() for line in each.text.split("\n") if line.strip()] for each in captions]
    pairs = [each for each in lines if len(each) == len(("one", "other"))]
    if len(pairs) < _MOSTLY * len(lines):
        return []
    return lines if are_in_two_languages([pair[0] for pair in pairs], [pair[1] for pair in pairs]) else []


def _in_two_styles(captions: Sequence[Caption]) -> list[list[str]]:
    """Return the texts of captions that are shown at once in two styles, one for each language; else nothing."""
    styles = list(dict.fromkeys(each.style for each in captions))
    if len(styles) != len(("one", "other")):
        return []
    one, other = ({each.start: each.text for each in captions if each.style == style} for style in styles)
    shared = [start for start in one if start in other]
    if len(shared) < _MOSTLY * max(len(one), len(other)):
        return []
    pairs = [[one[start], other[start]] for start in shared]
    alone = [[each.text] for each in captions if each.start not in one or each.start not in other]
    are_two = are_in_two_languages([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    return [*pairs, *alone] if are_two else []


def seconds_of(start: str) -> float:
    """Return a time such as 00:01:02.500 in seconds."""
    seconds = 0.0
    for part in start.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
