"""One training job, step by step: training, evaluation, recovery and checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, astuple, replace
from functools import partial
from itertools import accumulate
from typing import Generic, TypeVar

import torch

from ia3_studio.errors import StudioError, TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.models.fast_paths import FastPath
from ia3_studio.models.sharding import is_sharded
from ia3_studio.training.budgeted_passes import BudgetedPasses
from ia3_studio.training.checkpoint import Checkpoint, Counters, optimizer_state, restore_optimizer
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.training.in_step import in_step
from ia3_studio.training.known_losses import MeasuredRows, RowLog
from ia3_studio.training.loss_scale import LossScale
from ia3_studio.training.objective import MeasuresParts, Measuring, Objective, Rewarding, RewardSums
from ia3_studio.training.optimizers import make_optimizer, take_step
from ia3_studio.training.processes import Processes
from ia3_studio.training.schedule import learning_rate, schedule, total_steps
from ia3_studio.training.trainable_parameters import BestParameters, Copies, TrainableParameters

Row = TypeVar("Row")


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
        self._passes: BudgetedPasses[Row] = BudgetedPasses(
            objective.size, self._trained.forget_gradient, processes,
            is_sharded=self._is_sharded, budget=config.micro_batch_tokens,
        )  # fmt: skip
        self._best = BestParameters()
        self._log = RowLog(objective, self._trained.vectors)
        self._good = self._trained.copies()
        self._notes: list[str] = []
        self._held_out_rewards: RewardSums | None = None
        self._began = time.perf_counter()
        self.was_stopped = False
        """Whether the processes agreed to stop before the last step."""
        self.gave_up = False
        """Whether the newest measurement was given up because of a stop."""
        self.measuring: Measuring | None = None
        """How far a measurement of the held-out rows is; None outside of one, or if it is not known."""
        processes.same("rows", len(rows), self._row_tokens, len(held_out))
        processes.same("kinds of batches (packing is off)", float(objective.lengths(rows) is None))
        if since:
            self._go_on(since)
        if most_tokens is not None:  # that fitted when all processes started again: the next note says so
            self._passes.lower(most_tokens)
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
        return self._passes.budget

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
            self._passes.budget,
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
        self._step, self._tokens = counters.step, counters.tokens
        self._passes.resume(counters.micro_batch_tokens)
        if counters.best_step:
            self._best = BestParameters(counters.best_step, counters.best_held_out, since.best, counters.waited)
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
                backward = partial(self._objective.backward, scale=self._scale.value)
                loss = self._passes.run(backward, batch, self._step) or 0.0
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
        measured = self._passes.run(self._measured_share, self._held_out, self._step)
        self.gave_up = measured is None
        if not self.gave_up:
            self._log.note()
        self._held_out_rewards = self._rewards()
        return measured

    def _measured_share(self, mine: Sequence[Row], held_out: Sequence[Row], budget: int) -> float | None:
        objective = self._objective
        if not self._step and self._is_on_cpu and not self._is_sharded:
            budget = max(1, budget // 2)  # as fast there, and the first pass tells the base model's loss so far sooner
        parts = objective.parts(mine, held_out, budget) if isinstance(objective, MeasuresParts) else []
        done = list(accumulate(parts))
        summed = 0.0
        try:
            for number, share in enumerate(objective.measure(mine, held_out, budget)):
                summed += share
                known = done[number] if parts else 0.0  # also 0 where this process has no rows, or these no labels
                self.measuring = Measuring(known / done[-1], summed / known) if known else None
                if self._gives_up():
                    return None
        finally:
            self.measuring = None
        return summed

    def _gives_up(self) -> bool:
        """Say whether to stop inside a measurement; processes that share the weights do so after the same pass."""
        return self._processes.any(self._is_stopping()) if self._is_sharded else self._is_stopping()

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
            self._best = BestParameters(self._step, measured, self._trained.copies())
            self._log.keep_newest()
        else:
            self._best = replace(self._best, waited=self._best.waited + 1)

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
        said, self._notes = [*self._notes, *filter(None, [self._passes.note()])], []
        return " ".join(said) or None
