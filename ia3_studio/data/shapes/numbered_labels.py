"""How are labels read that stand in columns by number, such as topic_0 to topic_2? As several labels of one text."""

from __future__ import annotations

import re

from ia3_studio.data.column_names import says_last
from ia3_studio.data.column_profile import profile
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.label_cells import SEVERAL_NAMES
from ia3_studio.data.shapes.shape import SAMPLE, Collector, Recognized, Rows, Shape, is_blank

_NAME = re.compile(r"([^\W\d].*?)[ _.\-\[(]*(\d{1,2})[\])]?")
_FORM = "labels in columns by number"
_WORD = re.compile(r"[^\W\d_]")
_FEWEST, _LONGEST, _LOOKED_AT = 2, 60, 200
"""Columns by number at least, characters of a label at most, and rows that show which other column is a text."""


def _columns(rows: Rows) -> tuple[str, list[str]]:
    """Return what columns of labels are called before their numbers, and these columns; nothing if there are none.

    Their numbers run on from 0 or 1.
    """
    found: dict[str, dict[int, str]] = {}
    for name in rows.columns:
        if parts := _NAME.fullmatch(name.strip()):
            found.setdefault(parts[1], {}).setdefault(int(parts[2]), name)
    for stem, each in found.items():
        numbers = sorted(each)
        runs_on = numbers in ([*range(len(each))], [*range(1, len(each) + 1)])
        is_label = says_last(stem, LABELED) or stem.casefold() in SEVERAL_NAMES
        columns = [each[number] for number in numbers]
        if runs_on and len(each) >= _FEWEST and is_label and _are_labels(rows, columns):
            return stem, columns
    return "", []


def _are_labels(rows: Rows, columns: list[str]) -> bool:
    """Say whether columns hold sparse labels of one list: words that stand in several of them, or one in each.

    Labels of levels, from wide to narrow, stand in one column each, and those by several people come again in a row.
    """
    cells = {name: [cell for cell in rows.sample(name) if not is_blank(cell)] for name in columns}
    held = [cell for each in cells.values() for cell in each]
    if not held or not all(isinstance(cell, str) and len(cell) <= _LONGEST and _WORD.search(cell) for cell in held):
        return False
    pools = [{cell.strip() for cell in each} for each in cells.values()]
    known = set().union(*pools)
    is_one_list = len(known) < sum(map(len, pools)) or all(len(pool) == 1 for pool in pools)
    are_sparse = any(len(each) < len(rows.deciding.iloc[:SAMPLE]) for each in cells.values())
    records = ([record[name].strip() for name in columns if not is_blank(record.get(name))]
               for record in rows.first_records())  # fmt: skip
    are_different = all(len(set(each)) == len(each) for each in records)
    head = rows.deciding.head(_LOOKED_AT)
    others = (profile(head, name) for name in rows.columns if name not in columns)
    is_few = 2 * len(known) <= len(held)
    return is_one_list and are_sparse and is_few and are_different and any(each.is_text for each in others)


def _read(rows: Rows) -> Recognized:
    stem, columns = _columns(rows)
    found = Collector()
    for row, record in rows.records():
        labels = [record[name].strip() for name in columns if not is_blank(record.get(name))]
        rest = {name: cell for name, cell in record.items() if name not in columns}
        found.use(row, {**rest, stem: list(dict.fromkeys(labels))})
    note = f"{columns[0]} to {columns[-1]} are the labels of a text; to use one of them alone, choose plain rows."
    return found.recognized(_FORM, notes=(note,))


SHAPES = (Shape(_FORM, lambda rows: bool(_columns(rows)[1]), _read),)
