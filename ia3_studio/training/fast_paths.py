"""Which fast paths does a job use, and why not the others?

Each is tested on the model itself and disabled if it would change a result, with a line in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class FastPath:
    """One fast path."""

    name: str
    is_on: bool
    reason: str = ""
    """Why it is off, or a note if it is on."""

    def __str__(self) -> str:
        said = f"{self.name}: {'on' if self.is_on else 'off'}"
        return f"{said} ({self.reason})" if self.reason else said


def lines(paths: Iterable[FastPath]) -> list[str]:
    """Return one line for each path, for a log."""
    return [f"fast path, {path}" for path in paths]
