"""Which terms does a page that is called a glossary explain, and how?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from textwrap import dedent
from typing import Any, NamedTuple

from ia3_studio.data.delimiters import lines_of, with_line_feeds
from ia3_studio.data.faq_headings import without_numbers

_CALLED = re.compile(
    r"(?:#{1,3}\s|title:).{0,80}?(?:gloss?ar|glosar|glossair|terminolog|lexikon|sözlü|słownik|begrippen|ordlist|глоссари"
    r"|словар|术语|術語|用語|용어|शब्दावली|مصطلحات|thuật ngữ)",
    re.IGNORECASE,
)
"""The first heading of a page, or the title above it, that says what it is."""
_HEADING = re.compile(r"(?P<level>#{1,6})\s+(?P<term>\S.*?)\s*#*(?:\s\{#[\w-]+\})?")
_MARKED = re.compile(r"(?:\*\*|__)`?(?P<term>[^*_\n]{1,80}?)`?(?:\*\*|__):?")
_ITEM = re.compile(r"(?:[-*+•]|\d{1,4}[.)])\s+")
_SAID = re.compile(
    r"(?:(?P<mark>\*\*|__|\*|_|`{1,2})`?(?P<marked>[^*`\n]{1,80}?)`?(?P=mark)|\[(?P<linked>[^\]\n]{1,80})\]\([^()\n]{0,200}\)"
    r"|(?P<plain>[^\W_][^:：–—*`\n]{0,60}?))(?P<also>\s\([^()\n]{1,60}\))?(?:\s?[:：]|\s[–—-])\s+(?P<said>\S.*)"
)
_LONGEST_HEADING = 300
"""Letters of a line that may be a heading: the pattern looks at long blanks again and again."""
_TITLE_IN = 20_000
"""Letters of a page in which its title stands."""
_RULE = re.compile(r"(?:[-*_]\s?){3,80}")
_ANCHOR = re.compile(r"<a\s[^<>]{0,200}></a>|<!--.{0,200}-->")
_TITLE_WITHIN, _FEWEST, _WORDS, _DIFFERENT, _ANSWERED, _OF_LINES = 12, 6, 9, 0.95, 0.9, 0.6
"""Lines within which the page says what it is; terms at least; words of one; shares of the terms that differ and that
are explained; share of the lines that begin with a term where its meaning stands in the same line."""


class _Head(NamedTuple):
    kind: str
    """How terms are written: as a heading of a level, marked in a line of their own, above a colon, or in one line."""
    term: str
    said: str = ""


def glossary(text: str) -> dict[str, list[Any]] | None:
    """Return the terms of a page that is called a glossary and what stands behind or below each; None for another page.

    Example:
        >>> glossary("# Glossary\\n" + "\\n".join(f"- Knot {n}: Ties {n} ropes." for n in range(8)))["answer"][1]
        'Ties 1 ropes.'
    """
    return _explained(text)[0]


def glossary_note(text: str) -> tuple[str, ...]:
    """Return the sentence on the lines of a glossary that explain no term."""
    outside = _explained(text)[1]
    return (f"Not used: {outside:,} lines above the terms or headings between them.",) if outside else ()


def _explained(text: str) -> tuple[dict[str, list[Any]] | None, int]:
    if not _is_called_glossary(text):
        return None, 0
    lines = [line.rstrip() for line in lines_of(with_line_feeds(text))]
    heads = [_head(lines, place) for place in range(len(lines))]
    counts = Counter(head.kind for head in heads if head and head.term)
    for kind, count in counts.most_common():
        filled = sum(bool(line) and not line.startswith("#") and not _ANCHOR.fullmatch(line) for line in lines)
        if count >= _FEWEST and (kind != "line" or count >= _OF_LINES * filled):
            terms, answers, outside = _entries(lines, heads, kind)
            if _are_explained(terms, answers):
                return {"prompt": without_numbers(terms), "answer": answers}, outside
    return None, 0


def _is_called_glossary(text: str) -> bool:
    above = [line for line in lines_of(with_line_feeds(text[:_TITLE_IN])) if line.strip()][:_TITLE_WITHIN]
    title = next((line for line in above if line.startswith("#") or line.lower().startswith("title:")), "")
    return bool(_CALLED.match(title))


def _are_explained(terms: Sequence[str], answers: Sequence[str]) -> bool:
    if len({*terms}) < _DIFFERENT * len(terms) or sum(map(bool, answers)) < _ANSWERED * len(answers):
        return False
    return all(len(term.split()) <= _WORDS and not term.endswith("?") for term in terms)


def _entries(lines: Sequence[str], heads: Sequence[_Head | None], kind: str) -> tuple[list[str], list[str], int]:
    """Return the terms of a kind, what belongs to each, and how many lines belong to none.

    A heading of the same level or a higher one ends what is said.
    """
    terms: list[str] = []
    said: list[list[str]] = []
    is_open, outside = False, 0
    for line, head in zip(lines, heads, strict=True):
        if head and head.kind == kind and head.term:
            is_open = True
            terms.append(head.term)
            said.append([head.said])
        elif head and head.kind.startswith("#") and (not kind.startswith("#") or len(head.kind) <= len(kind)):
            is_open = False
        elif is_open and not _ANCHOR.fullmatch(line.strip()):
            said[-1].append(line)
        outside += bool(line) and not is_open
    return terms, [_joined(each) for each in said], outside


def _joined(said: Sequence[str]) -> str:
    """Return what is said as one text, without a rule at its end and the sign of a list of definitions before it."""
    first, *rest = said
    body = dedent("\n".join(rest)).strip()
    body = body[1:].strip() if body.startswith(":") else body
    lines = "\n".join(filter(None, (first, body))).split("\n")
    while lines and (not lines[-1].strip() or _RULE.fullmatch(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines).strip()


def _head(lines: Sequence[str], place: int) -> _Head | None:
    """Return the term that a line begins with, or the heading that it is; None for other lines."""
    line = lines[place]
    if len(line) <= _LONGEST_HEADING and (found := _HEADING.fullmatch(line)):
        term = _bare(found["term"])
        return _Head(found["level"], term if len(term) > 1 and len(found["level"]) > 1 else "")
    if not line or line[:1].isspace() or _RULE.fullmatch(line):
        return None
    item = _ITEM.match(line)
    bare = line[item.end() :] if item else line
    if place + 1 < len(lines) and lines[place + 1].startswith(": "):
        return _Head(":", _bare(line))
    if found := _MARKED.fullmatch(bare):
        return _Head("mark", _bare(found["term"]))
    if found := _SAID.fullmatch(bare):
        return _Head(
            "line", _bare(found["marked"] or found["linked"] or found["plain"]) + (found["also"] or ""), found["said"]
        )
    return None


def _bare(term: str) -> str:
    return term.strip().strip("*_`").rstrip(":：").strip()
