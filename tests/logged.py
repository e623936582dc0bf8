"""What the code under test logs, for the tests that ask."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Logged(logging.Handler):
    """Keeps every record that reaches the root logger inside the block."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.records: list[logging.LogRecord] = []
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, written out now: what it names may change."""
        self.records.append(record)
        self._lines.append(self.format(record))

    @property
    def text(self) -> str:
        """All records as a log file would have them, with their tracebacks."""
        return "\n".join(self._lines)


@contextmanager
def logged(level: int, name: str | None = None) -> Iterator[Logged]:
    """Log from this level on inside the block and keep what reaches the root logger.

    Args:
        level: of :mod:`logging`.
        name: of the logger whose level is set; without it the root logger.
    """
    root, logger, handler = logging.getLogger(), logging.getLogger(name), Logged()
    before = logger.level
    root.addHandler(handler)
    logger.setLevel(level)
    try:
        yield handler
    finally:
        logger.setLevel(before)
        root.removeHandler(handler)
