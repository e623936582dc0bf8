"""Does an expression match a module's path, within a time limit?

Python's ``re`` backtracks without an end and holds the interpreter's lock meanwhile, so that one expression could stop
a whole app. Expressions keep the syntax of ``re``, which PEFT uses, and are run by the ``regex`` package: it lets other
threads go on, and gives up in time.
"""

from __future__ import annotations

import re
import time
from typing import Protocol

import regex

from ia3_studio.errors import SelectionError

PATIENCE = 1.0
"""Seconds that one expression may take for all the paths it is asked about."""
FREE_SECONDS = 0.001
"""A match that takes less is not counted: an expression that is kept for long must not run out of patience."""
LONGEST = 20_000
"""Characters of an expression that is more than a list of paths."""

_LITERAL = re.compile(r"(?:[\w/]|\\[^\w\s])*", re.ASCII)
_NOT_IN_RE = re.compile(r"(?<!\\)\{(?!\d+(?:,\d*)?\}|,\d+\})|\[\^?\[|\[:")
"""What ``regex`` reads otherwise than ``re``: approximate matches, sets within sets and classes of characters."""


class _Match(Protocol):
    """A method of a compiled expression."""

    def __call__(self, string: str, *, timeout: float, concurrent: bool) -> object: ...


class Expression:
    """One expression, checked; it answers for as many paths as its patience lasts.

    Args:
        text: in the syntax of Python's ``re``.

    Raises:
        SelectionError: it is no valid expression, or too long for one.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = PATIENCE
        self._paths = _literal_paths(text)
        self._compiled = None if self._paths is not None else _compiled(text)

    def matches(self, path: str) -> bool:
        """Say whether a whole path matches.

        Raises:
            SelectionError: the expression takes too long.
        """
        if self._compiled is None:
            return path in (self._paths or ())
        return self._in_time(self._compiled.fullmatch, path)

    def found_in(self, path: str) -> bool:
        """Say whether a part of a path matches.

        Raises:
            SelectionError: the expression takes too long.
        """
        if self._compiled is None:
            return any(part in path for part in self._paths or ())
        return self._in_time(self._compiled.search, path)

    def _in_time(self, match: _Match, path: str) -> bool:
        began = time.monotonic()
        try:
            found = match(path, timeout=max(self._left, FREE_SECONDS), concurrent=True) is not None
        except TimeoutError as error:
            raise self._too_slow() from error
        except MemoryError as error:
            raise self._too_slow() from error
        spent = time.monotonic() - began
        if spent > FREE_SECONDS:
            self._left -= spent
        if self._left <= 0:
            raise self._too_slow()
        return found

    def _too_slow(self) -> SelectionError:
        return SelectionError(
            f"The expression {shortened(self._text)!r} takes longer than {PATIENCE:.0f} s on this model's "
            "paths; avoid nested repetitions, or name the modules."
        )


def shortened(text: str, most: int = 120) -> str:
    """Return a text as it is quoted in a sentence: its beginning, where it is long."""
    return text if len(text) <= most else f"{text[:most]}…"


def _literal_paths(text: str) -> frozenset[str] | None:
    """Return the paths that an expression lists as they are, joined by "|"; None where it says more than that."""
    parts = text.split("|")
    if not all(_LITERAL.fullmatch(part) for part in parts):
        return None
    return frozenset(re.sub(r"\\(.)", r"\1", part) for part in parts)


def _compiled(text: str) -> regex.Pattern[str]:
    if len(text) > LONGEST:
        raise SelectionError(
            f"The expression {shortened(text)!r} has {len(text):,} characters and the limit is {LONGEST:,}; "
            "write a shorter one, or name the modules."
        )
    if odd := _NOT_IN_RE.search(text):
        raise SelectionError(
            f"{shortened(text)!r} is not a valid expression ({odd.group()!r} at position {odd.start()} is "
            "unexpected); escape a literal bracket with a backslash."
        )
    try:
        re.compile(text)
        return regex.compile(text)
    except (re.error, regex.error, RecursionError, OverflowError, MemoryError, FutureWarning) as error:
        raise SelectionError(
            f"{shortened(text)!r} is not a valid expression ({shortened(str(error))}); fix it or use plain text."
        ) from error
