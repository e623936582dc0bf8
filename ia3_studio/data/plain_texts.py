"""Which rows are in a text that is more than paragraphs? Labels before texts, questions and answers, or cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ia3_studio.data.delimiters import DELIMITERS, RARE_DELIMITERS, SEPARATORS, guess_delimiter, lines_of, repeated_sign
from ia3_studio.data.header import find_header

_WORDS_OF_A_LABEL = 3
FEWEST_LINES = 5
"""Lines from which on a text can be one of labels or cells."""
_SETTING = re.compile(r"#[\w ]+:.*")
"""A line by which Anki says how an export is to be read."""


def without_settings(text: str) -> str:
    """Return a text without the lines at its beginning that say how it is to be read, such as "#separator:tab"."""
    lines = lines_of(text)
    first = next((place for place, line in enumerate(lines) if not _SETTING.fullmatch(line)), 0)
    return "\n".join(lines[first:]) if first else text


_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\r?\n(.*?)\r?\n[ \t]*```\s*", re.DOTALL)


def without_fence(text: str) -> str:
    """Return what stands between the marks of a block of code, where a text is nothing else, its lines in their places.

    Example:
        >>> without_fence("```json\\n[1]\\n```")
        '\\n[1]\\n'
    """
    if not text[:_FENCE_WITHIN].lstrip("\ufeff").lstrip().startswith("```") or text.count("```") != 2:
        return text
    found = _FENCE.fullmatch(text.lstrip("\ufeff"))
    return f"\n{found[1]}\n" if found else text


_FENCE_WITHIN = 1_000
"""Characters at the beginning in which a mark of a block of code is looked for."""


def cards(text: str) -> dict[str, list[Any]] | None:
    """Return the fields of an export of Anki that has more than two of them; None for any other text.

    The settings at its beginning say which of them are no sides of a card, such as tags.
    """
    settings = {found[1]: found[2] for line in lines_of(text) if (found := _ANKI.fullmatch(line))}
    lines = [line.split("\t") for line in lines_of(without_settings(text)) if line.strip()]
    width = len(lines[0]) if lines else 0
    if not settings or width < 3 or any(len(cells) > width for cells in lines) or '"' in text:
        return None
    places = {
        int(place): name
        for name, place in settings.items()
        if name != "columns" and place.isdecimal() and len(place) < _DIGITS
    }
    free = [place for place in range(1, width + 1) if place not in places]
    names = {**places, **dict(zip(free, ("front", "back"), strict=False))}
    return {
        names.get(place, f"field {place}"): [cells[place - 1] if place <= len(cells) else "" for cells in lines]
        for place in range(1, width + 1)
    }


_ANKI = re.compile(r"#(separator|html|columns|guid|notetype|deck|tags)(?: column)?:(.*)")
"""Settings of an export of Anki."""
_DIGITS = 5
"""More than any number of a column has."""


def without_ids(text: str) -> tuple[str, int] | None:
    """Return lines of two cells each without the lines between them that are ids such as ###1234, and how many are.

    None for other text.
    """
    lines = [line for line in lines_of(text) if line.strip()]
    rows = [line for line in lines if not _ID.fullmatch(line)]
    if len(rows) == len(lines) or {line.count("\t") for line in rows} != {1}:
        return None
    return "\n".join(rows), len(lines) - len(rows)


_ID = re.compile(r"#{1,3}\s?\d+\s*")


def without_stamps(text: str) -> tuple[str, int]:
    """Return a text without the times at the beginning of its lines, where nearly all have one, and how many have.

    Example:
        >>> without_stamps("[00:05] Late?\\n[00:09] No.\\n" * 3)[0].split("\\n")[:2]
        ['Late?', 'No.']
    """
    begins = [(line, _STAMP.match(line)) for line in lines_of(text)]
    stamped = sum(begin is not None for _line, begin in begins)
    if stamped < FEWEST_LINES or stamped < _MOSTLY_ALIKE * sum(bool(line.strip()) for line, _begin in begins):
        return text, 0
    return "\n".join(line[begin.end() :] if begin else line for line, begin in begins), stamped


_STAMP = re.compile(r"\s*[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?\s*[-–]?\s+(?=\S)")


def documents_between(text: str) -> list[str]:
    """Return the documents of a text between tokens by which corpora end each; nothing for a text without them.

    Example:
        >>> documents_between("Once.\\n\\nThe end.\\n<|endoftext|>\\nTwice.\\n<|endoftext|>\\n")
        ['Once.\\n\\nThe end.', 'Twice.']
    """
    parts = _END_OF_DOCUMENT.split(text)
    return [part.strip() for part in parts if part.strip()] if len(parts) > 1 else []


def texts_between_rules(text: str) -> list[str]:
    """Return the short texts of a file that lines of signs part, such as poems; nothing for any other file.

    Longer ones are parts of a story, which are no texts of their own.

    Example:
        >>> texts_between_rules("One.\\n\\nTwo.\\n***\\nThree.\\n***\\nFour.\\n***\\nFive.")
        ['One.\\n\\nTwo.', 'Three.', 'Four.', 'Five.']
    """
    parts = [part.strip() for part in RULE.split(text)]
    parts = [part for part in parts if part]
    return parts if len(parts) >= _FEWEST_PARTS and all(len(part) <= _LONGEST_PART for part in parts) else []


def below_headings(blocks: Sequence[str]) -> list[str]:
    """Return paragraphs with the headings of Markdown above them, which are no texts of their own.

    Example:
        >>> below_headings(["# Fog", "## Banks", "Thick.", "Thin."])
        ['# Fog\\n\\n## Banks\\n\\nThick.', 'Thin.']
    """
    kept: list[str] = []
    above: list[str] = []
    for block in blocks:
        above.append(block)
        if not _IS_HEADING.fullmatch(block):
            kept.append("\n\n".join(above))
            above = []
    return [*kept, "\n\n".join(above)] if above else kept


_IS_HEADING = re.compile(r"#{1,6} [^\n]+")


def is_rule(block: str) -> bool:
    """Say whether a paragraph or a line is one of signs that only parts texts."""
    return RULE.fullmatch(block) is not None


RULE = re.compile(
    r"^[^\S\n]*+(?:[*#⁂•][^\S\n]*+){3,}$"
    r"|(?:\A|(?<=\n\n))[^\S\n]*+(?:[-=_~][^\S\n]*+){3,}$(?!\n(?=[^\n]{1,200}\n[-=_~]{3})[^\n]*[^\W_])",
    re.MULTILINE,
)
"""A line of signs; one of dashes right below a line is the rule of a heading, as is one above such a line."""
_FEWEST_PARTS, _LONGEST_PART = 4, 2_000
"""Texts between rules at least, and the most characters of one."""
_END_OF_DOCUMENT = re.compile(r"<\|endoftext\|>|<\|end_of_text\|>")


def marked_sides(text: str) -> dict[str, list[Any]] | None:
    """Return the prompts and answers of a text each of whose lines has a mark before both; None for other text.

    Example:
        >>> marked_sides("IN: jump twice OUT: JUMP JUMP\\n" * 5)["answer"][0]
        'JUMP JUMP'
    """
    lines = [line.strip() for line in lines_of(text) if line.strip()]
    found = [_TWO_MARKS.fullmatch(line) for line in lines[:1]]
    if len(lines) < FEWEST_LINES or not found[0]:
        return None
    first, second = found[0][1], found[0][3]
    sides = [_TWO_MARKS.fullmatch(line) for line in lines]
    if (first, second) not in _SIDES or not all(each and (each[1], each[3]) == (first, second) for each in sides):
        return None
    return {"prompt": [each[2] for each in sides if each], "answer": [each[4] for each in sides if each]}


_SIDES = (("IN", "OUT"), ("INPUT", "OUTPUT"), ("SRC", "TGT"), ("SOURCE", "TARGET"), ("Q", "A"), ("X", "Y"))
_TWO_MARKS = re.compile(r"([A-Z]{1,12}):\s+(\S.*?)\s+([A-Z]{1,12}):\s+(\S.*)")


def with_tabs(text: str) -> tuple[str, str]:
    """Return a text whose lines are cells between signs such as " ::: " with tabs for them, and the sign; or as it is.

    Nearly all lines have the same number of the sign, and none has a tab.
    """
    lines = [line for line in lines_of(text) if line.strip()]
    if len(lines) < FEWEST_LINES or "\t" in text:
        return text, ""
    for sign in dict.fromkeys(_SIGNS.findall(lines[0])):
        alike = sum(line.count(sign) == lines[0].count(sign) for line in lines)
        if alike >= _MOSTLY_ALIKE * len(lines):
            return re.sub(rf"[ ]?{re.escape(sign)}[ ]?", "\t", text), sign
    return text, ""


_SIGNS = re.compile(
    r"(?<![^\s\w])(?:::+|\|\|+|@@+|##+|\$\$+|~~+|;;+|\+{2,5}\$\+{2,5}|_!_|<sep>|\[SEP\]|<tab>|\\t|=>|->)(?![^\s\w])"
)
"""Signs of more than one letter between the cells of a line."""
_MOSTLY_ALIKE = 0.98


def table_delimiter(text: str) -> str:
    """Return the delimiter of a text that is a table; empty if it is prose.

    Every line has the same number of cells, none of them empty, and either the first line names the columns or one
    column holds labels, or they stand between bars, which prose has not in each line.
    """
    lines = [line for line in lines_of(text) if line.strip()][:100]
    if len(lines) < FEWEST_LINES:
        return ""
    import csv

    if _are_quoted_words(lines):
        return " "
    delimiter = guess_delimiter("\n".join(lines))
    if repeated_sign("\n".join(lines)):
        return ""
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    except csv.Error:
        return ""
    usual, count = Counter(map(len, rows)).most_common(1)[0]
    if (
        delimiter not in (*DELIMITERS, *RARE_DELIMITERS)
        or usual < 2
        or count < 0.95 * len(rows)
        or len(rows[0]) != usual
    ):
        return ""
    if delimiter in SEPARATORS and count == len(rows):
        return delimiter
    named = find_header(rows) == 0 and all(0 < len(cell) <= 40 and len(cell.split()) <= 4 for cell in rows[0])
    quoted = all(line.lstrip().startswith('"') for line in lines[1:])
    if delimiter == "," and usual == len(("one", "other")) and all(map(_QUOTED_CELLS.fullmatch, lines)):
        return delimiter
    if delimiter == ",":
        return delimiter if named and (quoted or _are_different(rows[0])) and count == len(rows) else ""
    bare = not any("<|" in line for line in lines)  # marks of chat templates
    are_bars = delimiter == "|" and count == len(rows) and all(cell.strip() for row in rows for cell in row)
    return delimiter if bare and (named or are_bars or has_labels(rows)) else ""


_QUOTED_CELLS = re.compile(r'\s*"(?:[^"]|"")*"\s*,\s*"(?:[^"]|"")*"\s*')
"""A line of two cells in quotes."""


def _are_quoted_words(lines: Sequence[str]) -> bool:
    """Say whether lines are cells with blanks between them, texts in quotes, as R writes tables."""
    return all(_QUOTED_ROW.fullmatch(line) for line in lines) and any(line.count('"') > 2 for line in lines)


_QUOTED_ROW = re.compile(r'(?:"[^"]*"|[-+.\d]+|NA|TRUE|FALSE)(?: (?:"[^"]*"|[-+.\deE]+|NA|TRUE|FALSE))+')


def _are_different(names: Sequence[str]) -> bool:
    """Say whether cells can be names of columns: words without sentence marks, all different."""
    return len(set(names)) == len(names) and all(re.fullmatch(r"[\w .#/()-]+", name.strip()) for name in names)


def has_labels(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first or the last column of rows holds labels: a few short cells that come again."""
    columns = [[row[place] for row in rows if len(row) == len(rows[0])] for place in (0, len(rows[0]) - 1)]
    few = [
        2 <= len(set(cells)) <= max(2, len(cells) // 3)
        and all(len(cell.split()) <= _WORDS_OF_A_LABEL for cell in cells)
        for cells in columns
    ]
    return any(few) and all(cell.strip() for cells in columns for cell in cells)
