"""Which words and tags are in a file of WebAnno or INCEpTION? A word per line; spans are numbered."""

from __future__ import annotations

import re

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.problem import Damage, require_few

MARK = "#FORMAT=WebAnno TSV"
_WORD = re.compile(r"\d+-\d+\t\d+-\d+\t")
_NUMBERED = re.compile(r"(.+)\[(\d+)\]")


def read_webanno(name: str, text: str) -> Found | None:
    """Read the sentences of a WebAnno file with the first column of spans that has classes; None for other text.

    Raises:
        DataError: more than a tenth of the sentences is damaged.
    """
    if not text.lstrip("\ufeff\n ").startswith(MARK):
        return None
    sentences = [(begun, lines) for begun, lines in _sentences(lines_of(text)) if lines]
    rows = [[line.split("\t") for line in lines] for _begun, lines in sentences]
    width = max((len(row) for sentence in rows for row in sentence), default=0)
    column = next((place for place in range(3, width) if _has_classes(rows, place)), 3)
    words: list[list[str]] = []
    tags: list[list[str]] = []
    numbers: list[int] = []
    damaged: list[Damage] = []
    for number, ((begun, lines), sentence) in enumerate(zip(sentences, rows, strict=True), start=1):
        if any(len(row) <= column for row in sentence):
            damaged.append(Damage(number, begun, "a word has no field of tags", "\n".join(lines)))
            continue
        numbers.append(number)
        words.append([row[2] for row in sentence])
        tags.append(_tags([row[column] for row in sentence]))
    require_few(name, damaged, len(words))
    frame = numbered({"tokens": words, "tags": tags}).set_axis(numbers, axis=0)
    notes = (f"The tag is field {column + 1} of {width}; of spans inside each other the first one is read.",)
    return Found(frame, "WebAnno, one word per line", tuple(damaged), notes=notes)


def _sentences(lines: list[str]) -> list[tuple[int, list[str]]]:
    """Return the lines of words of each sentence, with the number of the first."""
    found: list[tuple[int, list[str]]] = [(1, [])]
    for number, line in enumerate(lines, start=1):
        if _WORD.match(line):
            found[-1][1].append(line)
        elif found[-1][1]:
            found.append((number + 1, []))
    return found


def _has_classes(rows: list[list[list[str]]], place: int) -> bool:
    """Say whether a field has classes besides "_" for none and "*" for one without a name."""
    cells = {row[place] for sentence in rows for row in sentence if len(row) > place}
    return any(_name(cell) not in ("", "*", "_") for cell in cells)


def _name(cell: str) -> str:
    first = cell.split("|")[0]
    found = _NUMBERED.fullmatch(first)
    return (found[1] if found else first).replace("\\_", "_")


def _tags(cells: list[str]) -> list[str]:
    """Return a B- tag for the first word of each span, I- tags for its others; spans of several words have numbers."""
    tags, before = [], ""
    for cell in cells:
        first, name = cell.split("|")[0], _name(cell)
        if name in ("", "_", "*"):
            tags.append("O")
        else:
            tags.append(f"{'I' if first == before and _NUMBERED.fullmatch(first) else 'B'}-{name}")
        before = first
    return tags
