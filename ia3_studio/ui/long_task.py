"""How does a page watch work that takes a while?

The work runs in one thread of its own, whatever thread Gradio advances the handler in: a lock taken there is
released there. What it reports is read by iterating; leaving the ``with`` block tells it to stop at its next report.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from types import TracebackType
from typing import Generic, TypeVar

News = TypeVar("News")
Result = TypeVar("Result")


class Stopped(BaseException):
    """Nobody listens any more: unwinds the work, no error of it."""


class Job(Generic[News, Result]):
    """Work in a thread, as an iterator of its news.

    Example:
        >>> def work(report):
        ...     report("half")
        ...     return 42
        >>> with Job(work) as job:
        ...     print([news for news in job], job.result())
        ['half'] 42
    """

    def __init__(self, work: Callable[[Callable[[News], None]], Result], *, only_latest: bool = False) -> None:
        """Prepare work; it starts with the ``with`` block.

        Args:
            work: is given what it reports its news with.
            only_latest: news that was not read yet gives way to newer: work that is watched slowly is not held up.
        """
        self._work = work
        self._only_latest = only_latest
        self._news: queue.Queue[News | None] = queue.Queue(maxsize=1)
        self._outcome: Future[Result] = Future()
        self._left = threading.Event()

    def __enter__(self) -> Job[News, Result]:
        # The work is the listener's: it sees whose request it is for.
        threading.Thread(target=copy_context().run, args=(self._run,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._left.set()

    def __iter__(self) -> Iterator[News]:
        while (news := self._news.get()) is not None:
            yield news

    def result(self) -> Result:
        """Return what the work returned, or raise what it raised; call it after the last news."""
        return self._outcome.result()

    def _report(self, news: News) -> None:
        if self._only_latest:
            with suppress(queue.Empty):
                self._news.get_nowait()
        self._put(news)
        if self._left.is_set():
            raise Stopped

    def _put(self, news: News | None) -> None:
        while not self._left.is_set():
            try:
                return self._news.put(news, timeout=0.1)
            except queue.Full:
                continue

    def _run(self) -> None:
        try:
            self._outcome.set_result(self._work(self._report))
        except BaseException as error:  # handed over: the listener's thread raises it
            self._outcome.set_exception(error)
        self._put(None)
