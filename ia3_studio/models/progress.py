"""How does long work say what it is doing, and how does it keep looking while it waits?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ia3_studio.background import in_background

T = TypeVar("T")

ProgressCallback = Callable[[float | None, str], None]
"""Takes the share done (0..1, or None when it cannot be known) and a sentence for the screen."""

LOOK_EVERY = 0.25
"""Seconds between two looks at a growing download."""

STANDSTILL = 60.0
"""Seconds without a new byte after which a download is given up.

The libraries that download have timeouts too, which they multiply by their retries; and a server that asks them to wait
for an hour is obeyed.
"""


class StandstillError(TimeoutError):
    """Nothing has arrived for a while."""


@dataclass
class Growth:
    """Watches the bytes of a download."""

    patience: float = field(default_factory=lambda: STANDSTILL)
    _held: int = -1
    _since: float = 0.0

    def require(self, held: int) -> None:
        """Check that a download grows.

        Args:
            held: bytes there are now.

        Raises:
            StandstillError: there have been no more for too long.
        """
        now = time.monotonic()
        if held > self._held:
            self._held, self._since = held, now
        elif now - self._since > self.patience:
            raise StandstillError(f"nothing has arrived for {self.patience:.0f} s")


def ignore_progress(share: float | None, sentence: str) -> None:
    """Take progress that nobody asked for."""


def watched(task: Callable[[], T], look: Callable[[], None]) -> T:
    """Run a task in the background and look at it from the caller's thread until it is done."""
    future = in_background(task)
    while not future.done():
        look()
        try:
            future.exception(timeout=LOOK_EVERY)
        except TimeoutError:
            continue
    return future.result()


def megabytes(count: int) -> str:
    """Say a number of bytes in MB or GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
