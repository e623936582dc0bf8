"""Which words and spans are in a document of sentences that list words, each with a list of spans (DyGIE, DocRED)?

Places of spans count the words of the document, or those of their own sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import is_blank, listed

_SENTENCE = ("sent_id", "sentence_id", "sent_idx", "sentence_idx", "sent", "sentence")
"""Keys of an entity that say in which sentence it is, counted from 0."""
_PLACES = ("pos", "span", "offset", "position")
"""Keys of the pair of places of an entity."""


def sentences_in(cell: Any) -> list[list[str]]:
    """Return the lists of words that a cell holds: one, or one for each sentence; nothing for any other cell."""
    found = structure_of(cell)
    sentences = [found] if is_list_of_texts(found) else listed(found)
    are_words = all(is_list_of_texts(each) and not any(map(is_blank, each)) for each in sentences)
    return [list(each) for each in sentences] if are_words else []


def items_in(cell: Any, sentences: Sequence[Sequence[str]]) -> list[Any]:
    """Return the spans that a cell lists, as they are written but with places in the document."""
    items = listed(structure_of(cell))
    starts = [0, *accumulate(map(len, sentences))]
    if items and all(isinstance(each, list) and all(isinstance(item, list | dict) for item in each) for each in items):
        if len(items) == len(sentences) and _are_in_their_own(items, sentences):
            return [_moved(item, starts[place]) for place, each in enumerate(items) for item in each]
        items = [item for each in items for item in each]
    return [
        _moved(item, starts[_sentence_of(item)]) if 0 < _sentence_of(item) < len(starts) else item for item in items
    ]


def _are_in_their_own(items: list[list[Any]], sentences: Sequence[Sequence[str]]) -> bool:
    """Say whether places count the words of each sentence anew: some are before their sentence begins in the document.

    One that is behind the end of its sentence says the contrary.
    """
    starts = [0, *accumulate(map(len, sentences))]
    placed = [(place, item) for place, each in enumerate(items) for item in each if _places_of(item)]
    before = any(_places_of(item)[0] < starts[place] for place, item in placed)
    return before and all(_places_of(item)[1] <= len(sentences[place]) for place, item in placed)


def _places_of(item: Any) -> list[int]:
    pair = listed(item)[:2] if isinstance(item, list) else [with_places(item).get(key) for key in ("start", "end")]
    return [*pair] if len(pair) == len(("start", "end")) and all(type(each) is int for each in pair) else []


def with_places(item: Any) -> Any:
    """Return an entity whose places are a pair under one key with both of them; any other entry as it is."""
    pair = next((listed(item[key]) for key in _PLACES if key in item), []) if isinstance(item, dict) else []
    placed = {"start": pair[0], "end": pair[1]} if len(pair) == len(("start", "end")) else {}
    return {**placed, **item} if placed else item


def _sentence_of(item: Any) -> int:
    said = next((item[key] for key in _SENTENCE if key in item), 0) if isinstance(item, dict) else 0
    return said if type(said) is int else 0


def _moved(item: Any, by: int) -> Any:
    """Return a span so many words further behind, an object with both places under keys of their own."""
    places = [place + by for place in _places_of(item)]
    if isinstance(item, list):
        return [*places, *item[2:]] if places else item
    return {**item, "start": places[0], "end": places[1]} if places else item
