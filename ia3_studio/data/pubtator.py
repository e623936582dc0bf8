"""Which entities are in a file of PubTator? Titles and abstracts behind bars, their entities below them by tabs."""

from __future__ import annotations

import re

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered

_TEXT = re.compile(r"(\w+)\|([ta])\|(.*)")
_ENTITY = ("document", "start", "end", "text", "kind")
"""Fields of an entity; behind them may stand what it is called in a vocabulary."""


def read_pubtator(text: str) -> Found | None:
    """Return titles with their abstracts and the spans of their entities; None for other text.

    Places are counted in the title and the abstract with a blank between them. Relations of entities have no places.
    """
    filled = [line for line in lines_of(text.lstrip("\ufeff")) if line.strip()]
    if not filled or not (begun := _TEXT.fullmatch(filled[0])) or begun[2] != "t":
        return None
    texts: dict[str, list[str]] = {}
    spans: dict[str, list[list[int | str]]] = {}
    relations = 0
    for line in filled:
        if found := _TEXT.fullmatch(line):
            texts.setdefault(found[1], []).append(found[3])
            spans.setdefault(found[1], [])
            continue
        cells = line.split("\t")
        if cells[0] not in texts:
            return None
        if len(cells) >= len(_ENTITY) and cells[1].isdigit() and cells[2].isdigit():
            spans[cells[0]].append([int(cells[1]), int(cells[2]), cells[4]])
        else:
            relations += 1
    frame = numbered(
        {"id": list(texts), "text": [" ".join(each) for each in texts.values()], "entities": [*spans.values()]}
    )
    notes = (f"Not used: {relations:,} lines of relations between entities.",) if relations else ()
    return Found(frame, "PubTator, a text with its entities", notes=notes)
