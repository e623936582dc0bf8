"""How is a workbook of very many rows looked at? As a smaller one, made of its first rows and a sample of the others.

openpyxl reads some 20,000 rows a second, so a million of them would keep the page waiting for a minute. The rows are
cut out of the XML of the sheet as bytes, and so are the texts that they refer to.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ia3_studio.data.sheets import contents_of, has_merged_below, workbook_members

FIRST_ROWS = 200
"""Rows at the beginning that are all kept: titles, the header, and what it is compared with."""
_ROW, _ROWS_END = re.compile(rb"<row[\s/>]"), b"</sheetData>"
_NUMBER = re.compile(rb"""(\sr=["'][A-Z]{0,3})\d+(["'])""")
_SHARED = re.compile(rb"""(<c\b[^>]*\st=["']s["'][^>]*><v>)(\d+)(</v>)""")
_TEXT, _TEXTS_END = re.compile(rb"<si[\s/>]"), b"</sst>"
_DIMENSION = re.compile(rb"<dimension\b[^>]*?/>")
_TEXTS = "xl/sharedStrings.xml"


@dataclass(frozen=True)
class SampledWorkbook:
    """A part of a workbook."""

    data: bytes
    rows: tuple[int, ...]
    """The number of each of its rows in the whole sheet, counted from 1 without rows that are not written."""
    total: int
    """Rows of the whole sheet."""


def sample_workbook(name: str, data: bytes, most: int) -> SampledWorkbook | None:
    """Return a workbook with ``most`` rows of its only sheet; None if it has no more, or cannot be cut so.

    Raises:
        DataError: it is no workbook, or too large.
    """
    members = workbook_members(name, data)
    sheets = {path for path in members if path.startswith("xl/worksheets/") and path.endswith(".xml")}
    contents = list(contents_of(members).values())
    if len(sheets) != 1 or len(contents) != 1 or has_merged_below(contents[0]):
        return None
    (sheet,) = sheets
    places = _places(members[sheet], _ROW, _ROWS_END)
    if len(places) <= most:
        return None
    first = min(FIRST_ROWS, most // 2)
    others = random.Random(0).sample(range(first, len(places) - 1), most - first - 1)
    kept = (*range(first), *sorted(others), len(places) - 1)  # the last one, by which the rows are counted
    return SampledWorkbook(_packed(members, sheet, places, kept), tuple(row + 1 for row in kept), len(places))


def _places(content: bytes, beginning: re.Pattern[bytes], end: bytes) -> list[tuple[int, int]]:
    """Return where elements stand that follow each other, each up to the next."""
    starts = [found.start() for found in beginning.finditer(content)]
    return list(pairwise([*starts, content.rfind(end)])) if starts and content.rfind(end) > starts[-1] else []


def _packed(members: Mapping[str, bytes], sheet: str, places: Sequence[tuple[int, int]], kept: Sequence[int]) -> bytes:
    """Return the workbook with the rows of some places, numbered through, and the texts in them."""
    content = members[sheet]
    texts: dict[bytes, int] = {}

    def with_text(found: re.Match[bytes]) -> bytes:
        place = texts.setdefault(found[2], len(texts))
        return found[1] + str(place).encode() + found[3]

    rows: list[bytes] = []
    for number, place in enumerate(kept, start=1):
        start, end = places[place]
        written = _NUMBER.sub(rb"\g<1>%d\g<2>" % number, content[start:end])
        rows.append(_SHARED.sub(with_text, written))
    head = _DIMENSION.sub(b"", content[: places[0][0]])
    changed = {sheet: head + b"".join(rows) + content[places[-1][1] :]}
    if _TEXTS in members:
        changed[_TEXTS] = _shared_texts(members[_TEXTS], [int(place) for place in texts])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, each in {**members, **changed}.items():
            archive.writestr(path, each)
    return buffer.getvalue()


def _shared_texts(content: bytes, places: Sequence[int]) -> bytes:
    """Return the list of texts with those of some places, in their order."""
    found = _places(content, _TEXT, _TEXTS_END)
    if not found:
        return content
    texts = (content[slice(*found[place])] for place in places if place < len(found))
    return content[: found[0][0]] + b"".join(texts) + content[found[-1][1] :]
