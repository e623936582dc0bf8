"""Which terms in bold begin the lines of a text, each with what it means behind it, as in a glossary?"""

from __future__ import annotations

import re
from typing import Any

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.turn_roles import known_role

_TERM = re.compile(
    r"\s{0,8}(?:(?:[-*+•]|\d{1,5}[.)])\s{1,4})?(?:(?P<mark>\*\*|__)`?(?P<term>[^*_\n]{1,80}?)`?(?P=mark)\s?[:：–—=-]?|"
    r"`(?P<coded>[^`\n]{1,80})`\s?[:：–—])\s{1,4}(?P<said>[^\s*].*)"
)
_FEWEST, _MOSTLY, _DIFFERENT, _WORDS = 8, 0.8, 0.95, 6
"""Terms at least, the share of the lines that begin with one, that of the terms that differ, and the words of one."""


def bold_terms(text: str) -> dict[str, list[Any]] | None:
    """Return the terms of a glossary and what they mean; None for other text.

    Nearly all lines but headings begin with a term, each another one. A line without one belongs to the term above.

    Example:
        >>> bold_terms("# Knots\\n" + "\\n".join(f"**Hitch {n}**: Ties {n} ropes." for n in range(8)))["answer"][1]
        'Ties 1 ropes.'
    """
    lines = [line.rstrip() for line in lines_of(text) if line.strip() and not line.startswith("#")]
    found = [_TERM.fullmatch(line) for line in lines]
    terms = [_bare(each["term"] or each["coded"]) for each in found if each]
    if len(terms) < _FEWEST or len(terms) < _MOSTLY * len(lines) or len({*terms}) < _DIFFERENT * len(terms):
        return None
    if any(len(term.split()) > _WORDS for term in terms) or 4 * sum(map(bool, map(known_role, terms))) > len(terms):
        return None  # those who speak by turns
    rows: dict[str, list[Any]] = {"prompt": terms, "answer": []}
    for line, each in zip(lines, found, strict=True):
        if each:
            rows["answer"].append(each["said"])
        elif rows["answer"]:
            rows["answer"][-1] = f"{rows['answer'][-1]}\n{line}"
    return rows


def terms_note(text: str) -> tuple[str, ...]:
    """Return the sentence on the lines of a glossary that are no part of a term."""
    lines = [line for line in lines_of(text) if line.strip()]
    first = next((place for place, line in enumerate(lines) if _TERM.fullmatch(line.rstrip())), 0)
    outside = first + sum(line.startswith("#") for line in lines[first:])
    return (f"Not used: {outside:,} lines above the terms or headings between them.",) if outside else ()


def _bare(term: str) -> str:
    return term.strip().rstrip(":：").strip()
