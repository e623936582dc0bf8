"""How are sentences read whose words are objects, each with its tag? As words with tags."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.mapping import Mapping
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text, listed
from ia3_studio.data.shapes.word_rows import TAGS, TOKENS
from ia3_studio.data.word_tags import is_tag

_WORD, _TAG = ("word", "token", "text", "form", "value"), ("tag", "nertag", "ner", "label", "entity", "bio", "iob")
"""Keys of a word and of its tag."""


def _tagged(cell: Any) -> list[tuple[str, str]]:
    """Return the words of a list of objects with their tags; nothing for any other value."""
    found: list[tuple[str, str]] = []
    for each in listed(structure_of(cell)):
        keys = {bare(str(key)): value for key, value in each.items()} if isinstance(each, dict) else {}
        word = next((keys[name] for name in _WORD if is_text(keys.get(name))), "")
        tag = next((str(keys[name]) for name in _TAG if is_text(keys.get(name))), "")
        if not word or not is_tag(tag):
            return []
        found.append((word, tag))
    return found


def _column(rows: Rows) -> str:
    """Return the column of sentences of words with tags, some of which are "O"; empty if there is none."""
    for name in rows.structured:
        tags = {tag for cell in rows.sample(name) for _word, tag in _tagged(cell)}
        if "O" in tags and len(tags) > 1 and rows.mostly(name, lambda cell: bool(_tagged(cell))):
            return name
    return ""


def _read(rows: Rows) -> Recognized:
    column, found = _column(rows), Collector()
    for row, record in rows.records():
        words = _tagged(record.get(column))
        if not words:
            found.leave_out(row, f"{column} is not a list of words with tags")
            continue
        rest = {name: cell for name, cell in record.items() if name != column}
        found.use(row, {**rest, TOKENS: [word for word, _tag in words], TAGS: [tag for _word, tag in words]})
    return found.recognized("sentences of words with tags", Mapping("tags", column=TOKENS, answer=TAGS))


SHAPES = (Shape("words that are objects with tags", lambda rows: bool(_column(rows)), _read),)
