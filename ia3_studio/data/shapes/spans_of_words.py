"""How are lists of words read whose labeled spans are places of words (SpERT, CoNLL04)? As words with tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ia3_studio.data.column_names import says
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.problem import UnusableError
from ia3_studio.data.shapes.labeled_spans import SPAN_NAMES, SPANNED
from ia3_studio.data.shapes.sentences_of_words import items_in, sentences_in, with_places
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, listed
from ia3_studio.data.shapes.spans import Span, outermost, span_of, tagged

_FORM = "words with labeled spans of words"
_WORDS = ("tokens", "words", "token", "sentence", "sent", "text", "sentences", "sents")
_SPANS = ("vertexset", "mentions", "nerspans")
"""Columns of spans of words, beside those that spans of characters may have."""
_TOKENS, _TAGS = "tokens", "tags"


def _words_in(cell: Any) -> list[str]:
    """Return the words that a cell lists, by sentences or not; nothing for any other cell."""
    return [word for sentence in sentences_in(cell) for word in sentence]


def _spans_in(cell: Any, sentences: Sequence[Sequence[str]]) -> list[tuple[Span | None, Any]]:
    """Return the spans that a cell lists, whose places count words, and what each is written as; None for no span."""
    return [(span_of(with_places(item)), item) for item in items_in(cell, sentences)]


def _columns(rows: Rows) -> tuple[str, str]:
    """Return the columns of words and of their spans; empty where one is absent, or a tag stands at each word."""
    words = next((name for name in rows.named(_WORDS) if rows.mostly(name, lambda cell: bool(_words_in(cell)))), "")
    others = [name for name in rows.structured if words and name != words]
    if not words or any(_is_beside_each(rows, words, name) for name in others):
        return "", ""
    named = [name for name in others if name in rows.named((*SPAN_NAMES, *_SPANS)) or says(name, SPANNED)]
    return next(((words, name) for name in named if _lie_in_words(rows, words, name)), ("", ""))


def _is_beside_each(rows: Rows, words: str, name: str) -> bool:
    """Say whether a column lists a name or a number for each word, as tags are."""
    beside = [(_words_in(record.get(words)), listed(structure_of(record.get(name)))) for record in rows.first_records()]
    return all(len(one) == len(other) and all(isinstance(each, str | int) for each in other) for one, other in beside)


def _lie_in_words(rows: Rows, words: str, spans: str) -> bool:
    found = list(_counted(rows, words, spans))
    return bool(found) and all(span and 0 <= span.start <= span.end <= count for count, span, _item in found)


def _counted(rows: Rows, words: str, spans: str) -> Iterator[tuple[int, Span | None, Any]]:
    """Yield each span at the beginning, behind the count of the words that it is in, with what it is written as."""
    for record in rows.first_records():
        sentences = sentences_in(record.get(words))
        for span, item in _spans_in(record.get(spans), sentences):
            yield sum(map(len, sentences)), span, item


def _ends_at_last(rows: Rows, words: str, spans: str) -> bool:
    """Say whether the end of a span is its last word, rather than the place behind it.

    A span that ends where it begins says so, and one that ends behind the last word the contrary. Where no span says
    either, lists end at the last word (DyGIE), and objects behind it (SpERT).
    """
    found = [(count, span, item) for count, span, item in _counted(rows, words, spans) if span]
    if any(span.start == span.end for _count, span, _item in found):
        return True
    return all(span.end < count and not isinstance(item, dict) for count, span, item in found)


def _read(rows: Rows) -> Recognized:
    words, spans = _columns(rows)
    more, inside, found = int(_ends_at_last(rows, words, spans)), 0, Collector()
    for row, record in rows.records():
        sentences = sentences_in(record.get(words))
        given = [word for sentence in sentences for word in sentence]
        placed_in = _spans_in(record.get(spans), sentences)
        known = [span for span, _item in placed_in if span]
        if not given:
            found.leave_out(row, f"its words ({words}) are empty, or no list of words")
            continue
        if len(known) < len(placed_in) or not _are_within(known, more, len(given)):
            found.leave_out(row, f"a span ({spans}) is not in its words, or has no label")
            continue
        places = _places_of(given)
        placed = [Span(places[span.start][0], places[span.end + more - 1][1], span.label) for span in known]
        outer = outermost(placed)
        try:
            _words, tags = tagged(" ".join(given), outer, places)
        except UnusableError as reason:
            found.leave_out(row, str(reason))
            continue
        inside += len({*placed}) - len(outer)
        found.use(row, {_TOKENS: given, _TAGS: tags})
        found.name_rest(record, (words, spans))
    end = "the last word of each" if more else "the place after its last word"
    notes = [f"Spans of words ({spans}) are read as B- and I- tags; their end is {end}."]
    notes += [f"Not used: {inside:,} spans inside longer ones."] if inside else []
    return found.recognized(_FORM, Mapping("tags", column=_TOKENS, answer=_TAGS), notes)


def _are_within(spans: Sequence[Span], more: int, count: int) -> bool:
    return all(0 <= span.start < span.end + more <= count for span in spans)


def _places_of(words: Sequence[str]) -> list[tuple[int, int]]:
    """Return where words begin and end in the text of them with blanks between them."""
    places, reached = [], 0
    for word in words:
        places.append((reached, reached + len(word)))
        reached += len(word) + 1
    return places


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)[0]), _read, by_row=False),)
