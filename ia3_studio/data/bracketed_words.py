"""Which words and tags are in lines that are groups of a tag and its word, such as ``(DT the) (NN ship)``?"""

from __future__ import annotations

import re

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered

_GROUP = re.compile(r"\(([^\s()]{1,20})[ \t]([^\s()]{1,200})\)")
_TAG = re.compile(r"[A-Z][A-Z0-9$-]*|-[A-Z]+-|[^\w\s()]{1,5}")
"""A tag in capitals, one of a bracket, or a sign that is its own tag."""
_FEWEST_LINES, _FEWEST_TAGS, _MOST_TAGS = 2, 3, 100
_FEWEST_GROUPS = 3
"""Groups of a line on average: lines of code in brackets have one."""


def read_bracketed_words(text: str) -> Found | None:
    """Read lines of groups of a tag and its word, a sentence each; None where a line holds anything else.

    Brackets within brackets are trees, and words in capitals alone are code; both are left to others.
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    if len(lines) < _FEWEST_LINES or not all(line[0] == "(" and line[-1] == ")" for line in lines):
        return None
    sentences = []
    for line in lines:
        if _GROUP.sub("", line).strip():
            return None
        sentences.append(_GROUP.findall(line))
    groups = [group for sentence in sentences for group in sentence]
    tags, words = {tag for tag, _word in groups}, {word for _tag, word in groups}
    few = _FEWEST_TAGS <= len(tags) <= _MOST_TAGS and len(tags) < len(words)
    if not few or len(groups) < _FEWEST_GROUPS * len(lines) or not all(map(_TAG.fullmatch, tags)):
        return None
    if all(word == word.upper() and word.isascii() for word in words):
        return None
    cells = {name: [[group[at] for group in each] for each in sentences] for at, name in ((1, "tokens"), (0, "tags"))}
    return Found(numbered(cells), "words in brackets with their tags, a sentence per line")
