"""Are several files parts of one table: its splits, years, or classes?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ia3_studio.data.alike_columns import are_alike, different_columns, more_columns, spelled_alike
from ia3_studio.data.files_by_class import CLASSES
from ia3_studio.data.label_names import label_name
from ia3_studio.data.member_files import Readers, read_any, read_each
from ia3_studio.data.object_files import are_objects
from ia3_studio.data.parsing import Found, shown_names
from ia3_studio.data.split_families import are_forms, of_one_family
from ia3_studio.data.split_names import ORIGIN, SPLIT, TRAINING, split_of
from ia3_studio.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_MOST_JOINED = 2_000


def by_split(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files named by their split as one table with a column for it."""
    files = {path: PurePosixPath(path) for path in ({} if are_objects(tables) else tables)}
    named = {path: split_of(str(file.with_suffix(""))) or split_of(file.suffix) for path, file in files.items()}
    used = [path for path, split in named.items() if split]
    if len({named[path] for path in used}) < 2:
        return None
    readable, failed = read_each({path: tables[path] for path in used}, readers)
    lost = [said for path, said in failed.items() if named[path] in TRAINING]
    if lost and not any(named[path] in TRAINING for path in readable):
        raise DataError(lost[0])
    found = without_repeated(spelled_alike(readable))
    whole = _side_by_side(found, named)
    kept, other_forms = of_one_family(whole, named)
    beside = {named[path] for path in kept}  # the splits of tables that are now one with another
    used = [path for path in found if path in kept or (path not in whole and named[path] in beside)]
    called = [files[path].name if split_of(files[path].suffix) else files[path].stem for path in used]
    found = kept
    if len(found) == 1 < len(whole):
        ((path, only),) = found.items()
        only = replace(only, form=f"{path}, {only.form}", notes=(*only.notes, *other_forms))
        return _told(only, failed), [*used, *failed]
    frames = {path: each.frame.assign(**{SPLIT: named[path]}) for path, each in found.items()}
    form = f"the files {shown_names(called)}"
    whole_table = _together(found, frames, form)
    whole_table = replace(whole_table, notes=(*whole_table.notes, *other_forms))
    folders = sorted({str(files[path].parent) for path in used})
    if len(folders) > 1 and not any(map(split_of, folders)):
        note = f"Rows of several folders are read together: {shown_names(folders)}."
        whole_table = replace(whole_table, notes=(*whole_table.notes, note))
    return _told(whole_table, failed), [*used, *failed]


def _told(found: Found, failed: Mapping[str, str]) -> Found:
    """Return a table with notes on the files that cannot be read."""
    return replace(found, notes=(*found.notes, *failed.values()))


def _side_by_side(found: Mapping[str, Found], named: Mapping[str, str]) -> dict[str, Found]:
    """Return tables in which two of one split are one, where they hold other columns of the same rows: X and y.

    They have as many rows, and the columns that both have, such as an id, hold the same. Neither has the texts of the
    other, as the same rows in another form do.
    """
    kept: dict[str, Found] = {}
    for path, each in found.items():
        beside = [other for other in kept if named[other] == named[path]]
        one = kept[beside[0]] if len(beside) == 1 else None
        shared = {*one.frame.columns} & {*each.frame.columns} if one else set()
        if (
            one is None or one.damaged or each.damaged or len(one.frame) != len(each.frame)
            or shared in ({*one.frame.columns}, {*each.frame.columns})
            or any(one.frame[name].tolist() != each.frame[name].tolist() for name in shared)
            or are_forms(each.frame, one.frame)
        ):  # fmt: skip
            kept[path] = each
        else:
            rest = each.frame.drop(columns=[*shared]).set_axis(one.frame.index, axis=0)
            kept[beside[0]] = replace(one, frame=one.frame.join(rest), notes=(*one.notes, *each.notes))
    return kept


