"""How do labeled spans of a text become labeled words? Each span must be whole words, which get B- and I- tags."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.label_names import label_name
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.scripts import word_places
from ia3_studio.data.shapes.shape import is_blank, listed

OUTSIDE = "O"
START_KEYS = (
    "start",
    "start_idx",
    "start_offset",
    "startOffset",
    "begin",
    "begin_offset",
    "BeginOffset",
    "offset_start",
    "from",
)
END_KEYS = ("end", "end_idx", "end_offset", "endOffset", "end_index", "EndOffset", "offset_end", "stop", "to")
LABEL_KEYS = (
    "label",
    "labels",
    "entity",
    "type",
    "tag",
    "tag_name",
    "entity_type",
    "entity_group",
    "displayName",
    "entityLabel",
    "Type",
    "category",
    "group",
    *("etiquette", "étiquette", "etiqueta", "etichetta", "etykieta", "etiket", "kategorie", "typ", "tipo", "метка"),
    *("тип", "标签", "类型", "ラベル", "라벨"),
)


@dataclass(frozen=True)
class Span:
    """A part of a text with a label."""

    start: int
    end: int
    """Behind its last character."""
    label: str
    text: str = ""
    """What stands there, if the annotation says it."""

    def __str__(self) -> str:
        return f"{self.start}–{self.end} ({self.label})"


def span_of(value: Any) -> Span | None:
    """Return the span that a value describes: [start, end, label], or an object with these; None if it is none."""
    if isinstance(value, dict):
        points = listed(value.get("points"))
        if len(points) == 1 and isinstance(points[0], dict):  # as Dataturks writes them, the last character included
            value = _exclusive({**value, **points[0]})
        if isinstance(value.get("entity"), str) and "type" in value and "text" not in value:  # what stands there
            places = {"start": _first(value, START_KEYS), "end": _first(value, END_KEYS)}
            value = _exclusive({"text": value["entity"], "label": value["type"], **places})
        if len(place := listed(value.get("span"))) == len(("start", "end")):
            value = {"start": place[0], "end": place[1], "text": value.get("name"), **value}
        start, end = (_first(value, keys) for keys in (START_KEYS, END_KEYS))
        start, end = (_by_words(value, words) if each is None else each
                      for each, words in ((start, _STARTS), (end, _ENDS)))  # fmt: skip
        label = _first(value, LABEL_KEYS)
        names = listed(label)
        said = value.get("text", None if "entity" in value else value.get("value"))  # an entity's value may be another
        text = said if isinstance(said, str) else ""
        return _span(start, end, names[0] if len(names) == 1 else label, text)
    parts = listed(value)
    return _span(parts[0], parts[1], parts[2], "") if len(parts) == 3 else None


def _exclusive(value: dict[str, Any]) -> dict[str, Any]:
    """Return a span whose end is behind its last character; one whose text says that it is so already stays."""
    start, end, said = (value.get(key) for key in ("start", "end", "text"))
    if not (_is_place(start) and _is_place(end) and isinstance(said, str)):
        return value
    inside = int(end or 0) - int(start or 0) == len(said) - 1
    return {**value, "end": int(end or 0) + 1} if inside else value


def _by_words(value: dict[str, Any], words: frozenset[str]) -> Any:
    """Return the only place of characters under a key with one of the words, as under start_char."""
    keys = [key for key in map(str, value) if words & {*name_words(key)} and not _COUNTED_IN & {*name_words(key)}]
    return value[keys[0]] if len(keys) == 1 else None


_STARTS = frozenset(
    ("start", "begin", "from", "debut", "inicio", "inizio", "anfang", "beginn", "comienzo", "poczatek", "baslangic",
     "начало", "开始", "起始", "開始", "시작")
)  # fmt: skip
_ENDS = frozenset(
    ("end", "stop", "to", "fin", "final", "fim", "fine", "ende", "einde", "koniec", "bitis", "конец", "结束", "終了",
     "끝")
)  # fmt: skip
_COUNTED_IN = frozenset(
    ("token", "tokens", "word", "words", "line", "lines", "page", "byte", "bytes", "sec", "ms", "time")
)
"""Words in keys of places that do not count characters."""


def _first(value: dict[str, Any], keys: Iterable[str]) -> Any:
    return next((value[key] for key in keys if key in value), None)


def _span(start: Any, end: Any, label: Any, text: str) -> Span | None:
    if not _is_place(start) or not _is_place(end) or not isinstance(label, str | int) or isinstance(label, bool):
        return None
    return None if is_blank(label) else Span(int(start), int(end), label_name(label), text)


def _is_place(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()


def spans_by_label(value: Any) -> list[list[Any]]:
    """Return the spans of an object of labels, texts and places, as CLUENER has them.

    The last character counts as the end, unless a span is as long as its text without that.

    Example:
        >>> spans_by_label({"port": {"Turku": [[3, 7]]}}), spans_by_label({"port": {"Turku": [[3, 8]]}})
        ([[3, 8, 'port']], [[3, 8, 'port']])
    """
    if not isinstance(value, dict) or not all(isinstance(texts, dict) for texts in value.values()):
        return []
    places = [
        (place, label, str(text)) for label, texts in value.items() for text, each in texts.items()
        for place in listed(each)
    ]  # fmt: skip
    pairs = [place for place, _label, _text in places]
    known = all(isinstance(p, list) and len(p) == 2 and all(isinstance(n, int) for n in p) for p in pairs)
    if not known:
        return []
    return [[place[0], place[1] + (place[1] - place[0] != len(text)), label] for place, label, text in places]


def is_span_list(value: Any) -> bool:
    """Say whether a value is a list of spans, at least one."""
    items = listed(value)
    return bool(items) and all(span_of(item) is not None for item in items)


def outermost(spans: Sequence[Span]) -> list[Span]:
    """Return spans without those that lie inside a longer one, as a word has one tag.

    Example:
        >>> [str(span) for span in outermost([Span(0, 13, "loss"), Span(0, 4, "hair"), Span(20, 24, "port")])]
        ['0–13 (loss)', '20–24 (port)']
    """
    kept: list[Span] = []
    last = -1
    for span in sorted(dict.fromkeys(spans), key=lambda each: (each.start, -each.end)):
        is_inside = bool(kept) and span.end <= last and span.end - span.start < kept[-1].end - kept[-1].start
        if not is_inside:
            kept.append(span)
            last = max(last, span.end)
    return [span for span in dict.fromkeys(spans) if span in kept]


def tagged(
    text: str, spans: Sequence[Span], places: Sequence[tuple[int, int]] | None = None
) -> tuple[list[str], list[str]]:
    """Return the words of a text and a tag for each: B- and I- with the label of a span, or O.

    Args:
        text: the text.
        spans: its labeled parts.
        places: where its words begin and end, in order; found by :func:`word_places` by default.

    Raises:
        UnusableError: a span is outside of the text, is not what it says, cuts a word, or overlaps another one; or the
            text has no words.
    """
    places = word_places(text) if places is None else places
    if not places:
        raise UnusableError("the text is empty")
    starts, ends = [start for start, _end in places], [end for _start, end in places]
    tags = [OUTSIDE] * len(places)
    counted = _Counted(text)
    for span in dict.fromkeys(map(counted.placed, spans)):
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end)
        if first >= last:
            raise UnusableError(f"the span {span} contains no word")
        if starts[first] < span.start or ends[last - 1] > span.end:
            raise UnusableError(f"the span {span} cuts a word")
        if any(tag != OUTSIDE for tag in tags[first:last]):
            raise UnusableError(f"the span {span} overlaps another one")
        tags[first:last] = [f"B-{span.label}", *[f"I-{span.label}"] * (last - first - 1)]
    return [text[start:end] for start, end in places], tags


class _Counted:
    """Finds spans in a text; some editors count emoji and the like as two characters."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def wide(self) -> list[int]:
        """Return the place of each character if those beyond the first 65,536 count as two."""
        return list(accumulate((2 if ord(letter) > 0xFFFF else 1 for letter in self.text), initial=0))

    def placed(self, span: Span) -> Span:
        """Return a span as it is counted in characters.

        Raises:
            UnusableError: it is empty, outside of the text, or not what it says.
        """
        if not 0 <= span.start < span.end:
            raise UnusableError(f"the span {span} is empty or begins before the text")
        if not span.text:
            if span.end > len(self.text):
                raise UnusableError(f"the span {span} ends after the text")
            return span
        if self._is_said(span.start, span.end, span.text):
            return replace(span, text="")
        start, end = bisect_left(self.wide, span.start), bisect_left(self.wide, span.end)
        if self.wide[-1] > len(self.text) and self._is_said(start, end, span.text):
            return Span(start, end, span.label)
        raise UnusableError(f"the span {span} is not {span.text[:40]!r} in the text")

    def _is_said(self, start: int, end: int, said: str) -> bool:
        return self.text[start:end].split() == said.split()
