"""How does the app end on a signal? Within seconds, whatever its threads are doing.

Python handles a signal in its main thread, between two instructions. That suffices while the interpreter's lock is free
from time to time: temporary files are removed, and a thread that does not end is abandoned. A thread that holds the
lock inside C code prevents even that, so a watchdog process receives the signal too and kills the app after a while.
Runs are separate processes and continue.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
CLEANUP_SECONDS = 3.0
"""Time to clean up and for threads to end, after which the app ends without them."""
WATCHDOG_SECONDS = 4.0
"""Seconds after a signal until the watchdog kills the app."""

_WATCHDOG = """
import os, select, signal, sys, time
app, patience, signals = int(sys.argv[1]), float(sys.argv[2]), set(map(int, sys.argv[3].split(",")))
for number in signals:
    signal.signal(number, signal.SIG_IGN)
def gone():
    return os.getppid() != app
signaled = None
while not gone():
    if select.select([0], [], [], 0.2)[0] and signaled is None:
        received = os.read(0, 512)
        if not received:
            break
        if signals & set(received):
            signaled = time.monotonic()
    elif signaled is not None:
        time.sleep(0.1)
    if signaled is not None and time.monotonic() - signaled > patience and not gone():
        os.kill(app, signal.SIGKILL)
        break
"""


@contextmanager
def ending_in_time() -> Iterator[None]:
    """End this process within five seconds of SIGTERM or Ctrl+C; **the handlers of both signals are replaced**.

    Inside the block the first signal raises SystemExit in the main thread; a second one ends the process at once.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    end = _End()
    for number in SIGNALS:
        signal.signal(number, end)
    with _watchdog(end):
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


class _End:
    """Handles signals: the first one ends the app, the second one at once."""

    def __init__(self) -> None:
        self.is_signaled = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.is_signaled:
            os._exit(128 + number)
        self.is_signaled = True
        last = threading.Timer(CLEANUP_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
        sys.exit(0)


@contextmanager
def _watchdog(end: _End) -> Iterator[None]:
    """Pass this process's signals to a watchdog, from C and so without the interpreter's lock."""
    if sys.platform == "win32":  # it has no SIGTERM
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    numbers = ",".join(str(int(number)) for number in SIGNALS)
    watchdog = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCHDOG, str(os.getpid()), str(WATCHDOG_SECONDS), numbers],
        stdin=reader,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C is for the app only
    )
    os.close(reader)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        if not end.is_signaled:
            signal.set_wakeup_fd(before)
            os.close(writer)
            watchdog.wait(timeout=10)
