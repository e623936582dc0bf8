"""What is in an evaluation? Base compared with tuned, as plain numbers, JSON in and out.

Nothing here needs torch: a page and a notebook read what a worker measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from ia3_studio.errors import DataError
from ia3_studio.old_names import ROW_CHANGE
from ia3_studio.training.intervals import Interval
from ia3_studio.typed import typed

EvaluationTask = Literal[
    "language", "forgetting", "generation", "choices", "classes", "labels", "values", "tags", "preferences"
]
Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Progress:
    """Progress of an evaluation."""

    done: int
    """Rows evaluated so far; a row counts once for the base model and once for the tuned one."""
    total: int


@dataclass(frozen=True)
class Measure:
    """One measure of the base and the tuned model, on the same rows."""

    name: str
    unit: str
    """Empty for a share of 1 and what has no unit."""
    better: Better
    """Which way is an improvement."""
    base: float
    tuned: float
    base_interval: Interval | None
    """95 % interval of the base model's value; None for less than two rows."""
    tuned_interval: Interval | None
    difference_interval: Interval | None
    """The same for tuned − base, row by row: much narrower than the two apart, for rows differ more than models."""

    @property
    def difference(self) -> float:
        """Return tuned − base."""
        return self.tuned - self.base


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix: true class (row) by predicted class (column)."""

    model: Literal["base", "tuned"]
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class RowChange:
    """Change of one row: its first measure, and the sample generations if there are any."""

    row: int
    """Number of its data row, starting at 1."""
    base: float
    tuned: float
    base_text: str = ""
    tuned_text: str = ""


MOST_CHANGES = 6
"""Number of stored rows: most improved, and most degraded."""


def largest_changes(changes: Sequence[RowChange], better: Better) -> tuple[RowChange, ...]:
    """Return the most improved rows, best first, then the most degraded rows, worst last."""
    sign = 1 if better == "higher" else -1
    moved = sorted(
        (each for each in changes if each.tuned != each.base), key=lambda each: -sign * (each.tuned - each.base)
    )
    won = [each for each in moved if sign * (each.tuned - each.base) > 0][:MOST_CHANGES]
    lost = [each for each in moved if sign * (each.tuned - each.base) < 0][-MOST_CHANGES:]
    return (*won, *lost)


@dataclass(frozen=True)
class Evaluation:
    """An evaluation on held-out rows."""

    task: EvaluationTask
    measures: tuple[Measure, ...]
    """The verdict is based on the first one."""
    rows: int
    """Rows measured."""
    seconds: float
    confusion: tuple[Confusion, ...] = ()
    changes: tuple[RowChange, ...] = ()
    """The rows that changed most, improved ones first (:func:`largest_changes`)."""

    def to_json(self) -> str:
        """Return the evaluation as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Evaluation:
        """Read an evaluation written by :meth:`to_json`.

        Raises:
            DataError: the text is not an evaluation.
        """
        try:
            document = json.loads(text)
            found = typed(cls, {**document, "changes": ROW_CHANGE.replaced_in_each(document.get("changes", []))})
            if not found.measures:
                raise ValueError("it contains no measures")
            return found
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(f"This evaluation cannot be read ({error}); evaluate again.") from error

    def table(self) -> list[dict[str, str | float | None]]:
        """Return one record per measure, for a table or a CSV file."""
        return [_record(self, measure) for measure in self.measures]


def _record(evaluation: Evaluation, measure: Measure) -> dict[str, str | float | None]:
    record: dict[str, str | float | None] = {
        "task": evaluation.task, "measure": measure.name, "unit": measure.unit, "better": measure.better,
        "rows": evaluation.rows, "base": measure.base, "tuned": measure.tuned, "difference": measure.difference,
    }  # fmt: skip
    for name in ("base", "tuned", "difference"):
        low, high = getattr(measure, f"{name}_interval") or (None, None)
        record |= {f"{name}_low": low, f"{name}_high": high}
    return record
