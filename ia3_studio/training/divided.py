"""How do the processes of a job divide an evaluation? By groups of rows, so that every figure is that of one process.

A group is what one forward pass takes. Each process computes some of the groups; then all exchange what they found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from ia3_studio.training.processes import Processes
from ia3_studio.training.report import Progress

Row = TypeVar("Row")
Found = TypeVar("Found")


class EvaluationStopped(BaseException):
    """Another process was asked to stop. Not an Exception, so that it is not handled as a failure."""


def divided(
    groups: Sequence[Sequence[Row]], measure: Callable[[Sequence[Row]], Found], processes: Processes | None
) -> Generator[float, None, list[Found]]:
    """Measure groups, each in one of the processes; yield the share of rows that is done, return what all found.

    Args:
        groups: the same ones in all processes.
        measure: returns what JSON can hold.
        processes: those that divide the groups; None where this one measures all.

    Raises:
        EvaluationStopped: another process was asked to stop.
        StudioError: another process failed.

    Example:
        >>> work = divided([[1], [2]], sum, None)
        >>> list(work)
        [0.5, 1.0]
    """
    among = processes or Processes()
    mine = among.share(groups)
    found: list[Found] = []
    done, rows = 0, sum(map(len, mine))
    for group in mine:
        found.append(measure(group))
        done += len(group)
        yield done / rows
    if among.count == 1:
        return found
    if among.any(False):
        raise EvaluationStopped
    said = [json.loads(each) for each in among.all_said(json.dumps(found))]
    return [said[place % among.count][place // among.count] for place in range(len(groups))]


def as_progress(
    work: Generator[float, None, Found], done: int, rows: int, total: int
) -> Generator[Progress, None, Found]:
    """Yield the progress of work that yields its share.

    Args:
        work: a part of an evaluation.
        done: rows before it.
        rows: that it takes.
        total: of the whole evaluation.
    """
    while True:
        try:
            share = next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(done + round(share * rows), total)


def result_of(work: Generator[float, None, Found]) -> Found:
    """Run work to its end; return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
