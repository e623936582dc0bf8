"""How does a page show the progress of work that takes a while?

The work runs in one thread, whichever thread Gradio advances the handler in: a lock acquired there is released there.
Its updates are read by iterating; leaving the ``with`` block stops the work at its next update.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from types import TracebackType
from typing import Any, Generic, TypeVar

import gradio as gr

from ia3_studio.errors import StudioError
from ia3_studio.ui.markup import note

Update = TypeVar("Update")
Result = TypeVar("Result")


class Stopped(BaseException):
    """The reader has left: unwinds the work, and is not an error."""


class Job(Generic[Update, Result]):
    """Work in a thread, as an iterator of its updates.

    Example:
        >>> def work(report):
        ...     report("half")
        ...     return 42
        >>> with Job(work) as job:
        ...     print([update for update in job], job.result())
        ['half'] 42
    """

    def __init__(self, work: Callable[[Callable[[Update], None]], Result], *, only_latest: bool = False) -> None:
        """Prepare the work, which starts with the ``with`` block.

        Args:
            work: is given the function that reports an update.
            only_latest: an update that was not read is replaced by the next one, so that a slow reader does not slow
                down the work.
        """
        self._work = work
        self._only_latest = only_latest
        self._updates: queue.Queue[Update | None] = queue.Queue(maxsize=1)
        self._outcome: Future[Result] = Future()
        self._left = threading.Event()

    def __enter__(self) -> Job[Update, Result]:
        # In a copy of the context: the work sees whose request it is for.
        threading.Thread(target=copy_context().run, args=(self._run,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._left.set()

    def __iter__(self) -> Iterator[Update]:
        while (update := self._updates.get()) is not None:
            yield update

    def result(self) -> Result:
        """Return what the work returned, or raise what it raised; call it after the last update."""
        return self._outcome.result()

    def _report(self, update: Update) -> None:
        if self._only_latest:
            with suppress(queue.Empty):
                self._updates.get_nowait()
        self._put(update)
        if self._left.is_set():
            raise Stopped

    def _put(self, update: Update | None) -> None:
        while not self._left.is_set():
            try:
                return self._updates.put(update, timeout=0.1)
            except queue.Full:
                continue

    def _run(self) -> None:
        try:
            self._outcome.set_result(self._work(self._report))
        except BaseException as error:  # raised in the reader's thread
            self._outcome.set_exception(error)
        self._put(None)


def with_notes(work: Callable[[Callable[[str], None]], Any]) -> Iterator[tuple[str, Any]]:
    """Do work in a thread; yield (note, result) for each update and for the result, or the note of a StudioError."""
    try:
        with Job[str, Any](work) as job:
            for update in job:
                yield note(update), gr.skip()
            yield "", job.result()
    except StudioError as error:
        yield note(str(error), "bad"), gr.skip()
