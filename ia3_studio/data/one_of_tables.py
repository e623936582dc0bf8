"""Which one of several tables is read alone? The largest by far, the only training file, or one of two forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ia3_studio.data.member_files import Readers, read_any
from ia3_studio.data.parsing import Found
from ia3_studio.data.split_families import in_one_form
from ia3_studio.data.split_names import TRAINING, split_of
from ia3_studio.data.table_files import without_repeated


def main_table(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read the file that is much larger than all others together, beside which these only say something of it."""
    largest = max(tables, key=lambda path: len(tables[path]), default="")
    if not largest or len(tables[largest]) < _MUCH_LARGER * sum(map(len, tables.values())) / (_MUCH_LARGER + 1):
        return None
    found = readers.table(PurePosixPath(largest).name, tables[largest])
    return (replace(found, form=f"{largest}, {found.form}"), [largest]) if len(found.frame) > 1 else None


_MUCH_LARGER = 4
"""How many times as large as the others together a file is that is read alone."""


def only_training(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read the only table that is called after training where others have other columns and no split in their names."""
    named = {path: split_of(str(PurePosixPath(path).with_suffix(""))) for path in tables}
    trained = {path: tables[path] for path, split in named.items() if split in TRAINING}
    if not trained or any(split and split not in TRAINING for split in named.values()):
        return None
    readable, failed = read_any(trained, readers)
    found = without_repeated(readable)
    if failed or len(found) != 1:
        return None
    ((path, only),) = found.items()
    return replace(only, form=f"{path}, {only.form}"), list(trained)


def one_form(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read one of a few tables that hold the same rows in several forms, such as instructions and conversations."""
    if not 2 <= len(tables) <= _MOST_FORMS:
        return None
    readable, failed = read_any(tables, readers)
    chosen = in_one_form(readable) if len(readable) > 1 and not failed else None
    if chosen is None:
        return None
    path, notes = chosen
    found = readable[path]
    return replace(found, form=f"{path}, {found.form}", notes=(*found.notes, *notes)), [path]


_MOST_FORMS = 6
