"""How are the vectors learned from questions with choices? As T-Few does: questions in, steps out."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from typing import Any

import torch

from ia3_studio.data.choices import ChoiceRow
from ia3_studio.errors import TrainingError
from ia3_studio.method.scaling import Attachment
from ia3_studio.training.choice_model import choice_model
from ia3_studio.training.config import Step, TrainConfig
from ia3_studio.training.optimisers import make_optimiser, take_step
from ia3_studio.training.tfew_loss import ChoiceLoss, LossWeights, longest
from ia3_studio.training.train import learning_rate, schedule, total_steps

PAPER_WEIGHTS = LossWeights()


def train_choices(
    model: Any,
    attachment: Attachment,
    rows: Sequence[ChoiceRow],
    held_out: Sequence[ChoiceRow],
    config: TrainConfig,
    weights: LossWeights = PAPER_WEIGHTS,
) -> Generator[Step, None, None]:
    """Train the attached vectors on T-Few's losses; yield step 0 before learning, then one step per optimiser step.

    **Changes the attachment's vectors in place**; the model's weights stay as they are, and dropout stays off, so that
    a seed gives the same run again. Closing the generator stops training and keeps what was learned. The losses of a
    step are the weighted sums of the three terms, over its batch and over all held-out questions.

    Args:
        model: a causal language model or an encoder-decoder that carries ``attachment``.
        rows: what is learned.
        held_out: what is only measured; may be empty.
        config: rows of a batch, steps, rates and optimiser.
        weights: how much each of the three losses counts.

    Raises:
        TrainingError: the model cannot rank choices, there is nothing to train on, or the loss is no number.

    Example:
        >>> for step in train_choices(model, attachment, split.rows, [], preset("paper").config):   # doctest: +SKIP
        ...     print(step.step, step.loss)
    """
    if not rows:
        raise TrainingError("There is no question to train on; give at least one with its choices.")
    model.eval()
    loss = ChoiceLoss(choice_model(model), weights, config.micro_tokens)
    return _steps(loss, attachment, rows, held_out, config)


def _steps(
    loss: ChoiceLoss,
    attachment: Attachment,
    rows: Sequence[ChoiceRow],
    held_out: Sequence[ChoiceRow],
    config: TrainConfig,
) -> Generator[Step, None, None]:
    began = time.perf_counter()
    total = total_steps(len(rows), config)
    optimiser = make_optimiser(attachment, config)
    last_good = attachment.parameter.detach().clone()
    tokens = 0
    measured = loss.measure(held_out) if held_out else None
    yield Step(0, total, 0.0, None, measured, 0.0, None, 0, time.perf_counter() - began, None)
    for number, (epoch, batch) in enumerate(schedule(rows, config, total, list(map(longest, rows))), start=1):
        start = time.perf_counter()
        rate = learning_rate(number, total, config)
        good, last_good = last_good, attachment.parameter.detach().clone()
        value = loss.backward(batch)
        norm = float(torch.nn.utils.clip_grad_norm_([attachment.parameter], config.clip))
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise _give_back(attachment, good, f"At step {number} the loss was {value:.3g} at rate {rate:.2g}")
        take_step(optimiser, attachment.parameter, rate, config.pull)
        took = time.perf_counter() - start
        count = sum(_size(row, loss.weights) for row in batch)
        tokens += count
        due = bool(held_out) and (number % config.evaluate_every == 0 or number == total)
        measured = loss.measure(held_out) if due else None
        seconds = time.perf_counter() - began
        yield Step(number, total, epoch, value, measured, rate, norm, tokens, seconds, count / took)


def _size(row: ChoiceRow, weights: LossWeights) -> int:
    """Return the tokens of a question, counted once, and of the choices that are read."""
    choices = row.choices if weights.compares else (row.choices[row.answer],)
    return len(row.prompt) + sum(len(choice) for choice in choices)


def _give_back(attachment: Attachment, vectors: torch.Tensor, found: str) -> TrainingError:
    """Restore the vectors that last gave a finite loss; return the sentence for the user."""
    attachment.parameter.grad = None
    with torch.no_grad():
        attachment.parameter.copy_(vectors)
    return TrainingError(f"{found}; the vectors of the last good step are kept. Lower the learning rate, start again.")
