"""Which keys inside the objects of a column does a reader of a shape not use? Those without which it reads the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.shapes.shape import role_of

Path = tuple[str, ...]
"""Keys inside each other, from the column on; a list is passed through."""
_MOST_KEYS, _MOST_OBJECTS, _DEEPEST, _LONGEST = 24, 400, 6, 200
"""Keys that are looked at, objects in which they are counted, how deep they stand, and letters of a short value."""
_USUAL = 0.5
"""Share of the objects beside each other that have a key, so that it is one: names of things may be keys as well."""
_IDS = frozenset(("id", "ids", "uuid", "guid", "hash", "idx", "index", "key"))
"""Last words of keys that only tell objects apart, which nobody wants to learn."""


def short_keys(cells: Sequence[Any], column: str) -> list[Path]:
    """Return the paths of keys with short values in the objects of a column, of which a reader may use each or not."""
    held: Counter[Path] = Counter()
    objects: Counter[Path] = Counter()
    for path, each in chain.from_iterable(_objects(cell, (column,), _DEEPEST) for cell in cells):
        objects[path] += 1
        held.update((*path, key) for key, value in each.items() if isinstance(key, str) and _is_short(value))
        if objects.total() > _MOST_OBJECTS:
            break
    usual = [path for path, count in held.items() if count >= _USUAL * objects[path[:-1]]]
    return [path for path in usual if not _tells_apart(path[-1])][:_MOST_KEYS]


def _objects(value: Any, path: Path, deepest: int) -> Iterator[tuple[Path, dict[Any, Any]]]:
    if isinstance(value, dict) and deepest:
        yield path, value
        for key, each in value.items():
            if isinstance(key, str) and isinstance(each, dict | list):
                yield from _objects(each, (*path, key), deepest - 1)
    elif isinstance(value, list) and deepest:
        for each in value:
            if isinstance(each, dict):
                yield from _objects(each, path, deepest)


def _is_short(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST)


def _tells_apart(key: str) -> bool:
    words = name_words(key)
    return bool(_IDS.intersection(words[-1:])) or (len(words) == 1 and words[0].endswith("id"))


def without(value: Any, path: Path) -> Any:
    """Return a value without the entries at a path inside it; what is not changed is not copied."""
    if isinstance(value, list):
        return [without(each, path) if isinstance(each, dict) else each for each in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: each for key, each in value.items() if key != path[0]}
    return {key: without(each, path[1:]) if key == path[0] else each for key, each in value.items()}


def turned(value: Any, deepest: int = _DEEPEST) -> Any:
    """Return a value with all lists of objects inside it backwards, in which a key that puts them in order does so."""
    if not deepest:
        return value
    if isinstance(value, list):
        inner = [turned(each, deepest - 1) for each in value]
        return inner[::-1] if any(isinstance(each, dict) for each in value) else inner
    return {key: turned(each, deepest - 1) for key, each in value.items()} if isinstance(value, dict) else value


def idle_keys(cells: Sequence[Any], column: str, read: Callable[[list[Any]], str]) -> list[str]:
    """Return the paths of keys in the cells of a column that change nothing, such as "entities[].reviewer".

    Args:
        cells: of some rows.
        column: their name.
        read: returns all that a reader makes of other cells in their place; empty where it cannot read them.
    """
    orders = [list(cells), [turned(cell) for cell in cells]]
    before = [read(each) for each in orders]
    kept = [(each, said) for each, said in zip(orders, before, strict=True) if said]
    if not before[0]:
        return []
    return [
        _shown(path, cells) for path in short_keys(cells, column)
        if _says_more(_values(cells, path), before[0])
        and all(read([without(cell, path[1:]) for cell in each]) == said for each, said in kept)
    ]  # fmt: skip


def _values(cells: Sequence[Any], path: Path) -> list[Any]:
    """Return the values at a path in the cells of its column."""
    inside = list(cells)
    for key in path[1:]:
        objects = [inner for each in inside for inner in (each if isinstance(each, list) else [each])]
        inside = [each[key] for each in objects if isinstance(each, dict) and key in each]
    return inside


def _says_more(values: Sequence[Any], said: str) -> bool:
    """Say whether values are not all the same, no roles, and do not stand in what is read, as words of a text do."""
    texts = [value for value in values if isinstance(value, str)]
    if len({str(value) for value in values}) < _FEWEST or (texts and all(map(role_of, texts))):
        return False
    return not texts or sum(value in said for value in texts) < _NEARLY_ALL * len(values)


_FEWEST, _NEARLY_ALL = 2, 0.9


def _shown(path: Path, cells: Sequence[Any]) -> str:
    """Return a path as it is named: with [] behind each key of lists."""
    shown, inside = path[0], list(cells)
    for key in path[1:]:
        are_lists = any(isinstance(each, list) for each in inside)
        inside = [inner for each in inside for inner in (each if isinstance(each, list) else [each])]
        shown += f"{'[]' if are_lists else ''}.{key}"
        inside = [each[key] for each in inside if isinstance(each, dict) and key in each]
    return shown
