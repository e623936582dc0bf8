"""Does a table list the files of texts beside it, with what is said of each, such as its label?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found

_TABLES, _TEXTS = (".csv", ".tsv", ".xlsx", ".jsonl", ".json"), (".txt", ".text", ".md")
_FEWEST_TEXTS, _LISTED, _LOOKED_AT = 3, 0.9, 50


def lists_texts(paths: Mapping[str, bytes]) -> bool:
    """Say whether there is one table beside several texts, each of whose names it may list."""
    return bool(_table_of(paths))


def _table_of(paths: Mapping[str, bytes]) -> str:
    """Return the only table beside texts in whose bytes the names of nearly all texts stand; empty if there is none."""
    tables = [path for path in paths if member_path(path).suffix.lower() in _TABLES]
    texts = [member_path(path) for path in paths if member_path(path).suffix.lower() in _TEXTS]
    if len(tables) != 1 or len(texts) < _FEWEST_TEXTS or len(texts) + 1 < len(paths):
        return ""
    if len({path.parent for path in texts}) > 1:  # folders say what kind each is
        return ""
    if tables[0].lower().endswith(".xlsx"):
        return tables[0]
    named = sum(path.stem.encode() in paths[tables[0]] for path in texts[:_LOOKED_AT])
    return tables[0] if named >= _LISTED * len(texts[:_LOOKED_AT]) else ""


def listed_texts(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read a table that names a text file in each row as one with these texts in place of the names."""
    path = _table_of(tables)
    if not path:
        return None
    found = readers.table(member_path(path).name, tables[path])
    others = [member_path(other) for other in tables if other != path]
    files = {key: str(other) for other in others for key in (other.name, other.stem)}
    for column in found.frame.columns:
        names = [member_path(str(cell)).name for cell in found.frame[column].tolist()]
        known = [name for name in names if name in files]
        if len(known) < _LISTED * len(names) or len(set(known)) < len(known) or not known:
            continue
        texts = readers.texts([files[name] for name in known])
        cells: list[Any] = [texts[files[name]].text.strip() if name in files else "" for name in names]
        frame = found.frame.drop(columns=[column])
        frame.insert(0, "text of file" if "text" in map(str, frame.columns) else "text", cells)
        form = f"{path}, which names {len(known):,} texts, {found.form}"
        return with_encoding_facts(path, replace(found, frame=frame, form=form), [*texts.values()]), [
            path, *(files[name] for name in known)
        ]  # fmt: skip
    return None
