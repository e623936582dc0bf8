"""Which rows are in a JSON document beside short entries on the whole, such as a version or a license?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ia3_studio.data.json_objects import by_column, by_key, is_rows


def rows_beside_entries(document: Mapping[str, Any]) -> tuple[Sequence[Any], str] | None:
    """Return the rows of columns, or of objects under their keys, beside short entries on the whole, such as a version.

    They are more than the rows of any list in the document.
    """
    lists = {key: each for key, each in document.items() if isinstance(each, list) and not is_rows(each)}
    objects = _alike({key: each for key, each in document.items() if isinstance(each, dict)})
    length = max(map(len, lists.values()), default=0)
    columns = {key: each for key, each in lists.items() if len(each) == length}
    parts = columns if len(columns) > 1 and length > len(objects) else objects
    entries = [each for key, each in document.items() if key not in parts]
    rows = length if parts is columns else len(objects)
    is_whole = rows >= _FEWEST_ROWS and all(_says_little(each, rows) for each in entries)
    return (by_column(parts) if parts is columns else by_key(parts)) if entries and is_whole else None


_FEWEST_ROWS, _LONGEST_ENTRY, _SMALL = 4, 80, 4


def _alike(objects: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the objects that have a key of most of them."""
    counts = Counter(key for each in objects.values() for key in each)
    usual = {key for key, count in counts.items() if 2 * count > len(objects)}
    return {key: each for key, each in objects.items() if usual & each.keys()}


def _says_little(entry: Any, rows: int) -> bool:
    """Say whether an entry of a document is short beside so many rows: a name, a number, or a small list or object."""
    if is_rows(entry):
        return _SMALL * len(entry) <= rows
    return len(entry) < rows if isinstance(entry, list | dict) else len(str(entry)) <= _LONGEST_ENTRY
