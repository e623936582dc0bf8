"""Which rows are in a list of lists of objects? Conversations, sentences of words, or rows on several pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ia3_studio.data.turns import is_known_turn

_WORDS, _TAGS = ("word", "token", "text"), ("label", "tag", "ner", "ner_tag", "entity")


def rows_in_lists(rows: Sequence[Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of lists of objects and their form; None where an item is anything else.

    Lists whose objects are all turns are conversations, those of words with tags are sentences; others are joined. A
    text, or its lines, before a list of questions on it, perhaps with an id behind them, is a row.

    Example:
        >>> rows_in_lists([[{"prompt": "Is berth 5 free?", "answer": "Yes."}]])
        ([{'prompt': 'Is berth 5 free?', 'answer': 'Yes.'}], 'JSON array of lists of objects')
    """
    if rows and all(map(_is_text_with_questions, rows)):
        texts = ["\n".join(row[0]) if isinstance(row[0], list) else row[0] for row in rows]
        cells = [(text, *row[1:]) for text, row in zip(texts, rows, strict=True)]
        named = [dict(zip(("text", "questions", "id"), each, strict=False)) for each in cells]
        return named, "JSON array of texts with questions"
    filled = [each for each in rows if each != []]
    if not filled or not all(map(_holds_objects, filled)):
        return None
    items = [item for each in filled for item in each]
    if all(map(is_known_turn, items)):
        return [{"messages": each} for each in filled], "JSON array of conversations"
    word, tag = (next((key for key in names if all(key in item for item in items)), "") for names in (_WORDS, _TAGS))
    if word and tag and len(filled) > 1 and all(_is_word(item[word]) for item in items):
        return [
            {"tokens": [str(item[word]) for item in each], "tags": [str(item[tag]) for item in each]} for each in filled
        ], "JSON array of sentences"
    return items, "JSON array of lists of objects"


def _is_text_with_questions(row: Any) -> bool:
    """Say whether a row is a list of a text, or its lines, and a list of objects with a question each."""
    if not isinstance(row, list) or not 2 <= len(row) <= 3:
        return False
    lines = row[0] if isinstance(row[0], list) else [row[0]]
    are_asked = _holds_objects(row[1]) and all(isinstance(each.get("question"), str) for each in row[1])
    return bool(lines) and all(isinstance(line, str) for line in lines) and are_asked


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value.split()) == 1
