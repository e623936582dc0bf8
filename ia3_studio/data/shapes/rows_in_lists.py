"""How are rows read that only head a list of objects, such as lessons with their sentences? As the objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.choice_lists import OFFERED
from ia3_studio.data.column_names import bare_name, is_one_word, name_words, named, says, says_last
from ia3_studio.data.column_words import ANSWERED, LABELED, READ
from ia3_studio.data.pair_names import ANSWER_NAMES
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.paths import structure_of
from ia3_studio.data.shapes.shape import Recognized, Rows, Shape, bare, frame_of, is_text, listed
from ia3_studio.data.split_names import ORIGIN
from ia3_studio.data.turns import ROLE_KEYS, TRANSCRIPTS, is_known_turn

_DEEPEST = 3
"""Lists inside each other that are looked into."""
_FAR_MORE = 3
"""Times that the texts of a list are longer than those beside it, which only head them."""
_HEADINGS = frozenset(("title", "name", "topic", "category", "level", "difficulty", "theme", "type", "tag", "status"))
"""Words of columns that say what a list is about."""


def _column(rows: Rows) -> str:
    """Return the only column of lists of objects, beside which nothing but headings stands; empty if there is none."""
    held = [name for name in rows.structured if rows.mostly(name, _holds_objects)]
    others = [name for name in rows.columns if name not in held]
    if len(held) != 1 or says_last(held[0], OFFERED):
        return ""
    are_texts = rows.mostly(held[0], _holds_read_texts)  # each of which a label beside them is of
    if not all(_heads(rows, name, LABELED if are_texts else _NOTHING) for name in others):
        return ""
    inside = sum(_length(structure_of(cell)) for cell in rows.sample(held[0]))
    beside = sum(_length(cell) for name in others for cell in rows.sample(name) if not _is_code(cell))
    return held[0] if inside > _FAR_MORE * beside else ""


def _holds_objects(cell: Any) -> bool:
    each = listed(structure_of(cell))
    return bool(each) and all(isinstance(item, dict) and len(item) > 1 and not _is_known(item) for item in each)


def _holds_read_texts(cell: Any) -> bool:
    return all(any(says(str(key), READ) and is_text(each) for key, each in item.items()) for item in listed(cell))


def _is_known(item: dict[str, Any]) -> bool:
    """Say whether an object is a turn, or an example of what stands beside the list, as its answer shows."""
    names = [str(key) for key in item]
    is_answered = bool(named(names, ANSWER_NAMES)) or any(is_one_word(name, ANSWERED) for name in names)
    return bool(_ROLES & item.keys()) or item.keys() >= TRANSCRIPTS.keys() or is_answered or is_known_turn(item)


_NOTHING: frozenset[str] = frozenset()
_ROLES = {*ROLE_KEYS}
"""Keys of turns, which are no rows of their own."""


def _heads(rows: Rows, name: str, labels: frozenset[str]) -> bool:
    """Say whether a column is no text to be read or answered, nor a label but one of those allowed, by its name."""
    is_value = rows.mostly(name, lambda cell: not listed(cell) and not isinstance(cell, dict))
    said = says(name, ANSWERED) or says(name, READ) or says(name, LABELED - labels)
    return is_value and (not said or bare_name(name) in _HEADINGS)


def _is_code(cell: Any) -> bool:
    """Say whether a cell is an id, an address or the name of a file, in letters of ASCII without a blank."""
    return isinstance(cell, str) and cell.isascii() and not any(map(str.isspace, cell))


def _length(value: Any) -> int:
    """Return the characters of the texts in a value."""
    if isinstance(value, str):
        return len(value)
    return sum(map(_length, value.values() if isinstance(value, dict) else listed(value)))


def _opened(rows: Rows) -> Rows:
    """Return a row for each object of the lists, with the ids and classes beside them under names that these lack."""
    column = _column(rows)
    found = []
    for _row, record in rows.records():
        beside = {name: cell for name, cell in record.items() if name != column and _says_which(name)}
        objects = [each for each in listed(structure_of(record.get(column))) if isinstance(each, dict)]
        taken = {bare(str(key)) for each in objects for key in each}
        heads = {name if bare(name) not in taken else f"{column} {name}": cell for name, cell in beside.items()}
        found += [{**each, **heads} for each in objects]
    return replace(rows, frame=frame_of(list(enumerate(found, start=1))), first=None)


def _says_which(name: str) -> bool:
    """Say whether a column beside a list says which one it is, by an id or a class, rather than what it is called."""
    return name_words(name)[-1:] in _IDS or says(name, LABELED) or name == ORIGIN


_IDS = (["id"], ["uuid"], ["key"])


def shape_of_lists(rows: Rows, next_shape: Callable[[Rows], Shape | None]) -> Shape | None:
    """Return the shape of rows whose only content is in lists of objects, which are rows of their own; else None."""
    names: list[str] = []
    headings: list[str] = []
    inner, known = rows, None
    while not known and len(names) < _DEEPEST and (column := _column(inner)):
        names.append(column)
        headings += [name for name in inner.columns if name != column and not _says_which(name)]
        inner = _opened(inner)
        known = next_shape(inner)
    if not names:
        return None
    own = [f"Each object in {_path(names)} is a row of its own."]
    own += [f"Not used outside these rows: {shown_names(headings)}."] if headings else []

    def read(other: Rows) -> Recognized:
        within = other
        for _name in names:
            within = _opened(within)
        found = known.read(within) if known else Recognized(within.frame, f"lists of rows in {_path(names)}")
        return replace(found, notes=(*found.notes, *own))

    return Shape("lists of rows", lambda _rows: True, read, by_row=bool(known and known.by_row))


def _path(names: Sequence[str]) -> str:
    return ".".join(names)
