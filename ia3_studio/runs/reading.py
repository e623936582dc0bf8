"""Which rows do a run's data come to, and what is said of those that are cut or left out?"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ia3_studio.data.stored import Stored, key_of, tokenizer_key
from ia3_studio.errors import DataError
from ia3_studio.runs.stored_rows import stored_rows

if TYPE_CHECKING:
    from ia3_studio.data.examples import Example
    from ia3_studio.data.problem import Problem
    from ia3_studio.data.split import DataSplit
    from ia3_studio.runs.config import RunConfig

MOST_PRINTED = 200
"""Row numbers that the log lists."""
PROBED_TOKENS = 8
"""How much of a row the vectors are tried on: as much work as a forward and backward pass over one short row."""


class Read(Protocol):
    """Rows as a model takes them, and what happened to the others."""

    @property
    def rows(self) -> Sequence[Any]:
        """Return the rows that can be used."""

    @property
    def cut(self) -> Sequence[int]:
        """Return the numbers of data rows that lost their end."""

    @property
    def problems(self) -> Sequence[Problem]:
        """Return the data rows left out, and why."""


class Reading:
    """Rows from both parts of the data, and what is said of those that were cut or left out."""

    def __init__(self, split: DataSplit, config: RunConfig) -> None:
        self._split = split
        self._config = config
        self.notes: list[str] = []
        """What a person should know before the first step."""

    def read_both(
        self, read: Callable[[Sequence[Example]], Read], tokenizer: Any = None
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why.

        Args:
            tokenizer: what ``read`` reads with; rows of a large file are kept on disk under its name.

        Raises:
            DataError: there is nothing to learn, or nothing to measure.
        """
        learned = self._kept(self._read(read, self._drawn(), tokenizer), "rows to learn")
        try:
            return learned, self._kept(self._read(read, self._split.held_out, tokenizer), "held-out rows")
        except DataError as error:
            raise DataError(f"The held-out rows cannot be measured. {error} Set more rows aside.") from error

    def _drawn(self) -> Sequence[Example]:
        """Return the examples to learn: of more on disk than a run of so many steps can see, as many as it sees."""
        examples, config = self._split.train, self._config.train
        needed = config.max_steps * config.batch_size if config.max_steps else len(examples)
        if not isinstance(examples, Stored) or needed >= len(examples):
            return examples
        self.notes.append(
            f"{needed:,} of {len(examples):,} examples are drawn at random: more are not seen in {config.max_steps:,}"
            " steps."
        )
        return examples.at(sorted(random.Random(config.seed).sample(range(len(examples)), needed)))

    def _read(self, read: Callable[[Sequence[Example]], Read], examples: Sequence[Example], tokenizer: Any) -> Read:
        """Return examples as rows; those of a large file lie on disk, and so do their rows."""
        if not isinstance(examples, Stored):
            return read(examples)
        settings = (type(self).__name__, self._config.train.max_length, getattr(self, "labels", None))
        skips = self._config.train.long_rows == "skip"
        return stored_rows(read, examples, key_of(*settings, tokenizer_key(tokenizer)), without_cut=skips)

    def _tell(self, notes: Sequence[Problem], what: str) -> None:
        """Tell what is learned otherwise than it is written: each reason once, its rows in the log."""
        rows: dict[str, list[int]] = {}
        for note in notes:
            rows.setdefault(note.reason, []).append(note.row)
        for reason, numbers in rows.items():
            print(f"rows {', '.join(map(str, numbers[:MOST_PRINTED]))}: {reason}")
            self.notes.append(f"{len(numbers):,} {what}: {reason}; the log lists them.")

    def _kept(self, found: Read, what: str) -> Sequence[Any]:
        for problem in found.problems:
            print(f"row {problem.row} is left out: {problem.reason}")
        if found.problems:
            self.notes.append(f"{len(found.problems):,} {what} are left out; the log says why.")
        self._tell(getattr(found, "notes", ()), what)
        if not found.cut:
            return found.rows
        skips, most = self._config.train.long_rows == "skip", self._config.train.max_length
        done = "left out" if skips else "cut to it"
        print(f"rows {', '.join(map(str, found.cut[:MOST_PRINTED]))}: longer than {most} tokens, {done}")
        self.notes.append(f"{len(found.cut):,} {what} are longer than {most:,} tokens and are {done}.")
        already = isinstance(found.rows, Stored)
        rows = [row for row in found.rows if not row.cut] if skips and not already else found.rows
        if not rows:
            raise DataError(
                f"All {what} are longer than {most:,} tokens, and long rows are left out; cut them instead."
            )
        return rows
