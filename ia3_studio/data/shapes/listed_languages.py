"""How are translations read that stand in a list of objects, each with its language? As a column for each language."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, is_text, listed

_LANGUAGE = ("language", "lang", "locale", "langcode", "languagecode")
_TEXT = ("text", "value", "sentence", "translation", "content", "string")
"""Keys of the language and the text of an object."""


def _by_language(cell: Any) -> dict[str, str]:
    """Return the texts of a list by their languages; nothing for any other value."""
    found: dict[str, str] = {}
    for each in listed(structure_of(cell)):
        keys = {bare(str(key)): value for key, value in each.items()} if isinstance(each, dict) else {}
        language = next((keys[name] for name in _LANGUAGE if is_text(keys.get(name))), "")
        text = next((keys[name] for name in _TEXT if isinstance(keys.get(name), str)), None)
        if not language or text is None or language in found:
            return {}
        found[language] = text
    return found if len(found) > 1 else {}


def _column(rows: Rows) -> str:
    """Return the column of texts in the same two languages or more; empty if there is none."""
    for name in rows.structured:
        said = [_by_language(cell) for cell in rows.sample(name)]
        if said and len(set.intersection(*(set(each) for each in said))) > 1:
            return name
    return ""


def _read(rows: Rows) -> Recognized:
    column, found = _column(rows), Collector()
    for row, record in rows.records():
        texts = _by_language(record.get(column))
        if texts:
            found.use(row, {**{name: cell for name, cell in record.items() if name != column}, **texts})
        else:
            found.leave_out(row, f"{column} does not hold a text for each of several languages")
    return found.recognized("texts by language", notes=(f"The texts of {column} are a column for each language.",))


SHAPES = (Shape("texts by language", lambda rows: bool(_column(rows)), _read),)
