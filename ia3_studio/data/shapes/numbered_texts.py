"""How are texts read that stand in columns by number, such as comment_1 to comment_9? As one text together."""

from __future__ import annotations

import re

from ia3_studio.data.choice_columns import choice_mapping
from ia3_studio.data.choice_families import STEMS
from ia3_studio.data.column_names import bare_name, says, says_last
from ia3_studio.data.column_profile import profile
from ia3_studio.data.column_words import ANSWERED, ASKED, DECIDING, MADE, ORIGINAL, RESULT, RIGHT, WORSE
from ia3_studio.data.pair_names import NUMBERED
from ia3_studio.data.shapes.shape import Collector, Recognized, Rows, Shape, is_text

_NAME = re.compile(r"(.*?[^\W\d_])[\W_]{0,9}(\d{1,3})")
_FEWEST = 3
"""Columns by number that are one text; two are often compared."""
_SHORTEST, _MOSTLY = 20, 0.5
"""Mean characters of their texts, and the share of the rows that the first of them fills."""
_FORM = "texts in columns by number"
_APART = frozenset(("column", "caption", "translation", "hypothesis", "text", "premise", "turn", "utterance"))
"""Words for columns by number of which each is a text of its own: without a header, or of one thing said again."""


def _columns(rows: Rows) -> tuple[str, list[str]]:
    """Return what columns are called before their numbers, and these columns; nothing if no or several names have any.

    The numbers run on from 0 or 1. Answers, questions and choices are several rather than one text.
    """
    found: dict[str, dict[int, str]] = {}
    for name in rows.columns:
        if parts := _NAME.fullmatch(name.strip()):
            found.setdefault(parts[1], {}).setdefault(int(parts[2]), name)
    families = {
        stem: [each[number] for number in sorted(each)] for stem, each in found.items()
        if len(each) >= _FEWEST and sorted(each) in ([*range(len(each))], [*range(1, len(each) + 1)])
    }  # fmt: skip
    if len(families) == 1:  # others beside it, such as ratings, say of each number what it is
        families = {stem: each for stem, each in families.items() if _are_texts(rows, each)}
    stem, columns = next(iter(families.items()), ("", []))
    if (
        len(families) != 1
        or _are_told_apart(rows, columns)
        or _are_several(stem)
        or choice_mapping(rows.deciding.head(_LOOKED_AT))
    ):
        return "", []
    return stem, columns


_LOOKED_AT = 200
"""Rows that show whether one of the columns is the right one of each row."""


def _are_told_apart(rows: Rows, columns: list[str]) -> bool:
    """Say whether another column says which of some is the best, or what each of them was made of."""
    others = [name for name in rows.columns if name not in columns]
    named = {bare_name(name) for name in columns}
    if any(says(name, DECIDING | RIGHT) or says(name, _MADE_OF) for name in others):
        return True
    told = ({bare_name(str(cell)) for cell in rows.sample(name)[:_LOOKED_AT]} for name in others)
    return any(said and said <= named for said in told)


_MADE_OF = ORIGINAL | {"src", "source"}


def _are_several(stem: str) -> bool:
    """Say whether what columns are called is a word for one of several answers, questions, choices or versions."""
    word = bare_name(stem)
    if len(word) < _SHORTEST_NAME:  # such as Q, of the questions of a form
        return True
    is_answer = f"{word}1" in NUMBERED or says_last(stem, ANSWERED) or says(stem, RESULT | MADE | WORSE)
    return is_answer or says_last(stem, ASKED) or word in STEMS or word in _APART


_SHORTEST_NAME = 3


def _are_texts(rows: Rows, columns: list[str]) -> bool:
    head = rows.deciding.head(_LOOKED_AT)
    held = [profile(head, name) for name in columns]
    known = [each for each in held if each.filled > 0]
    are_texts = all(each.is_text and not each.is_label and each.length >= _SHORTEST for each in known)
    return len(known) >= _FEWEST and are_texts and held[0].filled > _MOSTLY


def _read(rows: Rows) -> Recognized:
    stem, columns = _columns(rows)
    name = "text" if stem in rows.columns else stem
    found = Collector()
    for row, record in rows.records():
        said = "\n".join(record[each].strip() for each in columns if is_text(record.get(each)))
        rest = {name if each == columns[0] else each: said if each == columns[0] else record.get(each)
                for each in rows.columns if each == columns[0] or each not in columns}  # fmt: skip
        found.use(row, rest)
    note = f"{columns[0]} to {columns[-1]} are one text, a line each; to use one of them alone, choose plain rows."
    return found.recognized(_FORM, notes=(note,))


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)[1]), _read),)
