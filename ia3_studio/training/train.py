"""How are the vectors learned? One generator: rows in, steps out.

No thread, no file and no print: a notebook iterates it, a worker process writes down what it yields.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.batches import batches, batches_by_length, label_count
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.training.loss import CausalLoss
from ia3_studio.training.optimisers import make_optimiser, take_step

if TYPE_CHECKING:
    from ia3_studio.data.tokens import TokenRow

Row = TypeVar("Row")


def train(
    model: Any, attachment: Attachment, rows: Sequence[TokenRow], held_out: Sequence[TokenRow], config: TrainConfig
) -> Iterator[Step]:
    """Train the attached vectors; yield step 0 before learning, then one step per optimiser step.

    **Changes the attachment's vectors in place**; the model's weights stay as they are, and dropout stays off, so
    that a seed gives the same run again. Closing the generator stops training and keeps what was learned.

    Args:
        model: a causal language model that carries ``attachment``.
        rows: what is learned.
        held_out: what is only measured; may be empty.

    Raises:
        TrainingError: the model cannot be trained, there is nothing to train on, or the loss is no number.

    Example:
        >>> for step in train(model, attachment, rows, held_out, TrainConfig(epochs=2)):   # doctest: +SKIP
        ...     print(step.step, step.loss)
    """
    if not rows:
        raise TrainingError("There is no row to train on; give at least one with an answer.")
    empty = next((row for row in rows if not label_count([row])), None)
    if empty:
        raise TrainingError(f"Row {empty.row} holds no token to learn from; leave it out or give it an answer.")
    model.eval()
    return _steps(CausalLoss(model, config.backward), attachment, rows, held_out, config)


def total_steps(rows: int, config: TrainConfig) -> int:
    """Return how many optimiser steps a job of so many rows takes."""
    steps = max(1, round(config.epochs * math.ceil(rows / config.batch_size)))
    return min(steps, config.max_steps) if config.max_steps else steps


def learning_rate(step: int, total: int, config: TrainConfig) -> float:
    """Return the rate of a step (1 … total): linear warm-up to the peak, then linear decay that ends above 0."""
    warm = math.ceil(config.warmup * total)
    share = step / warm if step <= warm else (total - step + 1) / (total - warm)
    return config.learning_rate * min(1.0, share)


def _steps(
    loss: CausalLoss,
    attachment: Attachment,
    rows: Sequence[TokenRow],
    held_out: Sequence[TokenRow],
    config: TrainConfig,
) -> Iterator[Step]:
    began = time.perf_counter()
    total = total_steps(len(rows), config)
    optimiser = make_optimiser(attachment, config)
    tokens = 0
    last_good = attachment.parameter.detach().clone()
    measured = _evaluate(loss, held_out, config)
    yield Step(0, total, 0.0, None, measured, 0.0, None, 0, time.perf_counter() - began, None)
    lengths = None if loss.packs else [len(row.input_ids) for row in rows]
    for number, (epoch, batch) in enumerate(schedule(rows, config, total, lengths), start=1):
        start = time.perf_counter()
        rate = learning_rate(number, total, config)
        good, last_good = last_good, attachment.parameter.detach().clone()
        try:
            mean, norm = _learn(loss, attachment, optimiser, batch, rate, config)
        except _Diverged as figures:
            raise _give_back(attachment, good, number, figures) from None
        took = time.perf_counter() - start
        count = sum(len(row.input_ids) for row in batch)
        tokens += count
        due = number % config.evaluate_every == 0 or number == total
        measured = _evaluate(loss, held_out, config) if due else None
        if measured is not None and not math.isfinite(measured):
            ruined = _Diverged(f"held-out loss {measured:.3g}, learning rate {rate:.2g}")
            raise _give_back(attachment, last_good, number, ruined)
        seconds = time.perf_counter() - began
        yield Step(number, total, epoch, mean, measured, rate, norm, tokens, seconds, count / took)


class _Diverged(Exception):
    """The loss or its gradient is no longer a number."""


def _give_back(attachment: Attachment, vectors: torch.Tensor, step: int, figures: _Diverged) -> TrainingError:
    """Restore the vectors that last gave a finite loss; return the sentence for the user."""
    with torch.no_grad():
        attachment.parameter.copy_(vectors)
    return TrainingError(
        f"At step {step} the loss was no longer a number ({figures}); the vectors of the last good step are kept."
        " Lower the learning rate and start again."
    )


def schedule(
    rows: Sequence[Row], config: TrainConfig, total: int, lengths: Sequence[int] | None
) -> Iterator[tuple[float, list[Row]]]:
    """Yield (epochs done after it, rows) for each optimiser step.

    Args:
        lengths: of the rows, to put similar ones together; None puts any rows together.
    """
    for number in range(total):
        epoch, place = divmod(number, math.ceil(len(rows) / config.batch_size))
        if place == 0:
            dealt = (config.batch_size, config.seed, epoch)
            order = batches(len(rows), *dealt) if lengths is None else batches_by_length(lengths, *dealt)
        yield epoch + (place + 1) / len(order), [rows[row] for row in order[place]]


def _learn(
    loss: CausalLoss,
    attachment: Attachment,
    optimiser: torch.optim.Optimizer,
    batch: Sequence[TokenRow],
    rate: float,
    config: TrainConfig,
) -> tuple[float, float]:
    """Take one optimiser step; return the batch's mean loss and the gradient's norm before clipping.

    The loss is the mean over all label tokens of the batch, however it is cut into micro-batches.
    """
    parameter = attachment.parameter
    total = label_count(batch)
    summed = 0.0
    for group in loss.micro_batches(batch, config.micro_tokens):
        summed += loss.backward(group, total)
    norm = float(torch.nn.utils.clip_grad_norm_([parameter], config.clip))
    if not (math.isfinite(summed) and math.isfinite(norm)):
        raise _Diverged(f"loss {summed / total:.3g}, gradient norm {norm:.3g}, learning rate {rate:.2g}")
    take_step(optimiser, parameter, rate, config.pull)
    return summed / total, norm


def _evaluate(loss: CausalLoss, rows: Sequence[TokenRow], config: TrainConfig) -> float | None:
    """Return the mean loss over all label tokens, in nats; None without any."""
    total = label_count(rows)
    if not total:
        return None
    summed = 0.0
    for group in loss.micro_batches(rows, config.micro_tokens):
        summed += loss.measure(group)
    return summed / total
