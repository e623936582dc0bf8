"""How are choices read that say by themselves whether they are right? By a yes or no in each, or by points for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.choice_columns import choice_mapping
from ia3_studio.data.column_names import named, says
from ia3_studio.data.column_words import ASKED
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.pair_names import PROMPT_NAMES
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, bare, finite, is_text, listed

CHOICES, ANSWER = "choices", "answer"
_ASKED = ("input", "text", "sentence", "stem", "title", "enunciado", "texto")
"""Names of questions, besides those of prompts."""
_RIGHT_OR_WRONG = (0, 1)


def _marked(cell: Any) -> tuple[list[str], list[bool]]:
    """Return the choices in a cell, and which of them are right; nothing unless one of at least two is.

    They are a list of objects with a text and a yes or no each, or an object of points by choice.

    Example:
        >>> _marked([{"texto": "Cal", "correcta": False}, {"texto": "Mortero", "correcta": True}])
        (['Cal', 'Mortero'], [False, True])
        >>> _marked({"north": 0, "south": 1})
        (['north', 'south'], [False, True])
    """
    value = structure_of(cell)
    if isinstance(value, dict):
        points = [finite(each) for each in value.values()]
        texts, right = list(map(str, value)), [each == 1 for each in points]
        if any(each not in _RIGHT_OR_WRONG for each in points):
            return [], []
    else:
        choices = listed(value)
        marks = [_only(each, bool) if isinstance(each, dict) else None for each in choices]
        text = next((key for key, each in _items(choices) if is_text(each)), "")
        texts = [each[text] for each in choices if isinstance(each, dict) and is_text(each.get(text))]
        right = [each is True for each in marks]
        if None in marks or len(texts) < len(choices):
            return [], []
    return (texts, right) if len(texts) > 1 and sum(right) == 1 else ([], [])


def _items(choices: Sequence[Any]) -> list[tuple[str, Any]]:
    return list(choices[0].items()) if choices and isinstance(choices[0], dict) else []


def _only(choice: dict[str, Any], kind: type) -> Any:
    """Return the only value of a kind in an object; None where it has none or several."""
    found = [each for each in choice.values() if isinstance(each, kind)]
    return found[0] if len(found) == 1 else None


def _columns(rows: Rows) -> tuple[str, str]:
    """Return the columns of the question and of its choices; empty where there are none."""
    found = [name for name in rows.structured if rows.mostly(name, lambda cell: bool(_marked(cell)[0]))]
    found = [name for name in found if not says(name, _READ)]
    if len(found) != 1 or _has_same_keys(rows, found[0]) or choice_mapping(rows.deciding):
        return "", ""
    asked = [name for name in named(rows.columns, (*PROMPT_NAMES, *_ASKED)) if rows.mostly(name, is_text)]
    texts = [name for name in rows.columns if name not in found and rows.mostly(name, is_text)]
    asked = asked or [name for name in texts if says(name, ASKED) or bare(name) == "q"]
    asked = asked or (texts if len(texts) == 1 else [])
    return (asked[0], found[0]) if asked else ("", "")


_READ = frozenset(("paragraph", "paragraphs", "passages", "contexts", "documents", "evidence", "facts", "ctxs"))
"""Words for texts of which some support an answer, which are no choices."""


def _has_same_keys(rows: Rows, name: str) -> bool:
    """Say whether points are given for the same things in each row, as for several labels of a text."""
    values = [structure_of(cell) for cell in rows.sample(name)]
    keys = {tuple(value) for value in values if isinstance(value, dict)}
    return len(keys) == 1 and len(values) > 1


def _is_marked(rows: Rows) -> bool:
    return bool(_columns(rows)[0])


def _read(rows: Rows) -> Recognized:
    asked, offered = _columns(rows)
    found = Collector()
    for row, record in rows.records():
        texts, right = _marked(record.get(offered))
        if not texts:
            found.leave_out(row, f"it does not have several choices ({offered}) of which one is right")
            continue
        rest = {name: cell for name, cell in record.items() if name not in (offered, CHOICES, ANSWER)}
        found.use(row, {**rest, CHOICES: texts, ANSWER: texts[right.index(True)]})
    mapping = Mapping("choices", answer=ANSWER, parts=(asked, CHOICES), asked=1)
    return found.recognized("choices that say which is right", mapping)


SHAPES = (Shape("choices that say which is right", _is_marked, _read),)
