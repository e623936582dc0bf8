"""Which parts of a run's adapter matter? Ablation in a separate process, stored in the run's folder.

python -m ia3_studio.worker.ablation FOLDER
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ia3_studio.errors import DataError, RunError, StudioError
from ia3_studio.insight.ablation import AblationReport
from ia3_studio.runs import process
from ia3_studio.runs.folder import read_json, write_json
from ia3_studio.runs.run import Run
from ia3_studio.typed import typed_or_none
from ia3_studio.worker.priority import lower_priority

if TYPE_CHECKING:
    from ia3_studio.training.objective import Objective
    from ia3_studio.training.report import Progress

MOST_ROWS = 48
"""Maximum held-out rows for the ablation, sampled with the run's seed: each is evaluated about eighty times."""
STARTING_SECONDS = 60.0
"""Seconds after which a started process without a status counts as dead."""
SILENT_SECONDS = {False: 2.0, None: 600.0}
"""Maximum age of its status in seconds: if the lock is known to be free, and if that is unknown."""
_TURN = ".ablation.lock"
"""Lock in the folder of all runs: one ablation at a time."""
_REPORT, _LOG, _LOCK = "ablation.json", "ablation.log", "ablation.lock"
_OLD_REPORT = "parts.json"
"""The report that version 0.1 wrote."""


@dataclass(frozen=True)
class AblationState:
    """State of the ablation."""

    report: AblationReport | None = None
    """The complete report for the current adapter."""
    progress: float | None = None
    """Progress; None if no ablation is running."""
    problem: str = ""
    """Error, if it ended without a report."""


def start_ablation(run: Run) -> None:
    """Start the ablation; return immediately if it is already running.

    Raises:
        RunError: the run has no adapter yet, or is still being trained.
    """
    status = run.status()
    if run.adapter_folder() is None or status.active:
        raise RunError("The ablation needs a run that has ended; wait for it, or stop it.")
    if read_ablation(run).progress is not None:
        return
    _write(run, {"progress": 0.0, "written_at": time.time(), "adapter": _name(run)})
    process.spawn((sys.executable, "-m", "ia3_studio.worker.ablation", str(run.folder)), run.folder / _LOG, run.folder)


@dataclass(frozen=True)
class _Status:
    """The last status of an ablation process."""

    progress: float
    written_at: float = 0.0
    """Seconds since the epoch."""


def read_ablation(run: Run) -> AblationState:
    """Return the ablation state of a run's adapter; reports of earlier adapters are ignored."""
    document = read_json(run.folder / _REPORT) or read_json(run.folder / _OLD_REPORT) or {}
    if document.get("adapter") != _name(run):
        return AblationState()
    if "report" in document:
        with suppress(DataError):
            return AblationState(AblationReport.from_json(str(document["report"])))
        return AblationState(problem="The ablation report cannot be read; run the ablation again.")
    if document.get("problem"):
        return AblationState(problem=str(document["problem"]))
    status = typed_or_none(_Status, document)
    if status is None:
        return AblationState()
    silent = time.time() - status.written_at
    held = process.lock_held(run.folder / _LOCK)
    if held or silent < (STARTING_SECONDS if held is False and not status.progress else SILENT_SECONDS[held]):
        return AblationState(progress=status.progress)
    return AblationState(problem="The ablation ended before it was complete; run it again.")


def measure(run: Run) -> None:
    """Run the ablation of a run's adapter and write the report or the error; one process at a time."""
    try:
        held = FileLock(run.folder / _LOCK).acquire(timeout=1, poll_interval=0.02)
    except Timeout:
        return
    with held, FileLock(run.folder.parent / _TURN):
        try:
            report = _measured(run)
            _write(run, {"report": report.to_json(), "adapter": _name(run)})
        except StudioError as error:
            _write(run, {"problem": str(error), "adapter": _name(run)})
        except Exception as error:
            problem = (
                f"The ablation ended with an unexpected {type(error).__name__}; see ablation.log in the run's folder."
            )
            _write(run, {"problem": problem, "adapter": _name(run)})
            raise


def _measured(run: Run) -> AblationReport:
    from dataclasses import replace

    from ia3_studio.insight.ablation import ablate
    from ia3_studio.training.evaluation import finish
    from ia3_studio.worker.prepared import prepare_measuring

    train = run.config.train
    found = prepare_measuring(run, lambda _share, sentence: print(sentence, flush=True))
    rows = _some(found.held_out, train.seed)
    # Remembered lower layers would be those of other vectors.
    uncached = replace(train, cache_mb=0, cache_folder=None)
    objective = found.task.objective(found.loaded, found.attachment, rows, uncached)

    loss = _LossWithinMemory(objective, rows, train.micro_batch_tokens)
    return finish(ablate(found.attachment, loss, len(rows)), lambda progress: _tell(run, progress))


class _LossWithinMemory:
    """The mean loss of some rows, in smaller forward passes where memory runs out."""

    def __init__(self, objective: Objective[Any], rows: Sequence[Any], budget: int) -> None:
        self._objective, self._rows, self._budget = objective, rows, budget

    def __call__(self) -> float:
        """Return the loss.

        Raises:
            RunError: one row at a time needs more memory than there is.
        """
        from ia3_studio.models.out_of_memory import give_memory_back, is_out_of_memory

        while True:
            try:
                return sum(self._objective.measure(self._rows, self._rows, self._budget))
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if self._budget <= min(map(self._objective.size, self._rows)):
                    raise RunError(
                        "Out of memory, even with one row at a time; close other programs and run the ablation again."
                    ) from error
            give_memory_back()
            self._budget //= 2


def _some(rows: Sequence[Any], seed: int) -> Sequence[Any]:
    """Return the evaluated rows, in order."""
    if len(rows) <= MOST_ROWS:
        return rows
    chosen = sorted(random.Random(seed).sample(range(len(rows)), MOST_ROWS))
    return [rows[place] for place in chosen]


def _tell(run: Run, progress: Progress) -> None:
    share = progress.done / progress.total
    _write(run, {"progress": share, "written_at": time.time(), "adapter": _name(run)})


def _write(run: Run, document: dict[str, Any]) -> None:
    write_json(run.folder / _REPORT, document)


def _name(run: Run) -> str:
    folder = run.adapter_folder()
    return folder.name if folder else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the run in the folder given as the only argument, at a lower priority."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("usage: python -m ia3_studio.worker.ablation FOLDER", file=sys.stderr)
        return 2
    lower_priority()
    measure(Run(Path(given[0]).resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
