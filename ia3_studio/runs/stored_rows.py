"""How are examples of a large file converted to rows? In parts; the rows are cached on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from ia3_studio.atomic import replace_text
from ia3_studio.data.choices import ChoiceRow
from ia3_studio.data.labels import LabelRow, TagRow
from ia3_studio.data.problem import Problem
from ia3_studio.data.stored import Stored, key_of, open_stored, reviver, write_stored
from ia3_studio.data.targets import TargetRow
from ia3_studio.data.tokens import TokenRow
from ia3_studio.errors import DataError
from ia3_studio.places import cache_folder

if TYPE_CHECKING:
    from ia3_studio.data.examples import Example
    from ia3_studio.runs.reading import Read

KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (TokenRow, TargetRow, LabelRow, TagRow, ChoiceRow)}
AT_ONCE = 512
"""Examples converted per part."""
MOST_LISTED = 1_000
"""Maximum listed skipped rows; one more line gives the number of others."""


@dataclass(frozen=True)
class StoredRead:
    """Rows on disk, and what happened to the others."""

    rows: Stored[Any]
    cut: Sequence[int]
    problems: Sequence[Problem]
    notes: Sequence[Problem] = ()


@dataclass
class _Noted:
    """Notes on the rows."""

    kind: str = ""
    """Lengths of the rows; empty if there are none."""
    cut: list[int] = field(default_factory=list)
    problems: list[list[Any]] = field(default_factory=list)
    """Number and reason of the first skipped rows."""
    notes: list[list[Any]] = field(default_factory=list)
    """Number and note of the first rows whose tokens differ from their text."""
    more: int = 0
    """Number of skipped rows that are not listed."""
    error: str = ""
    """The first reason why a part had no usable row."""

    def take(self, found: Read) -> None:
        """Add the notes of one part."""
        self.kind = self.kind or type(found.rows[0]).__name__
        self.cut += found.cut
        room = max(MOST_LISTED - len(self.problems), 0)
        self.problems += [[problem.row, problem.reason] for problem in found.problems[:room]]
        self.more += len(found.problems[room:])
        room = max(MOST_LISTED - len(self.notes), 0)
        self.notes += [[note.row, note.reason] for note in getattr(found, "notes", ())[:room]]

    def refuse(self, part: Sequence[Example], error: DataError) -> None:
        """Note that a part had no usable row."""
        self.error = self.error or str(error)
        self.problems.append([part[0].row, str(error).rstrip(".")])
        self.more += len(part) - 1


def stored_rows(
    read: Callable[[Sequence[Example]], Read], examples: Stored[Example], settings: str, *, without_cut: bool
) -> StoredRead:
    """Return examples as rows on disk, cached by examples and settings.

    Args:
        settings: cache key for ``read``: tokenizer, limit and so on.
        without_cut: skip truncated rows.

    Raises:
        DataError: no row is usable.
    """
    key = key_of("rows", examples.key, settings)
    kept = cache_folder() / "data" / f"{key}.arrow"
    about = kept.with_suffix(".json")
    if not (kept.exists() and about.exists()):
        fresh = _Noted()
        write_stored(_in_parts(read, examples, fresh), kept)
        replace_text(about, json.dumps(asdict(fresh)))
    noted = _Noted(**json.loads(about.read_text(encoding="utf-8")))
    if not noted.kind:
        raise DataError(noted.error or "No usable row.")
    rows = open_stored(kept, reviver(KINDS[noted.kind]), key, False if without_cut else None)
    rest = [Problem(0, f"{noted.more:,} more rows for similar reasons")] if noted.more else []
    return StoredRead(
        rows, noted.cut, [*(Problem(*each) for each in noted.problems), *rest], [Problem(*each) for each in noted.notes]
    )


def _in_parts(
    read: Callable[[Sequence[Example]], Read], examples: Stored[Example], noted: _Noted
) -> Iterator[tuple[Any, bool]]:
    """Yield every row, and whether it was truncated."""
    waiting = iter(examples)
    while part := list(islice(waiting, AT_ONCE)):
        try:
            found = read(part)
        except DataError as error:
            noted.refuse(part, error)
            continue
        noted.take(found)
        for row in found.rows:
            yield row, row.cut
