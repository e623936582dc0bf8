"""How are runs compared? Plain numbers of several runs, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """How a run's losses went."""

    name: str
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    held_out_steps: tuple[int, ...]
    held_out: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """The cost and the result of a run."""

    name: str
    cost: float
    result: float


def pareto_front(points: Sequence[Point], lower_is_better: bool) -> list[Point]:
    """Return the points that no other beats in one thing without being worse in the other, the cheapest first.

    Example:
        >>> [p.name for p in pareto_front([Point("a", 1, 5), Point("b", 2, 6), Point("c", 3, 4)], True)]
        ['a', 'c']
    """
    sign = 1 if lower_is_better else -1
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.cost, sign * point.result)):
        if not front or sign * point.result < sign * front[-1].result:
            front.append(point)
    return front
