"""How is a text read where a person says its form? No more is asked of it than that it has such rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ia3_studio.data.delimiters import BLANK_LINES

Columns = dict[str, list[str]]

_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ \t]+(.+?)[ \t#]*")
_FEWEST = 2
"""Rows from which on a text has a form."""


def paragraphs(text: str) -> Columns | None:
    """Return what stands between blank lines; None where that is all."""
    parts = _parts(text)
    return {"text": parts} if len(parts) > 1 else None


def lines(text: str) -> Columns:
    """Return the lines that are not blank."""
    return {"text": _lines(text)}


def headings_above(text: str) -> Columns | None:
    """Return each heading with the text below it, up to the next one.

    Example:
        >>> headings_above("# Port\\n\\n## Berths\\nThere are five.\\n\\n## Fees\\nNone.")
        {'prompt': ['Berths', 'Fees'], 'answer': ['There are five.', 'None.']}
    """
    asked: list[str] = []
    below: list[list[str]] = []
    for line in text.split("\n"):
        if heading := _HEADING.fullmatch(line):
            asked.append(heading[1])
            below.append([])
        elif below:
            below[-1].append(line)
    said = ["\n".join(each).strip() for each in below]
    return _pairs([(one, other) for one, other in zip(asked, said, strict=True) if other])


def first_lines_above(text: str) -> Columns | None:
    """Return the first line of each paragraph that has several, and its others."""
    split = (part.partition("\n") for part in _parts(text))
    return _pairs([(first.strip(), rest.strip()) for first, _end, rest in split if rest.strip()])


def lines_by_turns(text: str) -> Columns | None:
    """Return each first and second of two lines; None where one is left over."""
    return _by_turns(_lines(text))


def paragraphs_by_turns(text: str) -> Columns | None:
    """Return each first and second of two paragraphs; None where one is left over."""
    return _by_turns(_parts(text))


def labels_before(text: str) -> Columns | None:
    """Return each line as a label, which is its first word, and a text."""
    return _labeled([line.partition(" ")[::2] for line in _spaced(text)])


def labels_behind(text: str) -> Columns | None:
    """Return each line as a text and a label, which is its last word."""
    return _labeled([line.rpartition(" ")[::-2] for line in _spaced(text)])


def labels_above(text: str) -> Columns | None:
    """Return the lines of each paragraph but the first one, which is their label."""
    rows = [(part.split("\n")[0].lstrip("# ").rstrip(": "), line) for part in _parts(text) for line in _lines(part)[1:]]
    return _labeled(rows)


TOLD_FORMS: tuple[tuple[Callable[[str], Columns | None], str], ...] = (
    (headings_above, "headings and the texts below"),
    (first_lines_above, "first line and rest of each paragraph"),
    (lines_by_turns, "prompts and answers by turns, a line each"),
    (paragraphs_by_turns, "prompts and answers by turns, a paragraph each"),
    (labels_above, "labels above their lines"),
    (labels_before, "first word of each line as its label"),
    (labels_behind, "last word of each line as its label"),
    (paragraphs, "paragraphs"),
    (lines, "lines"),
)
"""How rows are found, and what the form is called."""


def _parts(text: str) -> list[str]:
    return [part.strip() for part in BLANK_LINES.split(text) if part.strip()]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _spaced(text: str) -> list[str]:
    """Return the lines with one blank between words."""
    return [" ".join(line.split()) for line in _lines(text)]


def _by_turns(parts: Sequence[str]) -> Columns | None:
    return None if len(parts) % 2 else _pairs(list(zip(parts[::2], parts[1::2], strict=True)))


def _pairs(rows: Sequence[tuple[str, str]]) -> Columns | None:
    """Return prompts and answers; None where there are not several."""
    if len(rows) < _FEWEST:
        return None
    return {"prompt": [asked for asked, _said in rows], "answer": [said for _asked, said in rows]}


def _labeled(rows: Sequence[tuple[str, str]]) -> Columns | None:
    """Return texts and labels; None where a row lacks either, or hardly any label occurs again."""
    labels = {label for label, _text in rows}
    if len(labels) < _FEWEST or _FEWEST * len(labels) > len(rows) or not all(map(all, rows)):
        return None
    return {"text": [text for _label, text in rows], "label": [label for label, _text in rows]}
