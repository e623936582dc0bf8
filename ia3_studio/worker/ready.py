"""How does a run start at once? In a process that has imported torch and transformers before it is asked for.

Their imports take longer than everything else before a small model trains. The app therefore starts one process ahead:
it imports what a worker needs, at a lower priority than a worker's, waits for the folder of a run on its standard
input, and from then on is that run's worker. It ends if the app ends first, or if no run comes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from ia3_studio.garbage import no_collection
from ia3_studio.models.machine import system_memory
from ia3_studio.runs import process
from ia3_studio.runs.folder import RunFolder
from ia3_studio.settings import keeps_worker_ready, on_zero_gpu
from ia3_studio.worker.priority import WORKING_NICENESS, set_session_niceness

WAIT = "--wait"
"""Tells a worker to wait for its run."""
IDLE_SECONDS = 1200.0
"""Time after which a process that no run has asked for ends, to free its memory."""
NEEDED = 3_000_000_000
"""Bytes of memory that must be free: the process takes 400 MB, and a run more."""
IMPORTS = (
    "torch",
    "torch._dynamo",
    "pandas",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
    "ia3_studio.data.load",
    "ia3_studio.models.load",
    "ia3_studio.training.train",
    "ia3_studio.tasks.causal",
    "ia3_studio.worker.training_job",
)
"""What a worker imports for the models that most runs have."""


class ReadyWorker:
    """At most one process that waits for a run; threads may share this object."""

    def __init__(self) -> None:
        self._waiting: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._expiry: threading.Timer | None = None

    def prepare(self) -> None:
        """Start a process unless one waits already, memory is short, or the settings refuse; return at once.

        Where the system starts none, there is none: a run's worker will say why.
        """
        if on_zero_gpu() or not keeps_worker_ready() or system_memory().free < NEEDED:
            return
        with self._lock:
            if self._waiting is not None:
                if self._waiting.poll() is None:
                    return
                _end(self._waiting)
            try:
                self._waiting = subprocess.Popen(
                    (sys.executable, "-m", "ia3_studio.worker", WAIT),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=process.worker_environment(),
                    start_new_session=True,
                )
            except OSError:
                self._waiting = None
                return
            self._restart_expiry()

    def take(self, folder: RunFolder) -> int | None:
        """Let the waiting process work on a run; return its process id, or None if there is none."""
        waiting = self._release()
        if waiting is None:
            return None
        try:
            _tell(waiting, {"folder": str(folder.path.absolute()), "log": str(folder.log.absolute())})
        except OSError:  # it has ended, perhaps in this instant
            _end(waiting)
            return None
        set_session_niceness(waiting.pid, WORKING_NICENESS)  # here: it may still import, and be kept from it by others
        process.collect(waiting)
        return waiting.pid

    def close(self) -> None:
        """End the waiting process, if there is one."""
        waiting = self._release()
        if waiting is not None:
            _end(waiting)

    def _release(self) -> subprocess.Popen[bytes] | None:
        """Return the waiting process, which from now on is the caller's."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
            if self._expiry is not None:
                self._expiry.cancel()
        return waiting

    def _restart_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = threading.Timer(IDLE_SECONDS, self.close)
        self._expiry.daemon = True
        self._expiry.start()


def _end(waiting: subprocess.Popen[bytes]) -> None:
    """End a process, which may have ended, and close its pipe."""
    waiting.kill()
    with suppress(BrokenPipeError):
        waiting.communicate()


def _tell(waiting: subprocess.Popen[bytes], order: dict[str, str]) -> None:
    assert waiting.stdin is not None
    with waiting.stdin as pipe:
        pipe.write(json.dumps(order).encode() + b"\n")


def wait_for_run() -> Path | None:
    """Import what a worker needs, then return the folder of the run that is asked for; None if none will be."""
    with no_collection():
        for name in IMPORTS:
            import_module(name)
    line = sys.stdin.readline()
    if not line:  # the app has ended, or does not want it any more
        return None
    order = json.loads(line)
    _enter(Path(order["folder"]), Path(order["log"]))
    return Path(order["folder"])


def _enter(folder: Path, log: Path) -> None:
    """Stand where a worker of this run would have been started: in its folder, with its log as the output."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for opened, standard in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(opened, standard)
    os.close(output)
    os.close(nothing)
    os.chdir(folder)
