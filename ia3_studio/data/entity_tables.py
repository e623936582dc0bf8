"""Which words and tags are in a table whose header begins with TOKEN and names several columns of tags?

The evaluations of entities in historical documents (HIPE, CLEF) have it; a remark in the last column ends a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence

from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.parsing import Found, numbered, shown_names
from ia3_studio.data.problem import Damage, require_few
from ia3_studio.data.word_tags import is_tag

_TOKEN = "TOKEN"
_COMMENT = "# "
_ENDS = ("EndOfSentence", "PySBDSegment")
"""Remarks on the last word of a sentence."""
_NO_TAG = ("_", "-", "")


def read_entity_table(name: str, text: str) -> Found | None:
    """Read sentences with the first column of tags that names something; None for other text.

    Raises:
        DataError: more than a tenth of the sentences is damaged.
    """
    first, *lines = lines_of(text)
    names = first.lstrip("\ufeff").split("\t")
    if names[0] != _TOKEN or len(names) < len((_TOKEN, "tags")):
        return None
    sentences = _sentences(lines)
    whole = [row for _begun, rows in sentences for row in rows if len(row) == len(names)]
    columns = [place for place in range(1, len(names)) if _has_tags([row[place] for row in whole])]
    if not columns:
        return None
    words: list[list[str]] = []
    tags: list[list[str]] = []
    numbers: list[int] = []
    damaged: list[Damage] = []
    for number, (begun, rows) in enumerate(sentences, start=1):
        if any(len(row) != len(names) for row in rows):
            reason = f"a word has another number of fields than the {len(names)} of the header"
            damaged.append(Damage(number, begun, reason, "\n".join(map("\t".join, rows))))
            continue
        numbers.append(number)
        words.append([row[0] for row in rows])
        tags.append(["O" if row[columns[0]] in _NO_TAG else row[columns[0]] for row in rows])
    require_few(name, damaged, len(words))
    others = [each for each in names[1:] if each != names[columns[0]]]
    comments = sum(line.startswith(_COMMENT) for line in lines)
    notes = [f"The tags are {names[columns[0]]}. Not used: {shown_names(others)}."]
    notes += [f"Not used: {comments:,} comment lines."] if comments else []
    frame = numbered({"tokens": words, "tags": tags}).set_axis(numbers, axis=0)
    return Found(frame, f"one word per line, {len(names)} fields", tuple(damaged), notes=tuple(notes))


def _sentences(lines: Sequence[str]) -> list[tuple[int, list[list[str]]]]:
    """Return the fields of the words of each sentence, with the line of the first."""
    found: list[tuple[int, list[list[str]]]] = []
    is_open = False
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.startswith(_COMMENT):
            is_open = False
            continue
        row = line.split("\t")
        if not is_open:
            found.append((number, []))
        found[-1][1].append(row)
        is_open = not any(mark in row[-1] for mark in _ENDS)
    return found


def _has_tags(cells: Sequence[str]) -> bool:
    """Say whether a field holds tags that name something in some rows."""
    filled = [cell for cell in cells if cell not in _NO_TAG]
    return bool(filled) and all(map(is_tag, filled)) and {*filled} != {"O"}
