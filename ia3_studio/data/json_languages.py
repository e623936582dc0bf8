"""Which texts of one JSON document say the same in several languages, as those of a translated interface do?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ia3_studio.data.folding import folded
from ia3_studio.data.language_names import LANGUAGES

_LONGEST_REGION = len("hans")
"""Letters of a script or a region behind a language."""
_DEEPEST, _MOSTLY_SHARED = 8, 0.5
"""Objects inside each other that are looked into, and the share of the texts that all languages have at least."""


def by_language(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each text of an object of languages, at any depth: {"en": {"menu": {"save": "Save"}}, "de": …}.

    None where the languages hold anything but texts, or hardly a text that is in all of them.

    Example:
        >>> by_language({"en": {"menu": {"save": "Save"}}, "de": {"menu": {"save": "Sichern"}}})[0]
        [{'en': 'Save', 'de': 'Sichern'}]
    """
    if len(document) == 1 and isinstance(inner := next(iter(document.values())), dict):
        return by_language(inner) if inner and all(map(_is_language, inner)) else None
    if len(document) < len(("source", "target")) or not all(map(_is_language, document)):
        return None
    if not all(isinstance(each, dict) and each for each in document.values()):
        return None
    texts = {language: _texts_in(each) for language, each in document.items()}
    if not all(texts.values()):
        return None
    paths = dict.fromkeys(path for each in texts.values() for path in each)
    shared = sum(all(path in each for each in texts.values()) for path in paths)
    if shared < _MOSTLY_SHARED * len(paths):
        return None
    rows = [{language: each.get(path) for language, each in texts.items()} for path in paths]
    return rows, "JSON object of languages"


def _is_language(key: str) -> bool:
    """Say whether a key is a language or its code, such as Deutsch, de, pt-BR or zh_Hans."""
    language, _sign, region = folded(key).casefold().replace("_", "-").partition("-")
    return language in LANGUAGES and len(region) <= _LONGEST_REGION


def _texts_in(value: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    """Return the texts inside an object by the keys that lead to them; none where anything but text is in it."""
    found = dict(_leaves(value, ()))
    return found if all(isinstance(each, str) for each in found.values()) else {}


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what stands inside objects and lists of texts, with the keys that lead to it."""
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for key, each in value.items():
            yield from _leaves(each, (*path, str(key)))
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield from (((*path, str(place)), each) for place, each in enumerate(value))
    else:
        yield path, value
