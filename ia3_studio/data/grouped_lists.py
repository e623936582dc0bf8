"""Which rows lie in lists under keys inside other keys, such as subjects, units and levels? Those of all lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from ia3_studio.data.column_names import is_unspaced
from ia3_studio.data.listed_rows import rows_in_lists
from ia3_studio.data.split_names import SPLIT, SPLITS
from ia3_studio.data.text_lengths import hold_most
from ia3_studio.data.turns import is_known_turn
from ia3_studio.data.word_lists import are_words, joined_words

_DEEPEST = 8
"""Keys inside each other that are looked under."""
_MOST_HEADS = 12
"""Values beside a list that are columns of its rows; more are one column, as they are copied for each row."""
_OTHERS = "others"
_FEWEST_KEYS = 2
"""Keys that rows share, where they have more than one."""
_FEWEST_WORDS = 3
"""Words of a text on average: fewer are names and settings."""
_LITTLE_ELSE = 3
"""Times that lists have as many characters as all around them that could not be rows."""
_PAIR = 2
_ASKS_OFTEN = 6
"""Texts of which one ends in a question mark where people talk; verses ask less."""

_Holds = Callable[[list[Any]], bool]
"""Whether a list is one of rows."""


@dataclass(frozen=True)
class _Group:
    """A list, or the only object in its place, with the keys that it stands under and what stands beside it."""

    heads: Mapping[str, Any]
    items: list[Any]
    name: str
    """The key of the list."""
    parent: int
    """What the object is known by that the list stands in."""
    is_list: bool = True


def grouped_lists(
    document: Mapping[str, Any], wrapped: Sequence[Any] | None = None
) -> tuple[Sequence[Any], str] | None:
    """Return the rows of all lists under the keys of an object, at any depth, with the keys as columns; else None.

    They are objects that share most of their keys, of which one may stand in the place of a list; or texts, of
    which each may be a list of lines. Every list is one of them, but for lists of single values beside objects.

    Args:
        wrapped: the list that is read if this finds none, which counts unless it is one of several places.

    Example:
        >>> document = {"math": {"easy": [{"q": "1 + 1?", "a": "2"}], "hard": {"q": "2 ** 9?", "a": "512"}}}
        >>> grouped_lists(document)[0][1]
        {'key': 'math', 'key 2': 'hard', 'q': '2 ** 9?', 'a': '512'}
    """
    lists = list(_lists_in(document, _DEEPEST))
    if any(any(isinstance(item, dict) for item in each) for each in lists):
        held = _objects(document, [each for each in lists if not _are_plain(each)])
    else:
        held = _texts(document, lists) if wrapped is None else None
    if not held or (wrapped is not None and not _is_one_of_several(wrapped, held[0])):
        return None
    return _rows_of(*held)


def clearly_grouped(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of all lists as :func:`grouped_lists` does where the objects around them cannot be rows.

    These hold several lists that are alike and little else, none of them at the top; lists of turns have numbers.

    Example:
        >>> clearly_grouped({"greet": {"patterns": ["Hi", "Ahoy there"], "responses": ["Hello"]}})
    """
    if not all(isinstance(each, dict) for each in document.values()):
        return None
    lists = list(_lists_in(document, _DEEPEST))
    if not lists or any(_are_plain(each) for each in lists) or not hold_most(document, lists, _LITTLE_ELSE):
        return None
    held = _objects(document, lists) if isinstance(lists[0][0], dict) else _texts(document, lists)
    groups = held[0] if held else []
    names = {each.name for each in groups}
    if len(names) < _FEWEST_KEYS or len({each.parent for each in groups}) == len(groups):
        return None
    are_turns = held is not None and held[1] == _TALKS
    if are_turns and not all(any(map(str.isdigit, name)) for name in names):  # chosen and rejected, perhaps
        return None
    return _rows_of(groups, held[1]) if held else None


_TALKS = "conversations"


def _rows_of(groups: Sequence[_Group], form: str) -> tuple[Sequence[Any], str]:
    rows = [_with_heads(group.heads, item) for group in groups for item in group.items]
    return rows, f"JSON object of {form} under their keys"


def _objects(document: Mapping[str, Any], lists: Sequence[list[Any]]) -> tuple[list[_Group], str] | None:
    """Return lists of objects that share most of their keys and hold most of the texts; None where one does not."""
    rows = [item for each in lists for item in each]
    if not all(isinstance(row, dict) and row for row in rows):
        return None
    shared = set.intersection(*(set(row) for row in rows))
    most = max(map(len, rows))
    if len(shared) < min(_FEWEST_KEYS, most) or 2 * len(shared) < most:
        return None
    groups = list(_groups(document, frozenset(shared), {}, 1, lambda each: not _are_plain(each)))
    parts = [each.items if each.is_list else each.items[0] for each in groups]
    if len(groups) < _FEWEST_KEYS or not hold_most(document, parts, 1):
        return None
    found = rows_in_lists([each.items for each in groups])
    if found and len(found[0]) == len(groups) and found[0][0] is not groups[0].items[0]:  # a row for each list
        is_talk = all(map(is_known_turn, rows))
        whole = [replace(each, items=[row]) for each, row in zip(groups, found[0], strict=True)]
        return whole, _TALKS if is_talk else "sentences"
    return groups, "lists of rows"


