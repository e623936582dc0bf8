"""How is untrusted input (templates, patterns) evaluated with limits on time and memory? In a separate small process.

A template, a pattern or a formula that loops for ever inside the interpreter stops every thread of a program, and no
thread can end it. Here it runs in another process, with a limit on its time and on its memory; the process is kept for
the next call, and killed where a limit is passed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

START_SECONDS = 120
"""To import what a function needs, on a busy machine."""
MOST_IDLE = 2
"""Processes that wait for a next call."""
MOST_RESULT = 64 * 2**20
"""Bytes of a result."""
_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from ia3_studio.limited import _serve; _serve(*sys.argv[2:])"


class LimitError(Exception):
    """A limit was passed; the text says which, to stand within a sentence ("took more than 5 seconds")."""


class FailedError(Exception):
    """The function raised; the text is what its error says."""


class Limited:
    """A function that is called within limits, in another process.

    Args:
        function: "package.module:name" of a function at the top of a module; its arguments and its result are JSON.
        seconds: each call may take.
        megabytes: each call may take beyond what the module itself needs; kept where the system can limit memory.
    """

    def __init__(self, function: str, seconds: float = 5.0, megabytes: int = 512) -> None:
        self._function, self._seconds, self._megabytes = function, seconds, megabytes
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _end_all, self._idle)

    def __call__(self, *arguments: Any) -> Any:
        """Return the function's result.

        Raises:
            LimitError: it took too long or too much memory.
            FailedError: it raised.
        """
        process = self._taken()
        try:
            reply = self._asked(process, arguments)
        except BaseException:
            _end(process)
            raise
        self._put_back(process)
        if "limit" in reply:
            raise LimitError(f"took more memory than {self._megabytes} MB")
        if "failed" in reply:
            raise FailedError(reply["failed"])
        return reply["result"]

    def _taken(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._owner != os.getpid():  # a fork shares the pipes of the program it came from
                self._idle.clear()
                self._owner = os.getpid()
            while self._idle:
                process = self._idle.pop()
                if process.poll() is None:
                    return process
                _end(process)
        return _started(self._function, str(self._seconds), str(self._megabytes))

    def _put_back(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(process)
                return
        _end(process)

    def _asked(self, process: subprocess.Popen[bytes], arguments: tuple[Any, ...]) -> dict[str, Any]:
        assert process.stdin is not None and process.stdout is not None
        with self._watched(process) as expired, suppress(BrokenPipeError):
            process.stdin.write(json.dumps(arguments).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if line.endswith(b"\n"):
                reply: dict[str, Any] = json.loads(line)
                return reply
        process.wait()
        if expired.is_set() or process.returncode == -getattr(signal, "SIGALRM", 0):
            raise LimitError(f"took more than {self._seconds:g} seconds")
        raise LimitError(f"took more memory than {self._megabytes} MB, or could not be started")

    @contextmanager
    def _watched(self, process: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
        """Kill a process that takes too long, where its own alarm cannot (Windows)."""
        expired = threading.Event()
        if hasattr(signal, "setitimer"):
            yield expired
            return

        def kill() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(START_SECONDS + self._seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()


def _started(function: str, seconds: str, megabytes: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parent.parent)
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, root, function, seconds, megabytes],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _end_all(processes: list[subprocess.Popen[bytes]]) -> None:
    while processes:
        _end(processes.pop())


def _serve(function: str, seconds: str, megabytes: str) -> None:
    """Answer calls until the program that asks is gone: a line of JSON in, a line of JSON out."""
    out, sys.stdout = os.fdopen(os.dup(1), "wb"), sys.stderr  # nothing printed gets between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program that asks decides when it ends
    _alarm(START_SECONDS)
    module, _, name = function.partition(":")
    called = getattr(import_module(module), name)
    _limit_memory(int(megabytes))
    _alarm(0)
    for line in sys.stdin.buffer:
        arguments = json.loads(line)
        _alarm(float(seconds))
        reply = _reply(called, arguments)
        _alarm(0)
        out.write(reply + b"\n")
        out.flush()


def _reply(called: Any, arguments: list[Any]) -> bytes:
    try:
        reply = json.dumps({"result": called(*arguments)}).encode()
    except (MemoryError, OverflowError):
        return b'{"limit": "memory"}'
    except Exception as error:  # told to the program that asks, which knows what it asked for
        return json.dumps({"failed": str(error) or type(error).__name__}).encode()
    return reply if len(reply) <= MOST_RESULT else b'{"limit": "memory"}'


def _alarm(seconds: float) -> None:
    """End this process after so many seconds; 0 takes that back. The system does it, whatever the interpreter does."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(megabytes: int) -> None:
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit, and macOS takes none
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
