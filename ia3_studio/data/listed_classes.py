"""Which names do the numbers of classes have, by a file beside the table that lists them, such as classes.txt?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ia3_studio.data.column_names import UNNAMED, says
from ia3_studio.data.column_words import LABELED
from ia3_studio.data.decode import Encoding, decode_together
from ia3_studio.data.member_files import lines_in
from ia3_studio.data.member_paths import member_path
from ia3_studio.data.parsing import Found
from ia3_studio.errors import DataError

_LISTS = frozenset(
    ("class", "classes", "classnames", "classlabels", "label", "labels", "labelnames", "labelmap", "labelsnames",
     "categories", "categorynames", "id2label", "label2id",
     "mapping", "labelmapping", "id2class", "idtolabel", "classmapping", "intents", "topics", "emotions")
)  # fmt: skip
"""What a list of classes is called, without the signs between its words."""
_MOST_CLASSES, _LONGEST_NAME = 1_000, 80
_MOST_BYTES = 200_000


def with_listed_classes(found: Found, beside: Mapping[str, bytes], encoding: Encoding | None) -> tuple[Found, str]:
    """Return a table with the names of classes in place of their numbers, and the path of the list they stand in.

    The table as it is, and no path, where no file lists them, or no single column can hold their numbers, which count
    from 0 or from 1 and reach the last one.
    """
    for path, data in beside.items():
        if not is_called_a_list(path) or len(data) > _MOST_BYTES:
            continue
        names = _names(path, data, encoding)
        columns = {name: first for name in found.frame.columns if (first := _first_number(found, name, names)) >= 0}
        called = [name for name in columns if says(str(name), LABELED)] or [*columns]
        if len(called) == 1:
            return _named(found, called[0], names, columns[called[0]], path), path
    return found, ""


def is_called_a_list(path: str) -> bool:
    """Say whether a file has the name of a list of classes."""
    file = member_path(path)
    bare = "".join(filter(str.isalnum, file.stem.lower()))
    return bare in _LISTS and file.suffix.lower() in (".txt", ".json", ".names", "")


def is_list_in_json(path: str, data: bytes) -> bool:
    """Say whether a JSON file is called a list of classes, and does not hold objects or lists by name, as of a bot."""
    if not path.endswith(".json") or not is_called_a_list(path) or len(data) > _MOST_BYTES:
        return False
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return True
    values = document.values() if isinstance(document, dict) else []
    return not any(isinstance(each, dict | list) for each in values)


def _names(path: str, data: bytes, encoding: Encoding | None) -> list[str]:
    """Return the names that a file lists, in the order of their numbers; none where it is no such list."""
    try:
        text = decode_together({path: data}, encoding)[path].text
        document = json.loads(text) if member_path(path).suffix.lower() == ".json" else _of_lines(lines_in(text))
    except (DataError, ValueError, RecursionError):
        return []
    names = _in_order(document) if isinstance(document, dict) else document
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        return []
    names = [each.strip() for each in names]
    is_list = 1 < len(names) <= _MOST_CLASSES and len({*names}) == len(names)
    is_named = all(0 < len(each) <= _LONGEST_NAME and not each.isdecimal() for each in names)
    return names if is_list and is_named else []


def _of_lines(lines: Sequence[str]) -> list[str] | dict[str, str]:
    """Return the names of lines, by their numbers where each line begins with one, as "0<tab>joy" does."""
    found = [_NUMBERED.match(line) for line in lines]
    return {each[1]: each[2] for each in found if each} if lines and all(found) else [*lines]


_NUMBERED = re.compile(r"(\d{1,4})[\t ,:=]{1,3}([^\t]{1,80})")


def _in_order(document: Mapping[str, Any]) -> list[Any]:
    """Return the names of an object of names by number, or of numbers by name."""
    by_number = {value: key for key, value in document.items() if isinstance(value, int)} or {
        int(key): value for key, value in document.items() if key.isdecimal() and len(key) < len(str(_MOST_CLASSES))
    }
    whole = len(by_number) == len(document) and {*by_number} == {*range(len(document))}
    return [by_number[number] for number in range(len(document))] if whole else []


def _first_number(found: Found, column: Any, names: Sequence[str]) -> int:
    """Return the number of the first class in a column of such numbers, 0 or 1; -1 for any other column."""
    held = {str(cell).strip() for cell in found.frame[column].tolist() if cell is not None and cell == cell}
    cells = {part for cell in held for part in _parts(cell)}
    if not 1 < len(cells) <= len(names) or not all(cell.isdecimal() and len(cell) < len("1000") for cell in cells):
        return -1
    if not (says(str(column), LABELED) or UNNAMED.fullmatch(str(column))):
        return -1
    numbers = {int(cell) for cell in cells}
    if 0 in numbers:
        return 0 if max(numbers) < len(names) else -1
    return 1 if max(numbers) == len(names) else -1


def _parts(cell: str) -> list[str]:
    """Return the numbers of a cell that holds those of several classes with commas between them, or else the cell.

    Example:
        >>> _parts("0,4"), _parts("1,2345")
        (['0', '4'], ['1,2345'])
    """
    return cell.replace(" ", "").split(",") if _SEVERAL.fullmatch(cell) else [cell]


_SEVERAL = re.compile(r"\d{1,3}(?:, ?\d{1,3}){1,50}")


def _named(found: Found, column: Any, names: Sequence[str], first: int, path: str) -> Found:
    by_number = {str(number): name for number, name in enumerate(names, start=first)}
    cells: list[Any] = [by_number.get(str(cell).strip(), cell) for cell in found.frame[column].tolist()]
    if any(_SEVERAL.fullmatch(cell) for cell in cells if isinstance(cell, str)):
        cells = [[by_number.get(part, part) for part in _parts(cell)] if isinstance(cell, str) else cell
                 for cell in cells]  # fmt: skip
    shown = ", ".join(f"{number} is {name}" for number, name in [*by_number.items()][:3])
    note = f"The classes in {column} have the names in {path}: {shown}{', …' if len(names) > 3 else ''}."
    return replace(found, frame=found.frame.assign(**{str(column): cells}), notes=(*found.notes, note))
