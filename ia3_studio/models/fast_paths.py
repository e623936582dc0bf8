"""Which fast paths are on, and why not the others?

Each is tried on the model itself and disabled if it would change a result, with a line in the log: the worker's for
training, the app's for chat.
"""

from __future__ import annotations

import traceback
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
        state = f"{self.name}: {'on' if self.is_on else 'off'}"
        return f"{state} ({self.reason})" if self.reason else state


def failed_trial(error: Exception) -> str:
    """Return the reason that a trial failed for, **after writing its traceback to the log** (standard error)."""
    traceback.print_exception(error)
    return f"the trial failed with {type(error).__name__}, shown above"


def lines(paths: Iterable[FastPath]) -> list[str]:
    """Return one line for each path, for a log."""
    return [f"fast path, {path}" for path in paths]
