"""Are the turns of conversations in a table of their own, and their ids in the order of each talk in another?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ia3_studio.data.column_names import name_words
from ia3_studio.data.column_profile import profile
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.paths import structure_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_MOST_FILES = 12
_NEARLY_ALL = 0.9
"""Share of the ids in one table that stand in the other."""
_LISTED = re.compile(rb"\[\s*['\"]?[\w.-]{1,40}['\"]?\s*,")
"""How a list of ids begins in a cell."""
_OF_CELLS = (".csv", ".tsv", ".txt")
"""Endings of tables in which a list is a cell."""
_TALKS = frozenset(
    ("conversation", "conversations", "dialog", "dialogs", "dialogue", "dialogues", "chat", "chats", "talk", "talks",
     "thread", "threads")
)  # fmt: skip
"""Words of a file or a column that lists what is said one after the other."""
_BEGINNING = 4_000
_LOOKED_AT = 200


def talks_by_ids(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read a table of lists of ids, and one of the texts that have these, as conversations of two by turns."""
    listing = [
        path for path, data in tables.items()
        if member_path(path).suffix.lower() in _OF_CELLS and _LISTED.search(data[:_BEGINNING])
    ]  # fmt: skip
    if not 2 <= len(tables) <= _MOST_FILES or not listing:
        return None
    found = _read(tables, readers)
    for path in (path for path in listing if path in found):
        frame = found[path].frame
        for name in map(str, frame.columns):
            if not _TALKS.intersection((*name_words(member_path(path).stem), *name_words(name))):
                continue
            begun = [_ids_in(cell) for cell in frame[name].tolist()[:_LOOKED_AT]]
            if sum(len(each) > 1 for each in begun) < _NEARLY_ALL * len(begun):
                continue
            talks = [_ids_in(cell) for cell in frame[name].tolist()]
            first = [one for each in talks[:_LOOKED_AT] for one in each]
            for other, each in found.items():
                if other != path and (texts := _texts_by_id(each.frame, first)):
                    return _talks(found, (path, other), name, talks, texts), [path, other]
    return None


def _talks(
    found: Mapping[str, Found],
    paths: tuple[str, str],
    column: str,
    talks: Sequence[list[str]],
    texts: Mapping[str, str],
) -> Found:
    frame, roles = found[paths[0]].frame, ("user", "assistant")
    messages = [
        [{"role": roles[place % 2], "content": texts[one]} for place, one in enumerate(each) if one in texts]
        for each in talks
    ]
    rest = {str(name): frame[name].tolist() for name in frame.columns if str(name) != column}
    missing = sum(one not in texts for each in talks for one in each)
    notes = [f"The texts of {paths[1]} are the turns of {column} in {paths[0]}; the first one is read as the user's."]
    notes += [f"Not used: {missing:,} ids of turns that have no text."] if missing else []
    return Found(
        numbered({"messages": messages, **rest}), f"conversations by the ids of their turns, {paths[0]} and {paths[1]}",
        notes=tuple(notes),
    )  # fmt: skip


def _ids_in(cell: Any) -> list[str]:
    """Return the ids of a list in a cell; nothing for any other cell."""
    value = structure_of(cell)
    are_ids = isinstance(value, list) and all(isinstance(each, str | int) for each in value)
    return [str(each) for each in value] if are_ids else []


def _read(tables: Mapping[str, bytes], readers: Readers) -> dict[str, Found]:
    """Return the tables that can be read: what is none of them belongs to nothing."""
    found: dict[str, Found] = {}
    for path, data in tables.items():
        try:
            found[path] = readers.table(member_path(path).name, data)
        except DataError:  # told of the file where nothing else is read
            continue
    return found


def _share(ids: Sequence[str], known: set[str]) -> float:
    return sum(each in known for each in ids) / max(1, len(ids))


def _texts_by_id(frame: pd.DataFrame, ids: Sequence[str]) -> dict[str, str]:
    """Return the longest texts of a table by the column that has some ids, each once; nothing if none has."""
    for name in map(str, frame.columns):
        numbers = [str(cell) for cell in frame[name].tolist()]
        known = {*numbers}
        if len(known) == len(numbers) and _share(ids, known) > _NEARLY_ALL:
            head = frame.head(_LOOKED_AT)
            texts = [
                each for other in map(str, frame.columns) if (each := profile(head, other)).is_text and other != name
            ]
            longest = max(texts, key=lambda each: each.length, default=None)
            cells = frame[longest.name].tolist() if longest else []
            return {number: str(cell) for number, cell in zip(numbers, cells, strict=False) if isinstance(cell, str)}
    return {}
