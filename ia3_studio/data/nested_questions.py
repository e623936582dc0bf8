"""Which questions with choices stand in lists inside each other, such as volumes of parts of questions? All of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_DEEPEST = 6
"""Lists and objects inside each other that are looked into."""
_FEWEST = 4
"""Questions from which on they are the rows."""
_RIGHT = frozenset(("answer", "correct", "correctanswer", "correctindex", "answerindex", "correctoption", "solution"))
_ASKED = frozenset(("question", "q", "prompt", "text", "stem", "title"))


def nested_questions(document: Any) -> list[dict[str, Any]]:
    """Return the questions with choices that stand in lists inside lists, with what the objects around them say.

    They are most of the text; a name that a question has as well stays the question's.

    Example:
        >>> asked = [{"question": f"{n}?", "options": ["a", "b"], "answer": 0} for n in "1234"]
        >>> part = {"name": "A", "questions": asked}
        >>> nested_questions([{"volume": 1, "parts": [part]}])[0]
        {'volume': 1, 'name': 'A', 'question': '1?', 'options': ['a', 'b'], 'answer': 0}
    """
    first = document[:_LOOKED_AT] if isinstance(document, list) else document
    if next(_questions(first, {}, 0, _DEEPEST), None) is None:  # most are rows, of which there may be many
        return []
    found = list(_questions(document, {}, 0, _DEEPEST))
    if len(found) < _FEWEST or min(lists for _heads, _each, lists in found) < _NESTED:
        return []
    inside = sum(_length(each, _DEEPEST) for _heads, each, _lists in found)
    if 2 * inside < _length(document, 2 * _DEEPEST):
        return []
    return [{**heads, **each} for heads, each, _lists in found]


_LOOKED_AT = 100
"""Items at the beginning of a list of which one has to hold a question."""
_NESTED = 2
"""Lists inside each other; questions in the only list of a document are rows already."""
_MOST_HEADS = 40
"""Values around a list that are columns of its rows."""
_Found = tuple[dict[str, Any], dict[str, Any], int]


def _questions(value: Any, heads: dict[str, Any], lists: int, deepest: int) -> Iterator[_Found]:
    """Yield the questions in a value, what stands in the objects around each, and how many lists it stands in."""
    if not deepest:
        return
    if isinstance(value, list):
        for each in value:
            if isinstance(each, dict) and _is_question(each):
                yield heads, each, lists + 1
            elif isinstance(each, dict | list):
                yield from _questions(each, heads, lists + 1, deepest - 1)
    elif isinstance(value, dict):
        said = {key: each for key, each in value.items() if isinstance(each, str | int | float)} if lists else {}
        said = said if len(said) <= _MOST_HEADS else {}  # they are copied for each object below them
        for each in value.values():
            if isinstance(each, dict | list):
                yield from _questions(each, {**heads, **said}, lists, deepest - 1)


def _is_question(value: Mapping[str, Any]) -> bool:
    """Say whether an object has a question, a list of at least two texts, and says which of them is right."""
    keys = {str(key).lower().replace("_", "") for key in value}
    offered = any(
        isinstance(cell, list) and len(cell) > 1 and all(isinstance(each, str) for each in cell)
        for cell in value.values()
    )
    return offered and bool(keys & _RIGHT) and bool(keys & _ASKED)


def _length(value: Any, deepest: int) -> int:
    """Return the characters of the texts in a value."""
    if isinstance(value, str):
        return len(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(_length(each, deepest - 1) for each in inner) if deepest else 0
