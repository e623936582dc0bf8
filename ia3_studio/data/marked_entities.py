"""Which entities are marked inside lines of text? As OpenNLP writes them, as MUC did, or by their class in capitals."""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.delimiters import lines_of

_MARKS = (
    re.compile(r"<START(?::(?P<label>[\w-]+))?>\s*(?P<said>[^<>]+?)\s*<END>"),
    re.compile(
        r"<(?P<name>ENAMEX|NUMEX|TIMEX)\s+TYPE=\"?(?P<label>[\w-]+)\"?[^<>]*>\s*(?P<said>[^<>]+?)\s*</(?P=name)>"
    ),
    re.compile(r"<(?P<label>[A-Z][A-Z_-]+)>\s*(?P<said>[^<>]+?)\s*</(?P=label)>"),
)
"""OpenNLP's, MUC's, and a class in capitals around its words."""
_ANY_MARK = re.compile(r"</?[A-Z][\w:-]*(?:\s[^<>]*)?>")
_NO_NAME = "entity"
"""The class where a mark names none."""
_NO_CLASSES = frozenset((
    "USER", "ASSISTANT", "SYSTEM", "HUMAN", "BOT", "AGENT", "THINK", "QUESTION", "ANSWER", "PROMPT", "INPUT", "OUTPUT",
    "CONTEXT", "TITLE", "TEXT", "DOC", "CODE", "PRE", "DIV", "SPAN", "FONT", "STRONG", "EM", "LI", "TD", "TH", "TR",
))  # fmt: skip
"""Names of who speaks, of parts of a prompt and of a page, which are no entities."""
_FEWEST_LINES, _LONGEST = 2, 8
"""Lines with a mark, and words between two marks."""


def marked_entities(text: str) -> dict[str, list[Any]] | None:
    """Return the texts of lines without marks, and their entities; None where lines have none, or others as well."""
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    for mark in _MARKS:
        if not mark.search(text):
            continue
        found = [_unmarked(line, mark) for line in lines]
        count = sum(bool(entities) for _said, entities in found)
        if count >= _FEWEST_LINES and not any(_ANY_MARK.search(said) for said, _entities in found):
            spans = [each for _said, entities in found for each in entities]
            is_short = all(len(each["text"].split()) <= _LONGEST for each in spans)
            beside = any(len(said) > sum(len(each["text"]) for each in entities) + 1 for said, entities in found)
            classes = {each["label"] for each in spans}
            if is_short and (beside or mark is _MARKS[0]) and not classes & _NO_CLASSES:
                return {"text": [said for said, _entities in found], "entities": [each for _said, each in found]}
    return None


def _unmarked(line: str, mark: re.Pattern[str]) -> tuple[str, list[dict[str, Any]]]:
    said, entities, last = "", [], 0
    for each in mark.finditer(line):
        said += line[last : each.start()]
        label = each["label"] or _NO_NAME
        entities.append(
            {"start": len(said), "end": len(said) + len(each["said"]), "label": label, "text": each["said"]}
        )
        said += each["said"]
        last = each.end()
    return said + line[last:], entities
