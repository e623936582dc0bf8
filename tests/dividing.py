"""Tests on all cores: what is collected once is run by processes that divide from the one that collected it.

``--processes N`` (a number, or ``logical`` for the cores of the machine, at most four) does what ``--numprocesses`` of
pytest-xdist does, for half the time of collecting and half the memory: collecting imports torch, transformers, gradio
and every test file, twenty seconds that each of xdist's workers spends again. A process takes the tests of one file
after the other, and when every file is begun, the last ones of the file with the most left.
"""

from __future__ import annotations

import mmap
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest

SESSION = "IA3_TEST_SESSION"
"""The environment variable that the processes of one session have in common: the number of the first, and a name."""
MOST = 4
"""Processes of ``--processes logical``."""
LEFT, TAKEN = 0, 1


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--processes", type=number_of_processes, default=1, help="divide into this many, or 'logical'")


def number_of_processes(said: str) -> int:
    """Return how many processes are asked for."""
    return min(os.cpu_count() or 1, MOST) if said == "logical" else int(said)


def pytest_configure(config: pytest.Config) -> None:
    """Run the tests in several processes where that is asked for."""
    count = config.getoption("--processes")
    if count > 1 and not hasattr(os, "memfd_create"):
        raise pytest.UsageError("--processes needs Linux; --numprocesses does the same elsewhere.")
    if count > 1:
        config.pluginmanager.register(Divided(count), "divided")


class Shelf:
    """Which tests are left? Told to all processes by shared memory."""

    def __init__(self, files: Sequence[object]) -> None:
        """Take the file of each test."""
        self._of_file: dict[object, list[int]] = {}
        for number, file in enumerate(files):
            self._of_file.setdefault(file, []).append(number)
        self._memory = os.memfd_create("tests")
        os.ftruncate(self._memory, len(files))
        self._state = mmap.mmap(self._memory, len(files))
        self._file: object = None

    def take(self) -> int | None:
        """Take a test and return its number; None if none is left."""
        with self._locked():
            left = {file: some for file, numbers in self._of_file.items() if (some := self._left(numbers))}
            if not left:
                return None
            fresh = next((file for file, some in left.items() if len(some) == len(self._of_file[file])), None)
            if self._file in left:
                number = left[self._file][0]
            elif fresh is not None:
                self._file, number = fresh, left[fresh][0]
            else:
                number = max(left.values(), key=len)[-1]
            self._state[number] = TAKEN
            return number

    def close(self) -> None:
        """Let nobody take another test."""
        with self._locked():
            self._state[:] = bytes([TAKEN]) * len(self._state)

    def _left(self, numbers: list[int]) -> list[int]:
        return [number for number in numbers if self._state[number] == LEFT]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        os.lockf(self._memory, os.F_LOCK, 0)  # of this process, not of the file as those of flock
        try:
            yield
        finally:
            os.lockf(self._memory, os.F_ULOCK, 0)


@dataclass
class Part:
    """A process that runs tests, as the one that collected them sees it."""

    pid: int
    life: int
    """A file descriptor that can be read from as soon as the process has ended."""
    said: Connection
    running: str = ""
    """The test that it has begun and not ended."""
    following: str = ""
    """The test that it has taken and not begun."""
    ended: bool = False


class Divided:
    """Runs the collected tests in processes that divide from this one, and reports what they report."""

    def __init__(self, count: int) -> None:
        self._count = count
        os.environ[SESSION] = f"{os.getpid()}-{uuid4().hex}"
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of a process do not live on in those it divides into

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly or len(session.items) < 2:
            return None
        shelf = Shelf([item.path for item in session.items])
        base: Path = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        sys.stdout.flush()
        sys.stderr.flush()
        parts = [_divide(session, shelf, base / f"process-{number}") for number in range(self._count)]
        try:
            _report(session, shelf, list(parts))
        finally:
            shelf.close()
            for part in parts:
                os.waitpid(part.pid, 0)
        return True


