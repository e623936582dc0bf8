"""Which of several tables are read alone? The largest by far, those to train on or with labels, one of two forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ia3_studio.data.label_names import LABEL_NAMES
from ia3_studio.data.member_files import Readers, read_any
from ia3_studio.data.parsing import Found
from ia3_studio.data.split_families import in_one_form
from ia3_studio.data.split_names import TRAINING, split_of
from ia3_studio.data.table_files import alike, without_repeated


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


def only_labeled(
    content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read the tables with a label where others have the same texts without any, which nobody has labeled yet.

    They share most of their other columns.
    """
    if not 2 <= len(tables) <= _MOST_FORMS:
        return None
    readable, _failed = read_any(tables, readers)
    names = {path: frozenset(map(str, each.frame.columns)) for path, each in readable.items()}
    labels = [name for name in LABEL_NAMES if any(name in map(str.lower, each) for each in names.values())]
    if len(labels) != 1 or len(names) < 2:
        return None
    labeled = {path for path, each in names.items() if labels[0] in map(str.lower, each)}
    shared = frozenset.intersection(*names.values())
    if len(labeled) == len(names) or any(2 * len(shared) < len(names[path]) for path in labeled):
        return None
    if len(labeled) > 1:
        return alike(content, {path: tables[path] for path in tables if path in labeled}, readers)
    (path,) = labeled
    return replace(readable[path], form=f"{path}, {readable[path].form}"), [path]


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
