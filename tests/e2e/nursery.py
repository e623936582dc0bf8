"""Apps and workers that start at once: a process that has imported everything, and divides when one is wanted.

python -m tests.e2e.nursery SOCKET listens there. A line of JSON is an order for a process (module, arguments,
environment, log and folder); the answer is its number. What runs in it is what ``python -m MODULE ARGUMENTS`` runs,
minus the ten seconds of its imports. The nursery ends with the tests: when its standard input closes.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

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
)


@cache
def nursery() -> str:
    """Return the socket of the process that apps and workers divide from; it ends with the tests."""
    door = str(Path(tempfile.mkdtemp(prefix="nursery-")) / "door")
    command = [sys.executable, "-m", "tests.e2e.nursery", door]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    assert process.stdout and process.stdout.readline().strip() == "ready"
    return door


def main() -> None:
    """Import what apps and workers import, then divide for every order."""
    for name in IMPORTED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a process that has ended leaves nothing behind
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(sys.argv[1])
        door.listen()
        print("ready", flush=True)
        while door in select.select([door, sys.stdin], [], [])[0]:
            visitor, _address = door.accept()
            with visitor:
                order = json.loads(visitor.makefile().readline())
                number = os.fork()
                if not number:
                    door.close()
                    visitor.close()
                    _run(order)
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
    """Do what :func:`ia3_studio.runs.process.spawn` does, by a nursery."""
    assert command[1] == "-m", command
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
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
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

    from ia3_studio.runs import process

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
