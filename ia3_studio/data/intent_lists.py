"""Which labeled texts are in a list below headings? Rasa's training data in Markdown, a heading for each intent."""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.delimiters import lines_of

_HEADING = re.compile(r"##\s*([a-z]\w*)\s*:\s*(\S.*)")
_INTENT = "intent"
_ITEM = re.compile(r"\s*[-*+]\s+(\S.*)")
_ENTITY = re.compile(r"\[([^\[\]]+)\](?:\([^()]*\)|\{[^{}]*\})")
"""A word of an entity with its kind, such as "[greek](cuisine)"."""
_FEWEST_INTENTS = 2


def intents_below_headings(text: str) -> dict[str, list[Any]] | None:
    """Return the texts that stand below headings such as "## intent:greet", with these; None for other text.

    Lists below other headings, such as synonyms, are no texts to sort.

    Example:
        >>> intents_below_headings("## intent:hi\\n- ahoy\\n## intent:eat\\n- a [greek](cuisine) place")
        {'text': ['ahoy', 'a greek place'], 'intent': ['hi', 'eat']}
    """
    texts: list[str] = []
    intents: list[str] = []
    intent = ""
    for line in lines_of(text):
        if heading := _HEADING.fullmatch(line.strip()):
            intent = heading[2].strip() if heading[1] == _INTENT else ""
        elif intent and (item := _ITEM.fullmatch(line)):
            texts.append(without_slots(item[1]))
            intents.append(intent)
    return {"text": texts, "intent": intents} if len(set(intents)) >= _FEWEST_INTENTS else None


def without_slots(text: str) -> str:
    """Return an example of Rasa as it is said: without the kinds of its entities.

    Example:
        >>> without_slots('from [Oslo]{"entity": "city"} to [bergen](city:Bergen)')
        'from Oslo to bergen'
    """
    return _ENTITY.sub(r"\1", text).strip()
