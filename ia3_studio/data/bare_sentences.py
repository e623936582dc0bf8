"""Is a text of a table sentences alone, one in each line, whose commas separate no cells?"""

from __future__ import annotations

import re

from ia3_studio.data.delimiters import LINE_END, is_one_column

SAMPLE_LINES, _FEWEST_LINES = 100, 8
_TIGHT = re.compile(r"[,;](?![ \u00a0])|[\t|\"]|[.?!][,;]")
"""A sign that separates cells: no blank is behind it, or the end of a sentence before it, or no sentence has it."""
_END = re.compile(r"[.?!…。？！؟]$")
_FEWEST_WORDS = 3
_NEARLY_ALL = 0.9


def are_bare_sentences(text: str) -> bool:
    """Say whether nearly all lines, the first one too, are sentences with an end, and some have commas as such have.

    A line has as many commas as its sentence needs, so that lines differ in them.

    Example:
        >>> are_bare_sentences("Late, is it?\\nWhere is it, and when, if ever?\\nNo one knows that.\\n" * 3)
        True
    """
    lines = [line.strip() for line in LINE_END.split(text, SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    if len(lines) < _FEWEST_LINES or not _END.search(lines[0]) or any(map(_TIGHT.search, lines)):
        return False
    sentences = [line for line in lines if _END.search(line) and len(line.split()) >= _FEWEST_WORDS]
    return len(sentences) >= _NEARLY_ALL * len(lines) and len({line.count(",") for line in lines}) > 1


def is_single_column(text: str) -> bool:
    """Say whether a table has one column, with a name above it or of sentences alone."""
    return is_one_column(text) or are_bare_sentences(text)
