"""How are relations of two parts of a text read (TACRED)? As the text and its parts, and the relation as label."""

from __future__ import annotations

from typing import Any

from ia3_studio.data.column_profile import is_list_of_texts
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text

_WORDS, _RELATION = ("token", "tokens", "words"), ("relation", "label")
_SIDES = (("subjstart", "subjend"), ("objstart", "objend"))
_FORM = "relations in texts"
_PARTS = "parts"


def _columns(rows: Rows) -> tuple[str, str, list[str]]:
    """Return the columns of words, relation, and of the places of both parts; empty where one of them is absent."""
    words, relation = rows.find(_WORDS), rows.find(_RELATION)
    places = [rows.find((name,)) for side in _SIDES for name in side]
    fits = all((words, relation, *places)) and rows.mostly(words, is_list_of_texts) and rows.mostly(relation, is_text)
    return (words, relation, places) if fits else ("", "", [])


def _part(words: list[str], start: Any, end: Any) -> str:
    """Return the words from one place to another, which is counted in; nothing where they are not in the text."""
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end < len(words)):
        return ""
    return " ".join(words[start : end + 1])


def _read(rows: Rows) -> Recognized:
    name, relation, places = _columns(rows)
    found = Collector()
    for row, record in rows.records():
        words = list(record[name]) if is_list_of_texts(record.get(name)) else []
        at = [record.get(place) for place in places]
        one, other = _part(words, *at[:2]), _part(words, *at[2:])
        if not one or not other:
            found.leave_out(row, f"its two parts ({', '.join(places)}) are not in its words ({name})")
            continue
        found.use(row, {"text": " ".join(words), _PARTS: f"{one} / {other}", relation: record.get(relation)})
        found.name_rest(record, (name, relation, *places))
    notes = ("Each text is learned with its two parts, the subject first, and what relates them as its label.",)
    return found.recognized(_FORM, Mapping("labels", column="text", context=_PARTS, answer=relation), notes)


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)[0]), _read),)
