"""Are several JSON files one object each, a row, or one conversation each?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from ia3_studio.data.column_names import says
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.damaged_bytes import with_encoding_facts
from ia3_studio.data.member_files import Readers
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found, numbered
from ia3_studio.data.split_names import SPLIT, split_of


def one_object_each(
    content: Mapping[str, bytes], _tables: Mapping[str, bytes], readers: Readers
) -> tuple[Found, Sequence[str]] | None:
    """Read JSON files of one object each, which have the same keys, or of the turns of one conversation each.

    A row is a file. Texts that all are JSON are read so, too.
    """
    paths = [path for path in content if member_path(path).suffix.lower() == ".json"] or are_objects(content)
    if len(paths) < 2:
        return None
    texts = readers.texts(paths)
    try:
        rows = [json.loads(texts[path].text) for path in paths]
    except (ValueError, RecursionError):  # told of the file when it is read as a table
        return None
    if all(isinstance(row, list) and len(row) > 1 and _are_turns(row) for row in rows):
        form = "one conversation per file"
        return with_encoding_facts(paths[0], Found(numbered({"messages": rows}), form), [*texts.values()]), paths
    if not all(isinstance(row, dict) and row for row in rows) or any(map(_holds_rows, rows)):
        return None
    shared = set.intersection(*(set(row) for row in rows))
    if 2 * len(shared) < max(map(len, rows)):
        return None
    columns = {key: [row.get(key) for row in rows] for key in dict.fromkeys(key for row in rows for key in row)}
    splits = [split_of(str(member_path(path).parent)) for path in paths]
    form = "one JSON object per file"
    if all(splits) and len(set(splits)) > 1:
        columns.setdefault(SPLIT, splits)
    elif (folders := _classes_of(paths)) and not any(says(name, LABELED) for name in columns):
        columns["label"] = folders
        form += ", its folder as the label"
    frame = numbered(columns)
    return with_encoding_facts(paths[0], Found(frame, form), [*texts.values()]), paths


def _classes_of(paths: Sequence[str]) -> list[str]:
    """Return the folder of each file where several folders hold several files each; else nothing.

    No folder holds files and folders as well, and none is called after a number.
    """
    folders = [member_path(path).parent for path in paths]
    counts = Counter(folders)
    are_apart = len({folder.parent for folder in counts}) == 1 and all(folder.name for folder in counts)
    if len(counts) < _FEWEST_CLASSES or min(counts.values()) < _FEWEST_OF_A_CLASS or not are_apart:
        return []
    return [] if any(any(map(str.isdigit, folder.name)) for folder in counts) else [folder.name for folder in folders]


_FEWEST_CLASSES, _FEWEST_OF_A_CLASS = 2, 2


def are_objects(content: Mapping[str, bytes]) -> list[str]:
    """Return the texts of a folder if each of them is an object of JSON, so that none is the text of a class."""
    paths = [path for path in content if member_path(path).suffix.lower() == ".txt"]
    are_json = all(content[path].lstrip()[:1] == b"{" and content[path].rstrip()[-1:] == b"}" for path in paths)
    return paths if len(paths) > 1 and are_json else []


def _holds_rows(document: Mapping[str, object]) -> bool:
    """Say whether an object is a table of its own: its values are lists of objects, or objects, but for turns."""
    inner = [value for value in document.values() if isinstance(value, list | dict) and value]
    return len(inner) == len(document) and not any(isinstance(value, list) and _are_turns(value) for value in inner)


def _are_turns(value: Sequence[object]) -> bool:
    return all(isinstance(turn, dict) and {"role", "from"} & turn.keys() for turn in value)
