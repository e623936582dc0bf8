"""Where in a document could its rows be? Every list, and every object of alike values, at any depth."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ia3_studio.data.turns import is_known_turn

_DEEPEST, _MOST_PLACES, _MOST_KEYS = 8, 200, 60
"""Lists and objects inside each other that are looked into, places in them, and keys of an object."""
_SAMPLE = 50
"""Items of a place by which it is judged."""
_FEWEST = 2
"""Items from which on a place holds rows."""

Items = Sequence[tuple[Mapping[str, Any], Any]]
"""Each item with what stands beside the lists that it is in: {"scene": 1} for a line of a scene."""


def places_of_rows(document: Any) -> tuple[str, ...]:
    """Return the places of a document that could hold its rows, those with the most words first.

    Example:
        >>> places_of_rows({"made": 2024, "scenes": [{"title": "Port", "lines": ["Ship ahoy!", "Who is there?"]}]})
        ('scenes[].lines', 'all texts')
    """
    words = {place: sum(map(_words, (item for _beside, item in items))) for place, items in _places(document, _SAMPLE)}
    found = sorted((place for place in words if words[place]), key=lambda place: -words[place])
    return (*found, ALL_TEXTS)


def rows_at(document: Any, place: str) -> list[dict[str, Any]] | None:
    """Return the rows at a place, each with what stands beside the lists that it is in; None where there is none.

    A value that is no object is a column ``text``; of an object of rows, ``key`` is what each stands under.
    """
    if place == ALL_TEXTS:
        return list(_all_texts(document))
    for name, items in _places(document, None, place):
        if name == place:
            return [_row(beside, item) for beside, item in items]
    return None


def _places(document: Any, most: int | None, toward: str = "") -> Iterator[tuple[str, Items]]:
    """Yield each place and its items, the outer ones first; no more than ``most`` items of each are looked at.

    Args:
        toward: the only place that is looked for; if empty, all are.
    """
    left: deque[tuple[str, Items, int]] = deque([("", [({}, document)], 0)])
    for _each in range(_MOST_PLACES):
        if not left:
            return
        path, values, depth = left.popleft()
        items = _items(values, path)[:most]
        if len(items) >= _FEWEST and all(_may_be_row(item) for _beside, item in items):
            yield path or WHOLE, items
        if depth == _DEEPEST:
            continue
        inner = [(f"{path}[]", items)] if items else _inside(values, path)
        left += [(name, each, depth + 1) for name, each in inner if toward.startswith(name) or not toward]


WHOLE, ALL_TEXTS = "document", "all texts"
"""What the places are called that are the document itself, and all texts in it."""


def _all_texts(document: Any) -> Iterator[dict[str, Any]]:
    """Yield each text of a document, in order, with the keys that it stands under."""
    left: list[tuple[str, Any]] = [("", document)]
    while left:
        path, value = left.pop()
        inner = value.items() if isinstance(value, dict) else ((None, each) for each in value)
        below = [(path if key is None else f"{path}.{key}".lstrip("."), each) for key, each in inner]
        left += [each for each in reversed(below) if not _is_plain(each[1]) or isinstance(each[1], str)]
        while left and isinstance(left[-1][1], str):
            key, text = left.pop()
            yield {"key": key, "text": text}


def _items(values: Items, path: str) -> Items:
    """Return the items of lists, and the values of an object of alike ones; none of objects that are rows."""
    items: list[tuple[Mapping[str, Any], Any]] = []
    for beside, value in values:
        if isinstance(value, list):
            items += [(beside, each) for each in value]
        elif isinstance(value, dict) and _holds_rows(value, is_row=path.endswith("[]")):
            items += [(_beside(beside, {"key": key}, path), each) for key, each in value.items()]
        elif not _is_plain(value):
            return ()
    return items


def _holds_rows(value: Mapping[str, Any], *, is_row: bool) -> bool:
    """Say whether the values of an object are alike: objects that share keys, or texts where it is no row itself."""
    each = list(value.values())[:_SAMPLE]
    if len(each) < _FEWEST:
        return False
    if all(isinstance(one, dict) for one in each):
        shared = set.intersection(*(set(one) for one in each))
        return 2 * len(shared) >= max(map(len, each)) > 0
    return not is_row and all(isinstance(one, str) for one in each)


def _inside(values: Items, path: str) -> Iterator[tuple[str, Items]]:
    """Yield what stands under each key of objects that has objects or lists, with their other values beside it."""
    objects = [(beside, value) for beside, value in values if isinstance(value, dict)]
    keys = list(dict.fromkeys(key for _beside, value in objects for key in value))[:_MOST_KEYS]
    for key in keys:
        inner = [(beside, value) for beside, value in objects if not _is_plain(value.get(key))]
        if inner:
            name = f"{path}.{key}" if path else str(key)
            yield name, [(_beside(beside, value, path), value[key]) for beside, value in inner]


def _beside(outer: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """Return the plain values of an object, and those around it; one of the same name gets that of its place."""
    place = path.rpartition(".")[2].replace("[]", "")
    plain = {key: each for key, each in value.items() if _is_plain(each) and each is not None}
    return {**outer, **{f"{place} {key}".strip() if key in outer else key: each for key, each in plain.items()}}


def _row(beside: Mapping[str, Any], item: Any) -> dict[str, Any]:
    own = item if isinstance(item, dict) else {"messages" if _is_talk(item) else "text": item}
    return {**{f"outer {key}" if key in own else key: each for key, each in beside.items()}, **own}


def _may_be_row(value: Any) -> bool:
    return isinstance(value, dict | str) or _is_talk(value)


def _is_talk(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_known_turn, value))


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _words(value: Any) -> int:
    """Return how many words the texts of a value have, but for what stands in lists inside it."""
    texts = value.values() if isinstance(value, dict) else [value]
    return sum(len(each.split()) for each in texts if isinstance(each, str))
