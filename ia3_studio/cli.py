"""How are runs watched and done again without a browser? ``python -m ia3_studio COMMAND``.

    runs [WORDS …]       what came of all runs, a line each
    watch [RUN]          the newest run, or one, until it ends: step, losses, speed, time left, memory
    again FOLDER         a run once more, from its folder alone, which may come from another machine
    stop RUN             ask a run to stop; what it learned is kept
    resume RUN           go on behind a run's last checkpoint

They find the runs that the page finds (IA3_STUDIO_HOME names another folder).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ia3_studio.errors import RunError, StudioError
from ia3_studio.runs import Run, RunStatus, RunStore, resume, start
from ia3_studio.runs.again import again
from ia3_studio.runs.history import matching, records
from ia3_studio.training.config import Step

LOOK_SECONDS = 1.0
DONE, REFUSED, ENDED_BADLY = 0, 2, 3
"""Exit codes: as asked, not possible, and a watched run that failed or was interrupted."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ia3_studio", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of words")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("runs").add_argument("words", nargs="*")
    commands.add_parser("watch").add_argument("run", nargs="?")
    commands.add_parser("again").add_argument("folder", type=Path)
    for name in ("stop", "resume"):
        commands.add_parser(name).add_argument("run")
    options = parser.parse_args(arguments)
    work: dict[str, Callable[[RunStore, argparse.Namespace], int]] = {
        "runs": _list, "watch": _watch, "again": _again, "stop": _stop, "resume": _resume,
    }  # fmt: skip
    try:
        return work[options.command](RunStore(), options)
    except StudioError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:  # whoever watches may look away: the run goes on
        return DONE


def _list(store: RunStore, options: argparse.Namespace) -> int:
    for record in matching(records(store), " ".join(options.words)):
        if options.json:
            print(json.dumps(asdict(record)))
            continue
        result = f"{record.loss:.3f}" if record.loss is not None else "–"
        before = f"{record.base_loss:.3f} → " if record.base_loss is not None else ""
        print(f"{record.id}  {record.state:11}  {record.step:>6,}  {before}{result}  {record.name}")
    return DONE


def _watch(store: RunStore, options: argparse.Namespace) -> int:
    run = _named(store, options.run) if options.run else next(iter(store.list()), None)
    if run is None:
        raise RunError(f"There is no run in {store.root}; start one first.")
    said, offset = "", 0
    last: Step | None = None
    while True:
        status = run.status()
        steps, offset = run.metrics(offset)
        last = steps[-1] if steps else last
        line = json.dumps(_document(run, status, last)) if options.json else _line(run, status, last)
        if line != said:
            print(line, flush=True)
            said = line
        if not status.active:
            return ENDED_BADLY if status.state in ("failed", "interrupted") else DONE
        time.sleep(LOOK_SECONDS)


def _document(run: Run, status: RunStatus, last: Step | None) -> dict[str, object]:
    return {
        "run": run.id, "name": run.name, "state": status.state, "sentence": status.sentence, "step": status.step,
        "total_steps": status.total_steps, "loss": last.loss if last else None,
        "tokens_per_second": last.tokens_per_second if last else None, "seconds": round(status.seconds),
        "seconds_left": seconds_left(status, last), "memory": status.use.memory, "cpu": round(status.use.cpu, 2),
        "gpu_memory": status.use.gpu_memory,
    }  # fmt: skip


def _line(run: Run, status: RunStatus, last: Step | None) -> str:
    parts = [f"{run.name}: {status.sentence}"]
    if last and last.loss is not None:
        parts.append(f"loss {last.loss:.3f}")
    if status.active and last and last.step:
        parts.append(f"{last.tokens_per_second:.0f} tokens/s")
        left = seconds_left(status, last)
        parts += [f"{left // 60:.0f}:{left % 60:02.0f} left"] if left is not None else []
        parts.append(f"{status.use.memory / 1e9:.1f} GB, {status.use.cpu:.1f} cores")
    return ", ".join(parts)


def seconds_left(status: RunStatus, last: Step | None) -> int | None:
    """Return how long the steps that are left will take at the speed of those taken; None before the second."""
    if not status.active or not last or last.step < 2:
        return None
    return round(last.seconds / last.step * (last.total_steps - last.step))


def _again(store: RunStore, options: argparse.Namespace) -> int:
    folder: Path = options.folder.expanduser().resolve()
    if not folder.is_dir():
        raise RunError(f"There is no folder {folder}; give the folder of a run.")
    made = again(store, Run(folder))
    start(made)
    print(json.dumps({"run": made.id, "folder": str(made.folder)}) if options.json else f"{made.id} {made.folder}")
    return DONE


def _stop(store: RunStore, options: argparse.Namespace) -> int:
    _named(store, options.run).request_stop()
    return DONE


def _resume(store: RunStore, options: argparse.Namespace) -> int:
    resume(_named(store, options.run))
    return DONE


def _named(store: RunStore, name: str) -> Run:
    """Return a run by its id, or by the end of it where that is enough."""
    found = [run for run in store.list() if run.id == name or (len(name) >= 4 and run.id.endswith(name))]
    if len(found) > 1:
        raise RunError(f"{len(found)} runs end in {name!r}; give the whole id of one.")
    return found[0] if found else store.open(name)
