"""Which questions and answers are on a web page? In its data for search engines, in lists of terms, below headings."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

from ia3_studio.data.asked_lines import asks, questions_in_headings

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(("p", "div", "li", "br", "tr", "section", "article", "ul", "ol", "pre", "blockquote", "details",
                     "dd", "dl", "table", "button", "header", "footer", "main"))  # fmt: skip
_BEGIN, _END = "\x02", "\x03"
"""Marks around bold parts, which stand in no text."""
_BOLD, _TERMS = ("summary", "dt"), ("dt", "dd")
_UNREAD = ("script", "style", "noscript", "template")
_FEWEST = 3
_MOST_DEEP = 50
"""Objects inside each other in which the questions of a page are looked for."""


def questions_on_page(text: str) -> dict[str, list[Any]] | None:
    """Return the questions and answers of a page; None where it has none.

    Example:
        >>> page = "<h3>Late?</h3><p>No.</p><h3>Full?</h3><p>Yes.</p><h3>Cold?</h3><p>Very.</p>"
        >>> questions_on_page(page)["answer"]
        ['No.', 'Yes.', 'Very.']
    """
    page = _Page()
    page.feed(text)
    page.close()
    written = page.written()
    return page.told() or page.terms() or questions_in_headings(written) or _asked_by_turns(written)


def _asked_by_turns(written: str) -> dict[str, list[Any]] | None:
    """Return the lines of a page that ask and those below each, where nearly all of it are such; None elsewhere."""
    lines_of_page = [line.strip("*# ") for line in written.split("\n")]
    pairs = list(zip(lines_of_page[::2], lines_of_page[1::2], strict=False))
    if 2 * len(pairs) == len(lines_of_page) and sum(map(asks, lines_of_page[::2])) >= _MOSTLY * len(pairs):
        return _rows(pairs)
    sides: list[tuple[str, list[str]]] = []
    above = 0
    for line in lines_of_page:
        if asks(line):
            sides.append((line, []))
        elif sides:
            sides[-1][1].append(line)
        else:
            above += 1
    lines = sum(len(said) for _asked, said in sides)
    answered = sum(bool(said) for _asked, said in sides)
    if above > len(sides) or answered < _MOSTLY * len(sides) or lines > _LINES_OF_AN_ANSWER * len(sides):
        return None
    return _rows([(asked, "\n".join(said)) for asked, said in sides])


_MOSTLY, _LINES_OF_AN_ANSWER = 0.8, 4


def faq_of(value: Any, depth: int = 0) -> list[tuple[str, str]]:
    """Return the questions and answers of the data that schema.org calls an FAQPage; none of any other value."""
    if depth > _MOST_DEEP:
        return []
    if isinstance(value, list):
        return [pair for each in value for pair in faq_of(each, depth + 1)]
    if not isinstance(value, dict):
        return []
    if value.get("@type") == "Question":
        given = value.get("acceptedAnswer") or value.get("suggestedAnswer")
        answer = next(iter(given), None) if isinstance(given, list) else given
        said = answer.get("text") if isinstance(answer, dict) else None
        asked = value.get("name") or value.get("text")
        return [(_bare(asked), _bare(said))] if isinstance(asked, str) and isinstance(said, str) else []
    return [pair for key in ("mainEntity", "@graph") for pair in faq_of(value.get(key), depth + 1)]


class _Page(HTMLParser):
    """Collects the texts of a page by what they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[list[str]] = [[]]
        self._terms: list[tuple[list[str], list[str]]] = []
        """The pieces of each term of a list and of what stands behind it."""
        self._inside = ""
        self._data: list[list[str]] = []
        self._skipped = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            is_data = tag == "script" and dict(attrs).get("type") == "application/ld+json"
            self._skipped = "data" if is_data else tag
            self._data += [[]] if is_data else []
        elif tag in _HEADINGS:
            self._lines.append([f"{'#' * _HEADINGS[tag]} "])
        elif tag in _BOLD:
            self._lines.append([_BEGIN])
        elif tag in ("b", "strong"):
            self._lines[-1].append(_BEGIN)
        elif tag in _BLOCKS:
            self._lines.append([])
        if tag in _TERMS:
            self._inside = tag
            self._terms += [([], [])] if tag == "dt" or not self._terms else []

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._skipped = ""
        elif tag in _BOLD or tag in ("b", "strong"):
            self._lines[-1].append(_END)
        if tag in _HEADINGS or tag in _BOLD or tag in _BLOCKS:
            self._lines.append([])
        self._inside = "" if tag in _TERMS else self._inside

    def handle_data(self, data: str) -> None:
        if self._skipped == "data":
            self._data[-1].append(data)
        if self._skipped:
            return
        self._lines[-1].append(data)
        if self._inside:
            self._terms[-1][_TERMS.index(self._inside)].append(data)

    def written(self) -> str:
        """Return the page as lines, with headings and bold lines as Markdown has them."""
        lines = (_marked(_line(pieces)) for pieces in self._lines)
        return "\n".join(line for line in lines if line.strip("#* "))

    def terms(self) -> dict[str, list[Any]] | None:
        """Return the terms of a list with what stands behind them; None where there are few."""
        return _rows([(_marked(_line(term)).strip("*"), _marked(_line(said))) for term, said in self._terms])

    def told(self) -> dict[str, list[Any]] | None:
        """Return the questions that the page tells search engines; None where it tells none."""
        pairs: list[tuple[str, str]] = []
        for written in self._data:
            try:
                pairs += faq_of(json.loads("".join(written)))
            except (ValueError, RecursionError):
                continue  # the page may still show what its data were meant to say
        return _rows(pairs)


def _marked(line: str) -> str:
    """Return a line without the marks of its bold parts, in asterisks where all of it is one."""
    bare = line.replace(_BEGIN, "").replace(_END, "").strip()
    is_bold = line.startswith(_BEGIN) and line.endswith(_END) and line.count(_BEGIN) == line.count(_END) == 1
    return f"**{bare}**" if is_bold and bare else bare


def _line(pieces: list[str]) -> str:
    return " ".join("".join(pieces).split())


def _rows(pairs: list[tuple[str, str]]) -> dict[str, list[Any]] | None:
    whole = [(asked, said) for asked, said in pairs if asked and said]
    if len(whole) < _FEWEST:
        return None
    return {"prompt": [asked for asked, _said in whole], "answer": [said for _asked, said in whole]}


def _bare(text: Any) -> str:
    """Return the text of a piece of HTML, without its tags."""
    if not isinstance(text, str) or "<" not in text:
        return str(text or "").strip()
    page = _Page()
    page.feed(text)
    page.close()
    return page.written()
