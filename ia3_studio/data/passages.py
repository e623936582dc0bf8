"""Which text are the passages that a question is answered from, each of which may have a title?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ia3_studio.data.column_names import bare_name
from ia3_studio.data.paths import is_listed, structure_of

TEXTS = ("paragraphtext", "passagetext", "text", "content", "contents", "passage", "paragraph", "body", "sentences",
         "paragraphs", "snippet", "pagecontent", "context")  # fmt: skip
"""Keys of the text of a passage, or of its sentences."""
TITLES = ("title", "wikititle", "documenttitle", "heading")
_PAIR = ("title", "text")


def text_of_passages(value: Any) -> str:
    """Return passages as one text, each below its title, with a blank line between them; empty for any other value.

    They are objects, pairs of a title and sentences as HotpotQA has them, or the lists of these by key.

    Example:
        >>> text_of_passages([["Turku", ["A town.", "It has a port."]], ["Oslo", ["A city."]]])
        'Turku\\nA town. It has a port.\\n\\nOslo\\nA city.'
        >>> text_of_passages({"title": ["Turku"], "text": ["A town."]}), text_of_passages(["A town."])
        ('Turku\\nA town.', '')
    """
    held = structure_of(value)
    entries = _by_entry(held) if isinstance(held, Mapping) else list(held) if is_listed(held) else []
    found = [_passage(each) for each in entries]
    return "\n\n".join(found) if found and all(found) else ""


def _by_entry(lists: Mapping[str, Any]) -> list[Any]:
    """Return an object for each place of the lists of an object, where a text is among them; nothing for any other."""
    named = {key: list(each) for key, each in lists.items() if bare_name(key) in (*TEXTS, *TITLES) and is_listed(each)}
    lengths = {len(each) for each in named.values()}
    if len(lengths) != 1 or not any(bare_name(key) in TEXTS for key in named):
        return []
    return [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)]


def _passage(entry: Any) -> str:
    """Return a passage below its title; empty for what is none."""
    if is_listed(entry) and len(entry) == len(_PAIR) and isinstance(entry[0], str):
        entry = dict(zip(_PAIR, entry, strict=True)) if is_listed(entry[1]) else {}
    if not isinstance(entry, Mapping):
        return ""
    keys = {bare_name(str(key)): key for key in entry}
    said = next((_said(entry[keys[name]]) for name in TEXTS if name in keys), "")
    title = next((entry[keys[name]] for name in TITLES if name in keys), "")
    return f"{title}\n{said}" if said and isinstance(title, str) and title.strip() else said


def _said(value: Any) -> str:
    parts = list(value) if is_listed(value) else [value]
    return " ".join(each.strip() for each in parts) if all(isinstance(each, str) for each in parts) else ""
