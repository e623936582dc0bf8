"""How does the app end when it is told to? Within seconds, whatever its threads are doing.

Python looks at a signal in its main thread, between two instructions. That is enough while the interpreter's lock is
free now and then: what was written for the moment is cleared away, and a thread that does not end is left behind. A
thread that holds the lock inside C code keeps even that from happening, so a small process beside the app hears the
signal too and ends the app after a while. Runs are processes of their own and go on.
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
CLEARING_SECONDS = 3.0
"""For clearing away and for threads to end, before the app ends without them."""
PATIENCE = 4.0
"""Seconds after a signal before the process beside the app ends it."""

_WATCH = """
import os, select, signal, sys, time
app, patience, signals = int(sys.argv[1]), float(sys.argv[2]), set(map(int, sys.argv[3].split(",")))
for number in signals:
    signal.signal(number, signal.SIG_IGN)
def gone():
    return os.getppid() != app
told = None
while not gone():
    if select.select([0], [], [], 0.2)[0] and told is None:
        heard = os.read(0, 512)
        if not heard:
            break
        if signals & set(heard):
            told = time.monotonic()
    elif told is not None:
        time.sleep(0.1)
    if told is not None and time.monotonic() - told > patience and not gone():
        os.kill(app, signal.SIGKILL)
        break
"""


@contextmanager
def ends_in_time() -> Iterator[None]:
    """End this process within five seconds of SIGTERM or Ctrl+C; **the handlers of both signals are set**.

    Inside the block the first signal raises SystemExit in the main thread; a second one ends the process at once.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    end = _End()
    for number in SIGNALS:
        signal.signal(number, end)
    with _watched(end):
        yield
    for number, handler in before.items():
        signal.signal(number, handler)


class _End:
    """Handles a signal: the first one politely, the second at once."""

    def __init__(self) -> None:
        self.told = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.told:
            os._exit(128 + number)
        self.told = True
        last = threading.Timer(CLEARING_SECONDS, os._exit, (0,))
        last.daemon = True
        last.start()
        sys.exit(0)


@contextmanager
def _watched(end: _End) -> Iterator[None]:
    """Let a process of its own hear this one's signals, as C tells them: without the interpreter's lock."""
    if sys.platform == "win32":  # which knows no SIGTERM that could be heard
        yield
        return
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    numbers = ",".join(str(int(number)) for number in SIGNALS)
    watcher = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _WATCH, str(os.getpid()), str(PATIENCE), numbers],
        stdin=ear,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl+C is for the app alone
    )
    os.close(ear)
    before = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    try:
        yield
    finally:
        if not end.told:
            signal.set_wakeup_fd(before)
            os.close(mouth)
            watcher.wait(timeout=10)
