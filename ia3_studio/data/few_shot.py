"""Which rows are used for few-shot training? Sampled with a seed and recorded with the split."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.errors import DataError

PAPER_SEEDS = (42, 1024, 0, 1, 32)
"""The five seeds of T-Few, to separate results from sampling noise."""


@dataclass(frozen=True)
class FewShotSplit:
    """The rows sampled for training, and all others."""

    seed: int
    rows: tuple[ChoiceRow, ...]
    others: tuple[ChoiceRow, ...]
    """Without duplicates of a training row, which would measure memorization."""

    @property
    def drawn(self) -> tuple[int, ...]:
        """Return the numbers of the sampled rows in sampling order: with the seed, the record of the split."""
        return tuple(row.row for row in self.rows)


def draw(rows: Sequence[ChoiceRow], count: int, seed: int) -> FewShotSplit:
    """Draw ``count`` rows, the same ones for the same seed and rows.

    Raises:
        DataError: there are not as many rows.
    """
    _require(rows, count, "rows")
    return _split(rows, random.Random(f"{seed}/rows").sample(range(len(rows)), count), seed)


def draw_per_class(rows: Sequence[ChoiceRow], count: int, seed: int) -> FewShotSplit:
    """Draw ``count`` rows of each class: of the rows whose right choice stands in the same place.

    Raises:
        DataError: a class has not as many rows.
    """
    generator = random.Random(f"{seed}/classes")
    drawn: list[int] = []
    for answer in sorted({row.answer for row in rows}):
        of_class = [place for place, row in enumerate(rows) if row.answer == answer]
        _require(of_class, count, f"rows of class {answer}")
        drawn += generator.sample(of_class, count)
    return _split(rows, drawn, seed)


def _require(rows: Sequence[object], count: int, what: str) -> None:
    if not 1 <= count <= len(rows):
        raise DataError(f"{count} {what} were requested but there are {len(rows)}; request 1 to {len(rows)}.")


def _split(rows: Sequence[ChoiceRow], drawn: Sequence[int], seed: int) -> FewShotSplit:
    taken = set(drawn)
    recited = {_content(rows[place]) for place in drawn}
    others = tuple(row for place, row in enumerate(rows) if place not in taken and _content(row) not in recited)
    return FewShotSplit(seed, tuple(rows[place] for place in drawn), others)


def _content(row: ChoiceRow) -> object:
    return row.prompt, row.choices
