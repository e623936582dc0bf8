"""One training job, step by step: training, evaluation, recovery and checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, astuple, dataclass, replace
from functools import partial
from typing import Generic, TypeVar

import torch

from ia3_studio.errors import RowMemoryError, StudioError, TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.models.out_of_memory import give_memory_back, is_out_of_memory
from ia3_studio.models.sharding import is_sharded
from ia3_studio.training.checkpoint import Checkpoint, Counters, optimizer_state, restore_optimizer
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.training.in_step import in_step
from ia3_studio.training.known_losses import MeasuredRows, RowLog
from ia3_studio.training.loss_scale import LossScale
from ia3_studio.training.objective import Objective, Rewarding, RewardSums
from ia3_studio.training.optimizers import make_optimizer, take_step
from ia3_studio.training.processes import Outcome, Processes
from ia3_studio.training.schedule import learning_rate, schedule, total_steps
from ia3_studio.training.trainable_parameters import Copies, TrainableParameters

Row = TypeVar("Row")


@dataclass(frozen=True, eq=False)
class Best:
    """The lowest held-out loss so far."""

    step: int = 0
    held_out: float = math.inf
    copies: Copies = ()
    waited: int = 0
    """Held-out losses since then."""


class Training(Iterator[Step], Generic[Row]):
    """A job that yields its steps; between steps it can be saved as a checkpoint, or closed."""

    def __init__(
        self,
        objective: Objective[Row],
        attachment: Attachment,
        rows: Sequence[Row],
        held_out: Sequence[Row],
        config: TrainConfig,
        since: Checkpoint | None,
        is_stopping: Callable[[], bool],
        processes: Processes,
        most_tokens: int | None = None,
    ) -> None:
        self._is_sharded = is_sharded(attachment.model)
        self._objective = in_step(objective, processes) if self._is_sharded else objective
        self._rows = rows
        self._held_out = held_out
        self._config = config
        self._is_stopping = is_stopping
        self._processes = processes
        self._attachment = attachment
        self._trained = TrainableParameters(attachment)
        self._optimizer = make_optimizer(self._trained, config)
        self._scale = LossScale.of(attachment.model)
        self._total = total_steps(len(rows), config)
        self._row_tokens = sum(map(objective.size, rows))
        self._step = 0
        self._tokens = 0
        self._budget = self._told_budget = config.micro_batch_tokens
        self._best = Best()
        self._log = RowLog(objective, self._trained.vectors)
        self._good = self._trained.copies()
        self._notes: list[str] = []
        self._held_out_rewards: RewardSums | None = None
        self._began = time.perf_counter()
        self.was_stopped = False
        """Whether the processes agreed to stop before the last step."""
        self.gave_up = False
        """Whether the newest measurement was given up because of a stop."""
        processes.same("rows", len(rows), self._row_tokens, len(held_out))
        processes.same("kinds of batches (packing is off)", float(objective.lengths(rows) is None))
        if since:
            self._go_on(since)
        if most_tokens is not None:  # that fitted when all processes started again: the next note says so
            self._budget = min(self._budget, most_tokens)
        processes.align(self._trained.parameters)
        self._steps = self._run()

    def __iter__(self) -> Training[Row]:
        """Return the job itself."""
        return self

    def __next__(self) -> Step:
        """Take the next step.

        Raises:
            TrainingError: the loss is NaN or infinite, or a single row needs more memory than available.
        """
        try:
            return next(self._steps)
        except StopIteration:
            raise
        except Exception as error:
            if self._is_sharded and not (isinstance(error, StudioError) or self._processes.has_ended):
                # An error of this process alone: the others may be in a pass.
                raise self._processes.leave(error, f"at step {self._step}") from error
            self._processes.tell(error)
            raise

    @property
    def budget(self) -> int:
        """Return the tokens per forward pass that fit the memory of all processes."""
        return self._budget

    @property
    def fast_paths(self) -> Sequence[FastPath]:
        """Return the fast paths that were tested, and why one is off."""
        return self._objective.fast_paths

    @property
    def measured_rows(self) -> Sequence[MeasuredRows]:
        """Return the losses of this process's held-out rows with the first, the best and the newest vectors."""
        return self._log.kept

    def close(self) -> None:
        """End the job; the trained vectors are kept."""
        self._steps.close()

    def checkpoint(self) -> Checkpoint:
        """Return everything that later steps depend on."""
        counters = Counters(
            json.loads(json.dumps(asdict(self._config))),
            len(self._rows),
            self._row_tokens,
            self._step,
            self._tokens,
            self._seconds,
            self._budget,
            self._best.step,
            self._best.held_out if self._best.step else 0.0,
            self._best.waited,
            self._scale.value,
            self._scale.steps,
        )
        state, numbers = optimizer_state(self._optimizer)
        kept = self._objective.kept() if isinstance(self._objective, Rewarding) else {}
        return Checkpoint(counters, self._trained.copies(), self._good, self._best.copies, state, numbers, kept)

    def _go_on(self, since: Checkpoint) -> None:
        counters = since.counters
        since.require_fit(self._config, len(self._rows), self._row_tokens)
        self._trained.restore(since.trained)
        restore_optimizer(self._optimizer, since)
        if isinstance(self._objective, Rewarding):
            self._objective.restore(since.objective)
        self._step, self._tokens, self._budget = counters.step, counters.tokens, counters.micro_batch_tokens
        if counters.best_step:
            self._best = Best(counters.best_step, counters.best_held_out, since.best, counters.waited)
        self._told_budget = self._budget
        if self._scale.changes and counters.loss_scale != 1.0:  # else it went on in a format that needs none
            self._scale = replace(self._scale, value=counters.loss_scale, steps=counters.loss_scale_steps)
        self._good = since.good
        self._began -= counters.seconds

    @property
    def _is_on_cpu(self) -> bool:
        """Say whether products are slow; activations that are cheaper to make again leave the memory for it."""
        return self._trained.vectors.device.type == "cpu"

    @property
    def _seconds(self) -> float:
        return time.perf_counter() - self._began

    def _run(self) -> Generator[Step, None, None]:
        if not self._step:
            self._notes += self._config.warnings(len(self._rows), len(self._held_out))
            measured = self._measure()
            first = Step(0, self._total, 0.0, None, measured, 0.0, None, 0, self._seconds, None, self._note())
            yield self._with_rewards(first, None, measured)
        if self._is_over:  # kept behind its last step, which may be an early one
            return
        dealt = schedule(self._rows, self._config, self._total, self._objective.lengths(self._rows), self._step)
        for epoch, batch in dealt:
            if self._processes.count > 1 and self._processes.any(self._is_stopping()):
                self.was_stopped = True
                return  # all at the same step: one that went on alone would wait for the others for ever
            step = self._take(epoch, batch)
            yield step
            if self._is_over:
                return

    def _take(self, epoch: float, batch: Sequence[Row]) -> Step:
        """Take one optimizer step, evaluate if due, and end the job after the last step."""
        start = time.perf_counter()
        self._step += 1
        before, rate = self._trained.copies(), learning_rate(self._step, self._total, self._config)
        loss, norm = self._update(batch, rate)
        took = time.perf_counter() - start
        size = sum(map(self._objective.size, batch))
        self._tokens += size
        trained = self._rewards()
        measured = self._measure() if self._is_due else None
        if measured is not None and not math.isfinite(measured):
            raise self._give_back(before, f"held-out loss {measured:.3g}, learning rate {rate:.2g}")
        self._good = before
        self._remember(measured)
        if self._is_over:
            self._keep_best()
        seconds, speed = self._seconds, size / took
        step = Step(
            self._step, self._total, epoch, loss, measured, rate, norm, self._tokens, seconds, speed, self._note()
        )
        return self._with_rewards(step, trained, measured)

    def _update(self, batch: Sequence[Row], rate: float) -> tuple[float, float]:
        """Update the vectors with one batch; return its mean loss and the gradient norm before clipping."""
        while True:
            with self._attachment.keeping_outputs() if self._is_on_cpu else nullcontext():
                loss = self._within_memory(partial(self._objective.backward, scale=self._scale.value), batch) or 0.0
            self._processes.all_reduce_gradients(self._trained.parameters)
            self._scale.unscale(self._trained.parameters)
            norm = float(torch.nn.utils.clip_grad_norm_(self._trained.parameters, self._config.max_grad_norm))
            if math.isfinite(norm) or not math.isfinite(loss) or not self._scale.lower():
                break
            self._trained.forget_gradient()
        self._scale.count_step()
        if not (math.isfinite(loss) and math.isfinite(norm)):
            found = f"loss {loss:.3g}, gradient norm {norm:.3g}, learning rate {rate:.2g}"
            raise self._give_back(self._good, found)
        with self._processes.together():  # the optimizer makes its state, for which memory may be missing on one
            take_step(self._optimizer, self._trained.vectors, rate, self._config.decay_to_one)
        return loss, norm

    def _rewards(self) -> RewardSums | None:
        """Return the rewards of the rows that all processes used last; None if the loss has none."""
        if not isinstance(self._objective, Rewarding):
            return None
        said = self._processes.gather(astuple(self._objective.rewards()))
        return RewardSums(*map(sum, zip(*said, strict=True)))

    def _with_rewards(self, step: Step, trained: RewardSums | None, measured: float | None) -> Step:
        """Return a step with the rewards of its batch, and of the held-out rows if they were just measured."""
        if trained:
            one, other, won = trained.means
            step = replace(step, chosen_reward=one, rejected_reward=other, reward_accuracy=won)
        if measured is None or self._held_out_rewards is None:
            return step
        one, other, won = self._held_out_rewards.means
        return replace(step, held_out_chosen_reward=one, held_out_rejected_reward=other, held_out_reward_accuracy=won)

    def _measure(self) -> float | None:
        """Return the mean loss of the held-out rows; None without any, or when the job is asked to stop."""
        if not self._held_out:
            return None
        measured = self._within_memory(self._measured_share, self._held_out)
        self.gave_up = measured is None
        if not self.gave_up:
            self._log.note()
        self._held_out_rewards = self._rewards()
        return measured

    def _measured_share(self, mine: Sequence[Row], held_out: Sequence[Row], budget: int) -> float | None:
        summed = 0.0
        for share in self._objective.measure(mine, held_out, budget):
            summed += share
            if self._gives_up():
                return None
        return summed

    def _gives_up(self) -> bool:
        """Say whether to stop inside a measurement; processes that share the weights do so after the same pass."""
        return self._processes.any(self._is_stopping()) if self._is_sharded else self._is_stopping()

    def _within_memory(
        self, attempt: Callable[[Sequence[Row], Sequence[Row], int], float | None], rows: Sequence[Row]
    ) -> float | None:
        """Return the sum of what an attempt makes of every process's rows; None if one of them gives up.

        Where a process runs out of memory, all of them retry with the token budget that fits it.

        Args:
            attempt: given this process's rows, all rows and the tokens per forward pass at most.
            rows: the rows of all processes.

        Raises:
            TrainingError: a process also runs out with one row at a time.
            StudioError: another process failed.
        """
        mine = self._processes.share(rows)
        while True:
            outcome, share = self._attempted(attempt, mine, rows)
            vote = self._processes.vote(outcome, share, self._budget)
            if vote.any(Outcome.OUT_OF_MEMORY):
                self._trained.forget_gradient()
                self._budget = int(min(vote.budgets))
            else:
                return None if vote.any(Outcome.STOPPED) else vote.share

    def _attempted(
        self, attempt: Callable[[Sequence[Row], Sequence[Row], int], float | None], mine: Sequence[Row],
        rows: Sequence[Row],
    ) -> tuple[Outcome, float]:  # fmt: skip
        """Return what became of an attempt, and its result; out of memory, the budget is halved."""
        try:
            share = attempt(mine, rows, self._budget)
            return (Outcome.STOPPED, 0.0) if share is None else (Outcome.DONE, share)
        except Exception as error:
            if self._is_sharded:  # the others wait inside a layer: none of them could vote
                is_full = is_out_of_memory(error)
                fitting = self._halved(mine or rows) if is_full else 0
                alone = ", even with one row at a time" if is_full and not fitting else ""
                raise self._processes.leave(error, f"at step {self._step}{alone}", fitting) from error
            if not (isinstance(error, RuntimeError | MemoryError) and is_out_of_memory(error)):
                raise
        # Outside of the except block: the error holds on to the tensors of the attempt.
        self._trained.forget_gradient()
        give_memory_back()
        self._halve(mine)
        return Outcome.OUT_OF_MEMORY, 0.0

    def _halve(self, rows: Sequence[Row]) -> None:
        fitting = self._halved(rows)
        if not fitting:
            longest = max(map(self._objective.size, rows))
            raise RowMemoryError(
                f"Out of memory at step {self._step}, even with one row at a time (the longest has "
                f"{longest:,} tokens); resume the run with fewer processes or where more memory is free, or lower the "
                "max length or choose a smaller model in a new one."
            )
        self._budget = fitting

    def _halved(self, rows: Sequence[Row]) -> int:
        """Return half of the tokens per forward pass; 0 if these rows were alone already."""
        sizes = [self._objective.size(row) for row in rows]
        return 0 if self._budget <= min(sizes) else min(self._budget, sum(sizes)) // 2

    @property
    def _is_due(self) -> bool:
        return self._step % self._config.eval_steps == 0 or self._step == self._total

    @property
    def _is_over(self) -> bool:
        patience = self._config.early_stopping_patience
        return self._step == self._total or (patience is not None and self._best.waited >= patience)

    def _remember(self, measured: float | None) -> None:
        if measured is None:
            return
        if measured < self._best.held_out:
            self._best = Best(self._step, measured, self._trained.copies())
            self._log.keep_newest()
        else:
            self._best = Best(self._best.step, self._best.held_out, self._best.copies, self._best.waited + 1)

    def _keep_best(self) -> None:
        best = self._best
        if self._step < self._total:
            self._notes.append(
                f"Early stopping: {best.waited} held-out losses in a row were not lower than the "
                f"{best.held_out:.3f} of step {best.step}."
            )
        if self._config.keep_best and best.step and best.step != self._step:
            self._trained.restore(best.copies)
            self._notes.append(f"The vectors of step {best.step} are kept, which had the lowest held-out loss.")

    def _give_back(self, copies: Copies, found: str) -> TrainingError:
        """Restore the vectors with the last finite loss; return the message for the user."""
        self._trained.restore(copies)
        return TrainingError(
            f"The loss at step {self._step} is NaN or infinite ({found}); the vectors of the last good step "
            "are kept. Lower the learning rate and start again."
        )

    def _note(self) -> str | None:
        """Return the note on the step, and clear it."""
        if self._budget != self._told_budget:
            self._told_budget = self._budget
            self._notes.append(f"Out of memory; forward passes are limited to {self._budget:,} tokens from here on.")
        said, self._notes = self._notes, []
        return " ".join(said) or None
