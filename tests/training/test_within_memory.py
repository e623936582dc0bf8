"""An evaluation whose passes are too large for the memory goes on with smaller ones, to the same figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ia3_studio.training import class_loss, evaluation, loss, ranking, target_loss
from ia3_studio.training.evaluation import finish
from ia3_studio.training.report import Evaluation
from ia3_studio.training.within_memory import FullPassError, WithinMemory
from tests.training.test_divided import KINDS

PASSES: Sequence[tuple[Any, str, int]] = (
    (loss.CausalLoss, "row_losses", 1),
    (target_loss.TargetLoss, "row_losses", 1),
    (class_loss.OutputLoss, "scores", 1),
    (evaluation, "answer_both", 3),
    (ranking, "_scores", 1),
)
"""What runs a forward pass, and at which place of its arguments the rows are."""


class Room:
    """Memory for so many rows at once."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.refused = 0

    def bounded(self, run: Callable[..., Any], place: int) -> Callable[..., Any]:
        def runs(*given: Any) -> Any:
            if len(given[place]) > self.rows:
                self.refused += 1
                raise RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")
            return run(*given)

        return runs


def measures(found: Any) -> list[float]:
    parts: list[Evaluation] = [each for each in (found.held_out, found.forgetting, found.sample_generations) if each]
    return [value for part in parts for each in part.measures for value in (each.base, each.tuned)]


@pytest.mark.parametrize("kind", KINDS)
def test_with_memory_for_one_row_at_a_time_the_figures_are_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = measures(finish(KINDS[kind](None)))
    room = Room(1)
    for place, name, rows in PASSES:
        monkeypatch.setattr(place, name, room.bounded(getattr(place, name), rows))
    assert measures(finish(KINDS[kind](None))) == pytest.approx(plain, rel=1e-4, abs=1e-6)
    assert room.refused


def test_what_was_found_to_fit_is_not_exceeded_again() -> None:
    sizes: list[int] = []

    def measure(rows: Sequence[int]) -> list[int]:
        sizes.append(len(rows))
        if len(rows) > 3:
            raise MemoryError
        return [2 * row for row in rows]

    within = WithinMemory(measure, None)
    assert within(range(8)) == within(range(8)) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("error", [MemoryError(), KeyError("defect")])
def test_one_row_that_does_not_fit_and_any_other_error_are_told(error: Exception) -> None:
    tried: list[int] = []

    def measure(rows: Sequence[int]) -> list[int]:
        tried.append(len(rows))
        raise error

    with pytest.raises(type(error)):
        WithinMemory(measure, None)([1, 2])
    assert tried == ([2, 1] if isinstance(error, MemoryError) else [2])


def test_a_pass_that_processes_share_is_not_repeated_by_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ia3_studio.training.within_memory.is_sharded", lambda _model: True)
    tried: list[int] = []

    def measure(rows: Sequence[int]) -> list[int]:
        tried.append(len(rows))
        raise MemoryError

    with pytest.raises(FullPassError) as full:
        WithinMemory(measure, None)([1, 2, 3])
    assert full.value.rows == 3 and tried == [3]
