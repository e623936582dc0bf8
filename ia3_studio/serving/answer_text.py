"""How do tokens become text while they come, and where does a stop string end it?

A character may take several tokens, and a stop string may begin in one token and end in another: what may still change
is held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_BROKEN = "\ufffd"
"""What the bytes of half a character are decoded to."""


class TokenText:
    """Decodes tokens one by one; each call looks at the last few tokens alone."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._known = 0
        """Tokens whose text was returned."""
        self._context = 0
        """The first token that is decoded with the next ones: some tokenizers write a space between two words only."""

    def add(self, token: int) -> str:
        """Return the text that a token adds; empty while it is half a character."""
        self._ids.append(token)
        return self._more(is_last=False)

    def end(self) -> str:
        """Return the text that was held back; half a character at the end is dropped."""
        return self._more(is_last=True)

    def _more(self, *, is_last: bool) -> str:
        before = self._decoded(self._ids[self._context : self._known])
        after = self._decoded(self._ids[self._context :])
        if after.endswith(_BROKEN):
            if not is_last:
                return ""
            after = after.rstrip(_BROKEN)
        if len(after) <= len(before):
            return ""
        self._context, self._known = self._known, len(self._ids)
        return after[len(before) :]

    def _decoded(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))


class StopStrings:
    """Passes text on up to the first stop string, and holds back what may become one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""

    def add(self, text: str) -> tuple[str, bool]:
        """Return the text that is certain, and whether a stop string was reached."""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            text, self._held = self._held[: min(found)], ""
            return text, True
        kept = self._possible()
        text = self._held[: len(self._held) - kept]
        self._held = self._held[len(text) :]
        return text, False

    def end(self) -> str:
        """Return what was held back, as no stop string came."""
        text, self._held = self._held, ""
        return text

    def _possible(self) -> int:
        """Return how many characters at the end may begin a stop string."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for count in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-count:]) for stop in self._stops):
                return count
        return 0
