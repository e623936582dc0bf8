"""Which objects that are alike stand under keys inside other keys, such as scenes of chapters? Those are the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ia3_studio.data.text_lengths import text_length

_DEEPEST = 4
"""Objects inside each other that are looked into."""
_FEWEST, _FEWEST_KEYS = 2, 2
"""Objects that are alike, and keys that they share, from which on they are rows."""


def deeper_objects(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the objects of a document that share most of their keys and hold most of its texts, at any depth.

    Lists are not looked into: what stands in the list of an object is a part of its row.

    Example:
        >>> deeper_objects({"chapter": {"one": {"say": "Hi", "to": "Ann"}, "two": {"say": "Ho", "to": "Bo"}}})[0][1]
        {'key': 'two', 'say': 'Ho', 'to': 'Bo'}
    """
    objects = [(key, each) for key, each in _objects(document, _DEEPEST) if _has_own_values(each)]
    usual = _usual_keys([each for _key, each in objects])
    alike = [(key, each) for key, each in objects if _FEWEST_KEYS <= len(usual & each.keys()) >= len(usual) / 2]
    if len(alike) < _FEWEST or 2 * sum(text_length(each) for _key, each in alike) < text_length(document):
        return None
    rows = [each if "key" in each else {"key": key, **each} for key, each in alike]
    return rows, "JSON object of rows inside objects"


def _objects(value: Mapping[str, Any], deepest: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the innermost objects under the keys of an object, each with its key."""
    for key, each in value.items():
        if not isinstance(each, dict) or not each:
            continue
        inner = any(isinstance(part, dict) and part for part in each.values())
        if inner and deepest and not _has_own_values(each):
            yield from _objects(each, deepest - 1)
        else:
            yield key, each


def _has_own_values(value: Mapping[str, Any]) -> bool:
    """Say whether an object has a text or a list of its own beside the objects in it."""
    return any(isinstance(each, str | list) for each in value.values())


def _usual_keys(objects: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the keys that most of the objects have which are alike the most common one."""
    counts = Counter(frozenset(each) for each in objects)
    common = max(counts, key=lambda keys: counts[keys], default=frozenset())
    near = [each for each in objects if 2 * len(common & each.keys()) > max(len(common), len(each))]
    shared = Counter(key for each in near for key in each)
    return {key for key, count in shared.items() if 2 * count > len(near)}
