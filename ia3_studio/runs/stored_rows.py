"""How do the examples of a large file become rows? Part by part; the rows lie on disk and are made once."""

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
"""Examples that are turned into rows at a time."""
MOST_LISTED = 1_000
"""Skipped rows that are listed; behind them one line says how many more there are."""


@dataclass(frozen=True)
class StoredRead:
    """Rows that lie on disk, and what happened to the others."""

    rows: Stored[Any]
    cut: Sequence[int]
    problems: Sequence[Problem]
    notes: Sequence[Problem] = ()


@dataclass
class _Noted:
    """What to know about rows beside the rows."""

    kind: str = ""
    """Of the rows; empty where there are none."""
    cut: list[int] = field(default_factory=list)
    problems: list[list[Any]] = field(default_factory=list)
    """The number and the reason of each row left out, the first of them."""
    notes: list[list[Any]] = field(default_factory=list)
    """The number of each row learned otherwise than it is written, the first of them, and how."""
    more: int = 0
    """Skipped rows that are not listed."""
    error: str = ""
    """Why no row of a part could be used, the first time that was so."""

    def take(self, found: Read) -> None:
        """Note what happened in one part."""
        self.kind = self.kind or type(found.rows[0]).__name__
        self.cut += found.cut
        room = max(MOST_LISTED - len(self.problems), 0)
        self.problems += [[problem.row, problem.reason] for problem in found.problems[:room]]
        self.more += len(found.problems[room:])
        room = max(MOST_LISTED - len(self.notes), 0)
        self.notes += [[note.row, note.reason] for note in getattr(found, "notes", ())[:room]]

    def refuse(self, part: Sequence[Example], error: DataError) -> None:
        """Note that no row of a part could be used."""
        self.error = self.error or str(error)
        self.problems.append([part[0].row, str(error).rstrip(".")])
        self.more += len(part) - 1


def stored_rows(
    read: Callable[[Sequence[Example]], Read], examples: Stored[Example], settings: str, *, without_cut: bool
) -> StoredRead:
    """Return examples as rows on disk; they are made once for the same examples and settings.

    Args:
        settings: tells what ``read`` does from what it would do with another tokenizer or limit.
        without_cut: leave out rows that lost a part.

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
    """Yield every row, and whether it lost a part."""
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
