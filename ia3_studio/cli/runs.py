"""The commands runs, watch, rerun, stop and resume."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ia3_studio.cli import foreground
from ia3_studio.cli.codes import DONE
from ia3_studio.cli.launching import add_launch_options, launch_of, require_own_machines
from ia3_studio.cli.progress import watch
from ia3_studio.errors import RunError
from ia3_studio.runs import Run, RunStore
from ia3_studio.runs.history import matching, records
from ia3_studio.runs.rerun import rerun
from ia3_studio.worker import reconnect, resume, start
from ia3_studio.worker.meeting import is_here


def commands(parsers: Any) -> dict[str, Any]:
    """Add the commands for runs; return their functions."""
    parsers.add_parser("runs", help="list runs and their results").add_argument("words", nargs="*")
    parsers.add_parser("watch", help="show a run's progress until it ends (default: the newest run)").add_argument(
        "run", nargs="?"
    )
    again = parsers.add_parser("rerun", aliases=["again"], help="re-run from a run's folder")  # again: version 0.1
    again.add_argument("folder", type=Path)
    parsers.add_parser("stop", help="ask a run to stop").add_argument("run")
    going_on = parsers.add_parser("resume", help="resume a run from its last checkpoint")
    going_on.add_argument("run")
    add_launch_options(going_on)
    for parser in (again, going_on):
        foreground.add_options(parser)
    return {"runs": _list, "watch": _watch, "rerun": _rerun, "again": _rerun, "stop": _stop, "resume": _resume}


def _list(store: RunStore, options: argparse.Namespace) -> int:
    reconnect(store)
    for record in matching(records(store), " ".join(options.words)):
        if options.json:
            print(json.dumps(asdict(record)))
            continue
        result = f"{record.loss:.3f}" if record.loss is not None else "–"
        before = f"{record.base_loss:.3f} → " if record.base_loss is not None else ""
        print(f"{record.id}  {record.state:11}  {record.step:>6,}  {before}{result}  {record.name}")
    return DONE


def _watch(store: RunStore, options: argparse.Namespace) -> int:
    reconnect(store)
    return watch(newest_or(store, options.run), as_json=options.json)


def _rerun(store: RunStore, options: argparse.Namespace) -> int:
    folder: Path = options.folder.expanduser().resolve()
    if not folder.is_dir():
        raise RunError(f"Folder {folder} not found; give the folder of a run.")
    original = Run(folder)
    if foreground.in_foreground(options):
        return foreground.train_here(
            original.config, lambda start_id: rerun(store, original, start_id=start_id), as_json=options.json
        )
    made = rerun(store, original)
    start(made)
    print(json.dumps({"run": made.id, "folder": str(made.folder)}) if options.json else f"{made.id} {made.folder}")
    return DONE


def _stop(store: RunStore, options: argparse.Namespace) -> int:
    named(store, options.run).request_stop()
    return DONE


def _resume(store: RunStore, options: argparse.Namespace) -> int:
    run, launch = named(store, options.run), launch_of(options)
    require_own_machines(run.config, launch)
    if launch.nodes > 1 and not is_here(launch.rdzv):
        raise RunError(f"{launch.rdzv} is not a free address of this machine, which has the run; give one that is.")
    if foreground.in_foreground(options):
        return foreground.resume_here(run, launch, as_json=options.json)
    resume(run, launch=launch)
    return DONE


def newest_or(store: RunStore, name: str | None) -> Run:
    """Return the run with this id, or the newest run if no id is given.

    Raises:
        RunError: there is no such run.
    """
    run = named(store, name) if name else next(iter(store.list()), None)
    if run is None:
        raise RunError(f"No run found in {store.root}; start one first.")
    return run


def named(store: RunStore, name: str) -> Run:
    """Return the run with this id, or whose id ends with it (at least 4 characters)."""
    found = [run for run in store.list() if run.id == name or (len(name) >= 4 and run.id.endswith(name))]
    if len(found) > 1:
        raise RunError(f"{len(found)} run ids end in {name!r}; give the full id.")
    return found[0] if found else store.open(name)
