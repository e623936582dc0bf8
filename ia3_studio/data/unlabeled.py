"""Which rows has nobody labeled, such as those of a competition's test set, though their cells may hold something?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_profile import cells_of
from ia3_studio.data.label_names import label_name
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.shapes.shape import is_absent
from ia3_studio.data.split_names import SPLIT, SPLITS, TRAINING

if TYPE_CHECKING:
    from ia3_studio.data.example import Example
    from ia3_studio.data.table import Table

FEWEST = 10
"""Rows that show that a whole part of a table has no labels."""
_RARER = 10
"""How many times rarer than any class -1 is where it stands for none, and not for a class of its own."""
_NO = frozenset(("0", "0.0", "false", "no", "n"))


def with_unlabeled(table: Table, mapping: Mapping) -> Mapping:
    """Return a mapping that says, by all rows, how a row looks that nobody labeled."""
    if mapping.kind != "labels":
        return mapping
    if mapping.target != "multi":
        return mapping if mapping.absent else replace(mapping, absent=_absent_label(table, mapping))
    return mapping if mapping.empty else replace(mapping, empty="skipped" if _are_skipped(table, mapping) else "none")


def unlabeled_note(mapping: Mapping, examples: Sequence[Example]) -> tuple[str, ...]:
    """Return the sentence on rows whose cell of several labels is empty, if there are any."""
    if mapping.kind != "labels" or mapping.target != "multi" or mapping.parts:
        return ()
    empty = sum(not example.labels for example in examples)
    has = "row has" if empty == 1 else "rows have"
    return (f"{empty:,} {has} no label in {mapping.answer}: none of the labels holds for these.",) if empty else ()


def _absent_label(table: Table, mapping: Mapping) -> str:
    """Return the value that stands for no label; empty if there is none.

    It is the only value of a held-out split and no training row has it, or it is -1 beside classes that are numbers
    from 0, and far rarer than these or all at one end of the table.
    """
    cells = _labels(table, mapping)
    by_split = _by_split(table, mapping, cells)
    trained = {cell for name in by_split.keys() & {*TRAINING} for cell in by_split[name]}
    for found in by_split.values():
        if trained and len(found) == 1 and found.total() >= FEWEST and not found.keys() <= {*trained, ""}:
            return next(iter(found))
    counted = Counter(cell for cell in cells if cell)
    unsure = counted.pop(_UNSURE, 0)
    if not unsure or len(counted) < _FEWEST_CLASSES or counted.keys() != set(map(str, range(len(counted)))):
        return ""
    is_rare = unsure * _RARER < min(counted.values())
    return _UNSURE if is_rare or _is_one_end(cells, (_UNSURE, "")) else ""


_UNSURE = "-1"
_FEWEST_CLASSES = 2


def _are_skipped(table: Table, mapping: Mapping) -> bool:
    """Say whether nobody labeled the rows that have none of several labels.

    Of columns with a yes or no for each label, both are empty there. Of cells that list the labels, all those of a
    held-out split are empty, or all at one end of a table that is not sorted by them, and no others.
    """
    if mapping.parts:
        return any(_says_no(table, name) for name in mapping.parts)
    cells = _labels(table, mapping)
    by_split = _by_split(table, mapping, cells)
    if by_split:
        whole = [name for name, found in by_split.items() if name not in TRAINING and found.keys() == {""}]
        return bool(whole) and sum(by_split[name].total() for name in whole) == cells.count("")
    return _is_one_end(cells, ("",))


def _is_one_end(cells: Sequence[str], empty: Sequence[str]) -> bool:
    """Say whether all empty cells are at one end of a column that is not sorted."""
    places = [place for place, cell in enumerate(cells) if cell in empty]
    filled = [cell for cell in cells if cell not in empty]
    if len(places) < FEWEST or not filled or filled in (sorted(filled), sorted(filled, reverse=True)):
        return False
    at_end = places[0] == 0 or places[-1] == len(cells) - 1
    return at_end and places[-1] - places[0] == len(places) - 1


def _says_no(table: Table, name: str) -> bool:
    """Say whether a column, or a value of objects, says of some rows that they do not have its label."""
    whole = name in table.frame.columns
    return bool(
        _NO & {_text(cell).lower() for cell in (table.frame[name].unique() if whole else cells_of(table.frame, name))}
    )


def _labels(table: Table, mapping: Mapping) -> list[str]:
    """Return the cells of the labels as text; none where they are inside objects."""
    if mapping.answer not in table.frame.columns or not table.frame.columns.is_unique:
        return []
    return list(map(lru_cache(_MOST_KEPT, typed=True)(_text), map(_hashable, table.frame[mapping.answer])))


_MOST_KEPT = 1000
"""Different labels that are written as text once."""


def _hashable(cell: Any) -> Any:
    return cell if isinstance(cell, str | int | float) else str(cell) if not is_absent(cell) else ""


def _text(cell: Any) -> str:
    return "" if is_absent(cell) else label_name(cell)


def _by_split(table: Table, mapping: Mapping, cells: Sequence[str]) -> dict[str, Counter[str]]:
    """Return how often each label occurs in each split; nothing where no column says the splits by their names."""
    column = mapping.split or SPLIT
    if not cells or column not in table.frame.columns:
        return {}
    found: dict[str, Counter[str]] = {}
    for name, cell in zip(table.frame[column], cells, strict=True):
        found.setdefault(_text(name).lower(), Counter())[cell] += 1
    return found if found.keys() <= SPLITS else {}
