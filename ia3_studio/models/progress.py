"""How does long work say what it is doing, and how does it keep looking while it waits?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ia3_studio.background import in_background

T = TypeVar("T")

ProgressCallback = Callable[[float | None, str], None]
"""Takes the share done (0..1, or None when it cannot be known) and a sentence for the screen."""

LOOK_EVERY = 0.25
"""Seconds between two looks at a growing download."""


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
