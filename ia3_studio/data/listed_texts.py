"""Do tables list the files of texts beside them, with what is said of each, such as its label?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.delimiters import lines_of
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import by_ending, member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of

if TYPE_CHECKING:
    import pandas as pd

_TABLES, _TEXTS = (".csv", ".tsv", ".xlsx", ".jsonl", ".json"), (".txt", ".text", ".md")
_FEWEST_TEXTS, _LISTED, _LOOKED_AT, _MOST_TABLES = 3, 0.9, 50, 5


def lists_texts(paths: Mapping[str, bytes]) -> bool:
    """Say whether there are tables beside several texts, each of whose names they may list."""
    return bool(_tables_of(paths))


def _tables_of(paths: Mapping[str, bytes]) -> list[str]:
    """Return the tables beside texts in whose bytes the names of nearly all texts stand; none if there are none.

    Of texts in several folders, the names of their folders must stand there as well, if texts have the same name.
    """
    tables = [path for path in paths if member_path(path).suffix.lower() in _TABLES]
    tables = tables or [path for path in paths if _is_truth(path, paths[path])]
    if not 0 < len(tables) <= _MOST_TABLES:
        return []
    others = (member_path(path) for path in paths if path not in tables)
    texts = [path for path in others if path.suffix.lower() in _TEXTS]
    if len(texts) < _FEWEST_TEXTS or len(texts) + len(tables) < len(paths):
        return []
    if all(path.lower().endswith(".xlsx") for path in tables):
        return tables
    alone = len({path.name for path in texts}) == len(texts)
    step = max(1, len(texts) // _LOOKED_AT)
    looked_at = [(path.stem if alone else f"{path.parent.name}/{path.stem}").encode() for path in texts[::step]]
    named = sum(any(name in paths[table] for table in tables) for name in looked_at)
    return tables if named >= _LISTED * len(looked_at) else []


def _is_truth(path: str, data: bytes) -> bool:
    """Say whether a text is a list of labels, called so, with a sign between the name of a text and its label."""
    first, _end, _rest = data[:_LONGEST_LINE].partition(b"\n")
    listed = member_path(path).suffix.lower() == ".txt" and member_path(path).stem.lower() in _TRUTHS
    return listed and any(sign.encode() in first for sign in (_SIGN, "\t"))


_TRUTHS, _LONGEST_LINE = frozenset(("truth", "labels", "gold", "annotations")), 1000


def table_of_texts(paths: Mapping[str, bytes]) -> str:
    """Return the only table beside texts whose names it lists; empty if there is none, or several."""
    tables = _tables_of(paths)
    return tables[0] if len(tables) == 1 else ""


def listed_texts(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read tables that name a text file in each row as one with these texts in place of the names.

    Where all that they say of a text is the folder that it lies in, the folders are read.
    """
    paths = _tables_of(tables)
    if not paths:
        return None
    files = by_ending([path for path in tables if path not in paths])
    parts: list[tuple[Found, list[str]]] = []
    for path in paths:
        found = _keyed(path, readers) or _truth(path, readers) or readers.table(member_path(path).name, tables[path])
        named = _named(found.frame, files)
        if named is None or _say_folders(found.frame, *named):
            return None
        column, names = named
        known = [name for name in names if name]
        texts = readers.texts(known)
        cells: list[Any] = [texts[name].text.strip() if name else "" for name in names]
        frame = found.frame.drop(columns=[column])
        frame.insert(0, "text of file" if "text" in map(str, frame.columns) else "text", cells)
        form = f"{path}, which names {len(known):,} texts, {found.form}"
        read = with_encoding_facts(path, replace(found, frame=frame, form=form), [*texts.values()])
        parts.append((read, [path, *known]))
    used = [path for _found, each in parts for path in each]
    return _joined([found for found, _used in parts], paths), used


def _keyed(path: str, readers: Readers) -> Found | None:
    """Return an object of JSON of a label by the name of each text as a table; None for any other file."""
    if member_path(path).suffix.lower() != ".json":
        return None
    try:
        document = json.loads(readers.texts([path])[path].text)
    except (ValueError, RecursionError):  # told of the file when it is read as a table
        return None
    if not isinstance(document, dict) or not all(isinstance(each, str | int | float) for each in document.values()):
        return None
    return Found(numbered({"file": [*document], "label": [*document.values()]}), "JSON, a label by file")


def _truth(path: str, readers: Readers) -> Found | None:
    """Return the names of texts and their labels between ":::" as a table, as PAN writes them; None for other files."""
    if member_path(path).stem.lower() not in _TRUTHS:
        return None
    rows = [line.split(_SIGN) for line in lines_of(readers.texts([path])[path].text) if line.strip()]
    width = len(rows[0]) if rows else 0
    if width < len(("file", "label")) or any(len(row) != width for row in rows):
        return None
    names = ["file", "label", *(f"label {place}" for place in range(2, width))]
    columns = {name: [row[at].strip() for row in rows] for at, name in enumerate(names)}
    return Found(numbered(columns), f"labels behind {_SIGN}")


_SIGN = ":::"


def _named(frame: pd.DataFrame, files: Mapping[str, str]) -> tuple[Any, list[str]] | None:
    """Return the column that names a text in each row, no text twice, and these; empty where there is no such file."""
    for column in frame.columns:
        cells = [str(cell).replace("\\", "/").strip().lstrip("./") for cell in frame[column].tolist()]
        names = [files.get(cell) or files.get(member_path(cell).name, "") for cell in cells]
        known = [name for name in names if name]
        if known and len(known) >= _LISTED * len(names) and len({*known}) == len(known):
            return column, names
    return None


def _say_folders(frame: pd.DataFrame, column: Any, names: Sequence[str]) -> bool:
    """Say whether texts lie in several folders, which alone decide each value of a table that several rows share."""
    folders = [member_path(name).parent.name for name in names]
    if len({*folders}) < 2:
        return False
    others = [[str(cell) for cell in frame[name].tolist()] for name in frame.columns if name != column]
    shared = [cells for cells in others if 1 < len({*cells}) <= len(cells) / 2]
    return all(len({*zip(folders, cells, strict=True)}) == len({*folders}) for cells in shared)


def _joined(parts: Sequence[Found], paths: Sequence[str]) -> Found:
    """Return several tables as one, with their splits where all names say one."""
    if len(parts) == 1:
        return parts[0]
    splits = [split_of(str(member_path(path).with_suffix(""))) for path in paths]
    by_split = all(splits) and len({*splits}) > 1
    columns: dict[str, list[Any]] = {
        str(name): [] for name in dict.fromkeys(name for each in parts for name in each.frame.columns)
    }
    for each in parts:
        for name, cells in columns.items():
            cells += each.frame[name].tolist() if name in each.frame.columns else [None] * len(each.frame)
    if by_split:
        columns[SPLIT] = [split for split, each in zip(splits, parts, strict=True) for _row in range(len(each.frame))]
    notes = dict.fromkeys(note for each in parts for note in each.notes)
    return Found(numbered(columns), "; ".join(each.form for each in parts), notes=tuple(notes))
