"""By which character are the cells of a text separated, and which one quotes them? Guessed from its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LINE_END = re.compile(r"\r\n|\n|\r")
BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
"""What stands between paragraphs, once lines end with a line feed."""


def with_line_feeds(text: str) -> str:
    """Return a text whose lines all end with a line feed, as ``LINE_END`` finds them but some ten times as fast."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, as ``LINE_END`` splits it but some ten times as fast."""
    return with_line_feeds(text).split("\n")


def delimiter_name(delimiter: str) -> str:
    """Return what a delimiter is called; itself where it has no name."""
    return DELIMITERS.get(delimiter) or _OTHER_NAMES.get(delimiter, delimiter)


SAMPLE_LINES = 100
_OTHER_NAMES = {" ": "blank", "\x1f": "unit separator", "\x01": "control-A"}
NO_DELIMITER = "\x1e"
"""Given for a table of one column, whose sentences hold any of the others."""
_TIGHT = {mark: re.compile(rf"{re.escape(mark)}(?! )") for mark in DELIMITERS}
"""A delimiter with no blank behind it, as hardly any sign of a sentence stands."""
SEPARATORS = ("␞", "␟", "\x1f", "\x01")
"""Signs that stand for nothing but a separator, so that commas in texts say nothing beside them."""
RARE_DELIMITERS = ("^", "~", "¦", "§", *SEPARATORS)


def guess_delimiter(text: str, quote: str = '"') -> str:
    """Return the delimiter that gives most of the first rows the same number of cells; a comma where none does."""
    lines = LINE_END.split(text, SAMPLE_LINES)[:SAMPLE_LINES]

    def fit(delimiter: str) -> tuple[int, bool, int]:
        found = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, quotechar=quote, skipinitialspace=True)
        try:
            widths = [(len(row), found.line_num) for row in found if row]
        except csv.Error:
            return 0, False, 0
        several: Counter[int] = Counter()
        before = 0
        for width, line in widths:  # a row of the header's width counts for all lines that it takes, as code does
            several[width] += line - before if width == widths[0][0] else 1
            before = line
        del several[1]
        if not several:
            return 0, False, 0
        most = max(several.values())
        usual = max(width for width, count in several.items() if count == most)
        return most, widths[0][0] == usual, usual

    filled = [line for line in lines if line.strip()]
    if sign := _between_names(filled) or _separator(filled):
        return sign
    tight = [mark for mark in DELIMITERS if 2 * sum(map(bool, map(_TIGHT[mark].search, filled))) > len(filled)]
    best = max(tight, key=fit, default="")
    if best and fit(best)[0] > len(filled) / 2:
        return best  # others, behind which a blank stands, are signs of sentences
    best = max(DELIMITERS, key=fit)
    if fit(best)[0] > len(lines) / 2:
        return best
    best = best if best in lines[0] else ","  # a sign in some of the texts of a single column
    counts = {mark: {line.count(mark) for line in filled} for mark in RARE_DELIMITERS}
    return next((mark for mark, each in counts.items() if len(each) == 1 and 0 not in each), best)


def _between_names(filled: Sequence[str]) -> str:
    """Return the sign between the names in the first line that all lines have as often; empty for none.

    Example:
        >>> _between_names(["user$text$stars", *["Ann$Good, and cheap$5"] * 4])
        '$'
    """
    names = _NAMES.fullmatch(filled[0].strip()) if len(filled) >= _FEWEST_LINES else None
    return names[1] if names and len({line.count(names[1]) for line in filled}) == 1 else ""


def _separator(filled: Sequence[str]) -> str:
    """Return the separator that several lines all have as often; empty for none."""
    parted = (mark for mark in SEPARATORS if len(filled) > 1 and mark in filled[0])
    return next((mark for mark in parted if len({line.count(mark) for line in filled}) == 1), "")


