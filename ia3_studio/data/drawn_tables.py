"""Which rows are in a table that a tool has drawn, with bars and rules or a record after the other?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.delimiters import lines_of

Cells = list[str]
_BARS = str.maketrans({
    **dict.fromkeys("│┃║┆┇┊┋╎╏", "|"),
    **dict.fromkeys("─━═┄┅┈┉╌╍╴╶╸╺", "-"),
    **{chr(code): "+" for code in (*range(0x250C, 0x254C), *range(0x2552, 0x256E), 0x256D, 0x256E, 0x256F, 0x2570)},
})  # fmt: skip
"""Lines and crossings of boxes, and what stands for them in text."""
_CORNERS = tuple("┌┏╔╒╭├┞┡╞")
_RULE = re.compile(r"\s*\+[-=+]*\+\s*|\s*[|][-=+|]*[|]\s*")
_FEWEST_WRAPPED = 3


def with_bars(text: str) -> str:
    """Return a text in which a table that is drawn as a box is one of bars and dashes; any other text as it is.

    Of several lines in its header, the first names the columns; the others say what kind of value each holds.

    Example:
        >>> print(with_bars("┌───┬───┐\\n│ a │ b │\\n├───┼───┤\\n│ 1 │ 2 │\\n└───┴───┘"))
        +---+---+
        | a | b |
        +---+---+
        | 1 | 2 |
        +---+---+
    """
    lines = lines_of(text)
    if not any(line.lstrip().startswith(_CORNERS) for line in lines[:_SCANNED]):
        return text
    drawn = [_drawn(line) for line in lines]
    rules = [place for place, line in enumerate(drawn) if _RULE.fullmatch(line)]
    if len(rules) > 1 and (header := [place for place in range(rules[0] + 1, rules[1]) if "|" in drawn[place]]):
        kinds = {place for place in header[1:] if not _goes_on(drawn[header[0]], drawn[place])}
        drawn = [line for place, line in enumerate(drawn) if place not in kinds]
    return "\n".join(drawn)


_SCANNED = 200


def _drawn(line: str) -> str:
    """Return a line of a box in text; dashes between words stay what they are."""
    stripped = line.strip()
    if not stripped or stripped[0].isalnum() or stripped[0] == stripped[0].translate(_BARS):
        return line
    if not any(letter.isalnum() for letter in stripped):
        return line.translate(_BARS)
    return line.translate({code: sign for code, sign in _BARS.items() if sign == "|"})


def _goes_on(names: str, below: str) -> bool:
    """Say whether a line below names of columns goes on with one of them: it has no cell for some of the others."""
    pairs = zip(_raw(names), _raw(below), strict=False)
    return any(name.strip() and not cell.strip() for name, cell in pairs)


def _raw(line: str) -> Cells:
    inner = line.strip().removeprefix("|")
    return (inner[:-1] if inner.endswith("|") else inner).split("|")


def joined_lines(groups: Sequence[Sequence[Cells]], drawn: bool) -> list[Cells]:
    """Return the rows of a table whose cells may go over several lines.

    Args:
        groups: the lines of cells between two rules each, with the blanks around them.
        drawn: whether the table is a box, whose tools break long cells into lines.
    """
    if len(groups) > 1 and all(groups) and any(len(group) > 1 for group in groups):
        return [[_joined([line[at] for line in group if at < len(line)]) for at in range(len(group[0]))]
                for group in groups]  # fmt: skip
    lines = [line for group in groups for line in group]
    continued = [place for place in range(1, len(lines)) if _continues(lines[place - 1], lines[place])]
    broken = [place for place in range(1, len(lines)) if _is_broken(lines[place - 1], lines[place])]
    starts = set(range(len(lines))) - set(broken)
    if drawn and len(continued) >= _FEWEST_WRAPPED:
        starts -= set(continued)
    rows: list[list[Cells]] = []
    for place, line in enumerate(lines):
        if place in starts or not rows:
            rows.append([])
        rows[-1].append(line)
    return [[_joined([line[at] for line in row if at < len(line)]) for at in range(max(map(len, row)))] for row in rows]


def _continues(above: Cells, line: Cells) -> bool:
    """Say whether a line holds the rest of cells above it: its first words would not have fitted there."""
    pairs = [(before, cell) for before, cell in zip(above, line, strict=False) if cell.strip()]
    is_partial = len(pairs) < sum(bool(cell.strip()) for cell in above) or len(pairs) < len(line)
    return bool(pairs) and is_partial and not any(_fits(before, cell) for before, cell in pairs)


def _fits(above: str, cell: str) -> bool:
    return len(above.strip()) + 1 + len(cell.split()[0]) <= len(above.strip("\n")) - 2


def _is_broken(above: Cells, line: Cells) -> bool:
    """Say whether a line of psql goes on with cells above it, which end with a plus sign at their edge."""
    pairs = [(before, cell) for before, cell in zip(above, line, strict=False) if cell.strip()]
    return bool(pairs) and all(before.endswith("+") for before, _cell in pairs)


def _joined(cells: Sequence[str]) -> str:
    """Return the lines of a cell as one text; a line that ends early was ended on purpose."""
    found = ""
    for place, cell in enumerate(cells):
        text, above = cell.strip(), cells[place - 1] if place else ""
        was_broken = above.endswith("+")
        text = text[:-1].rstrip() if cell.endswith("+") and len(cells) > 1 else text
        if text and found:
            found += "\n" if was_broken or _fits(above, cell) else " "
        found += text
    return found


def vertical_records(text: str) -> Mapping[str, list[Any]] | None:
    """Return the columns of records that stand one below the other, as mysql (\\G) and psql (\\x) print them; or None.

    Example:
        >>> record = "-[ RECORD {} ]--\\ntext  | Fog\\nlabel | bad\\n"
        >>> vertical_records("".join(record.format(n) for n in (1, 2)))
        {'text': ['Fog', 'Fog'], 'label': ['bad', 'bad']}
    """
    lines = lines_of(text.strip("\r\n"))
    starts = [place for place, line in enumerate(lines) if _RECORD.fullmatch(line)]
    if len(starts) < 2 or starts[0] > _FEW_ABOVE:
        return None
    records: list[dict[str, str]] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        records.append(_record(lines[start + 1 : end]))
    names = list(dict.fromkeys(name for record in records for name in record))
    if not names or len(names) > 2 * min(map(len, records)):
        return None
    return {name: [record.get(name) for record in records] for name in names}


_RECORD = re.compile(r"\*{5,} \d+\. row \*{5,}|-\[ RECORD \d+ \](?:[-+]*)")
_FIELD = re.compile(r"\s{0,40}([^\s:|][^:|]{0,60}?)\s{0,60}(?::|\|)(?: (.*)|)")
_COUNTED = re.compile(r"\(?\d[\d,]* rows?(?: in set.*|\))|")
_FEW_ABOVE = 3


def _record(lines: Sequence[str]) -> dict[str, str]:
    """Return the fields of a record; a line without a name goes on with the field above it."""
    record: dict[str, str] = {}
    last = ""
    while lines and _COUNTED.fullmatch(lines[-1].strip()):
        lines = lines[:-1]
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found and found[1] not in record:
            last = found[1]
            record[last] = found[2] or ""
        elif last:
            record[last] += f"\n{line}"
    return record
