"""Which cells stand below each other in a text, with blanks between them, as programs print tables?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.header import find_header
from ia3_studio.data.plain_texts import FEWEST_LINES, has_labels

_WORDS = re.compile(r"\S+")
_RULER = re.compile(r"\s*[-=]{2,}(?:\s+[-=]{2,})+\s*")
_COUNTED = re.compile(r"\[\d+ rows x \d+ columns\]|\(?\d[\d,]* rows?.{0,40}|#.*|shape: .*")
_SAMPLE = 100
_LONGEST_NAME, _WORDS_OF_A_NAME = 40, 4
_LONGEST_LINE = 20_000
_FILLED = 0.9
_FEW_OUTSIDE = 4
_MOST_GAPS = 200

Span = tuple[int, int]


@dataclass(frozen=True)
class Aligned:
    """The cells of a table without lines."""

    header: list[str]
    """Empty where no line names the columns; the first cell is, above numbers or names of rows."""
    rows: list[list[str]]
    outside: int
    """Lines that are not of the table."""


def aligned_columns(text: str) -> Aligned | None:
    """Return the table of a text whose cells stand below each other with blanks between; None for any other text.

    A line of dashes or equals signs below the names says where the columns are. Without one, these are where all lines
    have blanks, a name above each of them; a column of row numbers needs none.

    Example:
        >>> found = aligned_columns("  text label\\n" + "".join(f"{n} Fog {n}   bad\\n" for n in range(6)))
        >>> found.header, found.rows[0]
        (['', 'text', 'label'], ['0', 'Fog 0', 'bad'])
    """
    lines = [line.rstrip() for line in lines_of(text)]
    block = _table_lines(lines)
    if len(block) < FEWEST_LINES or any("\t" in line or len(line) > _LONGEST_LINE for line in block[:_SAMPLE]):
        return None
    outside = sum(map(bool, lines)) - len(block)
    rulers = [place for place, line in enumerate(block[:_SAMPLE]) if _RULER.fullmatch(line)]
    if rulers and rulers[0] <= 1:
        bare = [line for line in block if not _RULER.fullmatch(line)]
        return _ruled(block, rulers[0], outside) or _unruled(bare, outside)
    if rulers:
        return None
    return _unruled(block[:_SAMPLE], 0) and _unruled(block, outside)


def _table_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines of the only long paragraph of a text; nothing where more than a few lines are outside of it."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line:
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    longest = max(parts, key=len)
    if sum(map(len, parts)) - len(longest) > _FEW_OUTSIDE:
        return []
    first = next((place for place, line in enumerate(longest) if not _COUNTED.fullmatch(line)), 0)
    last = len(longest)
    while last > first and _COUNTED.fullmatch(longest[last - 1]):
        last -= 1
    return longest[first:last]


def _ruled(block: Sequence[str], place: int, outside: int) -> Aligned | None:
    """Return the cells below the dashes of a ruler, each of which is as wide as its column."""
    starts = [found.start() for found in _WORDS.finditer(block[place])]
    if place == 0:  # a rule above the names, one below them, one at the end
        if len(block) < FEWEST_LINES or not _RULER.fullmatch(block[2]):
            return None
        header, below = block[1], block[3:]
        below = below[:-1] if _RULER.fullmatch(below[-1]) else below
    else:
        header, below = block[0], block[2:]
    spans = list(pairwise([*starts, _LONGEST_LINE * 50]))
    names = _cells(header, spans)
    if len(below) < 2 or not all(names) or any(line[start - 1 : start].strip() for line in below for start in starts):
        return None
    return Aligned(names, [_cells(line, spans) for line in below], outside)


def _unruled(block: Sequence[str], outside: int) -> Aligned | None:
    header, *below = block
    gaps = _gaps(block)
    if not 0 < len(gaps) <= _MOST_GAPS or not any(re.search(r"\S {2,}\S", line) for line in block):
        return None
    spans = _spans(header, below, gaps)
    named = _table(spans, header, below, outside)
    if named:
        return named
    spans = list(pairwise([0, *(end for _start, end in gaps), _LONGEST_LINE * 50]))
    rows = [_cells(line, spans) for line in block]
    if not _are_aligned(block, spans) or not all(map(all, rows)) or not has_labels(rows[:_SAMPLE]):
        return None
    return Aligned([], rows, outside) if find_header(rows[:_SAMPLE]) is None else None


def _table(spans: Sequence[Span], header: str, below: Sequence[str], outside: int) -> Aligned | None:
    """Return the cells of columns that are named in the first line, and nearly all of which are filled."""
    names = _cells(header, spans)
    rows = [_cells(line, spans) for line in below]
    if not names[0] and rows[0][0] and not any(rows[0][1:]):  # pandas writes the name of its index below the others
        names, rows, below = [rows[0][0], *names[1:]], rows[1:], below[1:]
    if len(spans) < 2 or not all(names[1:]) or not any(names):
        return None
    if any(len(name) > _LONGEST_NAME or len(name.split()) > _WORDS_OF_A_NAME for name in names):
        return None
    filled = [sum(bool(row[at]) for row in rows) for at in range(len(spans))]
    if min(filled) < _FILLED * len(rows) or not _are_aligned(below, spans):
        return None
    if not names[0] and not _are_row_names([row[0] for row in rows]):
        return None
    return Aligned(names, rows, outside) if not names[0] or find_header([names, *rows[:_SAMPLE]]) == 0 else None


def _are_row_names(cells: Sequence[str]) -> bool:
    """Say whether cells that no name stands above are the numbers of rows, or names that all differ."""
    return len(set(cells)) == len(cells) and all(len(cell.split()) == 1 for cell in cells)


def _gaps(lines: Sequence[str]) -> list[Span]:
    """Return where all lines have blanks, between columns that some have letters in."""
    taken = bytearray(max(map(len, lines)))
    for line in lines:
        for word in _WORDS.finditer(line):
            taken[word.start() : word.end()] = b"\1" * (word.end() - word.start())
    gaps = [(found.start(), found.end()) for found in re.finditer(rb"\0+", bytes(taken))]
    return [gap for gap in gaps if gap[0] > 0]


def _spans(header: str, below: Sequence[str], gaps: Sequence[Span]) -> list[Span]:
    """Return where the columns begin and end that the names in a header stand above: of several gaps between two names,
    the one at the edge of a column that is aligned there, else the widest one."""
    places = [gap for gap in gaps if not header[gap[0] : gap[1]].strip()]
    names: list[Span] = []
    start = 0
    for left, right in [*places, (len(header), len(header))]:
        if header[start:left].strip():
            first = start + len(header[start:left]) - len(header[start:left].lstrip())
            names.append((first, start + len(header[start:left].rstrip())))
        start = right
    edges = [0]
    if names and names[0][0] and any(line[: names[0][0]].strip() for line in below):
        early = [gap for gap in places if gap[1] <= names[0][0]]
        numbers = [gap for gap in early if all(len(line[: gap[0]].split()) == 1 for line in below)]
        edges += [numbers[0][1]] if numbers else []
    for one, other in pairwise(names):
        between = [gap for gap in places if one[1] <= gap[0] and gap[1] <= other[0]]
        if between:
            edges.append(_best(between, one, other, below)[1])
    return list(pairwise([*edges, _LONGEST_LINE * 50]))


def _best(between: Sequence[Span], one: Span, other: Span, below: Sequence[str]) -> Span:
    if all(line[one[1] - 1 : one[1]].strip() for line in below) and between[0][0] == one[1]:
        return between[0]
    if all(line[other[0] : other[0] + 1].strip() for line in below) and between[-1][1] == other[0]:
        return between[-1]
    return max(between, key=lambda gap: gap[1] - gap[0])


def _are_aligned(lines: Sequence[str], spans: Sequence[Span]) -> bool:
    """Say whether the cells of each column begin or end at one place."""
    for start, end in spans:
        cells = [line[start:end] for line in lines if line[start:end].strip()]
        begun = {len(cell) - len(cell.lstrip()) for cell in cells}
        ended = {len(cell.rstrip()) for cell in cells}
        if len(begun) > 1 and len(ended) > 1:
            return False
    return True


def _cells(line: str, spans: Sequence[Span]) -> list[str]:
    return [line[start:end].strip() for start, end in spans]
