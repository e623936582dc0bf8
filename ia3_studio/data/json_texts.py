"""Which texts are in one object of JSON: by label, by number, by term, by key, or as keys themselves?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.header_words import KNOWN_NAMES

_FEWEST_TEXTS = 5
"""Keys of an object that are read as texts."""


def by_label(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the texts of an object of lists of texts, one for each label; no labels are poem1, poem2 and so on."""
    lists = list(document.values())
    if _are_counted(document):
        return None
    if len(lists) < 2 or not all(isinstance(each, list) and len(each) > 1 for each in lists):
        return None
    if len({len(each) for each in lists}) == 1 or not all(isinstance(text, str) for each in lists for text in each):
        return None
    return [{"text": text, "label": key} for key, each in document.items() for text in each], "JSON object of labels"


def by_number(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each list of texts under keys that count what the lists are: {"poem1": […], "poem2": […]}."""
    lists = list(document.values())
    if not _are_counted(document) or not all(isinstance(each, list) and each for each in lists):
        return None
    texts = [text for each in lists for text in each]
    if not all(isinstance(text, str) for text in texts) or not any(map(_LETTER.search, texts)):
        return None
    stem = _COUNTED_KEY.fullmatch(next(iter(document)))
    name = stem[1].strip(" _-").casefold() if stem else "text"
    return [{name: each} for each in lists], "JSON object of counted lists"


_LETTER = re.compile(r"[^\W\d_]")
_COUNTED_KEY = re.compile(r"([^\W\d_]+[ _-]?)(\d+)")
_NOT_COUNTED = frozenset(
    ("class", "label", "cluster", "topic", "category", "group", "intent", "tag", "type", "set", "level")
)
"""Words before a number that are names of classes."""


def _are_counted(document: Mapping[str, Any]) -> bool:
    """Say whether the keys of an object are one word with numbers that follow each other."""
    found = [_COUNTED_KEY.fullmatch(key) for key in document]
    stems = {each[1].strip(" _-").casefold() for each in found if each}
    if len(found) < _FEWEST_COUNTED or not all(found) or len(stems) > 1 or stems & _NOT_COUNTED:
        return False
    numbers = [int(each[2]) for each in found if each]
    return all(0 < later - before <= _GAP for before, later in pairwise(numbers))


_FEWEST_COUNTED, _GAP = 3, 3


def numbered_texts(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the texts of an object under keys that count them: {"1": "Berth 5 is free.", "2": …}, doc_1.txt."""
    texts = list(document.values())
    if len(texts) < _FEWEST_TEXTS or not all(isinstance(text, str) for text in texts):
        return None
    kinds = {_NUMBER.sub("0", key) for key in document}
    if len(kinds) > 1 or not all(_NUMBER.search(kind) and len(kind.split()) <= _WORDS_OF_A_COUNT for kind in kinds):
        return None
    if 2 * sum(len(text.split()) > _WORDS_OF_A_CLASS for text in texts) < len(texts):  # the names of numbered classes
        return None
    return [{"key": key, "text": text} for key, text in document.items()], "JSON object of numbered texts"


_NUMBER = re.compile(r"\d+")
_WORDS_OF_A_CLASS, _WORDS_OF_A_COUNT = 3, 2


def by_text(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each key of an object whose keys are texts: {"Is berth 5 free?": "Yes, keeper."}.

    A few of the values may be lists of texts.
    """
    plain = [each for each in document.values() if isinstance(each, str | int | float)]
    listed = [each for each in document.values() if is_list_of_texts(each)]
    if len(document) < _FEWEST_TEXTS or len(plain) + len(listed) < len(document) or 2 * len(plain) < len(document):
        return None
    if 2 * sum(" " in key.strip() for key in document) < len(document):
        return None
    are_answers = bool(listed) or 2 * len({*plain}) > len(document)
    names = ("prompt", "answer") if are_answers else ("text", "label")
    return [dict(zip(names, each, strict=True)) for each in document.items()], "JSON object of texts"


def keyed_texts(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return a row for each key of an object of texts: a term and what it means, or the key and text of a message.

    An object whose keys are names of columns is one row, and short values are settings.
    """
    texts = [each for each in document.values() if isinstance(each, str) and each.strip()]
    are_columns = sum(key.casefold() in KNOWN_NAMES for key in document) > _MOST_COLUMNS
    if len(document) < _FEWEST_KEYED or len(texts) < len(document) or are_columns:
        return None
    if sum(len(text.split()) for text in texts) < _WORDS_OF_A_CLASS * len(texts):
        return None
    are_terms = all(map(_TERM.fullmatch, document))
    names = ("prompt", "answer") if are_terms else ("key", "text")
    form = "JSON object of terms" if are_terms else "JSON object of texts by key"
    return [dict(zip(names, each, strict=True)) for each in document.items()], form


_TERM = re.compile(r"[^\W\d_]+(?:(?: |-|')[^\W\d_]+)*")
_FEWEST_KEYED, _MOST_COLUMNS = 6, 1


def without_remarks(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object of texts without the remarks on them, under their keys behind an @ (ARB)."""
    keys = {key for key in document if key.startswith("@@") or (key.startswith("@") and key[1:] in document)}
    return {key: each for key, each in document.items() if key not in keys}
