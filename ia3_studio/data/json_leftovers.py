"""What of a JSON document is in none of its rows? Entries beside the list of rows, or above lists inside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from ia3_studio.data.parsing import shown_names

_MOST_INSIDE, _MOST_ENTRIES = 2_000, 200
"""Rows whose inner values are known too, and entries of each list or object that are looked at."""
_DEEPEST = 12


def outside_rows(document: Any, records: Sequence[Any]) -> tuple[str, ...]:
    """Return a sentence on the entries of a document that are in none of its rows; nothing if there are none.

    Rows are made of the values of the document itself, so that these are known again by their identity.
    """
    if records is document:
        return ()
    search = _Search(document, records)
    if not search.is_used(document, "", _DEEPEST):  # the rows are made of other values: nothing is known of these
        return ()
    left = [path.removeprefix(".") for path in dict.fromkeys(search.left) if path not in search.used]
    return (f"Not used outside these rows: {shown_names(left)}.",) if left else ()


def _sought(value: Any, deepest: int) -> Iterator[int]:
    """Yield what a value and those inside of it that are looked at are known by."""
    yield id(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in islice(inner, _MOST_ENTRIES) if deepest else ():
        yield from _sought(each, deepest - 1)


def _holds_text(value: Any, deepest: int) -> bool:
    """Say whether a value is a text that is not empty, or has one inside."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return deepest > 0 and any(_holds_text(each, deepest - 1) for each in inner)
    return isinstance(value, str) and bool(value.strip())


def _is_plain(value: Any) -> bool:
    """Say whether a value is a number or a truth value, of which inside of lists nobody knows what was made of it."""
    return isinstance(value, bool | int | float)


_BETWEEN = "\n\n"


class _Search:
    """A look through a document for what its rows hold."""

    def __init__(self, document: Any, records: Sequence[Any]) -> None:
        sought = set(_sought(document, _DEEPEST))
        self._known = {id(records)}
        self._paragraphs: set[str] = set()
        self._names: set[str] = set()
        rows_are_there = id(records) in sought
        for record in islice(records, _MOST_INSIDE if rows_are_there else None):
            if isinstance(record, dict):
                self._known.update(sought.intersection(map(id, record.values())))
                self._names.update(record)
        for record in records[:_MOST_INSIDE]:
            self._learn(record, _DEEPEST)
        self.used: set[str] = set()
        self.left: list[str] = []
        """Paths that are used, and in their order those that are not, somewhere in the document."""

    def _learn(self, value: Any, deepest: int) -> None:
        if isinstance(value, str | list | dict) and value:
            self._known.add(id(value))
        if isinstance(value, str) and _BETWEEN in value:  # texts that were joined to one
            self._paragraphs.update(value.split(_BETWEEN))
        if isinstance(value, dict | list) and deepest:
            for each in value.values() if isinstance(value, dict) else value:
                self._learn(each, deepest - 1)

    def is_used(self, value: Any, path: str, deepest: int) -> bool:
        """Say whether a value, or one inside of it, is in a row; note the paths of those inside that are not."""
        if isinstance(value, str | dict | list) and id(value) in self._known:
            return True
        if isinstance(value, str) and (value in self._names or value in self._paragraphs):
            return True
        if not isinstance(value, dict | list) or not deepest:
            return False
        if isinstance(value, list):
            return any([self.is_used(each, f"{path}[]", deepest - 1) for each in islice(value, _MOST_ENTRIES)])
        found = False
        for key, each in islice(value.items(), _MOST_ENTRIES):
            inner = f"{path}.{key}"
            before = len(self.left)
            is_named = id(key) in self._known or (key in self._names and not isinstance(each, dict | list))
            if is_named or self.is_used(each, inner, deepest - 1):
                self.used.add(inner)
                found = True
            elif _holds_text(each, _DEEPEST) or (each is not None and _is_plain(each) and "[]" not in inner):
                self.left[before:] = [inner]  # instead of what is inside of it
        return found
