"""Which rows do a run's data come to, and what is said of those that are cut or left out?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ia3_studio.errors import DataError

if TYPE_CHECKING:
    from ia3_studio.data.examples import Example
    from ia3_studio.data.load import DataSplit
    from ia3_studio.data.problem import Problem
    from ia3_studio.runs.config import RunConfig

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

    def read_both(self, read: Callable[[Sequence[Example]], Read]) -> tuple[Sequence[Any], Sequence[Any]]:
        """Return the rows to learn and those held out; print what was cut or left out, and why.

        Raises:
            DataError: there is nothing to learn, or nothing to measure.
        """
        learned = self._kept(read(self._split.train), "rows to learn")
        try:
            return learned, self._kept(read(self._split.held_out), "held-out rows")
        except DataError as error:
            raise DataError(f"The held-out rows cannot be measured. {error} Set more rows aside.") from error

    def _kept(self, found: Read, what: str) -> Sequence[Any]:
        for problem in found.problems:
            print(f"row {problem.row} is left out: {problem.reason}")
        if found.problems:
            self.notes.append(f"{len(found.problems):,} {what} are left out; the log says why.")
        if not found.cut:
            return found.rows
        skips, most = self._config.train.long_rows == "skip", self._config.train.max_length
        done = "left out" if skips else "cut to it"
        print(f"rows {', '.join(map(str, found.cut))}: longer than {most} tokens, {done}")
        self.notes.append(f"{len(found.cut):,} {what} are longer than {most:,} tokens and are {done}.")
        rows = [row for row in found.rows if not row.cut] if skips else found.rows
        if not rows:
            raise DataError(
                f"All {what} are longer than {most:,} tokens, and long rows are left out; cut them instead."
            )
        return rows