def _texts(document: Mapping[str, Any], lists: Sequence[list[Any]]) -> tuple[list[_Group], str] | None:
    """Return lists of texts, or of lists of lines or words; None where some are neither, or no more than names."""
    if len(lists) < _FEWEST_KEYS:
        return None
    read: Callable[[Any], dict[str, Any]] = _as_text
    if all(isinstance(item, str) for each in lists for item in each):
        texts, form = [item for each in lists for item in each], "texts"
    elif all(_is_lines(item) for each in lists for item in each):
        inner = [item for each in lists for item in each]
        texts = [line for each in inner for line in each]
        read, form = _reader_of_lines(inner)
    else:
        return None
    if not hold_most(document, lists, 1) or not _are_sentences(texts, form):
        return None
    groups = list(_groups(document, frozenset(), {}, 1, lambda _each: True))
    return [replace(each, items=[read(item) for item in each.items]) for each in groups], form


def _reader_of_lines(lists: Sequence[list[str]]) -> tuple[Callable[[Any], dict[str, Any]], str]:
    """Return how lists of texts are read, and what they are: words, pairs, what two say by turns, or lines."""
    if are_words(lists):
        return (lambda each: {"text": joined_words(each)}), "lists of words"
    if all(len(each) == _PAIR for each in lists):
        return (lambda each: {"prompt": each[0], "answer": each[1]}), "lists of pairs"
    lines = list(chain.from_iterable(lists))
    if _ASKS_OFTEN * sum(line.rstrip().endswith(("?", "？", "؟")) for line in lines) >= len(lines):
        return (lambda each: {"dialog": each}), "lists of texts by turns"
    return (lambda each: {"text": "\n".join(each)}), "texts in lines"


def _as_text(item: str) -> dict[str, Any]:
    return {"text": item}


def _groups(
    value: Mapping[str, Any], shared: frozenset[str], heads: Mapping[str, Any], level: int, holds: _Holds
) -> Iterator[_Group]:
    """Yield the lists under the keys of an object, and the objects that are alike in their place, in order."""
    inside = {key: each for key, each in value.items() if _leads(each, shared, holds, _DEEPEST - level)}
    beside = {key: each for key, each in value.items() if key not in inside and each is not None}
    if len(beside) > _MOST_HEADS:
        beside = {_OTHERS: beside}
    said = _said(heads, beside) if level > 1 else heads
    are_splits = len(inside) > 1 and all(key.lower() in SPLITS for key in inside)
    name = SPLIT if are_splits else f"key {level}" if level > 1 else "key"
    for key, each in inside.items():
        within = {**said, name: key}
        if isinstance(each, list):
            yield _Group(within, each, key, id(value))
        elif _is_alike(each, shared):
            yield _Group(within, [each], key, id(value), is_list=False)
        else:
            yield from _groups(each, shared, within, level + 1, holds)


def _said(heads: Mapping[str, Any], beside: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return columns with those of an object inside, whose names are counted where they are taken."""
    found = dict(heads)
    for key, each in beside.items():
        name = next(name for n in range(1, len(found) + 2) if (name := f"{key} {n}" if n > 1 else key) not in found)
        found[name] = each
    return found


def _leads(value: Any, shared: frozenset[str], holds: _Holds, deepest: int) -> bool:
    """Say whether a value is a list of rows or an object that is one, or has one inside."""
    if deepest < 0 or not isinstance(value, dict | list):
        return False
    if isinstance(value, list):
        return bool(value) and holds(value)
    return _is_alike(value, shared) or any(_leads(each, shared, holds, deepest - 1) for each in value.values())


def _is_alike(value: Mapping[str, Any], shared: frozenset[str]) -> bool:
    return bool(shared) and shared <= value.keys()


def _lists_in(value: Mapping[str, Any], deepest: int) -> Iterator[list[Any]]:
    """Yield the lists under the keys of an object that are not empty; what is in them is not looked into."""
    for each in value.values():
        if isinstance(each, list) and each:
            yield each
        elif isinstance(each, dict) and deepest > 1:
            yield from _lists_in(each, deepest - 1)


def _is_one_of_several(wrapped: Sequence[Any], groups: Sequence[_Group]) -> bool:
    """Say whether a list is one of those that were found in several objects, or has the keys of all others.

    The others would be lost.
    """
    if len(groups) < _FEWEST_KEYS or not any(each.items is wrapped for each in groups):
        return False
    if len({each.parent for each in groups}) > 1:
        return True
    keys = {frozenset(item) for each in groups for item in each.items if isinstance(item, dict)}
    return len(keys) == 1


def _with_heads(heads: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    if heads.keys().isdisjoint(item):
        return {**heads, **item}
    return {**{f"outer {name}" if name in item else name: cell for name, cell in heads.items()}, **item}


def _are_plain(items: Sequence[Any]) -> bool:
    """Say whether a list holds single values alone, such as tags, which are a column."""
    return not any(isinstance(item, dict | list) for item in items)


def _is_lines(item: Any) -> bool:
    return isinstance(item, list) and bool(item) and all(isinstance(line, str) for line in item)


def _are_sentences(texts: Sequence[str], form: str) -> bool:
    """Say whether texts have several words each on average, or are of a script that shows none, or are words."""
    words = sum(len(text) if is_unspaced(text) else len(text.split()) for text in texts)
    return form == "lists of words" or words >= _FEWEST_WORDS * len(texts)
