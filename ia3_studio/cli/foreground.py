"""How does a command train in the foreground, as the job of a scheduler does: Slurm, PBS, LSF, Grid Engine, HTCondor?

The scheduler decides when a run starts, so that it does not wait for others; the job ends when the run ends; a signal
that announces the end of the job's time stops the run and keeps it. The same job begun again goes on with its run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ia3_studio.cli.codes import DONE, ENDED_BADLY
from ia3_studio.cli.progress import watch
from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunConfig
from ia3_studio.runs.folder import Launch
from ia3_studio.runs.hosts import LOST_SECONDS
from ia3_studio.runs.run import RunStatus
from ia3_studio.worker import resume, start

SCHEDULERS: Mapping[str, str] = {
    "SLURM_JOB_ID": "Slurm",
    "PBS_JOBID": "PBS",
    "LSB_JOBID": "LSF",
    "JOB_ID": "Grid Engine",
    "_CONDOR_JOB_AD": "HTCondor",
}
"""The environment variable that holds a job's id, and the scheduler that sets it."""
ARRAYS: Mapping[str, str] = {"LSB_JOBID": "LSB_JOBINDEX", "JOB_ID": "SGE_TASK_ID"}
"""Where the jobs of an array share one id, the variable that tells them apart."""
CONDOR_ID = re.compile(r'^GlobalJobId\s*=\s*"(.+)"', re.MULTILINE)
"""In the file that HTCondor names: its path is another one whenever the job is started."""
LOOKING_SECONDS = 0.5
MOST_ATTEMPTS = 1000
"""Runs that one job may begin, one after the other, that all end before there is something to go on from."""


def add_options(parser: Any) -> None:
    """Add the option of commands that may train in the foreground."""
    parser.add_argument(
        "--foreground",
        action="store_true",
        help="train in the foreground, without waiting for other runs; SIGTERM stops the run and keeps it (default in "
        "the job of a scheduler)",
    )


def in_foreground(options: argparse.Namespace) -> bool:
    """Say whether a command trains in the foreground, by its options or as the job of a scheduler."""
    return bool(options.foreground or (job() and not getattr(options, "detach", False)))


def job() -> str:
    """Return the scheduler and the id of the job that this process belongs to; empty without one."""
    for variable, name in SCHEDULERS.items():
        if found := os.environ.get(variable):
            place = os.environ.get(ARRAYS.get(variable, ""), "")
            return f"{name} job {_condor_id(found) if name == 'HTCondor' else found}{f' [{place}]' if place else ''}"
    return ""


def _condor_id(path: str) -> str:
    try:
        found = CONDOR_ID.search(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return found[1] if found else path


def train_here(config: RunConfig, make: Callable[[str], Run], launch: Launch | None = None, *, as_json: bool) -> int:
    """Train a run of these settings until it ends; in a job that was begun again, go on with the run it began.

    Args:
        config: the settings, which tell the runs of one job apart.
        make: creates the run, or returns the one that was created with the same id.
        launch: the processes and machines that train together.
        as_json: print progress as JSON.

    Raises:
        RunError: the run is being trained elsewhere, or every attempt ended before its first checkpoint.
    """
    if not job():
        return _train(make(secrets.token_hex(8)), launch, as_json=as_json)
    settings = hashlib.sha256(config.to_json().encode()).hexdigest()
    for attempt in range(MOST_ATTEMPTS):
        run = make(f"{job()} {settings} {attempt}")
        if not run.files.worker.exists():
            return _train(run, launch, as_json=as_json)
        status = _heard_or_lost(run)
        if status.state == "finished":
            print(f"{run.id}: {status.message}", file=sys.stderr)
            return DONE
        if status.active or status.resumable:
            return _go_on(run, status, launch, as_json=as_json)
    raise RunError(f"{MOST_ATTEMPTS} runs of {job()} ended before their first checkpoint; see the log of {run.id}.")


def resume_here(run: Run, launch: Launch | None = None, *, as_json: bool) -> int:
    """Resume a run in this process's session, and show its progress until it ends; return the exit code.

    Raises:
        RunError: it is being trained already, has finished, or has no checkpoint.
    """
    return _go_on(run, _heard_or_lost(run) if job() else run.status(), launch, as_json=as_json)


def _go_on(run: Run, status: RunStatus, launch: Launch | None, *, as_json: bool) -> int:
    if status.active:
        where = f" on {status.host}" if status.host else ""
        raise RunError(f"Run {run.id} is already being trained{where}; stop it first, or watch it.")
    print(f"{run.id}: resuming after step {status.step}", file=sys.stderr)
    return _until_it_ends(run, lambda: resume(run, launch=launch, here=True), as_json=as_json)


def _heard_or_lost(run: Run) -> RunStatus:
    """Return a run's status when its worker on another machine was heard of, or counts as lost.

    A scheduler that lost the machine of a job starts the job again at once, when the last heartbeat is still fresh.
    """
    status, heard = run.status(), _heartbeat(run)
    if status.active and run.host:
        print(f"{run.id}: waiting whether its worker on {run.host} is heard of", file=sys.stderr, flush=True)
    until = time.monotonic() + 2 * LOST_SECONDS
    while status.active and run.host and _heartbeat(run) == heard and time.monotonic() < until:
        time.sleep(LOOKING_SECONDS)
        status = run.status()
    return status


def _heartbeat(run: Run) -> float:
    status = run.files.read_status()
    return status.heartbeat_at if status else 0.0


def _train(run: Run, launch: Launch | None, *, as_json: bool) -> int:
    print(json.dumps({"run": run.id, "folder": str(run.folder)}) if as_json else f"{run.id} {run.folder}", flush=True)
    return _until_it_ends(run, lambda: start(run, launch=launch, here=True), as_json=as_json)


def _until_it_ends(run: Run, begin: Callable[[], None], *, as_json: bool) -> int:
    with _stopped_by_signals(run) as signals:
        begin()
        code = watch(run, as_json=as_json)
    return ENDED_BADLY if signals else code


@contextmanager
def _stopped_by_signals(run: Run) -> Iterator[list[int]]:
    """Let SIGTERM and SIGINT stop the run; yield the signals that came."""
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        run.request_stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
