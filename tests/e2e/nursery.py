"""Apps and workers that start at once: a process that has imported everything, and divides when one is wanted.

python -m tests.e2e.nursery SOCKET listens there. A line of JSON is an order for a process (module, arguments,
environment, log and folder); the answer is its number. What runs in it is what ``python -m MODULE ARGUMENTS`` runs,
minus the ten seconds of its imports. All processes of one test session share a nursery: each holds a connection to
it, and it ends with the last of them.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from filelock import FileLock

from ia3_studio.runs import process

_ROOT = Path(__file__).resolve().parents[2]
IMPORTED = (
    "pandas",
    "plotly.graph_objects",
    "torch",
    "transformers.models.llama.modeling_llama",
    "accelerate",
    "datasets",
    "safetensors.torch",
    "ia3_studio.method",
    "ia3_studio.tasks.task",
    "ia3_studio.worker.training_job",
    "ia3_studio.worker.ablation",
    "ia3_studio.worker.worker",
    "ia3_studio.ui.app",
    "tests.runs.fake_worker",
)
FIRST_VISIT_SECONDS = 60.0
"""How long a nursery waits for whoever started it."""
start_process = process.spawn
"""How a process is started for users."""


@dataclass(frozen=True)
class _Held:
    """A nursery that stays while this process lives."""

    door: Path
    connection: socket.socket
    process: subprocess.Popen[bytes] | None
    """If this process is the one that started it."""


def nursery() -> str:
    """Return the socket of the process that apps and workers of this test session divide from."""
    return str(_held().door)


@cache
def _held() -> _Held:
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    door = Path(tempfile.gettempdir()) / f"nursery-{session}"
    with FileLock(f"{door}.lock"):
        started = None if door.exists() else _opened(door)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(door))
    connection.sendall(b"\n")
    return _Held(door, connection, started)


def _opened(door: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.e2e.nursery", str(door)]
    started = subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    assert started.stdout
    with started.stdout as said:
        assert said.readline().strip() == b"ready"
    return started


def main() -> None:
    """Import what apps and workers import, then divide for every order."""
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()  # what is here now is shared by all that divide from it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a process that has ended leaves nothing behind
    path = Path(sys.argv[1])
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(64)
        print("ready", flush=True)
        _serve(door)
    path.unlink()
    Path(f"{path}.lock").unlink(missing_ok=True)


def _serve(door: socket.socket) -> None:
    holders: set[socket.socket] = set()
    until = time.monotonic() + FIRST_VISIT_SECONDS
    while holders or time.monotonic() < until:
        for ready in select.select([door, *holders], [], [], 1.0)[0]:
            if ready is not door:  # whoever held it has ended
                holders.remove(ready)
                ready.close()
                until = 0.0
                continue
            visitor, _address = door.accept()
            line = visitor.makefile().readline().strip()
            if not line:
                holders.add(visitor)
                continue
            with visitor:
                number = os.fork()
                if not number:
                    for each in (door, visitor, *holders):
                        each.close()
                    _run(json.loads(line))
                visitor.sendall(f"{number}\n".encode())


def order(
    door: str, module: str, arguments: Sequence[str], environment: dict[str, str], log: Path, folder: Path
) -> int:
    """Ask a nursery for a process and return its number."""
    said = {"module": module, "arguments": list(arguments), "environment": environment, "log": str(log),
            "folder": str(folder)}  # fmt: skip
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(door)
        asked.sendall(json.dumps(said).encode() + b"\n")
        return int(asked.makefile().readline())


def spawn_from(door: str, command: Sequence[str], log: Path, folder: Path) -> int:
    """Do what :func:`ia3_studio.runs.process.spawn` does: by a nursery, if a module is to be run."""
    if command[1] != "-m":
        return start_process(command, log, folder)
    return order(door, command[2], command[3:], dict(os.environ), log, folder)


def _run(said: dict[str, Any]) -> NoReturn:
    """Be the process that was ordered until it ends or is killed."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(said["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.close(output)
        os.chdir(said["folder"])
        os.environ.clear()
        os.environ.update(said["environment"])
        sys.argv = [said["module"], *said["arguments"]]
        code = _work(said["module"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # nothing of the nursery's own is done twice


def _work(module: str) -> int:
    import traceback

    try:
        if module == "app":
            door = os.environ["IA3_NURSERY"]
            process.spawn = lambda command, log, folder: spawn_from(door, command, log, folder)
            import_module("ia3_studio.ui.app").serve()
            return 0
        found = import_module(module)  # a package is run by its __main__, as "python -m" does
        return int((import_module(f"{module}.__main__") if hasattr(found, "__path__") else found).main())
    except BaseException:
        traceback.print_exc()
        raise


if __name__ == "__main__":
    main()
