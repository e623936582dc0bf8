"""Are several JSON files one object each, a row, or one conversation each?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

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
    if all(splits) and len(set(splits)) > 1:
        columns.setdefault(SPLIT, splits)
    frame = numbered(columns)
    return with_encoding_facts(paths[0], Found(frame, "one JSON object per file"), [*texts.values()]), paths


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
