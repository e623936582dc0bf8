"""Apps and workers that start at once: a process that has imported everything, and divides when one is wanted.

python -m tests.e2e.nursery SOCKET listens there. A message of JSON is an order for a process (module, arguments,
environment, log and folder); the answer is its number. What runs in it is what ``python -m MODULE ARGUMENTS`` runs,
minus the ten seconds of its imports; only a run of hundreds of steps pauses after each. All processes of one test
session share a nursery, which ends with it.
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
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NoReturn
from uuid import uuid4

import psutil

from ia3_studio.runs import process

_ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ia3_studio"
NOT_HERE = ("ia3_studio.worker.zero_gpu",)
"""What marks the process that imports it."""
ALSO = (
    "anyio._backends._asyncio",
    "encodings.idna",
    "encodings.utf_8_sig",
    "gradio.http_server",
    "narwhals.stable.v1",
    "narwhals.stable.v2",
    "pandas.core.methods.to_dict",
    "pandas.io.formats.csvs",
    "plotly.graph_objs._figure",
    "plotly.graph_objs._heatmap",
    "plotly.graph_objs._bar",
    "plotly.graph_objs._scatter",
    "plotly.io._json",
    "plotly.validator_cache",
    "pyarrow.pandas_compat",
    "pydantic.v1",
    "scipy.stats",
    "tests.runs.fake_worker",
    "tests.runs.troubled_ranks",
    "torch.distributed.elastic.agent.server.local_elastic_agent",
    "torch.distributed.launcher.api",
    "torch._subclasses.schema_check_mode",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.llama.modeling_llama",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
"""What apps and workers import when they first need it."""
APP, LIMITED = "app", "limited"
"""Orders that are no modules: the app, and the process of :mod:`ia3_studio.limited`."""
DOOR = "IA3_NURSERY"
"""The environment variable that names the socket."""
LONGEST_ORDER = 100_000
LONG_RUN = 250
"""Steps of a run that is stopped or killed before its end."""
STEP_PAUSE = 0.04
START_SECONDS = 120.0
"""For a nursery to import everything on a busy machine."""
XDIST = "PYTEST_XDIST_TESTRUNUID"
"""The environment variable that the processes of one test session have in common, if there are several."""
start_process = process.spawn
"""How a process is started for users."""


def nursery() -> str:
    """Return the socket of the process that apps and workers of this test session divide from, once it listens."""
    begin_nursery()
    until = time.monotonic() + START_SECONDS
    while not _door().exists():
        assert time.monotonic() < until, f"no nursery listens within {START_SECONDS:g} s"
        time.sleep(0.05)
    return str(_door())


@cache
def begin_nursery() -> subprocess.Popen[bytes] | None:
    """Start the nursery of this test session without waiting for it, unless another process has; return the process."""
    try:
        os.close(os.open(f"{_door()}.begun", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return None
    session = os.getppid() if XDIST in os.environ else os.getpid()
    command = [sys.executable, "-m", "tests.e2e.nursery", str(_door()), str(session)]
    return subprocess.Popen(
        command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )


@cache
def _door() -> Path:
    return Path(tempfile.gettempdir()) / f"nursery-{os.environ.get(XDIST) or uuid4().hex}"


def _socket() -> socket.socket:
    """Return a socket that keeps each message apart."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def main() -> None:
    """Import what apps and workers import, then divide for every order."""
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    for name in (*modules_of(PACKAGE), *ALSO):
        import_module(name)
    get_checkpoint_conversion_mapping("llama")  # a thousand regular expressions, compiled when it is first asked
    gc.collect()
    gc.freeze()  # what is here now is shared by all that divide from it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a process that has ended leaves nothing behind
    path, session = Path(sys.argv[1]), int(sys.argv[2])
    with _socket() as door:
        door.bind(f"{path}.new")
        door.listen(64)
        Path(f"{path}.new").rename(path)  # who finds it can connect
        while _lives(session):
            if select.select([door], [], [], 0.5)[0]:
                _divide(door)
    path.unlink()
    Path(f"{path}.begun").unlink()


def _lives(number: int) -> bool:
    """Say whether a process runs; one that has ended and is not asked for its exit code does not."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def modules_of(package: str) -> Iterator[str]:
    """Return the names of a package's modules, except those that a program is started by."""
    for found in walk_packages([str(_ROOT / package)], f"{package}."):
        if not found.name.endswith("__main__") and found.name not in NOT_HERE:
            yield found.name


