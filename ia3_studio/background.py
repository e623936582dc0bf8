"""How does work run in the background, so that a hung connection blocks neither the caller nor the exit?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(task: Callable[[], T]) -> Future[T]:
    """Run a task in a daemon thread, so that a hung connection blocks neither the caller nor the exit."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(task())
        except BaseException as error:  # handed over: the caller's thread raises it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
