"""python -m ia3_studio.worker [--now] [--attached] FOLDER works on the run in a folder."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from ia3_studio.runs.run import Run
from ia3_studio.worker.priority import WAITING_NICENESS, WORKING_NICENESS, lower_priority
from ia3_studio.worker.ranks import Supervisor
from ia3_studio.worker.ready import WAIT, wait_for_run
from ia3_studio.worker.worker import ATTACHED, NOW, work

PARENT_SECONDS = 1.0
"""An attached worker looks this often whether the process that started it is there."""


def main(arguments: list[str] | None = None) -> int:
    """Execute the run in the folder given as the only argument, or in the one that is handed over later."""
    given = sys.argv[1:] if arguments is None else arguments
    waits, is_attached = NOW not in given, ATTACHED in given
    given = [each for each in given if each not in (NOW, ATTACHED)]
    if len(given) != 1:
        print(f"usage: python -m ia3_studio.worker [{NOW}] [{ATTACHED}] FOLDER", file=sys.stderr)
        return 2
    if is_attached:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="parent", daemon=True).start()
    is_ahead = given == [WAIT]
    lower_priority(WAITING_NICENESS if is_ahead else WORKING_NICENESS)
    folder = wait_for_run() if is_ahead else Path(given[0])
    if folder is not None:
        from ia3_studio.worker.training_job import TrainingJob

        run = Run(folder.resolve())
        work(run, TrainingJob(run), waits=waits, worker=Supervisor)
    return 0


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(1)  # nobody takes what would still be written


if __name__ == "__main__":
    sys.exit(main())