def _divide(door: socket.socket) -> None:
    """Take an order and answer it with the number of a new process."""
    visitor, _address = door.accept()
    with visitor:
        line, pipes, *_rest = socket.recv_fds(visitor, LONGEST_ORDER, 2)
        number = os.fork()
        if not number:
            door.close()
            visitor.close()
            _run(json.loads(line), pipes)
        with suppress(BrokenPipeError):  # whoever asked was killed meanwhile
            visitor.sendall(str(number).encode())
    for pipe in pipes:
        os.close(pipe)


def order(
    door: str,
    module: str,
    arguments: Sequence[str],
    environment: dict[str, str],
    log: Path,
    folder: Path,
    pipes: Sequence[int] = (),
) -> int:
    """Ask a nursery for a process and return its number; the pipes become its input and output."""
    said = {"module": module, "arguments": list(arguments), "environment": {**environment, DOOR: door}, "log": str(log),
            "folder": str(folder)}  # fmt: skip
    with _socket() as asked:
        asked.connect(door)
        socket.send_fds(asked, [json.dumps(said).encode()], pipes)
        return int(asked.recv(LONGEST_ORDER))


def spawn_from(door: str, command: Sequence[str], log: Path, folder: Path, *, detached: bool = True) -> int:
    """Do what :func:`ia3_studio.runs.process.spawn` does: by a nursery, if a module is to be run in a new session."""
    if command[1] != "-m" or not detached:
        return start_process(command, log, folder, detached=detached)
    return order(door, command[2], command[3:], dict(os.environ), log, folder)


class Limiting:
    """What :mod:`ia3_studio.limited` asks of the process that it starts, of one that divides from a nursery.

    How it ended is not known: which of its limits it passed is told in tests/test_limited.py.
    """

    returncode = 1

    def __init__(self, *arguments: str) -> None:
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        number = order(
            os.environ[DOOR], LIMITED, arguments, dict(os.environ), Path(os.devnull), _ROOT, (theirs_in, theirs_out)
        )
        for pipe in (theirs_in, theirs_out):
            os.close(pipe)
        self.process = psutil.Process(number)
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")

    def poll(self) -> int | None:
        return None if self.process.is_running() else self.returncode

    def kill(self) -> None:
        with suppress(psutil.NoSuchProcess):
            self.process.kill()

    def wait(self) -> None:
        self.process.wait()


Steps = Callable[[Any, Callable[[], bool]], Generator[Any, None, None]]


def leisurely(steps: Steps) -> Steps:
    """Let the steps of a run that no test waits for leave the cores to the pages that watch it."""

    def paused(job: Any, is_stopping: Callable[[], bool]) -> Generator[Any, None, None]:
        with closing(steps(job, is_stopping)) as made:
            for step in made:
                yield step
                if step.total_steps > LONG_RUN:
                    time.sleep(STEP_PAUSE)

    return paused


def _run(said: dict[str, Any], pipes: Sequence[int]) -> NoReturn:
    """Be the process that was ordered until it ends or is killed."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(said["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for standard, descriptor in enumerate((*pipes, *(0, output, output)[len(pipes) :])):
            os.dup2(descriptor, standard)
        for descriptor in (*pipes, output):
            os.close(descriptor)
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

    from ia3_studio import limited
    from ia3_studio.worker import ranks
    from ia3_studio.worker.training_job import TrainingJob

    try:
        process.spawn = lambda *asked, **how: spawn_from(os.environ[DOOR], *asked, **how)
        ranks.START_METHOD = "fork"  # everything is imported here, and nothing was computed yet
        limited._started = Limiting  # type: ignore[assignment]
        TrainingJob.steps = leisurely(TrainingJob.steps)  # type: ignore[method-assign]
        if module == LIMITED:
            limited._serve(*sys.argv[1:])
            return 0
        if module == APP:
            import_module("ia3_studio.ui.app").serve()
            return 0
        found = import_module(module)  # a package is run by its __main__, as "python -m" does
        return int((import_module(f"{module}.__main__") if hasattr(found, "__path__") else found).main())
    except BaseException:
        traceback.print_exc()
        raise


if __name__ == "__main__":
    main()
