"""Which rows are in SGML, whose elements need no end? Records such as the topics and documents of TREC and Reuters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from html import unescape
from typing import Any

from ia3_studio.data.json_rows import frame_of_records
from ia3_studio.data.parsing import Found
from ia3_studio.errors import DataError

TEXT = "text"
_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]{0,60})((?:\s[^<>]{0,2000})?)>")
_ATTRIBUTE = re.compile(r"""([\w.:-]{1,60})\s?=\s?(?:"([^"]{0,500})"|([^"\s>]{1,500}))""")
_BEGINNING = re.compile(r"\s*(?:<![^<>]{0,2000}>\s*)*<[A-Za-z]")
_FEWEST, _MOST_OUTSIDE = 2, 0.1
_SAID = re.compile(r"([A-Za-z]{3,20}):\s*")


def sgml_rows(text: str) -> tuple[str, list[dict[str, Any]]] | None:
    """Return the name of the first element that comes again and is closed each time, and what is in each; or None.

    Nearly all of the text is in these elements.

    Example:
        >>> sgml_rows("<top><num> 1 <title> Fog at sea </top><top><num> 2 <title> Ice </top>")
        ('top', [{'num': '1', 'title': 'Fog at sea'}, {'num': '2', 'title': 'Ice'}])
    """
    if not _BEGINNING.match(text[:_LOOKED_AT]):
        return None
    tags = list(_TAG.finditer(text))
    opened = Counter(tag[2].lower() for tag in tags if not tag[1])
    closed = Counter(tag[2].lower() for tag in tags if tag[1])
    name = next((tag for tag in opened if opened[tag] == closed[tag] >= _FEWEST), "")
    if not name:
        return None
    rows: list[dict[tuple[str, str], Any]] = []
    inside = start = 0
    record: list[re.Match[str]] | None = None
    for tag in tags:
        if tag[2].lower() != name:
            if record is not None:
                record.append(tag)
        elif not tag[1]:
            record, start = [tag], tag.start()
        elif record is not None:
            rows.append(_fields(text, record, tag.start(), closed))
            inside += tag.end() - start
            record = None
    if len(rows) < _FEWEST or inside < (1 - _MOST_OUTSIDE) * len(text.strip()):
        return None
    return name, _without_words_of_names(_named(rows))


_LOOKED_AT = 10_000


def read_sgml(name: str, text: str) -> Found:
    """Read the records of a file of SGML.

    Raises:
        DataError: no element comes again.
    """
    found = sgml_rows(text)
    if found is None:
        raise DataError(f"{name} contains no element that repeats as rows do; save the rows as CSV or JSON.")
    return Found(frame_of_records(name, found[1]), f"SGML, a row per <{found[0]}>")


_SEGMENT, _END_OF_SEGMENT = re.compile(r"<seg(?:\s[^<>]{0,2000})?>", re.IGNORECASE), re.compile("</seg", re.IGNORECASE)


def segments_in(text: str) -> list[str]:
    """Return the texts of the segments of a document to be translated, or of its translation.

    Example:
        >>> segments_in('<refset><doc><seg id="1"> Fog &amp; <b>ice</b> </seg><seg id="2">Wind</seg></doc></refset>')
        ['Fog & ice', 'Wind']
    """
    found: list[str] = []
    read = 0  # up to where segments have ended, so that each part of a text is looked through once
    for begin in _SEGMENT.finditer(text):
        if begin.start() < read:
            continue
        end = _END_OF_SEGMENT.search(text, begin.end())
        if end is None:
            break
        found.append(unescape(_TAG.sub("", text[begin.end() : end.start()])).strip())
        read = end.end()
    return found


def _fields(text: str, tags: list[re.Match[str]], end: int, closed: Collection[str]) -> dict[tuple[str, str], Any]:
    """Return the texts behind the tags of a record, each by its name and that of the element around it.

    An element that is never closed ends where another one begins or ends.
    """
    texts: dict[tuple[str, str], list[str]] = {
        ("", each[1]): [each[2] or each[3] or ""] for each in _ATTRIBUTE.finditer(tags[0][3])
    }
    around: list[str] = []
    called = TEXT
    for place, tag in enumerate(tags):
        name = tag[2]
        if place and not tag[1]:
            around, called = ([*around, name], name) if name.lower() in closed else (around, name)
        elif tag[1] and name in around:
            around = around[: around.index(name)]
            called = around[-1] if around else TEXT
        around = around[-_DEEPEST:]
        until = tags[place + 1].start() if place + 1 < len(tags) else end
        said = unescape(text[tag.end() : until]).strip("\x02\x03 \t\r\n")
        if said:
            inside = [each for each in around if each != called]
            texts.setdefault((inside[-1] if inside else "", called), []).append(said)
    return {key: values[0] if len(values) == 1 else values for key, values in texts.items()}


def _named(rows: list[dict[tuple[str, str], Any]]) -> list[dict[str, Any]]:
    """Return rows with their fields by name, and that of the element around them where two are called alike."""
    keys = dict.fromkeys(key for row in rows for key in row)
    counts = Counter(name for _around, name in keys)
    names = {(around, name): name if counts[name] == 1 else f"{around} {name}".strip() for around, name in keys}
    return [{names[key]: value for key, value in row.items()} for row in rows]


_DEEPEST = 20
"""Elements that are open inside each other."""


def _without_words_of_names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows without the words by which each text of a field says what it is: "Narrative:" in <narr>."""
    for key in {key for row in rows for key in row}:
        said = {(found := _SAID.match(str(row.get(key, "")))) and found[1] for row in rows if row.get(key)}
        word = next(iter(said)) if len(said) == 1 else None
        if word and word.lower().startswith(key.lower()[:3]):
            for row in rows:
                if isinstance(row.get(key), str):
                    row[key] = _SAID.sub("", row[key], count=1)
    return rows
