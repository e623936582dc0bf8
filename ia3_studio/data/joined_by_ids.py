"""Do several tables belong together by the ids in one of them? Lists of ids of turns, or pairs of ids of texts."""

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
from ia3_studio.data.split_names import SPLIT, split_of
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
    note = f"The texts of {paths[1]} are the turns of {column} in {paths[0]}; the first one is read as the user's."
    return Found(
        numbered({"messages": messages, **rest}), f"conversations by the ids of their turns, {paths[0]} and {paths[1]}",
        notes=(note,),
    )  # fmt: skip


def _ids_in(cell: Any) -> list[str]:
    """Return the ids of a list in a cell; nothing for any other cell."""
    value = structure_of(cell)
    are_ids = isinstance(value, list) and all(isinstance(each, str | int) for each in value)
    return [str(each) for each in value] if are_ids else []


def judged_by_ids(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read a table of pairs of ids, and those of the texts that have these, such as queries and passages, as pairs."""
    linking = [path for path, data in tables.items() if len(_id_columns(data)) == len(("one", "other"))]
    if not 2 < len(tables) <= _MOST_FILES or not linking:
        return None
    found = _read(tables, readers)
    linking = [path for path in linking if path in found]
    columns: dict[str, list[Any]] = {}
    called_by: dict[str, str] = {}  # which of the two ids a column is of
    used: dict[str, None] = {}
    splits: list[str] = []
    left = 0
    for path in linking:
        frame = found[path].frame
        keys = [str(name) for name in frame.columns if name_words(str(name))[-1:] == ["id"]]
        if len(keys) != len(("one", "other")):
            return None
        ids = {key: [str(cell) for cell in frame[key].tolist()] for key in keys}
        sides = {key: _table_of(found, linking, ids[key]) for key in keys}
        if not all(sides.values()) or len({each[0] for each in sides.values() if each}) != len(keys):
            return None
        rows = [place for place in range(len(frame)) if all(ids[key][place] in sides[key][1] for key in keys)]
        left += len(frame) - len(rows)
        for key in keys:
            other, by_id = sides[key]
            used[other] = None
            called = key[: -len("id")].rstrip("_- ") or other
            texts = _texts_in(found[other].frame)
            for name in texts:
                column = called if len(texts) == 1 else name if called_by.get(name, key) == key else f"{called} {name}"
                called_by.setdefault(column, key)
                columns.setdefault(column, []).extend(by_id[ids[key][place]].get(name) for place in rows)
        for name in (str(name) for name in frame.columns if str(name) not in keys):
            columns.setdefault(name, []).extend(frame[name].iloc[rows].tolist())
        splits += [split_of(member_path(path).stem)] * len(rows)
    if not columns or len({len(each) for each in columns.values()}) != 1:
        return None
    columns, answers = _answering(columns, called_by, list(dict.fromkeys(called_by.values())))
    if all(splits) and len(set(splits)) > 1:
        columns[SPLIT] = splits
    notes = (*answers, *((f"Not used: {left:,} pairs of ids of which one has no text.",) if left else ()))
    paths = [*linking, *used]
    return Found(numbered(columns), f"texts joined by their ids in {', '.join(linking)}", notes=notes), paths


def _answering(
    columns: dict[str, list[Any]], called_by: Mapping[str, str], keys: Sequence[str]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Return columns, and a note; the longest text of the second id is the answer unless a judgement varies."""
    judged = [name for name in columns if name not in called_by]
    second = [name for name in columns if called_by.get(name) == keys[-1]]
    if any(len({str(cell) for cell in columns[name]}) > 1 for name in judged) or not second:
        return columns, ()
    longest = max(second, key=lambda name: sum(len(str(cell)) for cell in columns[name]))
    named = {"answer" if name == longest else name: cells for name, cells in columns.items()}
    return named, (f"The texts of {keys[-1]} ({longest}) are read as answers, as all pairs are judged alike.",)


def _read(tables: Mapping[str, bytes], readers: Readers) -> dict[str, Found]:
    """Return the tables that can be read: what is none of them belongs to nothing."""
    found: dict[str, Found] = {}
    for path, data in tables.items():
        try:
            found[path] = readers.table(member_path(path).name, data)
        except DataError:  # told of the file where nothing else is read
            continue
    return found


def _id_columns(data: bytes) -> list[str]:
    """Return the names of columns of ids in the first line of a table of few columns."""
    first = data[:_BEGINNING].lstrip(b"\xef\xbb\xbf").partition(b"\n")[0].decode("utf-8", "replace").strip()
    cells = [cell.strip('" ') for cell in re.split(r"[\t,;]", first)]
    return [cell for cell in cells if name_words(cell)[-1:] == ["id"]] if len(cells) <= _MOST_CELLS else []


_MOST_CELLS = 5


def _table_of(
    found: Mapping[str, Found], but: Sequence[str], ids: Sequence[str]
) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the path of the table whose rows have some ids, and these rows by them; ("", {}) if there is none."""
    for path, each in found.items():
        for key in (str(name) for name in each.frame.columns if name_words(str(name))[-1:] == ["id"]):
            numbers = each.frame[key].astype(str)
            known = {*numbers}
            if path not in but and len(known) == len(numbers) and _share(ids, known) > _NEARLY_ALL:
                records = each.frame.to_dict("records")
                rows = [{str(name): cell for name, cell in row.items()} for row in records]
                return path, dict(zip(numbers, rows, strict=True))
    return "", {}


def _share(ids: Sequence[str], known: set[str]) -> float:
    return sum(each in known for each in ids) / max(1, len(ids))


def _texts_in(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if profile(frame, str(name)).is_text]


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
