"""How do the processes of a run prepare and evaluate together? Stage by stage, and none goes on before all have.

What goes wrong in one process is told to the others at the end of the stage, so that all end at once and with the same
sentence. Where the weights are shared there are stages with passes, inside of which nobody can vote: whoever fails
there alone can only end, and the others lose it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from ia3_studio.errors import StudioError
from ia3_studio.training.divided import EvaluationStopped
from ia3_studio.training.processes import Outcome, Processes
from ia3_studio.training.within_memory import FullPassError
from ia3_studio.worker.board import Board
from ia3_studio.worker.planning import handed_plan
from ia3_studio.worker.worker import Stopped

if TYPE_CHECKING:
    from ia3_studio.models.progress import ProgressCallback
    from ia3_studio.training.report import Progress
    from ia3_studio.worker.training_job import TrainingJob


def prepare_together(job: TrainingJob, say: ProgressCallback, processes: Processes, board: Board) -> None:
    """Prepare a job on all processes; where one of them is asked to stop, all of them do.

    Raises:
        StudioError: a process failed; all of them raise it.
        Stopped: a process was asked to stop.
    """
    stopping = _Stopping(say)
    is_sharded = handed_plan().kind == "sharded"
    stages = job.preparing(stopping.going_on if is_sharded else say)
    runs_passes = False
    while True:
        outcome = Outcome.DONE
        try:
            follows = next(stages, None)
        except Stopped:
            outcome, follows = Outcome.STOPPED, None
        except Exception as error:
            inside = is_sharded and runs_passes
            doing = f"while it prepared{_memory_of(job, error)}" if inside else ""
            fail_together(error, processes, board, doing, inside=inside)
            raise
        vote = processes.vote(Outcome.STOPPED if stopping.asked else outcome)
        if vote.any(Outcome.STOPPED):
            processes.has_ended = True
            raise Stopped
        if follows is None:
            return
        runs_passes = follows == "passes"


def _memory_of(job: TrainingJob, error: Exception) -> str:
    """Return what a process has of the weights, and what is free, if an error came of full memory; else nothing."""
    from ia3_studio.models.machine import machine_memory
    from ia3_studio.models.out_of_memory import is_out_of_memory
    from ia3_studio.models.progress import megabytes

    if not is_out_of_memory(error):
        return ""
    return f" (it has {megabytes(job.weight_bytes)} of weights, and {megabytes(machine_memory().free)} are free)"


def fail_together(error: Exception, processes: Processes, board: Board, doing: str, *, inside: bool) -> None:
    """Let the other processes learn of an error.

    Args:
        error: of this process.
        processes: all of them.
        board: on which they say that they failed.
        doing: what this process was doing, as the end of a sentence.
        inside: whether the others may wait inside a pass, where they cannot vote.

    Raises:
        LostProcessError: the others are inside a pass, or have ended.
    """
    if inside and not (isinstance(error, StudioError) and board.all_failed()):
        raise processes.leave(error, doing) from error
    processes.tell(error)


class _Stopping:
    """What reports progress and never stops: processes that share weights load them and try them together."""

    def __init__(self, say: ProgressCallback) -> None:
        self._say = say
        self.asked = False
        """Whether this process was asked to stop."""

    def going_on(self, share: float | None, message: str) -> None:
        """Report progress."""
        try:
            self._say(share, message)
        except Stopped:
            self.asked = True


def measure_together(
    work: Generator[Progress, None, None],
    processes: Processes,
    is_stopping: Callable[[], bool],
    *,
    in_step: bool,
    parts: int = 1,
    tell: Callable[[Progress], None] = lambda _progress: None,
) -> None:
    """Evaluate on all processes at once; where one is asked to stop, all of them do.

    Args:
        work: the evaluation.
        processes: all of them.
        is_stopping: says whether this process is asked to stop.
        in_step: whether all compute the same rows, as they share the weights; else each has rows of its own.
        parts: into how many parts each of its passes is cut.
        tell: called with the progress.

    Raises:
        StudioError: another process failed, or the evaluation did.
    """
    processes.vote()  # process 0 has saved the adapter
    with closing(work), suppress(EvaluationStopped):
        if in_step:
            _measure_in_step(work, processes, is_stopping, parts, tell)
        else:
            _measure_parts(work, processes, is_stopping, tell)


def _measure_in_step(
    work: Generator[Progress, None, None],
    processes: Processes,
    is_stopping: Callable[[], bool],
    parts: int,
    tell: Callable[[Progress], None],
) -> None:
    while True:
        try:
            progress = next(work, None)
        except (StudioError, OSError):  # the same on all processes; or the disk of the one that writes, at the end
            raise
        except FullPassError as error:
            if error.rows > 1:
                raise processes.leave(error, "during the evaluation", parts=2 * parts) from error
            raise processes.leave(error, "during the evaluation, even with one row at a time") from error
        except Exception as error:
            raise processes.leave(error, "during the evaluation") from error
        if progress is None:
            processes.finish()
            return
        tell(progress)
        if processes.any(is_stopping()):
            processes.has_ended = True
            return


def _measure_parts(
    work: Generator[Progress, None, None],
    processes: Processes,
    is_stopping: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> None:
    """Evaluate where processes meet at the end of each part only, which is where the others learn of a stop."""
    for progress in work:
        tell(progress)
        if is_stopping():
            processes.any(True)
            processes.has_ended = True
            return
    processes.finish()