def repeated_sign(text: str) -> str:
    """Return the delimiter that stands several times between all cells of the first lines, such as "||"; else nothing.

    Example:
        >>> repeated_sign("2 ||| Is berth 5 free?\\n1 ||| Who keeps it?"), repeated_sign("2||5\\n3|1|5")
        ('|||', '')
    """
    lines = [line for line in LINE_END.split(text, SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    for mark in _REPEATED:
        runs = {run for line in lines for run in re.findall(rf"{re.escape(mark)}+", line)}
        if len(runs) == 1 and len(lines) > 1 and all(mark in line for line in lines):
            sign = runs.pop()
            return sign if len(sign) > 1 and len({line.count(sign) for line in lines}) == 1 else ""
    return ""


_REPEATED = ("|", ";", "^", "~")

_NAMES = re.compile(r"[^\W\d]\w*([$#&%@!*:])[^\W\d]\w*(?:\1[^\W\d]\w*)*")
"""Names of columns with a sign between them that is no delimiter elsewhere."""


def is_table(text: str) -> bool:
    """Say whether the first lines of a text have the same number of cells, several, between a usual delimiter."""
    lines = [line for line in LINE_END.split(text, SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    delimiter = guess_delimiter(text)
    try:
        widths = {len(row) for row in csv.reader((f"{line}\n" for line in lines[:-1]), delimiter=delimiter)}
    except csv.Error:
        return False
    return len(lines) > _FEWEST_LINES and len(widths) == 1 and widths != {1} and not lines[0].startswith("//")


def is_one_column(text: str) -> bool:
    """Say whether a table has one column: a name, and sentences in whose bare lines commas stand before a blank only.

    Example:
        >>> is_one_column("text\\nOver the old pier, fog.\\nCalm."), is_one_column("text,mood\\nFog, rain,bad")
        (True, False)
    """
    lines = map(str.strip, LINE_END.split(text, SAMPLE_LINES)[:SAMPLE_LINES])
    name, *below = list(filter(None, lines)) or [""]
    bare = [line for line in below if not line.startswith('"')]
    marked = sum(bool(re.search("[,;]", line)) for line in bare)
    is_name = len(name.split()) <= _WORDS_OF_A_NAME and not any(mark in name for mark in DELIMITERS)
    is_name = is_name and not _between_names([name, *below])
    if below and all(len(part.split()) <= _WORDS_OF_A_NAME for part in re.split("[,;]", below[0])):
        return False  # names of columns below a title
    return is_name and marked > 0 and not any(re.search(r"[,;](?!\s|$)|[\t|]", line) for line in bare)


_WORDS_OF_A_NAME = 3


def guess_quote(lines: Sequence[str], delimiter: str | None = None) -> str:
    """Return the quote character: an apostrophe where most cells are in apostrophes and none is in double quotes."""
    marks = [delimiter] if delimiter else list(DELIMITERS)
    for mark in marks:
        cells = [cell.strip() for line in lines for cell in line.split(mark) if cell.strip()]
        begun = sum(cell.startswith("'") for cell in cells)
        ended = sum(cell.endswith("'") for cell in cells)
        doubled = any(cell.startswith('"') for cell in cells)
        if cells and not doubled and min(begun, ended) > len(cells) / 2 and len(cells) > len(lines):
            return "'"
    return "'" if any(_are_in_apostrophes(lines, mark) for mark in marks) else '"'


def _are_in_apostrophes(lines: Sequence[str], delimiter: str) -> bool:
    """Say whether lines have the same number of cells, those of texts in apostrophes and others, of numbers, bare."""
    mark = re.escape(delimiter)
    cell = rf"(?:'(?:[^']|'')*'|[^'\"{mark}]*)"
    row = re.compile(rf"{cell}(?:{mark}{cell})+")
    filled = [line for line in lines if line.strip()]
    quoted = sum(bool(re.search(rf"(?:^|{mark})'", line)) for line in filled)
    if len(filled) < _FEWEST_LINES or quoted < len(filled) - 1 or not all(map(row.fullmatch, filled)):
        return False
    return len({sum(1 for _cell in re.finditer(rf"{cell}(?:{mark}|$)", line)) for line in filled}) == 1


_FEWEST_LINES = 5
"""Lines from which on apostrophes can be quotes of some of their cells."""


def is_tabbed(text: str) -> bool:
    """Say whether the first lines have the same number of tabs, at least one, but for one of several without any."""
    lines = [line for line in LINE_END.split(text, SAMPLE_LINES)[:SAMPLE_LINES] if line.strip()]
    counts = Counter(line.count("\t") for line in lines)
    bare = counts.pop(0, 0)
    return len(lines) > 1 and len(counts) == 1 and bare <= (1 if len(lines) > _FEWEST_LINES else 0)
