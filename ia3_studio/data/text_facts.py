"""Has each text a file of its name beside it that says what is known of it, as 001.txt and 001.json?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of

_TEXTS = (".txt", ".text", ".md", ".html")
_MOST_KEYS = 200
"""Keys that objects may have together: each is a cell of every row."""
_FEWEST, _MOSTLY = 3, 0.8
"""Texts with a file of facts, at least, and the share of either that has a partner."""


def text_facts(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read texts with a JSON object of the same name beside each: a row a text, with a column for each of its keys."""
    if sum(path.lower().endswith(".json") for path in content) < _FEWEST:
        return None
    texts = {_key(path): path for path in content if member_path(path).suffix.lower() in _TEXTS}
    facts = {_key(path): path for path in content if member_path(path).suffix.lower() == ".json"}
    shared = [key for key in texts if key in facts]
    if len(shared) < max(_FEWEST, _MOSTLY * len(texts), _MOSTLY * len(facts)):
        return None
    used = [path for key in shared for path in (texts[key], facts[key])]
    read = readers.texts(used)
    try:
        objects = [json.loads(read[facts[key]].text) for key in shared]
    except (ValueError, RecursionError):  # told of the file when it is read as a table
        return None
    if all(_is_list_of_objects(each) for each in objects) and any(objects):
        objects = [{_ENTRIES: each} for each in objects]
    if not all(isinstance(each, dict) for each in objects):
        return None
    keys = dict.fromkeys(str(key) for each in objects for key in each)
    if len(keys) > _MOST_KEYS:
        return None
    columns: dict[str, list[Any]] = {
        "text of file" if "text" in keys else "text": [read[texts[key]].text.rstrip() for key in shared],
        **{key: [each.get(key) for each in objects] for key in keys},
    }
    splits = [split_of(str(member_path(texts[key]).parent)) for key in shared]
    if all(splits) and len({*splits}) > 1:
        columns.setdefault(SPLIT, splits)
    found = Found(numbered(columns), "one text per row, with the keys of a JSON object for each")
    return with_encoding_facts(used[0], found, [*read.values()]), used


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


_ENTRIES = "annotations"
"""The column of JSON lists, each of which is about one text."""


def _key(path: str) -> str:
    """Return what a text and its facts have in common: their path without the ending."""
    return str(member_path(path).with_suffix(""))