def _report(session: pytest.Session, shelf: Shelf, parts: list[Part]) -> None:
    """Report what the processes say until all have ended."""
    while parts:
        # What a process has started may hold its pipe open for longer than it lives: its end is asked for itself.
        ready = wait([*(part.said for part in parts), *(part.life for part in parts)])
        for part in list(parts):
            for kind, what in _messages(part.said):
                _handle(session, part, kind, what)
            if part.life in ready:
                parts.remove(part)
                os.close(part.life)
                if not part.ended:
                    _report_crash(session, part)
        if session.shouldfail or session.shouldstop:
            shelf.close()
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


def _messages(said: Connection) -> Iterator[tuple[str, Any]]:
    """Yield what has arrived."""
    while said.poll():
        try:
            yield said.recv()
        except EOFError:
            return


def _handle(session: pytest.Session, part: Part, kind: str, what: Any) -> None:
    """Hand a message on to pytest."""
    hook = session.config.hook
    if kind == "begun":
        part.running, part.following = what
        hook.pytest_runtest_logstart(nodeid=part.running, location=(part.running, None, ""))
    elif kind == "report":
        report = hook.pytest_report_from_serializable(config=session.config, data=what)
        hook.pytest_runtest_logreport(report=report)
    elif kind == "warning":
        hook.pytest_warning_recorded.call_historic(kwargs=what)
    else:
        part.ended = True
        if what:
            raise RuntimeError(f"A process that ran tests failed at its end:\n{what}")


def _report_crash(session: pytest.Session, part: Part) -> None:
    """Report the tests of a process that was killed, or ended itself, as failed."""
    cut_off = {part.running or f"process {part.pid}": "The process that ran this test ended in the middle of it."}
    if part.following:
        cut_off[part.following] = f"The process ended in {part.running}: it had taken this test as the next one."
    for name, said in cut_off.items():
        report = pytest.TestReport(name, (name, None, name), {}, "failed", said, "call")
        session.config.hook.pytest_runtest_logreport(report=report)


def _divide(session: pytest.Session, shelf: Shelf, folder: Path) -> Part:
    """Divide, and return what the new process is to this one."""
    ours, theirs = Pipe(duplex=False)
    pid = os.fork()
    if not pid:
        ours.close()
        _run(session, shelf, folder, theirs)
    theirs.close()
    return Part(pid, os.pidfd_open(pid), ours)


def _run(session: pytest.Session, shelf: Shelf, folder: Path, said: Connection) -> NoReturn:
    """Run tests while some are left, then end the process."""
    failure = ""
    try:
        config = session.config
        _begin(config, folder, said)
        number = shelf.take()
        while number is not None:
            item, number = session.items[number], shelf.take()
            following = None if number is None else session.items[number]
            said.send(("begun", (item.nodeid, following.nodeid if following else "")))
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        config._ensure_unconfigure()
    except BaseException:
        failure = traceback.format_exc()
    said.send(("ended", failure))
    os._exit(0)


def _begin(config: pytest.Config, folder: Path, said: Connection) -> None:
    """Let a new process capture output by itself, keep its files apart and say its reports instead of writing them."""
    plugins: Any = config.pluginmanager
    capture = plugins.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    folder.mkdir()
    config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined]
    for name in ("terminalreporter", "divided", "lfplugin", "nfplugin", "stepwiseplugin"):
        if plugins.hasplugin(name):
            plugins.unregister(name=name)
    plugins.register(Saying(config, said))


class Saying:
    """Sends what a process has to report to the one that it divided from."""

    def __init__(self, config: pytest.Config, said: Connection) -> None:
        self._config, self._said = config, said

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._said.send(("report", data))

    def pytest_warning_recorded(self, warning_message: Any, when: str, nodeid: str, location: Any) -> None:
        what = {"warning_message": warning_message, "when": when, "nodeid": nodeid, "location": location}
        self._said.send(("warning", what))
