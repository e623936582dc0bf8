"""How do the processes of a job run forward passes within the memory of all? With fewer tokens where one runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ia3_studio.errors import RowMemoryError
from ia3_studio.models.out_of_memory import give_memory_back, is_out_of_memory
from ia3_studio.training.processes import Outcome, Processes

Row = TypeVar("Row")
Attempt = Callable[[Sequence[Row], Sequence[Row], int], float | None]
"""Given a process's rows, those of all and the tokens per forward pass at most: returns its share; None to give up."""


class BudgetedPasses(Generic[Row]):
    """Repeats what ran out of memory with half of the tokens per forward pass, on all processes.

    Args:
        size: returns the tokens of a row.
        forget: called after a failed attempt, of which gradients may be left.
        processes: those of the job.
        is_sharded: whether they share the weights, so that one of them cannot repeat a pass.
        budget: tokens per forward pass at most, to begin with.
    """

    def __init__(
        self,
        size: Callable[[Row], int],
        forget: Callable[[], None],
        processes: Processes,
        *,
        is_sharded: bool,
        budget: int,
    ) -> None:
        self._size = size
        self._forget = forget
        self._processes = processes
        self._is_sharded = is_sharded
        self._told = self.budget = budget
        """Tokens per forward pass that fit the memory of all processes."""

    def resume(self, budget: int) -> None:
        """Take over the budget of a checkpoint, which was told then."""
        self._told = self.budget = budget

    def lower(self, budget: int) -> None:
        """Allow at most so many tokens from here on."""
        self.budget = min(self.budget, budget)

    def note(self) -> str | None:
        """Return what the user has to know if the budget has changed since the last call."""
        if self.budget == self._told:
            return None
        self._told = self.budget
        return f"Out of memory; forward passes are limited to {self.budget:,} tokens from here on."

    def run(self, attempt: Attempt[Row], rows: Sequence[Row], step: int) -> float | None:
        """Return the sum of what an attempt makes of every process's rows; None if one of them gives up.

        Args:
            attempt: what is done with the rows of a process.
            rows: the rows of all processes.
            step: the step of the job, for messages.

        Raises:
            RowMemoryError: a process also runs out with one row at a time.
            StudioError: another process failed.
        """
        mine = self._processes.share(rows)
        while True:
            outcome, share = self._attempted(attempt, mine, rows, step)
            vote = self._processes.vote(outcome, share, self.budget)
            if not vote.any(Outcome.OUT_OF_MEMORY):
                return None if vote.any(Outcome.STOPPED) else vote.share
            self._forget()
            self.budget = int(min(vote.budgets))

    def _attempted(
        self, attempt: Attempt[Row], mine: Sequence[Row], rows: Sequence[Row], step: int
    ) -> tuple[Outcome, float]:
        """Return what became of an attempt, and its result; out of memory, the budget is halved."""
        try:
            share = attempt(mine, rows, self.budget)
            return (Outcome.STOPPED, 0.0) if share is None else (Outcome.DONE, share)
        except Exception as error:
            if self._is_sharded:  # the others wait inside a layer: none of them could vote
                is_full = is_out_of_memory(error)
                fitting = self._halved(mine or rows) if is_full else 0
                alone = ", even with one row at a time" if is_full and not fitting else ""
                raise self._processes.leave(error, f"at step {step}{alone}", fitting) from error
            if not (isinstance(error, RuntimeError | MemoryError) and is_out_of_memory(error)):
                raise
        # Outside of the except block: the error holds on to the tensors of the attempt.
        self._forget()
        give_memory_back()
        self._halve(mine, step)
        return Outcome.OUT_OF_MEMORY, 0.0

    def _halve(self, rows: Sequence[Row], step: int) -> None:
        fitting = self._halved(rows)
        if not fitting:
            longest = max(map(self._size, rows))
            raise RowMemoryError(
                f"Out of memory at step {step}, even with one row at a time (the longest has "
                f"{longest:,} tokens); resume the run with fewer processes or where more memory is free, or lower the "
                "max length or choose a smaller model in a new one."
            )
        self.budget = fitting

    def _halved(self, rows: Sequence[Row]) -> int:
        """Return half of the tokens per forward pass; 0 if these rows were alone already."""
        sizes = [self._size(row) for row in rows]
        return 0 if self.budget <= min(sizes) else min(self.budget, sum(sizes)) // 2
