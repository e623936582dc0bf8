"""What does a node of a cluster do for a run? It has a folder of its own, and a worker in it.

One object of this class lives in a small process on the node (a Ray actor), asked by the machine that shows the run. It
outlives that machine's program, so that the run goes on while nobody asks.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from ia3_studio.errors import RunError
from ia3_studio.models.sources import parse_source
from ia3_studio.runs import Run
from ia3_studio.runs.mirror import Change, FileVersion, Versions, changes_of
from ia3_studio.runs.process import lock_held, worker_environment
from ia3_studio.worker.worker import ATTACHED, NOW

COMPARED = ("ia3-studio", "torch", "transformers")
"""Packages that must be the same here and there: files are read by what wrote them."""
ABANDONED_SECONDS = 24 * 3600.0
"""A run that has ended is kept this long for a machine that does not ask; then its place is given back."""
_LOOK_SECONDS = 5.0
_HOME = "ia3-studio-node-"
OWNER = "owner.lock"
"""Held by the process whose folder it is."""


@dataclass(frozen=True)
class Answer:
    """What a node tells when it is asked."""

    changes: list[Change]
    versions: Versions
    """What the one who asks knows from now on."""
    host: str
    """The node's name."""
    lives: bool
    """Whether the worker is at work."""
    time: float
    """By the node's clock, in seconds since the epoch."""


class NodeRun:
    """A run on a node."""

    _home: Path
    _worker: subprocess.Popen[bytes] | None = None

    def begin(
        self, here: Mapping[str, str], run_id: str, files: Mapping[str, bytes], threads: int, command: Sequence[str]
    ) -> Answer:
        """Write the run's folder and start its worker; return its first files, which were told.

        Args:
            here: what :func:`describe` says on the machine that asks.
            run_id: the run's.
            files: path → content, as :func:`ia3_studio.runs.mirror.content_of` returns them.
            threads: processor cores that the worker may use.
            command: command line of the worker before its folder; empty for the training worker.

        Raises:
            RunError: the versions of this node differ, or it does not have the model.
        """
        require_same(here, describe())
        self._home = make_home()
        self._owned = FileLock(self._home / OWNER)
        self._owned.acquire()
        self._folder = self._home / run_id
        for name, content in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        require_model(Run(self._folder))
        environment = worker_environment() | {"OMP_NUM_THREADS": str(threads)}
        with (self._folder / "log.txt").open("ab") as log:
            self._worker = subprocess.Popen(
                (*(command or (sys.executable, "-m", "ia3_studio.worker", NOW, ATTACHED)), str(self._folder)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=environment,
            )
        self._asked_at = time.monotonic()
        threading.Thread(target=self._leave_when_abandoned, daemon=True).start()
        _nothing, versions = changes_of(self._folder, {})
        return Answer([], versions, socket.gethostname(), True, time.time())

    def changes(self, known: Mapping[str, FileVersion], is_stopping: bool) -> Answer | None:
        """Return what has changed in the run's folder since; ask the worker to stop if the run is to.

        None if there is no worker yet: whoever asked for this object ended before it told it what to do.

        Args:
            known: what the one who asks knows.
            is_stopping: whether the run is to stop.
        """
        self._asked_at = time.monotonic()
        if self._worker is None:
            return None
        if is_stopping:
            (self._folder / "stop").touch()
        lives = self._worker.poll() is None  # before the files: a worker that ended in between has left its last ones
        found, versions = changes_of(self._folder, known)
        return Answer(found, versions, socket.gethostname(), lives, time.time())

    def discard(self) -> None:
        """End the worker and remove the run's folder."""
        if self._worker is None:
            return
        if self._worker.poll() is None:
            self._worker.kill()
        self._worker.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def _leave_when_abandoned(self) -> None:
        assert self._worker is not None
        while self._worker.poll() is None or time.monotonic() - self._asked_at < ABANDONED_SECONDS:
            time.sleep(_LOOK_SECONDS)
        self.discard()
        os._exit(0)


def make_home() -> Path:
    """Return a new folder for a run; those of processes that were killed are removed."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{_HOME}*/{OWNER}"):
        with suppress(FileNotFoundError):
            is_new = time.time() - left.stat().st_mtime < _LOOK_SECONDS  # made, and not yet held
            if is_new or lock_held(left) is not False:
                continue
            shutil.rmtree(left.parent, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_HOME))


def describe() -> dict[str, str]:
    """Return the versions of this machine's Python and packages, and its name."""
    return {"python": platform.python_version(), "host": socket.gethostname(), **{n: _version(n) for n in COMPARED}}


def require_same(here: Mapping[str, str], node: Mapping[str, str]) -> None:
    """Reject a node with other versions.

    Raises:
        RunError: they differ; the message names both.
    """
    other = [name for name in ("python", *COMPARED) if here[name] != node[name]]
    if other:
        versions = ", ".join(f"{name} {node[name]} instead of {here[name]}" for name in other)
        raise RunError(f"Node {node['host']} has {versions}; install the same versions there, and start the run again.")


def require_model(run: Run) -> None:
    """Reject a run whose model is a file or folder that this node does not have.

    Raises:
        RunError: it is.
    """
    source = parse_source(run.config.model)
    if source.kind in ("folder", "gguf") and not Path(source.value).expanduser().exists():
        raise RunError(
            f"The model {source.value} is not on node {socket.gethostname()}; use a model of the Hub, or a folder that "
            "all nodes share."
        )


def _version(package: str) -> str:
    from ia3_studio import __version__

    try:
        return __version__ if package == "ia3-studio" else importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"
