"""How does a command train in the foreground, as the job of a scheduler does: Slurm, PBS, LSF, Grid Engine, HTCondor?

The scheduler decides when a run starts, so that it does not wait for others; the job ends when the run ends; a signal
that announces the end of the job's time stops the run and keeps it. The same job begun again goes on with its run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ia3_studio.cli.codes import DONE, ENDED_BADLY
from ia3_studio.cli.progress import watch
from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunConfig
from ia3_studio.worker import resume, start

SCHEDULERS: Mapping[str, str] = {
    "SLURM_JOB_ID": "Slurm",
    "PBS_JOBID": "PBS",
    "LSB_JOBID": "LSF",
    "JOB_ID": "Grid Engine",
    "_CONDOR_JOB_AD": "HTCondor",
}
"""The environment variable that holds a job's id, and the scheduler that sets it."""
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
        if os.environ.get(variable):
            return f"{name} job {os.environ[variable]}"
    return ""


def train_here(config: RunConfig, make: Callable[[str], Run], *, as_json: bool) -> int:
    """Train a run of these settings until it ends; in a job that was begun again, go on with the run it began.

    Args:
        config: the settings, which tell the runs of one job apart.
        make: creates the run, or returns the one that was created with the same id.
        as_json: print progress as JSON.

    Raises:
        RunError: the run is being trained elsewhere, or every attempt ended before its first checkpoint.
    """
    if not job():
        return _train(make(secrets.token_hex(8)), as_json=as_json)
    settings = hashlib.sha256(config.to_json().encode()).hexdigest()
    for attempt in range(MOST_ATTEMPTS):
        run = make(f"{job()} {settings} {attempt}")
        if not run.files.worker.exists():
            return _train(run, as_json=as_json)
        status = run.status()
        if status.state == "finished":
            print(f"{run.id}: {status.message}", file=sys.stderr)
            return DONE
        if status.active or status.resumable:
            return resume_here(run, as_json=as_json)
    raise RunError(f"{MOST_ATTEMPTS} runs of {job()} ended before their first checkpoint; see the log of {run.id}.")


def resume_here(run: Run, *, as_json: bool) -> int:
    """Resume a run in this process's session, and show its progress until it ends; return the exit code.

    Raises:
        RunError: it is being trained already, has finished, or has no checkpoint.
    """
    status = run.status()
    if status.active:
        where = f" on {status.host}" if status.host else ""
        raise RunError(f"Run {run.id} is already being trained{where}; stop it first, or watch it.")
    print(f"{run.id}: resuming after step {status.step}", file=sys.stderr)
    return _until_it_ends(run, lambda: resume(run, here=True), as_json=as_json)


def _train(run: Run, *, as_json: bool) -> int:
    print(json.dumps({"run": run.id, "folder": str(run.folder)}) if as_json else f"{run.id} {run.folder}", flush=True)
    return _until_it_ends(run, lambda: start(run, here=True), as_json=as_json)


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
