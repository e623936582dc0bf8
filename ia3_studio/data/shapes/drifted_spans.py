"""Where in a text are spans whose offsets were counted in another copy of it, as with two signs for each line end?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

Spans = list[dict[str, Any]]

_FARTHEST = 100
"""Characters at most between a span and the place at which those in front of it let it be expected."""


def aligned_spans(text: str, spans: Sequence[dict[str, Any]]) -> tuple[Spans, int]:
    """Return spans at the places of their texts, and how many were moved; as they are if most stand at their offsets.

    Offsets are first taken for those of a copy in which each line end is two signs. Spans that do not fit so are looked
    for near the place that the last one lets expect, only in the direction in which spans drift. What is not found is
    returned as it is.
    """
    ordered = sorted(spans, key=lambda span: span["start"])
    if 2 * sum(_stands(text, span["start"], span) for span in ordered) >= len(ordered):
        return list(spans), 0
    begins = [0, *accumulate(len(line) + 2 for line in text.split("\n"))]
    single = [{**span, **_at(span["start"] + 1 - bisect_right(begins, span["start"]), span)} for span in ordered]
    if 2 * sum(_stands(text, span["start"], span) for span in single) < len(single):
        single = ordered
    found: Spans = []
    moved = drift = 0
    for span, guess in zip(ordered, single, strict=True):
        place = guess["start"] if _stands(text, guess["start"], span) else _nearest(text, span, drift)
        if place is None:
            found.append(span)
            continue
        drift = place - span["start"]
        moved += drift != 0
        found.append({**span, **_at(place, span)})
    return found, moved


def _at(place: int, span: dict[str, Any]) -> dict[str, Any]:
    return {"start": place, "end": place + len(span["text"])}


def _stands(text: str, place: int, span: dict[str, Any]) -> bool:
    return place >= 0 and bool(span["text"]) and text.startswith(span["text"], place)


def _nearest(text: str, span: dict[str, Any], drift: int) -> int | None:
    """Return the place of a span's text that is nearest to the expected one, no less far moved than the last span."""
    expected, said = max(span["start"] + drift, 0), span["text"]
    if not said or len(said) > _FARTHEST * 10:
        return None
    behind = text.find(said, expected, expected + _FARTHEST + len(said)) if drift >= 0 else -1
    before = text.rfind(said, max(expected - _FARTHEST, 0), expected + len(said)) if drift <= 0 else -1
    places = [place for place in (before, behind) if place >= 0]
    return min(places, key=lambda place: abs(place - expected), default=None)
