"""What goes on beside the work of a worker? Heartbeats and looks at other processes, in threads of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def working_beside(work: Callable[[threading.Event], None], name: str, patience: float | None = None) -> Iterator[None]:
    """Let work go on in a daemon thread until the block ends, which an event tells it.

    Args:
        work: gets the event; returns soon after it is set.
        name: of the thread.
        patience: seconds in which the block waits for it at its end; None for as long as it takes.
    """
    done = threading.Event()
    thread = threading.Thread(target=work, args=(done,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(patience)
