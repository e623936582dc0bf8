"""Which ways to compute faster does a job take, and why not the others?

Each is tried on the model itself and left where it would change a result. None is left in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class FastPath:
    """One way to compute faster."""

    name: str
    is_on: bool
    reason: str = ""
    """Why it is off; of one that is on, what there is to know."""

    def __str__(self) -> str:
        said = f"{self.name}: {'on' if self.is_on else 'off'}"
        return f"{said} ({self.reason})" if self.reason else said


def lines(paths: Iterable[FastPath]) -> list[str]:
    """Return one line for each path, for a log."""
    return [f"fast path, {path}" for path in paths]
