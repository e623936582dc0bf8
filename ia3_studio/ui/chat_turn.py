"""Which stream may still write to the responses of a page?

Gradio's ``cancels`` names events, not what was started by them. Its script waits for the server while it cancels one
event, and by then the next may be the response that replaces it: on a busy machine a Retry was ended by its own
click. So a stream is told here, and ends by itself. What the page shows by then may be a piece of the stream that was
ended, so that the conversations which are to be answered are kept here, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from ia3_studio.ui.chat_history import History


class ChatTurn:
    """Who writes to the responses of one page: the latest stream that began, until it ends or is told to."""

    def __init__(self) -> None:
        """Prepare a turn that nobody has."""
        self._latest: object | None = None
        self._asked: Sequence[History] = ()

    @property
    def is_taken(self) -> bool:
        """Whether a response streams, or is about to."""
        return self._latest is not None

    def ask(self, histories: Sequence[History]) -> None:
        """End what streams, and keep the conversations that the next stream answers."""
        self._latest, self._asked = object(), histories

    def take(self) -> tuple[object, Sequence[History]]:
        """End what streams; return the mark of what follows it, and the conversations that were asked for, if any."""
        self._latest, asked, self._asked = object(), self._asked, ()
        return self._latest, asked

    def is_of(self, mark: object) -> bool:
        """Return whether nothing has followed, or ended, what has this mark."""
        return self._latest is mark

    def leave(self, mark: object) -> None:
        """Give the turn up, if it is still the one of this mark."""
        if self.is_of(mark):
            self.end()

    def end(self) -> None:
        """End what streams; nothing follows."""
        self._latest, self._asked = None, ()
