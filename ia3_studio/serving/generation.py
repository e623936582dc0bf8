"""What is asked of the model, and what is told while it answers?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ia3_studio.chat.settings import ChatSettings
from ia3_studio.errors import StudioError

if TYPE_CHECKING:
    from ia3_studio.method import Adapter

FinishReason = Literal["stop", "length"]
"""The model or a stop string ended the answer, or it reached its most tokens."""


class BusyError(StudioError):
    """The queue is full."""


class ClosedError(StudioError):
    """The server is shutting down."""


class TimedOutError(StudioError):
    """A request took longer than it may."""


class AnswerFailedError(StudioError):
    """The model could not compute an answer."""


def as_told(error: BaseException) -> StudioError:
    """Return what a client hears of an error; only those of users are quoted."""
    if isinstance(error, StudioError):
        return error
    return AnswerFailedError(
        f"The model could not compute the answer ({type(error).__name__}); the log of the server has the details."
    )


@dataclass(frozen=True)
class ServedAdapter:
    """An adapter to answer with; the base model has none."""

    name: str
    """Identifies its content: two adapters of one name are the same."""
    adapter: Adapter
    strength: float = 1.0


@dataclass(frozen=True)
class TokenScore:
    """A token with its log probability by the model alone, before temperature and nucleus."""

    id: int
    text: str
    logprob: float
    top: tuple[tuple[int, str, float], ...] = ()
    """The likeliest tokens at this place (id, text, log probability), the likeliest first."""
    start: int = 0
    """Characters of the answer before this token's text."""


@dataclass(frozen=True)
class Delta:
    """More of one choice's text."""

    choice: int
    text: str
    tokens: tuple[TokenScore, ...] = ()
    """Those whose text begins in what was told so far, where log probabilities were asked for."""


@dataclass(frozen=True)
class Finished:
    """One choice is complete."""

    choice: int
    reason: FinishReason
    completion_tokens: int
    """Generated tokens, the one that ended the answer included."""


@dataclass(frozen=True)
class Failed:
    """The request cannot be completed."""

    error: StudioError


Event = Delta | Finished | Failed


@dataclass(eq=False)
class Generation:
    """One prompt to be answered, once or several times."""

    prompt: tuple[int, ...]
    settings: ChatSettings
    deliver: Callable[[Event], None]
    """Called from the thread that computes; it must not block."""
    adapter: ServedAdapter | None = None
    choices: tuple[int, ...] = (0,)
    """Numbers of the answers; answer i draws with the seed plus its number."""
    stop: tuple[str, ...] = ()
    """Texts at which an answer ends; they are not part of it."""
    logprobs: int | None = None
    """Likeliest tokens to tell at each place; None for no log probabilities at all."""
    deadline: float = float("inf")
    """On the clock of ``time.monotonic``."""
    submitted: float = field(default_factory=time.monotonic)
    _gone: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Stop computing: nobody listens any more."""
        self._gone.set()

    @property
    def is_gone(self) -> bool:
        """Return whether nobody listens any more."""
        return self._gone.is_set()

    @property
    def longest(self) -> int:
        """Return how many tokens its prompt and an answer have at most."""
        return len(self.prompt) + self.settings.max_new_tokens

    def timed_out(self) -> TimedOutError:
        """Return what its client hears after the deadline."""
        seconds = time.monotonic() - self.submitted
        return TimedOutError(
            f"The request was not complete after {seconds:.0f} s; ask for fewer tokens, or try again later."
        )