def alike(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read files with the same columns, such as one for each year, one after the other."""
    if not 2 <= len(tables) <= _MOST_JOINED:
        return None
    readable, failed = read_any(tables, readers)
    if not readable or (failed and len(readable) < 2):
        return None
    found = without_repeated(spelled_alike(readable))
    if len(found) == 1:
        ((path, only),) = found.items()
        return _told(replace(only, form=f"{path}, {only.form}"), failed), [path, *failed]
    names = {path: frozenset(map(str, each.frame.columns)) for path, each in found.items()}
    if not are_alike([*names.values()]):
        return None
    notes = more_columns(names, "files")
    found = {path: replace(each, notes=(*each.notes, *notes)) for path, each in found.items()}
    used = list(found)
    classes = _classes(used)
    if classes and not any(
        {"label", "class"} & {*map(str.lower, map(str, each.frame.columns))} for each in found.values()
    ):
        frames = {path: each.frame.assign(label=classes[path]) for path, each in found.items()}
        form = f"{len(used)} files, one for each class ({', '.join(classes.values())})"
        return _told(_together(found, frames, form), failed), [*used, *failed]
    form = f"{len(used)} files with the same columns ({shown_names([PurePosixPath(path).name for path in used])})"
    frames = {path: each.frame for path, each in found.items()}
    stems = {path: PurePosixPath(path).stem for path in found}
    if apart := _held_out(stems, list(frames.values())):
        frames = {path: frame.assign(**{SPLIT: apart.get(path, "train")}) for path, frame in frames.items()}
        form += f", {shown_names([PurePosixPath(path).name for path in apart])} held out"
    elif origins := origins_of(stems, list(frames.values())):
        frames = {path: frame.assign(**{ORIGIN: origins[path]}) for path, frame in frames.items()}
        form += f", their names in the column {ORIGIN}"
    return _told(_together(found, frames, form), failed), [*used, *failed]


def columns_apart(
    _content: Mapping[str, bytes], tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Refuse tables that share columns, but each have others as well.

    Raises:
        DataError: they do; it names the columns.
    """
    try:
        found = {path: readers.table(PurePosixPath(path).name, data) for path, data in tables.items()}
    except DataError:  # one of them is something else: the sentence on all of them says more
        return None
    different_columns({path: frozenset(map(str, each.frame.columns)) for path, each in found.items()})
    return None


def one_below_the_other(tables: Mapping[str, bytes], readers: Readers) -> Found:
    """Return tables of any columns as one, a column of a name in several of them being the same one."""
    found = spelled_alike({path: readers.table(PurePosixPath(path).name, data) for path, data in tables.items()})
    frames = {path: each.frame for path, each in found.items()}
    return _together(found, frames, f"{len(found)} files together ({shown_names(list(found))})")


def without_repeated(found: Mapping[str, Found]) -> dict[str, Found]:
    """Return tables without those that hold the rows of another one of the same name, such as data.json by data.csv."""
    kept: dict[str, Found] = {}
    for path, each in found.items():
        stem = PurePosixPath(path).with_suffix("")
        others = [other for name, other in kept.items() if PurePosixPath(name).with_suffix("") == stem]
        if not any(_cells_of(other) == _cells_of(each) for other in others):
            kept[path] = each
    return kept


def _cells_of(found: Found) -> dict[str, list[str]]:
    """Return the cells of each column as texts; one that is missing is empty."""
    frame = found.frame
    return {
        str(name): frame[name].map(lambda cell: "" if cell is None else label_name(cell)).tolist() for name in frame
    }


def _held_out(stems: Mapping[str, str], frames: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Return the splits of the files called after a test, where the others are called after no split; else nothing."""
    named = {path: split for path, stem in stems.items() if (split := split_of(stem))}
    taken = any(split_of(str(name)) or str(name).lower() == SPLIT for frame in frames for name in frame.columns)
    return {} if taken or len(named) == len(stems) or {*named.values()} & {*TRAINING} else named


def origins_of(stems: Mapping[str, str], frames: Sequence[pd.DataFrame]) -> dict[str, str]:
    """Return the names of files or sheets where they may be classes: a few words each, no numbers, months or parts.

    A column of that name stands already in tables that say for each row where it is from.
    """
    names = {path: stem.strip("_- ") for path, stem in stems.items()}
    words = [set(re.findall(r"[^\W\d_]+", name.lower())) for name in names.values()]
    own = [each - set.intersection(*words) for each in words]
    numbered = any(re.search(r"\d", name) for name in names.values())
    if numbered or len(names) > _MOST_ORIGINS or any(not each or each & _PARTS for each in own):
        return {}
    short = any(min(map(len, each)) < _SHORTEST_NAME for each in own)
    few = any(len(frame) < _FEWEST_OF_A_CLASS for frame in frames)
    taken = any(ORIGIN in map(str.lower, map(str, frame.columns)) for frame in frames)
    return {} if short or few or taken else names


_MOST_ORIGINS, _FEWEST_OF_A_CLASS, _SHORTEST_NAME = 30, 4, 3
_PARTS = frozenset(
    ("part", "chunk", "batch", "split", "shard", "file", "data", "dataset", "export", "new", "old", "copy",
     "final", "more", "extra", "raw", "clean", "all", "first", "second", "third", "update", "updated", "backup",
     "rest", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
     "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
     "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "train", "test", "dev", "val",
     "valid", "validation", "eval", "spring", "summer", "autumn", "fall", "winter", "inbox", "sent", "drafts",
     "archive", "outbox", "trash")
)  # fmt: skip
"""Words in names of files that are parts of one table rather than classes."""


def _classes(paths: Sequence[str]) -> dict[str, str]:
    """Return the class that the name of each file is, as Fake.csv and True.csv; nothing for other names."""
    names = {path: PurePosixPath(path).stem for path in paths}
    words = {re.split(r"[^A-Za-z]+", name.lower().strip("_- "))[-1] for name in names.values()}
    is_known = len(words) == len(paths) and any(words <= kinds for kinds in CLASSES)
    return names if is_known else {}


def _together(found: Mapping[str, Found], frames: Mapping[str, object], form: str) -> Found:
    """Return tables one below the other, their rows and damaged rows counted through."""
    import pandas as pd

    parts, damaged, before = [], [], 0
    for path, each in found.items():
        frame: pd.DataFrame = frames[path]
        parts.append(frame.set_axis([before + int(number) for number in frame.index], axis=0))
        damaged += [replace(row, row=before + row.row) for row in each.damaged]
        before += len(frame) + len(each.damaged)
    notes = dict.fromkeys(note for each in found.values() for note in each.notes)
    return Found(pd.concat(parts), form, tuple(damaged), notes=tuple(notes))
