"""How is a file read that does not fit in memory? In parts: its beginning to look at it, all of it to train on it.

JSON lines and Parquet can be read so. Examples are kept on disk (:mod:`ia3_studio.data.arrow_rows`), under a name made
of the file's content and of how it is read, so that the next run on it need not read it again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Record
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ia3_studio.atomic import replace_text
from ia3_studio.data.archives import MAX_BYTES
from ia3_studio.data.arrow_rows import key_of, open_arrow_rows, revive_example, write_arrow_rows
from ia3_studio.data.column_use import require_columns, unused_names
from ia3_studio.data.example import Example
from ia3_studio.data.examples import decided, understood
from ia3_studio.data.infer_columns import infer_columns
from ia3_studio.data.large_blocks import LINES, PARQUET, blocks, open_parquet, require_readable, share_of
from ia3_studio.data.left_texts import MOST_EXAMPLES
from ia3_studio.data.mapping import Mapping
from ia3_studio.data.near_labels import near_note
from ia3_studio.data.parsing import shown_names
from ia3_studio.data.problem import Problem
from ia3_studio.data.shapes.recognize import unused_sentences
from ia3_studio.data.split import DataSplit
from ia3_studio.data.split_names import SPLIT, SPLITS, TRAINING
from ia3_studio.data.table import ParsingOptions, Table
from ia3_studio.errors import DataError
from ia3_studio.settings import cache_folder

LARGE_BYTES = 64 * 2**20
"""Files from this size on are read in parts, where their kind can be."""
HEAD_BYTES = 2 * 2**20
"""How much of the beginning is looked at before a run."""
BLOCK_BYTES = 8 * 2**20
BLOCK_ROWS = 5_000
MOST_HELD_OUT = 2_000
"""Maximum held-out rows: enough for an interval of ±2 %, few enough to evaluate repeatedly."""
_SPREAD = 4
"""Standard deviations by which a sampled share may miss the requested one before duplicates are reported."""
MOST_LISTED = 1_000
"""Skipped rows that are listed; more are counted."""


@dataclass(frozen=True)
class _Plan:
    """How the rows of a file are parsed, detected from its beginning."""

    mapping: Mapping
    split_column: str
    """The split column; empty if held-out rows are sampled."""
    learned: tuple[str, ...]
    """Values of the split column for training rows."""
    share: float
    """Held-out share, if rows are sampled."""
    seed: int


def is_large(path: Path) -> bool:
    """Say whether a file is read in parts: a large one, or one that is too large for memory once it is unpacked."""
    try:
        suffix = path.suffix.lower()
        size = path.stat().st_size if suffix in (*LINES, PARQUET) and path.is_file() else 0
    except OSError:
        return False
    return size >= LARGE_BYTES or (suffix == PARQUET and size > 0 and _unpacked_bytes(path) > MAX_BYTES)


def _unpacked_bytes(path: Path) -> int:
    try:
        found = open_parquet(path).metadata
    except DataError:  # told when it is read
        return 0
    return sum(int(found.row_group(number).total_byte_size) for number in range(found.num_row_groups))


def read_head(path: Path, parsing: ParsingOptions | None = None) -> Table:
    """Return the rows at the beginning of a large file.

    Raises:
        DataError: it cannot be read, or a row of it is so long that hardly any other is there.
    """
    require_readable(path)
    table = next(blocks(path, parsing or ParsingOptions(), HEAD_BYTES, 1_000), None)
    if table is None:
        raise DataError(f"{path.name} contains no rows; give a file with at least two.")
    share = share_of(path, len(table.frame) + len(table.problems), HEAD_BYTES)
    description = (
        f"{table.description}, the first {len(table.frame):,} of about {len(table.frame) / share:,.0f} rows:"
        f" {shown_names(table.frame.columns)}"
    )
    return replace(table, description=description, share=share)


def load_large(
    path: Path, mapping: Mapping | None, parsing: ParsingOptions | None, held_out: float = 0.1, seed: int = 0
) -> DataSplit:
    """Read a large file; its examples are stored on disk.

    Held-out rows are sampled by their prompt, so that duplicates are on one side, and are ``MOST_HELD_OUT`` at most.

    Raises:
        DataError: it cannot be read, or has no training or held-out rows.
    """
    head = read_head(path, parsing)
    plan = _plan(head, decided(head, mapping or infer_columns(head)), held_out, seed)
    fingerprint = fingerprint_of(path)
    key = key_of("examples", fingerprint, plan, parsing)
    kept = cache_folder() / "data" / f"{key}.arrow"
    if not (kept.exists() and kept.with_suffix(".json").exists()):
        document = _write(path, parsing or ParsingOptions(), plan, kept)
        replace_text(kept.with_suffix(".json"), json.dumps(document))
    train, measured = (open_arrow_rows(kept, revive_example, key, marked) for marked in (False, True))
    document = json.loads(kept.with_suffix(".json").read_text(encoding="utf-8"))
    listed, counted = _LeftOut.read(document)
    notes = (*head.notes, *near_note(plan.mapping), *document.get("notes", ()))
    if not train or not measured:
        raise DataError(_one_sided(path.name, len(train), len(measured), listed))
    rows = f"{len(train) + len(measured):,} examples"
    description = f"{path.name}: {head.description.partition(', the first')[0]}, {rows}, read in parts"
    more = counted - len(listed)
    idle = [name for name in head.unused if not any(name in note for note in notes)]
    unused = (*unused_names(head, plan.mapping, islice(train, MOST_EXAMPLES)), *idle)
    return DataSplit(train, measured, listed, description, plan.mapping, fingerprint, more_left_out=more, notes=notes,
                     unused=unused)  # fmt: skip


def fingerprint_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in parts."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plan(head: Table, mapping: Mapping, held_out: float, seed: int) -> _Plan:
    require_columns(head, mapping)
    column = mapping.split or SPLIT
    rows = len(head.frame) / head.share
    drawn = min(held_out, MOST_HELD_OUT / rows)
    if column not in head.frame.columns:
        return _Plan(mapping, "", (), drawn, seed)
    names = head.frame[column].map(_cell)
    known = set(names) <= SPLITS
    if not known and not mapping.split:
        return _Plan(mapping, "", (), drawn, seed)
    learned = TRAINING if known else (Counter(names).most_common(1)[0][0],)  # of equals the first, as in given_split
    return _Plan(mapping, column, learned, 0.0, seed)


def _cell(value: Any) -> str:
    return str(value).strip().lower()


class _LeftOut:
    """Skipped rows: the first of them, and their number; and what else is not used."""

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.counted = 0
        self.unused: Counter[str] = Counter()

    def add(self, problems: Sequence[Problem], unused: Record[str, int]) -> None:
        self.counted += len(problems)
        self.unused.update(unused)
        self.listed.extend(problems[: max(MOST_LISTED - len(self.listed), 0)])

    @property
    def document(self) -> dict[str, Any]:
        return {
            "counted": self.counted,
            "listed": [[each.row, each.reason, each.text] for each in self.listed],
            "notes": unused_sentences(self.unused),
        }

    @staticmethod
    def read(document: dict[str, Any]) -> tuple[tuple[Problem, ...], int]:
        return tuple(Problem(*each) for each in document["listed"]), int(document["counted"])


def _write(path: Path, parsing: ParsingOptions, plan: _Plan, kept: Path) -> dict[str, Any]:
    """Write the examples of a file, each with its side; return what is to be known of them.

    Where copies of a few rows would make the held-out side far larger than its share, which is seen only at the end,
    the file is read once more and those copies are learned.
    """
    left_out, sides = _LeftOut(), _Sides()
    write_arrow_rows(_counted(_understood(path, parsing, plan, left_out), plan, sides), kept)
    learned = sides.too_many(plan.share)
    if not learned:
        return left_out.document
    left_out, again = _LeftOut(), _Sides()
    write_arrow_rows(_counted(_understood(path, parsing, plan, left_out, learned), plan, again), kept)
    note = (
        f"{len(learned):,} rows have so many duplicates that {sides.share:.1%} of the rows would be held out; "
        f"they stay in the training rows, and {again.share:.1%} of the rows are held out."
    )
    found = left_out.document
    return {**found, "notes": [*found["notes"], note]}


class _Sides:
    """The number of rows, and which of the held-out rows have the same prompt."""

    def __init__(self) -> None:
        self.rows = 0
        self.aside: Counter[bytes] = Counter()

    @property
    def share(self) -> float:
        """Return the share that is held out."""
        return self.aside.total() / max(self.rows, 1)

    def too_many(self, share: float) -> frozenset[bytes]:
        """Return the prompts with too many duplicates to be held out within a share; the rarest may always be."""
        wanted = share * self.rows
        if not self.aside or self.aside.total() <= max(1.5 * wanted, wanted + _SPREAD * wanted**0.5, 1):
            return frozenset()
        taken, gone = 0, []
        for place, (asked, copies) in enumerate(sorted(self.aside.items(), key=lambda each: (each[1], each[0]))):
            if place and taken + copies > wanted:
                gone.append(asked)
            else:
                taken += copies
        return frozenset(gone)


def _counted(found: Iterator[tuple[Example, bool]], plan: _Plan, sides: _Sides) -> Iterator[tuple[Example, bool]]:
    """Yield the examples, and count them if rows are sampled."""
    for example, measured in found:
        if not plan.split_column:
            sides.rows += 1
            if measured:
                sides.aside[_asked(example, plan)] += 1
        yield example, measured


def _understood(
    path: Path, parsing: ParsingOptions, plan: _Plan, left_out: _LeftOut, learned: frozenset[bytes] = frozenset()
) -> Iterator[tuple[Example, bool]]:
    """Yield every example of a file, and whether it is held out; prompts in ``learned`` never are."""
    for table in blocks(path, parsing, BLOCK_BYTES, BLOCK_ROWS):
        examples, problems = understood(table, plan.mapping)
        left_out.add(problems, table.unused)
        aside = _set_aside(table, plan) if plan.split_column else None
        last, measured = 0, False
        for example in examples:
            if example.row != last:  # what comes from one row is on one side
                drawn = example.row in aside if aside is not None else _is_drawn(example, plan, learned)
                last, measured = example.row, drawn
            yield example, measured


def _set_aside(table: Table, plan: _Plan) -> set[int]:
    """Return the rows whose split is not a training split."""
    if plan.split_column not in table.frame.columns:
        return set()
    names = table.frame[plan.split_column].map(_cell)
    return {int(row) for row in names.index[~names.isin(plan.learned)]}


def _is_drawn(example: Example, plan: _Plan, learned: frozenset[bytes]) -> bool:
    """Return whether an example is held out; equal prompts are on the same side."""
    digest = _asked(example, plan)
    return digest not in learned and int.from_bytes(digest, "big") < plan.share * 2**64


def _asked(example: Example, plan: _Plan) -> bytes:
    """Return a seeded hash of an example's prompt."""
    turns = example.messages[:-1] if len(example.messages) > 1 else example.messages
    said = (*(turn.content for turn in turns), example.text, example.second, *example.words)
    return hashlib.blake2b("\0".join((str(plan.seed), *said)).encode(), digest_size=8).digest()


def _one_sided(name: str, learned: int, measured: int, listed: Sequence[Problem]) -> str:
    if not learned and not measured and listed:
        return f"{name} has no usable row; row {listed[0].row}: {listed[0].reason}."
    missing = "training" if not learned else "held-out"
    return f"{name} has no {missing} row; choose another split column, or another held-out share."
