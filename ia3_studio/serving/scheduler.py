"""Who waits for the model, and when does it work? One thread that answers all requests in rounds."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ia3_studio.errors import ModelError, StudioError
from ia3_studio.serving.generation import AnswerFailedError, BusyError, ClosedError, Failed, Generation

if TYPE_CHECKING:
    from ia3_studio.models.loaded import LoadedModel
    from ia3_studio.serving.batching import Batching
    from ia3_studio.serving.row import Row

logger = logging.getLogger("ia3_studio.serving")
HELD_SECONDS = 5.0
"""For so long at least the model is kept, where somebody waits for another one: loading it again takes seconds."""


@dataclass(frozen=True)
class Limits:
    """The most that is done at a time, and for one request."""

    rows: int = 8
    """Answers in progress; each choice of a request is one."""
    queue: int = 64
    """Requests that wait for a row; more are refused."""
    tokens: int = 2048
    """Of one answer."""
    body: int = 2**20
    """Bytes of a request."""
    seconds: float = 600.0
    """From the request to its last token."""
    threads: int = 0
    """CPU threads that compute; 0 for all cores."""
    rounds: bool = False
    """Let answers of a model in float16 or bfloat16 share passes, so that rounding makes them depend on each other."""


class Scheduler:
    """Answers the requests of all clients with one base model, in a thread of its own."""

    def __init__(
        self,
        borrow: Callable[[], AbstractContextManager[LoadedModel]],
        limits: Limits | None = None,
        turn: AbstractContextManager[Any] | None = None,
        *,
        idle_seconds: float | None = None,
        is_awaited: Callable[[], bool] = lambda: False,
    ) -> None:
        """Start the thread.

        Args:
            borrow: returns the context in which the model is in memory.
            limits: the most that is done at a time.
            turn: held while the model is called, where others use it too.
            idle_seconds: the model is given back after so many seconds without a request; None keeps it.
            is_awaited: says whether somebody waits for another model. Answers in progress are then put off after a few
                seconds, and go on when this one can be borrowed again.
        """
        self.limits = limits or Limits()
        self._borrow, self._turn = borrow, turn
        self._idle_seconds, self._is_awaited = idle_seconds, is_awaited
        self._changed = threading.Condition()
        self._waiting: deque[Generation] = deque()
        self._paused: list[Row] = []
        """Answers that were begun, while the model is given to others."""
        self._closing = False
        self._busy = 0
        self._thread = threading.Thread(target=self._work, name="serving", daemon=True)
        self._thread.start()

    @property
    def load(self) -> tuple[int, int]:
        """Return (answers in progress, requests that wait)."""
        return self._busy, len(self._waiting)

    def submit(self, *generations: Generation) -> None:
        """Queue the generations of one request: all or none.

        Raises:
            BusyError: the queue is full.
            ClosedError: no requests are taken any more.
        """
        with self._changed:
            if self._closing:
                raise ClosedError("The server is shutting down; send the request again when it has restarted.")
            # Those who left are in the queue until it moves on.
            held = sum(not each.is_gone for each in tuple(self._waiting))
            if held and held + len(generations) > self.limits.queue:
                raise BusyError(
                    f"{held} requests are waiting and the queue takes {self.limits.queue}; try again later."
                )
            self._waiting.extend(generations)
            self._changed.notify_all()

    def close(self, seconds: float = 5.0) -> None:
        """Take no more requests, end those under way with an error, and wait for the thread to end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(seconds)

    def _work(self) -> None:
        while self._paused or self._has_work(None):
            if self._closing:
                break
            try:
                with self._borrow() as loaded:
                    self._answer(loaded)
            except Exception as error:  # the one boundary of this thread
                if not isinstance(error, StudioError):
                    logger.exception("the model cannot be used")
                self._fail_waiting(error)
        self._fail_waiting(ClosedError("The server is shutting down; send the request again when it has restarted."))

    def _answer(self, loaded: LoadedModel) -> None:
        """Answer with the borrowed model until nothing was asked for a while, or others wait for another model."""
        import torch

        from ia3_studio.serving.batching import Batching

        if self.limits.threads:
            torch.set_num_threads(self.limits.threads)
        if loaded.head != "causal-lm":
            raise ModelError(f"{loaded.source} is not a decoder-only text-generation model, so it cannot be served.")
        batching = Batching(loaded, self.limits.rows, self._turn, rounds=self.limits.rounds)
        since, paused, self._paused = time.monotonic(), self._paused, []
        try:
            batching.resume(paused)
            while not self._closing and (batching.rows or self._has_work(self._idle_seconds)):
                self._rounds(batching, since)
                if self._gives_way(since):
                    self._paused = batching.pause()
                    return
        finally:
            batching.fail(ClosedError("The server is shutting down; send the request again when it has restarted."))
            batching.close()

    def _rounds(self, batching: Batching, since: float) -> None:
        """Answer until nothing is waiting and nothing in progress, or others wait for another model."""
        is_going = True
        while is_going and not self._closing and not self._gives_way(since):
            try:
                is_going = batching.advance(self._waiting)
            except Exception:  # a foreign forward may raise anything; those who waited for it were told
                logger.exception("a pass failed")
            self._busy = batching.rows
            is_going = is_going or bool(self._waiting)

    def _gives_way(self, since: float) -> bool:
        """Return whether it is the turn of those who wait for another model."""
        return time.monotonic() - since > HELD_SECONDS and self._is_awaited()

    def _has_work(self, seconds: float | None) -> bool:
        """Wait for a request; return False if none came in time, or the scheduler is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing, seconds)
            return bool(self._waiting) and not self._closing

    def _fail_waiting(self, error: BaseException) -> None:
        told = error if isinstance(error, StudioError) else AnswerFailedError(
            f"The model cannot be used ({type(error).__name__}); the log of the server has the details."
        )  # fmt: skip
        with self._changed:
            waiting, self._waiting = list(self._waiting), deque()
        begun, self._paused = {row.generation for row in self._paused}, []
        for generation in (*begun, *waiting):
            generation.deliver(Failed(told))
